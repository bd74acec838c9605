"""So many a second, and some at once after a rest."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enchufe.core.pace import NS_PER_S, Pace

BEGIN_NS = 1_700_000_000 * NS_PER_S


def allowed(pace: Pace, times_s: list[float]) -> list[bool]:
    return [pace.allows(BEGIN_NS + round(time_s * NS_PER_S)) for time_s in times_s]


@pytest.mark.parametrize(
    ("times_s", "expected"),
    [
        ([0, 0, 0, 0], [True, True, True, False]),
        ([0, 0, 0, 0.4, 0.5], [True, True, True, False, True]),
        ([0, 0, 0, 0.5, 0.5], [True, True, True, True, False]),
        ([0, 0, 0, 1, 1, 1], [True, True, True, True, True, False]),
        ([0, 0, 0, 99, 99, 99, 99], [True, True, True, True, True, True, False]),
        ([0, 0, 0, -50, -49.5], [True, True, True, False, True]),
    ],
)
def test_two_a_second_and_three_at_once(times_s: list[float], expected: list[bool]) -> None:
    assert allowed(Pace(2, 3, BEGIN_NS), times_s) == expected


@given(st.lists(st.floats(0, 3), min_size=1, max_size=200))
def test_never_more_than_the_rest_has_earned(pauses_s: list[float]) -> None:
    pace, now_s, done = Pace(5, 4, BEGIN_NS), 0.0, 0
    for pause_s in pauses_s:
        now_s += pause_s
        done += allowed(pace, [now_s])[0]
        assert done <= 4 + 5 * now_s + 1e-3
