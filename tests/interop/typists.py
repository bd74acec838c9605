"""People who type: a program at a pseudo-terminal (pty(7)), which `input()` needs to end well."""

import contextlib
import os
import pty
import subprocess
import termios
from collections.abc import Iterator, Sequence

from tests.cli.programs import Output
from tests.interop.programs import END_S_MAX, ENVIRONMENT


class Typist:
    """Somebody who runs a program and types into it.

    Args:
        words: its command line.
    """

    def __init__(self, words: Sequence[str]) -> None:
        ours, theirs = pty.openpty()
        attributes = termios.tcgetattr(theirs)
        attributes[3] &= ~termios.ECHO
        termios.tcsetattr(theirs, termios.TCSANOW, attributes)
        self._ours = os.fdopen(ours, "r+b", buffering=0)
        self.process = subprocess.Popen(
            words, stdin=theirs, stdout=theirs, stderr=theirs, env=ENVIRONMENT
        )
        os.close(theirs)
        self.sees = Output(self._ours)

    def types(self, line: str) -> None:
        self._ours.write(line.encode() + b"\n")

    def wait(self) -> int:
        """Return the exit code, once the program has ended of itself."""
        code = self.process.wait(END_S_MAX)
        self.sees.finish()
        assert "Traceback" not in self.sees.text, self.sees.text
        return code

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.sees.finish()
        self._ours.close()


@contextlib.contextmanager
def typist(*words: str) -> Iterator[Typist]:
    """Let somebody run a program while the block lasts."""
    somebody = Typist(words)
    try:
        yield somebody
    finally:
        somebody.close()
