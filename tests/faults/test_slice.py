"""Slice."""

from enchufe.core.chance import Chance
from enchufe.faults.slice import WHOLE, Slice


def test_a_piece_is_never_empty_and_never_longer_than_allowed() -> None:
    chance = Chance(1)
    sizes = {Slice(3).size_bytes(10, chance) for _ in range(100)}
    assert sizes == {1, 2, 3}
    assert {Slice(10).size_bytes(2, chance) for _ in range(100)} == {1, 2}
    assert {Slice(1).size_bytes(9, chance) for _ in range(9)} == {1}


def test_without_a_limit_a_piece_may_be_all_there_is() -> None:
    chance = Chance(1)
    assert {Slice().size_bytes(4, chance) for _ in range(200)} == {1, 2, 3, 4}


def test_whole_pieces_are_as_long_as_they_may_be() -> None:
    chance = Chance(1)
    assert {WHOLE.size_bytes(1000, chance) for _ in range(100)} == {1000}
    assert {Slice(16, 1.0).size_bytes(1000, chance) for _ in range(100)} == {16}
    often = [Slice(16, 0.8).size_bytes(1000, chance) for _ in range(1000)].count(16)
    assert 750 < often < 900
