"""Measures one server once: what it does in a second under load, every byte checked."""

import json
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, ClassVar, TypeAlias

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
    """Echo: `sockets`, each with `in_flight` messages under way.

    TCP is a ping-pong, one message for each connection at a time.
    """

    counted: ClassVar = "round_trips_per_second"

    protocol: Protocol
    sockets: int
    size_bytes: int
    in_flight: int = 1

    def words(self, _candidate: Candidate, port: int) -> list[str]:
        """Return what tells the load program to put this on `port`."""
        numbers = [self.sockets, self.size_bytes]
        if self.protocol == "udp":
            numbers.insert(1, self.in_flight)
        return [self.protocol, HOST, str(port), *map(str, numbers)]


@dataclass(frozen=True)
class RoomLoad:
    """A room: one sender, `receivers`, and `in_flight` lines not yet with all of them."""

    counted: ClassVar = "deliveries_per_second"
    protocol: ClassVar[Protocol] = "tcp"

    receivers: int
    in_flight: int

    def words(self, candidate: Candidate, port: int) -> list[str]:
        """Return what tells the load program to put this on `port`."""
        numbers = (self.receivers, self.in_flight)
        return ["broadcast", candidate.speech, HOST, str(port), *map(str, numbers)]


@dataclass(frozen=True)
class DurableLoad:
    """One framed client that has `in_flight` lines said and not yet acknowledged."""

    counted: ClassVar = "acknowledgements_per_second"
    protocol: ClassVar[Protocol] = "tcp"

    in_flight: int

    def words(self, _candidate: Candidate, port: int) -> list[str]:
        """Return what tells the load program to put this on `port`."""
        return ["durable", HOST, str(port), str(self.in_flight)]


AnyLoad: TypeAlias = Load | RoomLoad | DurableLoad


def measure_load(candidate: Candidate, load: AnyLoad, seconds: float, cores: Cores) -> Figures:
    """Start `candidate`, put `load` on it for `seconds`, and end it.

    The value is what the load counts in a second. Raises `CannotMeasureError` when the
    server does not run, loses, repeats or changes what it was given, or stalls.
    """
    with running(candidate, load.protocol, cores.server) as server:
        words = [str(program("load")), *load.words(candidate, server.port), str(seconds)]
        with started_on(cores.load):
            process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
        with process:
            try:
                return _watched(process, server, load.counted, seconds)
            finally:
                process.kill()


def _watched(
    process: subprocess.Popen[str], server: Server, counted: str, seconds: float
) -> Figures:
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
    return _figures(_parsed(process.stdout.readline()), counted, server_busy)


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


def _figures(outcome: dict[str, Any], counted: str, server_busy: float) -> Figures:
    if outcome["error"] is not None:
        raise CannotMeasureError(str(outcome["error"]))
    rate = float(outcome["per_second"])
    lost = float(outcome["lost"])
    details = {
        counted: rate,
        "bytes_per_second": float(outcome["bytes_per_second"]),
        "latency_p50_us": float(outcome["latency_p50_us"]),
        "latency_p99_us": float(outcome["latency_p99_us"]),
        "lost_percent": 100.0 * lost / (lost + rate * float(outcome["seconds"])),
        "server_busy_percent": 100.0 * server_busy,
        "load_busy_percent": 100.0 * float(outcome["load_busy"]),
    }
    return Figures(rate, details)
