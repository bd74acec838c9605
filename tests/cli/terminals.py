"""Terminals for the program under test: one that only listens, and one that draws (tmux)."""

import contextlib
import os
import pty
import select
import shlex
import shutil
import subprocess
import tempfile
import termios
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from tests.cli.programs import ENCHUFE, PATIENCE_S, Output, environment


def _started(words: Sequence[str], env: Mapping[str, str]) -> tuple["subprocess.Popen[bytes]", int]:
    """Run ``enchufe`` in a pseudo-terminal; return it and our end."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(ours, (40, 100))
    process = subprocess.Popen(
        ["setsid", "--ctty", "--wait", *ENCHUFE, *words],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=environment(TERM="xterm-256color", **env),
    )
    os.close(theirs)
    return process, ours


def _end(process: "subprocess.Popen[bytes]") -> None:
    if process.poll() is None:
        process.kill()
        process.wait()


class Terminal:
    """A pseudo-terminal (pty(7)) with ``enchufe`` in it: what it writes, byte by byte."""

    def __init__(self, words: Sequence[str], env: Mapping[str, str]) -> None:
        self.process, ours = _started(words, env)
        self._ours = os.fdopen(ours, "r+b", buffering=0)
        self.screen = Output(self._ours)

    def type(self, data: bytes) -> None:
        self._ours.write(data)

    def wait(self) -> int:
        code = self.process.wait(PATIENCE_S)
        self.screen.finish()
        assert "Traceback" not in self.screen.text, self.screen.text
        return code

    def close(self) -> None:
        _end(self.process)
        self.screen.finish()
        self._ours.close()


@contextlib.contextmanager
def terminal(*words: str, **env: str) -> Iterator[Terminal]:
    """Run ``enchufe`` in a terminal while the block lasts."""
    opened = Terminal(words, env)
    try:
        yield opened
    finally:
        opened.close()


class PassingTerminal:
    """A pseudo-terminal that is closed before the program in it ends.

    Nothing reads from it meanwhile: what is being read is not closed.
    """

    def __init__(self, words: Sequence[str], env: Mapping[str, str]) -> None:
        self.process, self._ours = _started(words, env)
        self._written = b""

    def type(self, data: bytes) -> None:
        os.write(self._ours, data)

    def until(self, wanted: bytes) -> None:
        """Read what it writes until ``wanted`` is there."""
        while wanted not in self._written:
            ready, _, _ = select.select([self._ours], [], [], PATIENCE_S)
            assert ready, self._written
            self._written += os.read(self._ours, 65536)

    def hang_up(self) -> int:
        """Close the terminal, and return the exit code of whoever was in it."""
        os.close(self._ours)
        self._ours = -1
        return self.process.wait(PATIENCE_S)

    def close(self) -> None:
        _end(self.process)
        if self._ours >= 0:
            os.close(self._ours)


@contextlib.contextmanager
def passing_terminal(*words: str, **env: str) -> Iterator[PassingTerminal]:
    """Run ``enchufe`` in a terminal that the block may close."""
    opened = PassingTerminal(words, env)
    try:
        yield opened
    finally:
        opened.close()


class Screen:
    """A terminal as a person sees it: tmux draws what ``enchufe`` writes."""

    def __init__(self, folder: Path, words: Sequence[str], env: Mapping[str, str]) -> None:
        self._tmux = ["tmux", "-S", str(folder / "tmux"), "-f", "/dev/null"]
        self._ended = folder / "exit-code"
        typed = shlex.join([*ENCHUFE, *words])
        command = (  # a pane whose program has ended says so, and the first line is pushed out
            f"trap : INT; {typed}; echo $? > {self._ended}.new; "
            f"mv {self._ended}.new {self._ended}; exec sleep infinity"
        )
        self._call(
            *("new-session", "-d", "-x", "100", "-y", "30", "-s", "main", command),
            env=environment(TERM="screen-256color", **env),
        )

    def _call(self, *words: str, env: Mapping[str, str] | None = None) -> str:
        done = subprocess.run(
            [*self._tmux, *words], capture_output=True, check=True, timeout=PATIENCE_S, env=env
        )
        return done.stdout.decode()

    def type(self, text: str) -> None:
        """Type ``text`` as it is."""
        self._call("send-keys", "-t", "main", "-l", text)

    def press(self, *keys: str) -> None:
        """Press keys by their names: ``Enter``, ``C-d``, ``Left``."""
        self._call("send-keys", "-t", "main", *keys)

    @property
    def lines(self) -> list[str]:
        """The lines drawn."""
        drawn = self._call("capture-pane", "-p", "-t", "main").splitlines()
        lines = [line.rstrip() for line in drawn]
        while lines and not lines[-1]:
            lines.pop()
        return lines

    def until(self, condition: Callable[[list[str]], bool]) -> list[str]:
        """Wait until the lines drawn are as wanted, and return them."""
        end = time.monotonic() + PATIENCE_S
        while not condition(lines := self.lines):
            assert time.monotonic() < end, "this was drawn:\n" + "\n".join(lines)
            time.sleep(0.05)
        return lines

    def wait(self) -> int:
        """Return the exit code, once the program has ended."""
        end = time.monotonic() + PATIENCE_S
        while not self._ended.exists():
            assert time.monotonic() < end, "it runs on:\n" + "\n".join(self.lines)
            time.sleep(0.05)
        return int(self._ended.read_text(encoding="ascii"))

    def close(self) -> None:
        with contextlib.suppress(subprocess.CalledProcessError):
            self._call("kill-server")


@contextlib.contextmanager
def screen(*words: str, **env: str) -> Iterator[Screen]:
    """Run ``enchufe`` in a terminal that draws, while the block lasts."""
    folder = Path(tempfile.mkdtemp(prefix="enchufe-"))  # a Unix path has room for 107 bytes
    try:
        opened = Screen(folder, words, {"XDG_STATE_HOME": str(folder), **env})
        try:
            yield opened
        finally:
            opened.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
