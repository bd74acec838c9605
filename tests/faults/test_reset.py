"""Reset."""

from enchufe.core.chance import Chance
from enchufe.faults.reset import Reset


def test_it_strikes_as_often_as_it_says() -> None:
    chance = Chance(1)
    assert not any(Reset().strikes(chance) for _ in range(1000))
    assert all(Reset(1.0).strikes(chance) for _ in range(1000))
    assert 50 < sum(Reset(0.1).strikes(chance) for _ in range(1000)) < 150
