"""What a person writes to choose: a word or its beginning, a number, or a hand."""

from enchufe.core.cachipun import Choice
from enchufe.core.cachipun_words import GameWords

_WORDS = {
    "rock": Choice.ROCK,
    "paper": Choice.PAPER,
    "scissors": Choice.SCISSORS,
    "piedra": Choice.ROCK,
    "papel": Choice.PAPER,
    "tijera": Choice.SCISSORS,
    "tijeras": Choice.SCISSORS,
}
"""Of both languages, whatever the server's is: they meet in one match."""

_SIGNS = {
    "1": Choice.ROCK,
    "2": Choice.PAPER,
    "3": Choice.SCISSORS,
    "✊": Choice.ROCK,
    "👊": Choice.ROCK,
    "🪨": Choice.ROCK,
    "✋": Choice.PAPER,
    "🖐": Choice.PAPER,
    "📄": Choice.PAPER,
    "✌": Choice.SCISSORS,
    "✂": Choice.SCISSORS,
}

_ADDED = dict.fromkeys([0xFE0E, 0xFE0F, *range(0x1F3FB, 0x1F400)])
"""What only changes how a sign is drawn: as text, as a picture (Unicode TS 51, 1.4.3), in which
colour of skin (2.4)."""


def choices_meant(text: str, words: GameWords) -> frozenset[Choice]:
    """Return what ``text`` may mean: one choice, several if it is ambiguous, or none.

    The beginning of a word of the reader's own language is taken for that, if there is
    just one: with English words, ``p`` is paper, though piedra begins so too.
    """
    written = text.strip().translate(_ADDED).casefold()
    if not written:
        return frozenset()
    if written in _SIGNS:
        return frozenset({_SIGNS[written]})
    own = {word: _WORDS[word] for word in (words.rock, words.paper, words.scissors)}
    return _begun(written, own) or _begun(written, _WORDS)


def _begun(written: str, words: dict[str, Choice]) -> frozenset[Choice]:
    return frozenset(choice for word, choice in words.items() if word.startswith(written))
