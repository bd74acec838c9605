"""Both hands, side by side."""

from itertools import product

from enchufe.core.cachipun import Choice
from enchufe.services.contestant.hands import drawn


def test_the_hands_are_drawn_from_either_side() -> None:
    lines = drawn(("ana", "luis"), (Choice.ROCK, Choice.PAPER)).split("\n")
    assert len(lines) == 6
    assert lines[0].startswith("ana")
    assert lines[0].endswith("luis")
    same = drawn(("a", "b"), (Choice.SCISSORS, Choice.SCISSORS)).split("\n")[1:]
    assert all(len(line) <= 30 for line in lines + same)


def test_each_pair_looks_different() -> None:
    pictures = {drawn(("a", "b"), pair) for pair in product(Choice, Choice)}
    assert len(pictures) == 9
