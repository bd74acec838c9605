"""What a peer wrote, made safe to look at: shown, never obeyed.

Control bytes could move the cursor, change colours or answer for the person at the
terminal, so they are shown as escapes; printable text of any script stays as it is.
"""

import codecs
import re
import unicodedata
from functools import cache

_NAMED = {"\t": "\\t", "\n": "\\n", "\r": "\\r", "\0": "\\0", "\x1b": "\\e"}
_UNSAFE_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_JOINERS = frozenset("\u200c\u200d")  # part of ordinary words in Persian, Hindi and of emoji


ESCAPES_KEPT_MAX = 1_000
"""Characters whose escapes are kept in mind: strangers may send all there are."""


def safe_character(character: str) -> str:
    """Return ``character`` itself if it is printable, else an escape that shows what it is."""
    if character.isprintable() or character in _JOINERS:
        return character
    if character in _NAMED:
        return _NAMED[character]
    if unicodedata.category(character) not in _UNSAFE_CATEGORIES:
        return character
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # a byte that is not UTF-8, kept by "surrogateescape"
        return f"\\x{code - 0xDC00:02x}"
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def safe_text(text: str, keep: str = "") -> str:
    """Return ``text`` with everything that could act on a terminal shown as an escape.

    Args:
        text: any text, also with surrogates that stand for bytes that are not UTF-8.
        keep: characters to leave alone, such as ``"\\n"``.
    """
    return text if text.isprintable() else text.translate(_escapes(keep))


class _Escapes(dict[int, str]):
    """What each character becomes, found out when it is first met.

    Args:
        keep: characters to leave alone.
    """

    def __init__(self, keep: str) -> None:
        super().__init__({ord(character): character for character in keep})

    def __missing__(self, code: int) -> str:
        safe = safe_character(chr(code))
        if len(self) < ESCAPES_KEPT_MAX:
            self[code] = safe
        return safe


@cache
def _escapes(keep: str) -> _Escapes:
    return _Escapes(keep)


def safe_bytes(data: bytes, keep: str = "") -> str:
    """Return ``data`` as safe text; bytes that are not UTF-8 are shown as ``\\xff``."""
    text = data.decode("utf-8", "surrogateescape")
    return text if text.isprintable() else safe_text(text, keep)


_SURROGATES = re.compile("[\ud800-\udfff]")


def speakable_text(text: str) -> str:
    """Return ``text`` as UTF-8 can say it: U+FFFD stands for each byte that is none of it.

    An escape would not do: the backslash of one leads, in a name, out of a folder.
    """
    return _SURROGATES.sub("\N{REPLACEMENT CHARACTER}", text)


class SafeStream:
    """Safe text of a stream, whatever the cuts: a character split between reads stays whole."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")

    def feed(self, data: bytes, *, final: bool = False) -> str:
        """Return the safe text of ``data`` as far as its characters are complete."""
        return safe_text(self._decoder.decode(data, final), keep="\n\t")
