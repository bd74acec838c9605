"""Loss."""

import pytest

from enchufe.core.chance import Chance
from enchufe.faults.loss import Loss


def test_it_loses_all_or_nothing_where_it_is_certain() -> None:
    assert Loss(1.0).befall((0.0, 1.0), Chance(1)) == ()
    assert Loss(0.0).befall((0.0, 1.0), Chance(1)) == (0.0, 1.0)
    assert Loss().befall((0.0,), Chance(1)) == (0.0,)


@pytest.mark.parametrize("probability", [0.1, 0.5, 0.9])
def test_it_loses_as_many_as_it_says(probability: float) -> None:
    kept = Loss(probability).befall((0.0,) * 10_000, Chance(1))
    assert len(kept) / 10_000 == pytest.approx(1 - probability, abs=0.02)


def test_copies_are_lost_each_on_its_own() -> None:
    chance = Chance(1)
    assert {len(Loss(0.5).befall((0.0, 0.0), chance)) for _ in range(100)} == {0, 1, 2}
