"""Duplicate."""

from enchufe.core.chance import Chance
from enchufe.faults.duplicate import Duplicate


def test_it_copies_always_or_never_where_it_is_certain() -> None:
    assert Duplicate(1.0).befall((0.5,), Chance(1)) == (0.5, 0.5)
    assert Duplicate().befall((0.5,), Chance(1)) == (0.5,)
    assert Duplicate(1.0).befall((), Chance(1)) == ()


def test_there_are_never_more_copies_than_it_says_and_never_fewer_than_one() -> None:
    chance = Chance(1)
    counts = {len(Duplicate(0.5, 4).befall((0.0,), chance)) for _ in range(200)}
    assert counts == {1, 2, 3, 4}


def test_copies_of_different_ones_stay_apart() -> None:
    assert Duplicate(1.0, 2).befall((1.0, 2.0), Chance(1)) == (1.0, 1.0, 2.0, 2.0)
