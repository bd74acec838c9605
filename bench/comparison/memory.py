"""Measures one server once: the memory that each idle TCP connection costs it.

Resident memory is read before and after a number of connections, each of which
has been accepted and has had one answer (see idle.c). A first batch is opened
beforehand, so that what a server allocates once is not counted as the price of
a connection. What the kernel keeps for a socket is not in it; it is the same
for all.
"""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from comparison.candidate import Candidate, CannotMeasureError, Figures
from comparison.cores import Cores, started_on
from comparison.programs import program
from comparison.server import HOST, running

FIRST_CONNECTIONS = 200
SETTLE_SECONDS = 0.2
"""Between the last answer and the reading, for what a server puts off."""
KIBIBYTE = 1024


def measure_memory(candidate: Candidate, connections: int, cores: Cores) -> Figures:
    """Start `candidate`, hold `connections` idle ones open, and end it.

    The value is bytes for each connection. Raises `CannotMeasureError` when the
    server does not run, or not all connections could be opened.
    """
    with (
        running(candidate, "tcp", cores.server) as server,
        _held(server.port, FIRST_CONNECTIONS, cores),
    ):
        before_bytes = _resident_bytes(server.process_id)
        with _held(server.port, connections, cores):
            after_bytes = _resident_bytes(server.process_id)
    each_bytes = (after_bytes - before_bytes) / connections
    details = {
        "each_bytes": each_bytes,
        "before_mib": before_bytes / KIBIBYTE**2,
        "after_mib": after_bytes / KIBIBYTE**2,
    }
    return Figures(each_bytes, details)


@contextmanager
def _held(port: int, connections: int, cores: Cores) -> Iterator[None]:
    """Within it, `connections` to `port` are open and silent."""
    words = [str(program("idle")), HOST, str(port), str(connections)]
    with started_on(cores.load):
        process = subprocess.Popen(
            words,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        if process.stdout.readline().strip() != str(connections):
            raise CannotMeasureError(process.stderr.read().strip())
        time.sleep(SETTLE_SECONDS)
        yield
    finally:
        process.kill()
        process.communicate()


def _resident_bytes(process_id: int) -> int:
    """Resident memory, page by page: the short form in `status` is approximate.

    proc(5): the fields of /proc/PID/statm and of status may be inaccurate.
    """
    rollup = Path(f"/proc/{process_id}/smaps_rollup").read_text(encoding="ascii")
    for line in rollup.splitlines():
        if line.startswith("Rss:"):
            return int(line.split()[1]) * KIBIBYTE
    raise CannotMeasureError("this kernel does not say how much memory is resident")
