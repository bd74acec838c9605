"""Delay."""

from enchufe.core.chance import Chance
from enchufe.faults.delay import Delay


def test_each_copy_takes_its_own_time_within_the_bounds() -> None:
    fate = Delay(0.5, 1.5).befall((0.0, 10.0), Chance(1))
    assert 0.5 <= fate[0] <= 1.5
    assert 10.5 <= fate[1] <= 11.5
    assert fate[0] != fate[1] - 10.0


def test_a_delay_without_a_range_is_exact_and_none_is_none() -> None:
    assert Delay(0.25, 0.25).seconds(Chance(1)) == 0.25
    assert Delay().befall((1.0,), Chance(1)) == (1.0,)


def test_what_is_lost_stays_lost() -> None:
    assert Delay(1.0, 2.0).befall((), Chance(1)) == ()
