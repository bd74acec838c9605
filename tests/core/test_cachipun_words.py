"""What happens in cachipún, in words; a later server's words are shown as they are."""

import pytest

from enchufe.core.cachipun import Match, Players, Result, Reveal, Score, Scores, Told, What, Why
from enchufe.core.cachipun_words import (
    GameWords,
    match_text,
    players_text,
    result_text,
    revealed_text,
    scores_text,
    told_text,
)

WORDS = GameWords()
NAMES = ("ana", "luis")


def result(
    *, won_by: int, why: str, over: bool = False, choices: tuple[str, str] = ("", "")
) -> str:
    told = Result(1, 2, choices, won_by, (1, 0), over, why)
    return result_text(told, NAMES, WORDS).split("\n")[0]


@pytest.mark.parametrize("what", What)
def test_everything_that_happens_has_words(what: What) -> None:
    text = told_text(Told(what, "ana", "luis", 3), WORDS)
    assert text.startswith("* ")
    assert "{" not in text


def test_what_a_later_server_tells_is_shown_as_it_is() -> None:
    assert told_text(Told("asleep", "ana"), WORDS) == "* asleep ana"


@pytest.mark.parametrize(
    ("won_by", "why", "text"),
    [
        (0, Why.LATE, "* Round 2: luis was too late"),
        (1, Why.LATE, "* Round 2: ana was too late"),
        (-1, Why.LATE, "* Round 2: nobody chose in time"),
        (0, Why.FALSE, "* Round 2: what luis revealed does not fit its digest"),
        (-1, Why.FALSE, "* Round 2: nothing that was revealed fits its digest"),
        (1, Why.LEFT, "* ana left"),
        (0, Why.LOST, "* luis did not come back"),
        (0, Why.MISSED, "* luis missed two rounds running"),
        (-1, Why.MISSED, "* Both missed two rounds running"),
        (-1, Why.ENDLESS, "* Nobody has won after 2 rounds, and there may be no more"),
        (0, "struck", "* struck"),
        (-1, "struck", "* struck"),
    ],
)
def test_why_a_round_ended(won_by: int, why: str, text: str) -> None:
    assert result(won_by=won_by, why=why) == text


def test_what_was_played() -> None:
    played = Why.PLAYED
    assert result(won_by=1, why=played, choices=("rock", "paper")) == (
        "* Round 2: paper beats rock: luis wins"
    )
    assert result(won_by=-1, why=played, choices=("rock", "rock")) == (
        "* Round 2: ana and luis both show rock: a draw"
    )


@pytest.mark.parametrize(
    ("won_by", "last"),
    [(0, "* ana wins the match, 1 to 0"), (-1, "* The match is over, and nobody wins it")],
)
def test_how_a_match_ends(won_by: int, last: str) -> None:
    over = Result(1, 2, ("", ""), won_by, (1, 0), over=True, why=Why.MISSED)
    assert result_text(over, NAMES, WORDS).split("\n")[-1] == last


def test_tables_and_matches() -> None:
    assert scores_text(Scores((Score("ana", 2, 1),)), WORDS).split() == (
        ["*", "1.", "ana", "2", "won", "1", "lost"]
    )
    assert scores_text(Scores(), WORDS) == WORDS.no_scores
    assert players_text(Players(), WORDS) == "* Nobody waits"
    present = Players(("eva", "leo"), (NAMES,))
    assert players_text(present, WORDS) == "* Waiting: eva, leo\n* ana plays luis"
    begun = Match(1, 3, NAMES, (0, 0), 0)
    assert match_text(begun, WORDS) == "* Match 1: ana against luis, best of 3"
    assert match_text(Match(1, 3, NAMES, (1, 0), 0), WORDS).endswith("\n* ana 1, luis 0")
    shown = revealed_text(Reveal(1, 2, "rock", "ab", 0), "ana", WORDS)
    assert shown == "* ana: rock; check it: printf %s 1/2/0/rock/ab | sha256sum"
