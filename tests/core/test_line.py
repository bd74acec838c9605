"""A line that breaks is called again ever less often, and not for ever."""

from enchufe.core.commands import SetTimer, Stop
from enchufe.core.exits import ExitCode
from enchufe.core.line import REDIAL_TIMER, Line


def waits(line: Line, count: int) -> list[float]:
    calls = [line.call_again() for _ in range(count)]
    return [call.after_s for call in calls if isinstance(call, SetTimer)]


def test_each_wait_is_twice_the_one_before_up_to_the_longest() -> None:
    assert waits(Line(3.0), 6) == [0.25, 0.5, 1.0, 2.0, 3.0, 3.0]
    assert Line(3.0).call_again() == SetTimer(REDIAL_TIMER, 0.25)


def test_after_too_long_it_stops() -> None:
    line = Line(10.0, give_up_s=1.8)
    assert waits(line, 3) == [0.25, 0.5, 1.0]
    assert line.call_again() == Stop(ExitCode.LOST)


def test_once_it_holds_it_begins_anew() -> None:
    line = Line(10.0, give_up_s=1.0)
    assert line.lose()
    assert not line.lose()
    assert waits(line, 2) == [0.25, 0.5]
    assert line.mend()
    assert not line.mend()
    assert not line.is_lost
    assert waits(line, 2) == [0.25, 0.5]
    assert line.lose()
