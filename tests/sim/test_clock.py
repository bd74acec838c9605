"""Virtual time."""

import pytest

from enchufe.sim.clock import NS_PER_S, START_NS, Clock


def test_things_happen_when_they_are_due_and_at_one_time_as_they_were_set() -> None:
    clock, happened = Clock(), list[str]()
    clock.after(2.0, lambda: happened.append("third"))
    clock.after(1.0, lambda: happened.append("first"))
    clock.after(1.0, lambda: happened.append("second"))
    while clock.step():
        pass
    assert happened == ["first", "second", "third"]
    assert clock.now_ns == START_NS + 2 * NS_PER_S
    assert clock.elapsed_s == 2.0


def test_time_stands_still_while_nothing_happens() -> None:
    clock = Clock()
    assert clock.next_ns() is None
    assert not clock.step()
    assert clock.now_ns == START_NS


def test_what_is_cancelled_does_not_happen_and_takes_no_time() -> None:
    clock, happened = Clock(), list[str]()
    alarm = clock.after(5.0, lambda: happened.append("cancelled"))
    clock.after(1.0, lambda: happened.append("kept"))
    alarm.cancel()
    assert alarm.is_cancelled
    while clock.step():
        pass
    assert happened == ["kept"]
    assert clock.elapsed_s == 1.0


def test_nothing_happens_in_the_past() -> None:
    clock, seen = Clock(), list[int]()
    clock.at(0, lambda: seen.append(clock.now_ns))
    clock.after(1.0, lambda: seen.append(clock.now_ns))
    while clock.step():
        pass
    assert seen == [START_NS, START_NS + NS_PER_S]


@pytest.mark.parametrize(
    ("delay_s", "delay_ns"), [(1e-9, 1), (0.3, 300_000_000), (60.0, 6 * 10**10)]
)
def test_delays_are_exact_to_the_nanosecond(delay_s: float, delay_ns: int) -> None:
    clock = Clock()
    clock.after(delay_s, lambda: None)
    assert clock.next_ns() == START_NS + delay_ns
