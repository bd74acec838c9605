"""Chance: always seeded, always replayable."""

from enchufe.core.chance import Chance


def choices(seed: int) -> list[object]:
    chance = Chance(seed)
    return [
        [chance.happens(0.5) for _ in range(20)],
        [chance.between(0, 1000) for _ in range(20)],
        [chance.seconds(0.0, 1.0) for _ in range(20)],
        chance.data(20),
    ]


def test_equal_seeds_give_equal_choices_and_others_do_not() -> None:
    assert choices(7) == choices(7)
    assert choices(7) != choices(8)
    assert Chance(7).seed == 7


def test_what_is_certain_happens_and_what_is_impossible_does_not() -> None:
    chance = Chance(1)
    assert all(chance.happens(1.0) for _ in range(1000))
    assert not any(chance.happens(0.0) for _ in range(1000))
    assert 400 < sum(chance.happens(0.5) for _ in range(1000)) < 600


def test_choices_stay_within_their_bounds_and_reach_them() -> None:
    chance = Chance(1)
    assert {chance.between(3, 5) for _ in range(100)} == {3, 4, 5}
    assert all(0.5 <= chance.seconds(0.5, 0.75) <= 0.75 for _ in range(100))
    assert [len(chance.data(size)) for size in (0, 1, 999)] == [0, 1, 999]
