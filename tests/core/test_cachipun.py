"""Who wins, and what binds a player to a choice."""

import hashlib
import subprocess
from itertools import product

import pytest

from enchufe.core.cachipun import (
    NOBODY,
    SEATS,
    Choice,
    commitment,
    is_fit_best,
    winner,
    wins_needed,
)

ROCK, PAPER, SCISSORS = Choice


@pytest.mark.parametrize(
    ("first", "second", "won_by"),
    [
        (ROCK, SCISSORS, 0),
        (PAPER, ROCK, 0),
        (SCISSORS, PAPER, 0),
        (SCISSORS, ROCK, 1),
        (ROCK, PAPER, 1),
        (PAPER, SCISSORS, 1),
        (ROCK, ROCK, NOBODY),
        (PAPER, PAPER, NOBODY),
        (SCISSORS, SCISSORS, NOBODY),
    ],
)
def test_who_wins(first: Choice, second: Choice, won_by: int) -> None:
    assert winner((first, second)) == won_by


def test_a_digest_is_what_a_shell_makes_of_the_text() -> None:
    nonce = "0123456789abcdef" * 2
    command = f"printf %s 1/2/0/rock/{nonce} | sha256sum"
    said = subprocess.run(["sh", "-c", command], capture_output=True, check=True).stdout
    assert commitment(1, 2, 0, "rock", nonce) == said.split()[0].decode()


def test_a_digest_fits_one_choice_in_one_seat_of_one_round() -> None:
    made = {
        commitment(match, number, seat, choice, nonce)
        for match, number, seat, choice, nonce in product(
            (1, 2), (1, 2), SEATS, Choice, ("0" * 32, "1" * 32)
        )
    }
    assert len(made) == 2 * 2 * 2 * 3 * 2
    assert all(len(digest) == hashlib.sha256().digest_size * 2 for digest in made)


@pytest.mark.parametrize(("best", "wins"), [(1, 1), (3, 2), (5, 3), (99, 50)])
def test_more_than_half_must_be_won(best: int, wins: int) -> None:
    assert is_fit_best(best)
    assert wins_needed(best) == wins


@pytest.mark.parametrize("best", [-1, 0, 2, 98, 100, 101])
def test_a_match_cannot_be_the_best_of(best: int) -> None:
    assert not is_fit_best(best)
