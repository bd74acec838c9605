"""The trace."""

from enchufe.sim.clock import START_NS, Clock
from enchufe.sim.trace import Entry, Trace


def test_it_notes_what_happened_when_and_to_whom() -> None:
    clock = Clock()
    trace = Trace(clock)
    trace.note("echo", "opened")
    clock.after(0.25, lambda: trace.note("echo", "received", b"hola\n"))
    clock.step()
    assert trace.entries == [
        Entry(START_NS, "echo", "opened"),
        Entry(START_NS + 250_000_000, "echo", "received", b"hola\n"),
    ]


def test_a_person_can_read_its_end() -> None:
    trace = Trace(Clock())
    for number in range(50):
        trace.note("echo", f"event {number}", b"\x1b" * number)
    lines = trace.tail(2).splitlines()
    assert len(lines) == 2
    assert lines[1].split() == [
        "0.000000",
        "echo",
        "event",
        "49",
        "49",
        "B",
        "“" + "\\e" * 40 + "”",
    ]
    assert len(trace.tail().splitlines()) == 30
