"""Measures one copy of a file once: through the network, or beside it.

The clock runs from the moment the two are connected to the moment the receiver has
the whole file under its name. Starting an interpreter is measured elsewhere, and here
would say more than the copy; the time of the whole command is given beside it.
"""

import random
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from typing import IO

from comparison.candidate import Candidate, CannotMeasureError, Figures, filled
from comparison.cores import Cores
from comparison.programs import BUILD
from comparison.server import READY_SECONDS_MAX, end, free_port, last_line, start

MEBIBYTE = 1024 * 1024
NAME = "copied.bin"
LOOK_SECONDS = 0.001
COPY_SECONDS_MAX = 60.0
END_SECONDS_MAX = 5.0
"""For the rest to come when the sender has ended, and for it to end when all has come."""
LISTENING = "0A"
"""The state of a listening socket in /proc/net/tcp (TCP_LISTEN in the kernel's tcp_states.h)."""
MEMORY = Path("/dev/shm")


@dataclass
class _Program:
    """One of the two ends, and where its complaints go."""

    process: subprocess.Popen[bytes]
    complaints: IO[bytes]

    def check(self) -> bool:
        """Return whether it has ended well; raise `CannotMeasureError` if it failed."""
        status = self.process.poll()
        if status:
            reason = last_line(self.complaints) or "it said nothing"
            raise CannotMeasureError(f"ended with status {status}: {reason}")
        return status is not None


@dataclass(frozen=True)
class _Copy:
    """What is copied where to, and through which port."""

    source: Path
    target: Path
    size_bytes: int
    port: int

    def words(self, command: tuple[str, ...]) -> list[str]:
        values = {"source": self.source, "folder": self.target.parent, "port": self.port}
        return [filled(word, **values) for word in command]


def measure_copy(candidate: Candidate, size_bytes: int, cores: Cores) -> Figures:
    """Let `candidate` copy a file of `size_bytes`, and compare; the value is MiB/s.

    Raises `CannotMeasureError` when one end cannot be started, fails or does not come
    to an end, or when the copy differs.
    """
    with TemporaryDirectory(dir=place(size_bytes)) as folder:
        source, target = Path(folder, NAME), Path(folder, "received", NAME)
        target.parent.mkdir()
        _write_source(source, size_bytes)
        copy = _Copy(source, target, size_bytes, free_port("tcp"))
        with ExitStack() as programs:
            receiver = None
            if candidate.receiver:
                words = copy.words(candidate.receiver)
                receiver = programs.enter_context(_running(words, cores.server))
                _wait_until_listening(receiver, copy.port)
            figures = _sent(candidate, copy, cores, through_network=receiver is not None)
        _compare(source, target)
    return figures


def _sent(candidate: Candidate, copy: _Copy, cores: Cores, *, through_network: bool) -> Figures:
    """Start the sender and time it until all has come and it has ended."""
    began_at_seconds = time.perf_counter()
    with _running(copy.words(candidate.command), cores.load) as sender:
        if through_network:
            _wait_until_connected(sender, copy.port)
        connected_at_seconds = time.perf_counter()
        _wait_until_whole(sender, copy)
        whole_at_seconds = time.perf_counter()
        _wait_for_end(sender)
        ended_at_seconds = time.perf_counter()
    rate = copy.size_bytes / MEBIBYTE / (whole_at_seconds - connected_at_seconds)
    details = {
        "mebibytes_per_second": rate,
        "copy_ms": 1000 * (whole_at_seconds - connected_at_seconds),
        "command_ms": 1000 * (ended_at_seconds - began_at_seconds),
    }
    return Figures(rate, details)


def place(size_bytes: int) -> Path:
    """Choose where the files lie: in memory where there is room, or disks are compared."""
    if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > 3 * size_bytes:
        return MEMORY
    return BUILD


def _write_source(path: Path, size_bytes: int) -> None:
    """Write bytes that differ everywhere, so that no mixed up piece goes unseen."""
    chance = random.Random(size_bytes)
    with path.open("wb") as file:
        for at_bytes in range(0, size_bytes, MEBIBYTE):
            file.write(chance.randbytes(min(MEBIBYTE, size_bytes - at_bytes)))


@contextmanager
def _running(words: list[str], cores: frozenset[int]) -> Iterator[_Program]:
    with TemporaryFile() as complaints:
        process = start(words, cores, complaints)
        try:
            yield _Program(process, complaints)
        finally:
            end(process)


def _wait_until_listening(receiver: _Program, port: int) -> None:
    """Look for the listening socket: a connection, to try it, would be taken for the sender."""
    give_up_at_seconds = time.monotonic() + READY_SECONDS_MAX
    while LISTENING not in _states(port):
        if receiver.check():
            raise CannotMeasureError("the receiver ended before the sender came")
        if time.monotonic() > give_up_at_seconds:
            raise CannotMeasureError(f"not listening within {READY_SECONDS_MAX:.0f} s")
        time.sleep(LOOK_SECONDS)


def _wait_until_connected(sender: _Program, port: int) -> None:
    """Look for a socket that does not listen; some receivers half-close it at once."""
    give_up_at_seconds = time.monotonic() + READY_SECONDS_MAX
    while not _states(port) - {LISTENING}:
        if sender.check():
            raise CannotMeasureError("ended before it was seen to be connected")
        if time.monotonic() > give_up_at_seconds:
            raise CannotMeasureError(f"not connected within {READY_SECONDS_MAX:.0f} s")
        time.sleep(LOOK_SECONDS)


def _states(port: int) -> set[str]:
    """Return the states of the sockets that have `port` at this end."""
    lines = Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]
    sockets = (line.split()[:4] for line in lines)
    return {state for _, local, _, state in sockets if local.endswith(f":{port:04X}")}


def _wait_until_whole(sender: _Program, copy: _Copy) -> None:
    give_up_at_seconds = time.monotonic() + COPY_SECONDS_MAX
    sent = False
    while _size_bytes(copy.target) < copy.size_bytes:
        if not sent and sender.check():
            sent = True
            give_up_at_seconds = time.monotonic() + END_SECONDS_MAX
        if time.monotonic() > give_up_at_seconds:
            have_bytes = _size_bytes(copy.target)
            raise CannotMeasureError(f"only {have_bytes:,} of {copy.size_bytes:,} bytes came")
        time.sleep(LOOK_SECONDS)


def _size_bytes(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _wait_for_end(sender: _Program) -> None:
    give_up_at_seconds = time.monotonic() + END_SECONDS_MAX
    while not sender.check():
        if time.monotonic() > give_up_at_seconds:
            raise CannotMeasureError("the sender did not end when all had been received")
        time.sleep(LOOK_SECONDS)


def _compare(source: Path, copy: Path) -> None:
    result = subprocess.run(
        ("cmp", str(source), str(copy)), capture_output=True, text=True, check=False
    )
    if result.returncode != 0:
        said = (result.stdout + result.stderr).strip().rpartition(f"{NAME} ")[2]
        raise CannotMeasureError(f"the copy is not the file: {said}")
