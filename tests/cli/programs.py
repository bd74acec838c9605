"""The program `enchufe` as a person runs it: its words, its two outputs and its exit code."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import IO, NamedTuple

PATIENCE_S = 10.0
"""Far more than anything awaited here takes, so that a busy machine fails no test."""

_DECIDING = ("LANG", "LANGUAGE", "NO_COLOR", "PYTHONUNBUFFERED")
"""What would decide how the program behaves, and differs from one machine to the next."""

ENCHUFE = (sys.executable, "-m", "enchufe")


def environment(**changes: str) -> dict[str, str]:
    """Return an environment in English, with the very package the tests import."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("LC_")
        and name not in ("LANG", "LANGUAGE", "NO_COLOR", "PYTHONUNBUFFERED")
    }
    return kept | {"LC_ALL": "C.UTF-8", "PYTHONPATH": os.pathsep.join(sys.path)} | changes


class Ended(NamedTuple):
    """A program that has ended: its exit code, and what it wrote."""

    code: int
    out: bytes
    err: str


def run(
    *words: str,
    said: bytes = b"",
    env: Mapping[str, str] | None = None,
    before: Sequence[str] = (),
    timeout_s: float = PATIENCE_S,
) -> Ended:
    """Run ``enchufe`` with ``words`` to its end.

    Args:
        words: its command line.
        said: what it reads on standard input.
        env: changes to `environment`.
        before: a program that runs it, such as ``("setpriv", "…")``.
        timeout_s: how long it may take.
    """
    ended = subprocess.run(
        [*before, *ENCHUFE, *words],
        input=said,
        capture_output=True,
        env=environment(**(env or {})),
        timeout=timeout_s,
        check=False,
    )
    err = ended.stderr.decode()
    assert "Traceback" not in err, err
    return Ended(ended.returncode, ended.stdout, err)


class Output:
    """What a running program has written so far, collected as it comes."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._written = bytearray()
        self._has_ended = False
        self._changed = threading.Condition()
        self._reader = threading.Thread(target=self._collect, daemon=True)
        self._reader.start()

    def _collect(self) -> None:
        with contextlib.suppress(OSError, ValueError):  # a pty ends so; a test closed it
            while data := os.read(self._stream.fileno(), 65536):
                with self._changed:
                    self._written += data
                    self._changed.notify_all()
        with self._changed:
            self._has_ended = True
            self._changed.notify_all()

    @property
    def bytes(self) -> bytes:
        with self._changed:
            return bytes(self._written)

    @property
    def text(self) -> str:
        return self.bytes.decode("utf-8", "replace")

    def until(self, pattern: str, timeout_s: float = PATIENCE_S) -> re.Match[str]:
        """Wait until ``pattern`` is found in what was written, and return the match."""
        found: re.Match[str] | None = None

        def is_there() -> bool:
            nonlocal found
            text = self._written.decode("utf-8", "replace")
            found = re.search(pattern, text, re.MULTILINE)
            return found is not None or self._has_ended

        with self._changed:
            self._changed.wait_for(is_there, timeout_s)
        assert found is not None, f"{pattern!r} never came; this did:\n{self.text}"
        return found

    def finish(self) -> None:
        """Collect the rest, once the program has ended."""
        self._reader.join(PATIENCE_S)


class Program:
    """A program that runs beside the test.

    Args:
        words: the command line of ``enchufe``.
        env: changes to `environment`.
        before: a program that runs it.
        stdin: as for `subprocess.Popen`.
    """

    def __init__(
        self,
        *words: str,
        env: Mapping[str, str] | None = None,
        before: Sequence[str] = (),
        stdin: int | IO[bytes] = subprocess.PIPE,
    ) -> None:
        self.process = subprocess.Popen(
            [*before, *ENCHUFE, *words],
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment(**(env or {})),
        )
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        self.out = Output(self.process.stdout)
        self.err = Output(self.process.stderr)

    def say(self, data: bytes) -> None:
        """Write to its standard input."""
        assert self.process.stdin is not None
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def end_input(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()

    def signal(self, number: int = signal.SIGINT) -> None:
        self.process.send_signal(number)

    def wait(self, timeout_s: float = PATIENCE_S) -> int:
        """Return the exit code, once it has ended by itself."""
        code = self.process.wait(timeout_s)
        self.out.finish()
        self.err.finish()
        assert "Traceback" not in self.err.text, self.err.text
        return code

    def close(self) -> None:
        """End it if it still runs."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream is not None:
                with contextlib.suppress(BrokenPipeError):
                    stream.close()


@contextlib.contextmanager
def running(
    *words: str,
    env: Mapping[str, str] | None = None,
    before: Sequence[str] = (),
    stdin: int | IO[bytes] = subprocess.PIPE,
) -> Iterator[Program]:
    """Run ``enchufe`` while the block lasts."""
    program = Program(*words, env=env, before=before, stdin=stdin)
    try:
        yield program
    finally:
        program.close()


class Server(Program):
    """A running ``enchufe serve``, ready for its peers; without a page unless that is wanted."""

    def __init__(
        self,
        *words: str,
        env: Mapping[str, str] | None = None,
        before: Sequence[str] = (),
        stdin: int | IO[bytes] = subprocess.DEVNULL,
    ) -> None:
        page = () if "--web" in words or "--workers" in words else ("--no-web",)
        super().__init__("serve", *page, *words, env=env, before=before, stdin=stdin)
        try:
            self.out.until("Ctrl-C (stops|termina)|^waiting for|^Esperando|Ready")
        except AssertionError as error:
            self.process.kill()
            self.process.wait()
            self.err.finish()
            message = f"{error}\n{self.err.text}"
            self.close()
            raise AssertionError(message) from None

    @property
    def endpoints(self) -> list[str]:
        """What to connect to, in the order in which it is printed."""
        return re.findall(r"enchufe (?:connect|chat|run|play) (\S+)", self.out.text)

    @property
    def port(self) -> int:
        """The port of its first endpoint."""
        return int(self.endpoints[0].rpartition(":")[2])

    def stop(self, number: int = signal.SIGINT) -> int:
        """Stop it in good order and return the exit code."""
        self.signal(number)
        return self.wait()


@contextlib.contextmanager
def serving(
    *words: str, env: Mapping[str, str] | None = None, before: Sequence[str] = ()
) -> Iterator[Server]:
    """Run ``enchufe serve`` while the block lasts."""
    server = Server(*words, env=env, before=before)
    try:
        yield server
    finally:
        server.close()
