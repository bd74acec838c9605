"""Reorder."""

from enchufe.core.chance import Chance
from enchufe.faults.reorder import Reorder


def test_some_are_held_back_and_others_overtake_them() -> None:
    fate = Reorder(0.5, 1.0).befall((0.0,) * 200, Chance(1))
    held = [after_s for after_s in fate if after_s]
    assert 50 < len(held) < 150
    assert len(set(held)) == len(held)
    assert min(held) > 0.0
    assert max(held) <= 1.0
    assert list(fate) != sorted(fate)


def test_nothing_is_held_back_where_nothing_is_to_be() -> None:
    assert Reorder().befall((0.5, 0.0), Chance(1)) == (0.5, 0.0)
    assert Reorder(1.0, 0.0).befall((0.5,), Chance(1)) == (0.5,)
    assert Reorder(1.0, 1.0).befall((), Chance(1)) == ()
