"""Names that nobody can mistake for another's, nor for the room's own words."""

import unicodedata
from itertools import pairwise

from enchufe.core.room import NAME_CHARACTERS_MAX

ASKED_CHARACTERS_MAX = 10 * NAME_CHARACTERS_MAX
"""No longer text can become a name when its letters and marks are composed (Unicode TR 15)."""

_JOINING = frozenset("-_.")
_MARKS = frozenset({"Mn", "Mc"})
_UNSEEN = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0") | frozenset(
    map(chr, (*range(0x180B, 0x1810), *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)))
)
"""Letters and marks that nobody sees (Default_Ignorable_Code_Point, Unicode TR 44)."""

_MARKS_IN_A_ROW_MAX = 3
"""More than any language puts on one letter; further ones would be drawn over other lines."""


def proper_name(text: str) -> str | None:
    """Return ``text`` as a name, or None if it cannot be one.

    A name is letters and digits, with ``-``, ``_`` or ``.`` between them, so that it
    cannot contain the ``:`` that ends it in a line, begin like a line of the room, or act
    on a terminal. All of it can be seen. Its letters are of one script: a Cyrillic letter
    among Latin ones would look like another person's name (Unicode TS 39, 5.1).
    """
    if len(text) > ASKED_CHARACTERS_MAX:
        return None
    name = unicodedata.normalize("NFKC", text.strip())
    if not 1 <= len(name) <= NAME_CHARACTERS_MAX or not (name[0].isalnum() and _ends_well(name)):
        return None
    if not all(map(_may_stand_in_name, name)) or _has_too_many_marks(name):
        return None
    return name if len(_scripts(name)) <= 1 else None


def proper_room(text: str) -> str | None:
    """Return ``text`` as the name of a room, the same however it is spelt; None if it is none."""
    name = proper_name(text)
    return None if name is None else key_of(name)


def key_of(name: str) -> str:
    """Return what two names share that a person would take for the same."""
    return unicodedata.normalize("NFKC", name).casefold()


def _may_stand_in_name(character: str) -> bool:
    if character in _UNSEEN:
        return False
    return character.isalnum() or character in _JOINING or _is_mark(character)


def _is_mark(character: str) -> bool:
    return unicodedata.category(character) in _MARKS


def _has_too_many_marks(name: str) -> bool:
    """Return whether marks stand where no letter bears them, or too many on one."""
    in_a_row = 0
    for before, character in pairwise(name):
        in_a_row = in_a_row + 1 if _is_mark(character) else 0
        bears_none = in_a_row == 1 and not before.isalpha()
        if bears_none or in_a_row > _MARKS_IN_A_ROW_MAX:
            return True
    return False


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
