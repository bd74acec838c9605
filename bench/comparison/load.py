"""Measures one server once: round trips a second under load, every byte checked."""

import json
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from comparison.candidate import Candidate, CannotMeasureError, Figures
from comparison.cores import Cores, started_on
from comparison.programs import program
from comparison.server import HOST, Protocol, Server, running
from comparison.session import processor_seconds

STARTED = "started\n"
SPARE_SECONDS = 5.0
"""For what the load does after counting: the last wait for what has not come back."""


@dataclass(frozen=True)
class Load:
    """What is asked of a server: `sockets`, each with `in_flight` messages under way.

    TCP is a ping-pong, one message for each connection at a time.
    """

    protocol: Protocol
    sockets: int
    size_bytes: int
    in_flight: int = 1

    def words(self, port: int, seconds: float) -> list[str]:
        """Return the command that puts this load on `port` for `seconds`."""
        numbers = [self.sockets, self.size_bytes]
        if self.protocol == "udp":
            numbers.insert(1, self.in_flight)
        shape = [str(number) for number in numbers]
        load = str(program("load"))
        return [load, self.protocol, HOST, str(port), *shape, str(seconds)]


def measure_load(candidate: Candidate, load: Load, seconds: float, cores: Cores) -> Figures:
    """Start `candidate`, put `load` on it for `seconds`, and end it.

    The value is round trips a second. Raises `CannotMeasureError` when the server
    does not run, loses or changes bytes, or stalls.
    """
    with running(candidate, load.protocol, cores.server) as server:
        with started_on(cores.load):
            process = subprocess.Popen(
                load.words(server.port, seconds), stdout=subprocess.PIPE, text=True
            )
        with process:
            try:
                return _watched(process, server, seconds)
            finally:
                process.kill()


def _watched(process: subprocess.Popen[str], server: Server, seconds: float) -> Figures:
    """Follow the load from the moment its sockets are open to its verdict."""
    assert process.stdout is not None
    first_line = process.stdout.readline()
    if first_line != STARTED:
        raise CannotMeasureError(str(_parsed(first_line)["error"]))
    server_busy = _busy_share(server, process, seconds)
    try:
        process.wait(seconds + SPARE_SECONDS)  # one line is no danger to the pipe
    except subprocess.TimeoutExpired as problem:
        raise CannotMeasureError("the load did not come to an end") from problem
    return _figures(_parsed(process.stdout.readline()), server_busy)


def _busy_share(server: Server, process: subprocess.Popen[str], seconds: float) -> float:
    """Measure the share of a core the server uses in the middle of the counted stretch.

    Before it counts, the load warms up for a quarter of the time, a second at
    most (see outcome.c).
    """
    _wait(process, 0.4 * seconds)
    from_seconds = time.monotonic()
    used_seconds = processor_seconds(server.process_id)
    _wait(process, 0.7 * seconds)
    used_seconds = processor_seconds(server.process_id) - used_seconds
    return used_seconds / (time.monotonic() - from_seconds)


def _wait(process: subprocess.Popen[str], seconds: float) -> None:
    """Let `seconds` pass; less when the load has ended, because it found a fault."""
    with suppress(subprocess.TimeoutExpired):
        process.wait(seconds)


def _parsed(line: str) -> dict[str, Any]:
    try:
        outcome: dict[str, Any] = json.loads(line)
    except json.JSONDecodeError as problem:
        raise CannotMeasureError("the load ended without a result") from problem
    return outcome


def _figures(outcome: dict[str, Any], server_busy: float) -> Figures:
    if outcome["error"] is not None:
        raise CannotMeasureError(str(outcome["error"]))
    rate = float(outcome["round_trips_per_second"])
    lost = float(outcome["lost"])
    details = {
        "round_trips_per_second": rate,
        "bytes_per_second": float(outcome["bytes_per_second"]),
        "latency_p50_us": float(outcome["latency_p50_us"]),
        "latency_p99_us": float(outcome["latency_p99_us"]),
        "lost_percent": 100.0 * lost / (lost + rate * float(outcome["seconds"])),
        "server_busy_percent": 100.0 * server_busy,
        "load_busy_percent": 100.0 * float(outcome["load_busy"]),
    }
    return Figures(rate, details)
