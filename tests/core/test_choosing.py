"""What a person writes to choose."""

import pytest

from enchufe.core.cachipun import Choice
from enchufe.core.cachipun_words import GameWords
from enchufe.core.choosing import choices_meant

ENGLISH = GameWords()
SPANISH = GameWords(rock="piedra", paper="papel", scissors="tijera")
ROCK, PAPER, SCISSORS = Choice


@pytest.mark.parametrize("words", [ENGLISH, SPANISH], ids=["en", "es"])
@pytest.mark.parametrize(
    ("text", "choice"),
    [
        ("rock", ROCK),
        (" Rock ", ROCK),
        ("r", ROCK),
        ("PIEDRA", ROCK),
        ("pi", ROCK),
        ("1", ROCK),
        ("✊", ROCK),
        ("✊🏿", ROCK),
        ("👊", ROCK),
        ("🪨", ROCK),
        ("paper", PAPER),
        ("papel", PAPER),
        ("pa", PAPER),
        ("pap", PAPER),
        ("2", PAPER),
        ("✋", PAPER),
        ("🖐️", PAPER),
        ("📄", PAPER),
        ("scissors", SCISSORS),
        ("s", SCISSORS),
        ("tijera", SCISSORS),
        ("tijeras", SCISSORS),
        ("T", SCISSORS),
        ("3", SCISSORS),
        ("✌️", SCISSORS),
        ("✌🏽", SCISSORS),
        ("✌︎", SCISSORS),
        ("✂️", SCISSORS),
    ],
)
def test_a_word_its_beginning_a_number_or_a_hand(
    words: GameWords, text: str, choice: Choice
) -> None:
    assert choices_meant(text, words) == {choice}


def test_p_is_paper_in_english_and_ambiguous_in_spanish() -> None:
    assert choices_meant("p", ENGLISH) == {PAPER}
    assert choices_meant("p", SPANISH) == {ROCK, PAPER}


@pytest.mark.parametrize("text", ["", " ", "4", "12", "rocks", "lizard", "rock paper", "\0", "🏽"])
def test_anything_else_means_nothing(text: str) -> None:
    assert choices_meant(text, ENGLISH) == choices_meant(text, SPANISH) == frozenset()
