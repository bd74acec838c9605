"""Programs, ours and foreign, run in processes of their own as a person runs them.

What a program prints goes to files, so that nobody has to read it for it to go on.
Every program is ended here, whatever a test does.
"""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread, Timer
from typing import IO, Any

from tests.ports import free_port

ENCHUFE = str(Path(sys.executable).with_name("enchufe"))
SCRIPTS = Path(__file__).with_name("scripts")
START_S_MAX = 20.0
END_S_MAX = 20.0
ANSWER_S_MAX = 30.0
ENVIRONMENT = {**os.environ, "LC_ALL": "C.UTF-8", "LANGUAGE": "en", "PYTHONUNBUFFERED": "1"}

_READY = r'Ctrl-C stops|"type":"Ready"'
_LISTENING = re.compile(r"^\w+ +(?P<transport>\w+) +\S+:(?P<port>\d+) ", re.MULTILINE)
_ANNOUNCED = re.compile(r"on \S+ port (\d+)|escuchando en \S+:(\d+)")
FOREIGN_READY = r"(?i)listening on|bound on|receiving on|serving http on"


def wait_until(
    is_so: Callable[[], bool], what: str, seconds_max: float = START_S_MAX, every_s: float = 0.01
) -> None:
    """Wait until ``is_so`` holds; fail with ``what`` was awaited if it never does."""
    end = time.monotonic() + seconds_max
    while not is_so():
        assert time.monotonic() < end, f"not within {seconds_max:g} s: {what}"
        time.sleep(every_s)


class Program:
    """One run of a program.

    Args:
        words: its command line.
        folder: where its output is kept.
        stdin: what it reads; nothing by default.
    """

    def __init__(
        self, words: Sequence[str], folder: Path, stdin: int | IO[bytes] = subprocess.DEVNULL
    ) -> None:
        self._output, self._errors = folder / "output", folder / "errors"
        with self._output.open("wb") as output, self._errors.open("wb") as errors:
            self.process = subprocess.Popen(
                words,
                stdin=stdin,
                stdout=output,
                stderr=errors,
                env=ENVIRONMENT,
                start_new_session=True,
            )

    @property
    def output(self) -> str:
        """What it has printed so far."""
        return self._output.read_text(encoding="utf-8")

    @property
    def output_bytes(self) -> bytes:
        """The same, as bytes."""
        return self._output.read_bytes()

    @property
    def errors(self) -> str:
        """What it has printed on standard error so far."""
        return self._errors.read_text(encoding="utf-8", errors="replace")

    def wait_for(self, pattern: str, seconds_max: float = START_S_MAX) -> None:
        """Wait until it has printed something that matches ``pattern``, on either stream."""
        wanted = re.compile(pattern)
        end = time.monotonic() + seconds_max
        while True:
            is_over = self.process.poll() is not None
            if wanted.search(self.output) or wanted.search(self.errors):
                return
            told = f"{self.process.args!r} said {self.output[-2000:]!r}, {self.errors[-2000:]!r}"
            assert not is_over, f"no {pattern!r} before it ended: {told}"
            assert time.monotonic() < end, f"no {pattern!r} within {seconds_max:g} s: {told}"
            time.sleep(0.01)

    def wait(self, seconds_max: float = END_S_MAX) -> int:
        """Wait until it ends of itself; return its exit code."""
        return self.process.wait(seconds_max)

    def kill(self) -> None:
        """End it at once, with all it has started, if it has not ended."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(END_S_MAX)


@contextlib.contextmanager
def running(
    *words: str, ready: str | None = None, stdin: int | IO[bytes] = subprocess.DEVNULL
) -> Iterator[Program]:
    """Run a program, from when it has printed something that matches ``ready``."""
    with TemporaryDirectory() as folder:
        program = Program(words, Path(folder), stdin)
        try:
            if ready is not None:
                program.wait_for(ready)
            yield program
        finally:
            program.kill()


class OurServer(Program):
    """One run of ``enchufe serve``.

    Args:
        words: what follows ``enchufe serve``.
        folder: where its output is kept.
    """

    def __init__(self, words: Sequence[str], folder: Path) -> None:
        super().__init__([ENCHUFE, "serve", "--no-web", *words], folder)
        self._ports: dict[str, list[int]] = {}

    def port(self, transport: str = "tcp") -> int:
        """Return the real port it listens on, from what it says itself."""
        return self.ports(transport)[0]

    def ports(self, transport: str) -> list[int]:
        """Return its ports in the order of its services."""
        if transport not in self._ports:
            self._ports[transport] = self._announced_ports(transport)
        return self._ports[transport]

    def _announced_ports(self, transport: str) -> list[int]:
        output = self.output
        if output.startswith("{"):
            heard = [fact for fact in self.facts("Listening") if fact["transport"] == transport]
            found = [fact["port"] for fact in heard]
        else:
            found = [
                int(match["port"])
                for match in _LISTENING.finditer(output)
                if match["transport"] == transport
            ] or [int(one or other) for one, other in _ANNOUNCED.findall(output)]
        assert found, f"no {transport} port in: {output}"
        return list(dict.fromkeys(found))

    def facts(self, kind: str | None = None) -> list[dict[str, Any]]:
        """Return what it has logged with ``--log jsonl`` so far, or only facts of one kind."""
        whole_lines = self.output.rpartition("\n")[0].splitlines()
        facts = [json.loads(line) for line in whole_lines]
        return [fact for fact in facts if kind in (None, fact["type"])]

    def end(self, by: signal.Signals) -> None:
        """End it with a signal, unless it has ended; fail if it does not end well."""
        if self.process.poll() is None:
            self.process.send_signal(by)
        self.assert_ends_well()

    def assert_ends_well(self) -> None:
        """Fail unless it ends with exit code 0 and without a traceback."""
        code = self.wait()
        assert code == 0, f"exit code {code}: {self.errors}"
        told = self.errors + self.output[-10_000:]
        assert "Traceback" not in told, told


@contextlib.contextmanager
def serving(
    *words: str, ready: str = _READY, ended_by: signal.Signals = signal.SIGINT
) -> Iterator[OurServer]:
    """Run ``enchufe serve`` with these words; at the end it must end well by a signal."""
    with TemporaryDirectory() as folder:
        server = OurServer(words, Path(folder))
        try:
            server.wait_for(ready)
            yield server
            server.end(ended_by)
        finally:
            server.kill()


@contextlib.contextmanager
def script(name: str, *words: str) -> Iterator[tuple[Program, int]]:
    """Run a server from the scripts on a free port; yield it and the port."""
    port = free_port()
    path = str(SCRIPTS / f"{name}.py")
    with running(sys.executable, path, str(port), *words, ready=FOREIGN_READY) as program:
        yield program, port


def run(
    *words: str, stdin: bytes = b"", seconds_max: float = ANSWER_S_MAX
) -> subprocess.CompletedProcess[bytes]:
    """Run a program to its end, with ``stdin`` and then the end of the input."""
    return subprocess.run(
        words,
        input=stdin,
        capture_output=True,
        timeout=seconds_max,
        env=ENVIRONMENT,
        check=False,
    )


def run_script(name: str, *words: str | int) -> str:
    """Run a client from the scripts to its end; return what it printed."""
    ended = run(sys.executable, str(SCRIPTS / f"{name}.py"), *map(str, words))
    assert ended.returncode == 0, ended.stderr.decode()
    return ended.stdout.decode()


def connect(
    *words: str, stdin: bytes = b"", seconds_max: float = ANSWER_S_MAX
) -> subprocess.CompletedProcess[bytes]:
    """Run ``enchufe connect`` to its end."""
    return run(ENCHUFE, "connect", *words, stdin=stdin, seconds_max=seconds_max)


def exchange_kept_open(words: Sequence[str], message: bytes, answer_bytes: int) -> bytes:
    """Run a client that reads while it writes, and whose input ends only after the answer.

    Returns:
        what it printed, up to ``answer_bytes``; less if it ended before.
    """
    with subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=ENVIRONMENT
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        writer = Thread(target=write, args=(process.stdin, message))
        writer.start()
        alarm = Timer(ANSWER_S_MAX, process.kill)  # a stall ends, and the answer is too short
        alarm.start()
        try:
            answer = process.stdout.read(answer_bytes)
        finally:
            alarm.cancel()
            writer.join()
            with contextlib.suppress(BrokenPipeError):
                process.stdin.close()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(0.2)
            process.kill()
    return answer


def write(stream: IO[bytes], message: bytes) -> None:
    """Write ``message``, as far as the program that reads it takes it."""
    with contextlib.suppress(BrokenPipeError):
        stream.write(message)
        stream.flush()
