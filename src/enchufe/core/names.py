"""Names that nobody can mistake for another's, nor for the room's own words."""

import unicodedata

from enchufe.core.room import NAME_CHARACTERS_MAX

ASKED_CHARACTERS_MAX = 10 * NAME_CHARACTERS_MAX
"""No longer text can become a name when its letters and marks are composed (Unicode TR 15)."""

_JOINING = frozenset("-_.")
_MARKS = frozenset({"Mn", "Mc"})


def proper_name(text: str) -> str | None:
    """Return ``text`` as a name, or None if it cannot be one.

    A name is letters and digits, with ``-``, ``_`` or ``.`` between them, so that it
    cannot contain the ``:`` that ends it in a line, begin like a line of the room, or act
    on a terminal. Its letters are of one script: a Cyrillic letter among Latin ones would
    look like another person's name (Unicode TS 39, 5.1).
    """
    if len(text) > ASKED_CHARACTERS_MAX:
        return None
    name = unicodedata.normalize("NFKC", text.strip())
    if not 1 <= len(name) <= NAME_CHARACTERS_MAX or not (name[0].isalnum() and _ends_well(name)):
        return None
    if not all(_may_stand_in_name(character) for character in name):
        return None
    return name if len(_scripts(name)) <= 1 else None


def key_of(name: str) -> str:
    """Return what two names share that a person would take for the same."""
    return unicodedata.normalize("NFKC", name).casefold()


def _may_stand_in_name(character: str) -> bool:
    return character.isalnum() or character in _JOINING or unicodedata.category(character) in _MARKS


def _ends_well(name: str) -> bool:
    return name[-1] not in _JOINING


def _scripts(name: str) -> set[str]:
    """Return the scripts of the letters: the first word of each letter's own name."""
    letters = (character for character in name if character.isalpha())
    return {_script_of(letter) for letter in letters}


_TOGETHER = frozenset({"CJK", "HIRAGANA", "KATAKANA", "HANGUL", "BOPOMOFO"})
"""Scripts that one name may mix, as Japanese does."""


def _script_of(letter: str) -> str:
    script = unicodedata.name(letter, "?").partition(" ")[0]
    return "CJK" if script in _TOGETHER else script
