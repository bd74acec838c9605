"""What a peer wrote, made safe to look at."""

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.cuts import cut_anywhere

from enchufe.core.text import (
    ESCAPES_KEPT_MAX,
    SafeStream,
    _escapes,
    safe_bytes,
    safe_character,
    safe_text,
    speakable_text,
)

PERSIAN = "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"

SAFE = [
    ("hola", "hola"),
    ("¿Qué tal, señor Ñandú?", "¿Qué tal, señor Ñandú?"),
    ("日本語 العربية עברית हिन्दी", "日本語 العربية עברית हिन्दी"),
    ("👩\u200d💻", "👩\u200d💻"),  # a joiner inside one emoji
    (PERSIAN, PERSIAN),  # and inside a word
    ("a\u00a0b\u3000c", "a\u00a0b\u3000c"),  # spaces that are not ASCII's
    ("e\u0301", "e\u0301"),  # a combining accent
    ("", ""),
]

UNSAFE = [
    ("\x1b[2J\x1b[31m", "\\e[2J\\e[31m"),  # clears the screen, changes the colour
    ("\x1b]0;title\x07", "\\e]0;title\\x07"),
    ("\x9b31m", "\\x9b31m"),  # the same in one C1 byte
    ("a\rb\nc\td\0e", "a\\rb\\nc\\td\\0e"),
    ("\b\x7f", "\\x08\\x7f"),
    ("\u202egnp.exe", "\\u202egnp.exe"),  # turns the text round
    ("\u200b\ufeff", "\\u200b\\ufeff"),  # nothing to be seen
    ("\u2028\u2029", "\\u2028\\u2029"),  # ends of line that are none
    ("\ue000", "\\ue000"),  # private use: means what a font wants
    ("\U000e0041", "\\U000e0041"),  # an invisible tag
    ("\udcff\udc80", "\\xff\\x80"),  # bytes that are not UTF-8
    ("\ud800", "\\ud800"),  # half a character
]


@pytest.mark.parametrize(("text", "shown"), SAFE + UNSAFE)
def test_text_is_shown_safely_and_words_stay_as_they_are(text: str, shown: str) -> None:
    assert safe_text(text) == shown


@pytest.mark.parametrize(
    ("data", "shown"),
    [
        (b"hola", "hola"),
        ("ñ 日".encode(), "ñ 日"),
        (b"\xff\xfe", "\\xff\\xfe"),
        (b"\xc3", "\\xc3"),
        (b"a\xe2\x82b", "a\\xe2\\x82b"),
        (b"\xed\xa0\x80", "\\xed\\xa0\\x80"),  # a surrogate written as UTF-8 is not UTF-8
        (b"\xc0\xaf", "\\xc0\\xaf"),  # nor is a slash in two bytes
    ],
)
def test_bytes_that_are_not_utf8_are_shown_as_themselves(data: bytes, shown: str) -> None:
    assert safe_bytes(data) == shown


def test_what_is_to_be_kept_is_kept_and_nothing_else() -> None:
    assert safe_text("a\n\t\r\x1b", keep="\n\t") == "a\n\t\\r\\e"
    assert safe_bytes(b"a\n\xff", keep="\n") == "a\n\\xff"


@given(st.text(st.characters()))
@example("\ud800")
def test_nothing_that_acts_on_a_terminal_is_left(text: str) -> None:
    shown = safe_text(text)
    left = {unicodedata.category(c) for c in shown} & {"Cc", "Cs", "Co", "Cn", "Zl", "Zp"}
    assert not left
    assert not {c for c in shown if unicodedata.category(c) == "Cf"} - {"\u200c", "\u200d"}


@given(st.text(st.characters(categories=["L", "N", "P", "S"])))
def test_printable_text_of_any_script_stays_as_it_is(text: str) -> None:
    assert safe_text(text) == text


def test_a_character_at_a_time_is_the_same_as_all_at_once() -> None:
    text = "".join(text for text, _shown in SAFE + UNSAFE)
    assert "".join(map(safe_character, text)) == safe_text(text)


HARD_BYTES = st.lists(
    st.sampled_from([b"\xc3\xb1", b"\xf0\x9f\x98\x80", b"\xed\xa0\x80", b"\xe2\x82", b"\xff", b"a"])
    | st.binary(max_size=5)
).map(b"".join)


@given(HARD_BYTES, st.data())
def test_a_stream_is_shown_the_same_whatever_the_cuts(data: bytes, choices: st.DataObject) -> None:
    whole = safe_bytes(data, keep="\n\t")
    for pieces in cut_anywhere(data, choices):
        stream = SafeStream()
        shown = "".join(stream.feed(piece) for piece in pieces)
        assert shown + stream.feed(b"", final=True) == whole


def test_a_character_split_between_reads_waits_for_its_end() -> None:
    stream = SafeStream()
    assert [stream.feed(b"\xf0\x9f"), stream.feed(b"\x98"), stream.feed(b"\x80!")] == [
        "",
        "",
        "😀!",
    ]


def test_a_character_that_never_ends_is_shown_as_bytes_at_the_end() -> None:
    stream = SafeStream()
    assert stream.feed(b"a\xf0\x9f") + stream.feed(b"", final=True) == "a\\xf0\\x9f"


def test_of_all_characters_there_are_few_are_kept_in_mind_and_all_are_safe() -> None:
    everything = "".join(map(chr, range(0x11_0000)))
    shown = safe_text(everything, keep="\n")
    assert shown == "".join(c if c == "\n" else safe_character(c) for c in everything)
    assert len(_escapes("\n")) <= ESCAPES_KEPT_MAX


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("ñandú 👩\u200d💻\x1b\n", "ñandú 👩\u200d💻\x1b\n"),
        ("bad\udcff.txt", "bad\ufffd.txt"),  # a byte that is not UTF-8
        ("\ud800\udfff", "\ufffd\ufffd"),
    ],
)
def test_what_utf_8_cannot_say_is_replaced(text: str, said: str) -> None:
    assert speakable_text(text) == said
