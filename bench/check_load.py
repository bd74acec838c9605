"""Puts the load on servers that are wrong on purpose, and sees whether it notices.

Usage: check_load.py. Exit status 0 when the load has found every fault and found
none in a right server. Takes about ten seconds.
"""

import sys
from dataclasses import dataclass

from comparison.candidate import Candidate, CannotMeasureError
from comparison.cores import unpinned
from comparison.load import Load, measure_load
from comparison.programs import BENCH, build, program
from comparison.server import Protocol

SECONDS = 0.3
NO_FAULT = "no-fault"
LOST_PERCENT_MIN = 1.0
"""From here on a loss is not what a busy machine does with so few datagrams."""


@dataclass(frozen=True)
class Case:
    """A server, and what the load has to say of it."""

    protocol: Protocol
    fault: str
    verdict: str


CASES = (
    Case("tcp", NO_FAULT, "right"),
    Case("udp", NO_FAULT, "right"),
    Case("tcp", "flip-a-bit", "came back as 0x"),
    Case("tcp", "cut-a-byte", "stalled, 63 of 64 bytes came back"),
    Case("tcp", "add-a-byte", "65 bytes came back when 64 had been sent"),
    Case("tcp", "repeat", "65 bytes came back when 64 had been sent"),
    Case("tcp", "merge", "65 bytes came back when 64 had been sent"),
    Case("tcp", "answer-the-last", "came back as 0x"),
    Case("tcp", "say-nothing", "stalled, 0 of 64 bytes came back"),
    Case("tcp", "close-in-the-middle", "closed by the server after 10 of 64 bytes"),
    Case("udp", "flip-a-bit", "came back changed"),
    Case("udp", "cut-a-byte", "a datagram of 63 bytes came back, sent were 64"),
    Case("udp", "add-a-byte", "a datagram of 65 bytes or more came back, sent were 64"),
    Case("udp", "repeat", "was answered twice"),
    Case("udp", "merge", "a datagram of 65 bytes or more came back, sent were 64"),
    Case("udp", "answer-the-last", "was answered twice"),
    Case("udp", "say-nothing", "not one answer came back"),
    Case("udp", "drop-one-in-ten", "much is lost"),
)

LOADS: dict[Protocol, Load] = {
    "tcp": Load("tcp", sockets=4, size_bytes=64),
    "udp": Load("udp", sockets=1, size_bytes=64, in_flight=4),
}


def main() -> int:
    """Try every case and say how it went; return the exit status."""
    build()
    missed = 0
    for case in CASES:
        said = _verdict(case)
        found = case.verdict in said
        missed += not found
        wanted = "" if found else f" -- MISSED, wanted: {case.verdict}"
        print(f"{case.protocol} {case.fault}: {said}{wanted}")
    print(f"{missed} missed" if missed else "every fault was found")
    return 1 if missed else 0


def _verdict(case: Case) -> str:
    """Say what the load says of the server."""
    try:
        figures = measure_load(_server(case), LOADS[case.protocol], SECONDS, unpinned())
    except CannotMeasureError as problem:
        return str(problem)
    lost_percent = figures.details["lost_percent"]
    return "much is lost" if lost_percent > LOST_PERCENT_MIN else "right"


def _server(case: Case) -> Candidate:
    if case.fault == NO_FAULT:
        return Candidate("right", (str(program(f"echo_{case.protocol}")), "{port}"))
    server = str(BENCH / "wrong_servers.py")
    return Candidate(
        case.fault, (sys.executable, server, f"{case.protocol}-{case.fault}", "{port}")
    )


if __name__ == "__main__":
    raise SystemExit(main())
