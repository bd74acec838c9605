"""Two hands in a few lines of text, one from either side."""

from enchufe.core.cachipun import Choice

_ROCK = (
    r"   _____    ",
    r" _/ ____)   ",
    r"    (___)   ",
    r" _  (___)   ",
    r"  \_(__)    ",
)
_PAPER = (
    r"   ________ ",
    r" _/ _______)",
    r"    _______)",
    r" _  _______)",
    r"  \________)",
)
_SCISSORS = (
    r"   ________ ",
    r" _/ _______)",
    r"    (______ ",
    r" _  (__)___)",
    r"  \_(__)    ",
)
_HANDS = {Choice.ROCK: _ROCK, Choice.PAPER: _PAPER, Choice.SCISSORS: _SCISSORS}
_MIRRORED = str.maketrans("()/\\", ")(\\/")

GAP = " " * 6


def drawn(names: tuple[str, str], choices: tuple[Choice, Choice]) -> str:
    """Return both hands side by side, with whose they are above them."""
    left = _HANDS[choices[0]]
    right = [line[::-1].translate(_MIRRORED) for line in _HANDS[choices[1]]]
    width = len(left[0])
    heads = f"{names[0]:<{width}}{GAP}{names[1]:>{width}}"
    rows = [f"{one}{GAP}{other}" for one, other in zip(left, right, strict=True)]
    return "\n".join(line.rstrip() for line in (heads, *rows))
