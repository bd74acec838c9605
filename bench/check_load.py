"""Puts the load on servers that are wrong on purpose, and sees whether it notices.

Usage: check_load.py. Exit status 0 when the load has found every fault and found
none in a right server. Takes about half a minute.
"""

import sys
from dataclasses import dataclass
from typing import Literal

from comparison.candidate import Candidate, CannotMeasureError, Figures
from comparison.copying import measure_copy
from comparison.cores import unpinned
from comparison.load import AnyLoad, DurableLoad, Load, RoomLoad, measure_load
from comparison.programs import BENCH, build, program

Kind = Literal["tcp", "udp", "broadcast", "durable", "copy"]

SECONDS = 0.3
COPY_SIZE_BYTES = 64 * 1024 * 1024
NO_FAULT = "no-fault"
LOST_PERCENT_MIN = 1.0
"""From here on a loss is not what a busy machine does with so few datagrams."""


@dataclass(frozen=True)
class Case:
    """A server, and what the load has to say of it."""

    kind: Kind
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
    Case("broadcast", NO_FAULT, "right"),
    Case("broadcast", "flip-a-bit", "a line came changed"),
    Case("broadcast", "cut-a-byte", "a line came changed"),
    Case("broadcast", "add-a-byte", "a line came changed"),
    Case("broadcast", "repeat", "line 50 came again when 51 was due"),
    Case("broadcast", "merge", "two lines came as one"),
    Case("broadcast", "answer-the-last", "line 49 came again when 50 was due"),
    Case("broadcast", "say-nothing", "have not come"),
    Case("broadcast", "drop-one-in-ten", "line 51 came when 50 was due"),
    Case("broadcast", "swap", "line 51 came when 50 was due"),
    Case("broadcast", "close-in-the-middle", "closed by the server before line 50"),
    Case("durable", NO_FAULT, "right"),
    Case("durable", "repeat", "line 51 was acknowledged again"),
    Case("durable", "merge", "line 5051 was acknowledged and not said"),
    Case("durable", "answer-the-last", "line 50 was acknowledged again"),
    Case("durable", "say-nothing", "line 51 of 54 has not been acknowledged"),
    Case("copy", NO_FAULT, "right"),
    Case("copy", "flip-a-bit", "the copy is not the file: differ"),
    Case("copy", "cut-a-byte", "only 67,108,863 of 67,108,864 bytes came"),
    Case("copy", "add-a-byte", "the copy is not the file"),
)

LOADS: dict[Kind, AnyLoad] = {
    "tcp": Load("tcp", sockets=4, size_bytes=64),
    "udp": Load("udp", sockets=1, size_bytes=64, in_flight=4),
    "broadcast": RoomLoad(receivers=4, in_flight=4),
    "durable": DurableLoad(in_flight=4),
}
RIGHT: dict[Kind, tuple[str, ...]] = {
    "tcp": (str(program("echo_tcp")), "{port}"),
    "udp": (str(program("echo_udp")), "{port}"),
    "broadcast": (str(program("broadcast_tcp")), "{port}"),
    "durable": (str(program("durable_tcp")), "{port}", "{folder}/lines.txt"),
    "copy": ("cp", "{source}", "{folder}/copied.bin"),
}
"""What starts a right server of each kind."""


def main() -> int:
    """Try every case and say how it went; return the exit status."""
    build()
    missed = 0
    for case in CASES:
        said = _verdict(case)
        found = case.verdict in said
        missed += not found
        wanted = "" if found else f" -- MISSED, wanted: {case.verdict}"
        print(f"{case.kind} {case.fault}: {said}{wanted}")
    print(f"{missed} missed" if missed else "every fault was found")
    return 1 if missed else 0


def _verdict(case: Case) -> str:
    """Say what the load says of the server."""
    try:
        figures = _measured(case)
    except CannotMeasureError as problem:
        return str(problem)
    lost_percent = figures.details.get("lost_percent", 0.0)
    return "much is lost" if lost_percent > LOST_PERCENT_MIN else "right"


def _measured(case: Case) -> Figures:
    if case.kind == "copy":
        return measure_copy(_candidate(case), COPY_SIZE_BYTES, unpinned())
    return measure_load(_candidate(case), LOADS[case.kind], SECONDS, unpinned())


def _candidate(case: Case) -> Candidate:
    if case.fault == NO_FAULT:
        return Candidate("right", RIGHT[case.kind])
    wrong = (sys.executable, str(BENCH / "wrong_servers.py"), f"{case.kind}-{case.fault}")
    ends = ("{source}", "{folder}/copied.bin") if case.kind == "copy" else ("{port}",)
    return Candidate(case.fault, (*wrong, *ends))


if __name__ == "__main__":
    raise SystemExit(main())
