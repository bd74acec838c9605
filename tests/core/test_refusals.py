"""What a peer at the door is told, and how our client understands it."""

import pytest

from enchufe.core.exits import ExitCode
from enchufe.core.notices import Refusal
from enchufe.core.refusals import BUSY_WORDS, refusal_exit_code, refusal_line


@pytest.mark.parametrize(
    ("refusal", "line", "exit_code"),
    [
        (Refusal.NOT_ALLOWED, b"enchufe: denied: why\n", ExitCode.DENIED),
        (Refusal.DENIED, b"enchufe: denied: why\n", ExitCode.DENIED),
        (Refusal.FULL, b"enchufe: full: why\n", ExitCode.OVER_LIMIT),
        (Refusal.ADDRESS_FULL, b"enchufe: full: why\n", ExitCode.OVER_LIMIT),
        (Refusal.TOO_FAST, b"enchufe: full: why\n", ExitCode.OVER_LIMIT),
        (Refusal.DESCRIPTORS, b"enchufe: full: why\n", ExitCode.OVER_LIMIT),
    ],
)
def test_the_line_says_why_and_our_client_knows_its_exit_code(
    refusal: Refusal, line: bytes, exit_code: ExitCode
) -> None:
    assert refusal_line(refusal, "why") == line
    assert refusal_exit_code(line) is exit_code


def test_a_busy_line_is_understood_as_a_limit() -> None:
    assert refusal_exit_code(BUSY_WORDS + b"try later") is ExitCode.OVER_LIMIT


def test_every_refusal_is_understood_in_any_language() -> None:
    for refusal in Refusal:
        line = refusal_line(refusal, "demasiada gente, ¡vuelva mañana!")
        assert refusal_exit_code(line) is not None
        assert line.endswith("¡vuelva mañana!\n".encode())


@pytest.mark.parametrize(
    "words",
    [b"", b"hola", b"enchufe", b"enchufe: denied", b"Enchufe: denied: x", b" enchufe: full: "],
)
def test_other_words_are_no_refusal(words: bytes) -> None:
    assert refusal_exit_code(words) is None
