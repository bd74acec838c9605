"""How a server of ours tells a stream peer at the door why it may not come in.

One line of text, so that a person with any client can read it; its beginning is
always the same, so that our client can end with the right exit code.
"""

from enchufe.core.exits import ExitCode
from enchufe.core.notices import Refusal

DENIED_WORDS = b"enchufe: denied: "
FULL_WORDS = b"enchufe: full: "
BUSY_WORDS = b"enchufe: busy: "
"""What somebody is told who calls where two are talking already."""


_DENIALS = frozenset({Refusal.NOT_ALLOWED, Refusal.DENIED})
"""Refusals that trying again does not help; all others are limits."""


def refusal_line(refusal: Refusal, why: str) -> bytes:
    """Return the line for ``refusal``; ``why`` is said in the server's language."""
    words = DENIED_WORDS if refusal in _DENIALS else FULL_WORDS
    return words + why.encode() + b"\n"


def refusal_exit_code(first_words: bytes) -> ExitCode | None:
    """Return the exit code if a peer's first words are a refusal, else None."""
    if first_words.startswith(DENIED_WORDS):
        return ExitCode.DENIED
    return ExitCode.OVER_LIMIT if first_words.startswith((FULL_WORDS, BUSY_WORDS)) else None
