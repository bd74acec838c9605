"""A candidate, running, ready to be talked to, and ended afterwards."""

import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from typing import IO, Literal

from comparison.candidate import Candidate, CannotMeasureError, filled
from comparison.cores import started_on
from comparison.programs import BUILD

Protocol = Literal["tcp", "udp"]

HOST = "127.0.0.1"
READY_SECONDS_MAX = 10.0
"""Long enough for an interpreter on a busy machine."""
RETRY_SECONDS = 0.02
END_SECONDS_MAX = 3.0
PROBE = b"ready? " * 2


@dataclass(frozen=True)
class Server:
    """A server that answers on `port`. Its session has the number `process_id`."""

    process_id: int
    port: int


@contextmanager
def running(candidate: Candidate, protocol: Protocol, cores: frozenset[int]) -> Iterator[Server]:
    """Start `candidate` on `cores`, wait until it answers, and end it afterwards.

    Raises `CannotMeasureError` when it is not installed, ends at once, or does not
    answer in time.
    """
    port = free_port(protocol)
    with TemporaryDirectory(dir=BUILD) as folder, TemporaryFile() as complaints:
        for name, content in candidate.files.items():
            Path(folder, name).write_text(filled(content, port=port, folder=folder))
        words = [filled(word, port=port, folder=folder) for word in candidate.command]
        process = start(words, cores, complaints)
        try:
            _wait_until_ready(process, protocol, port, complaints)
            yield Server(process.pid, port)
        finally:
            end(process)


def without_folders(text: str) -> str:
    """Shorten every path in `text` to its last part: a result is no map of a machine."""
    return re.sub(r"(?<![\w:/])/(?:[^\s/:'\"]+/)+", "", text)


def free_port(protocol: Protocol) -> int:
    """Return a port of loopback that nobody uses now."""
    kind = socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
    return port


def start(
    words: list[str], cores: frozenset[int], complaints: IO[bytes]
) -> subprocess.Popen[bytes]:
    """Start a program in a session of its own, so that its children end with it."""
    try:
        with started_on(cores):
            return subprocess.Popen(
                words,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=complaints,
                start_new_session=True,
            )
    except OSError as problem:
        raise CannotMeasureError(
            f"{Path(words[0]).name} cannot be started: {problem.strerror}"
        ) from problem


def _wait_until_ready(
    process: subprocess.Popen[bytes], protocol: Protocol, port: int, complaints: IO[bytes]
) -> None:
    answers = _accepts if protocol == "tcp" else _echoes
    give_up_at_seconds = time.monotonic() + READY_SECONDS_MAX
    while time.monotonic() < give_up_at_seconds:
        status = process.poll()
        if status is not None:
            reason = last_line(complaints) or "it said nothing"
            raise CannotMeasureError(f"ended at once with status {status}: {reason}")
        if answers(port):
            return
        time.sleep(RETRY_SECONDS)
    raise CannotMeasureError(f"no answer within {READY_SECONDS_MAX:.0f} s of its start")


def _accepts(port: int) -> bool:
    try:
        with socket.create_connection((HOST, port), timeout=1.0):
            return True
    except OSError:
        return False


def _echoes(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.settimeout(0.2)
        try:
            probe.connect((HOST, port))
            probe.send(PROBE)
            return probe.recv(65536) == PROBE
        except OSError:
            return False


def last_line(complaints: IO[bytes]) -> str:
    """Return the last line a program has said, without folders; "" when it said nothing."""
    complaints.seek(0)
    lines = complaints.read().decode(errors="replace").split("\n")
    said = [line.strip() for line in lines if line.strip()]
    return without_folders(said[-1]) if said else ""


def end(process: subprocess.Popen[bytes]) -> None:
    """End a program politely, then the rest of its session without asking."""
    process.terminate()
    try:
        process.wait(END_SECONDS_MAX)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    with suppress(ProcessLookupError):  # where nobody was left
        os.killpg(process.pid, signal.SIGKILL)
