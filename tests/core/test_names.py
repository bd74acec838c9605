"""What people are called, and that nobody can pass for another."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.services.chat.plaza import Plaza

from enchufe.core.names import key_of, proper_name
from enchufe.core.room import NAME_CHARACTERS_MAX
from enchufe.core.text import safe_text


@pytest.mark.parametrize(
    "name",
    [
        "ana",
        "Ana",
        "ñandú",
        "李明",
        "たなか田中",
        "ana-maría",
        "r2.d2",
        "a",
        "a_b",
        "7",
        "Ωmega"[0],
        "हिन्दी",
        "ที่นี่",
        "Tiếng",
    ],
)
def test_these_are_names(name: str) -> None:
    assert proper_name(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        " ",
        "*",
        "* luis left",
        "ana:",
        "ana luis",
        "-ana",
        "ana.",
        "a" * (NAME_CHARACTERS_MAX + 1),
        "ana\x1b[31m",
        "ana\u202e",
        "an\u0430",  # a Cyrillic letter that looks like the Latin one
        "(ana",
        "ana/luis",
        "\u200b",
        *("ana\ufe0f", "ana\u034f", "ana\u17b4", "ana\u180b", "ana\U000e0100"),  # seen by nobody
        *("\u1160", "\u115f", "\u3164", "\uffa0", "a\u3164"),
        "guest1\u0332",  # a mark that no letter bears
        "z" + 4 * "\u0300",  # and so many that they are drawn over the next line
    ],
)
def test_these_are_not(name: str) -> None:
    assert proper_name(name) is None


@given(st.text())
def test_a_name_cannot_be_mistaken_for_the_rooms_words_nor_act_on_a_screen(text: str) -> None:
    name = proper_name(text)
    if name is not None:
        assert not set(name) & set("*:()/ \t\n")
        assert safe_text(name) == name
        assert proper_name(name) == name


@pytest.mark.parametrize(("one", "other"), [("Ana", "ana"), ("ﬁn", "fin"), ("STRASSE", "straße")])
def test_these_would_be_taken_for_each_other(one: str, other: str) -> None:
    assert key_of(one) == key_of(other)


def test_a_name_is_taken_by_the_first_who_asks() -> None:
    plaza = Plaza()
    ana, luis = plaza.member("ana"), plaza.member("luis")
    luis.says("/name ANA")
    assert luis.heard == ["* ANA is taken; you are luis"]
    ana.says("/name ana")
    assert ana.heard == []
    ana.leaves()
    luis.says("/name ana")
    assert luis.heard == ["* ana left", "* luis is now ana"]


def test_everybody_hears_of_a_new_name() -> None:
    plaza = Plaza()
    ana, luis = plaza.member("ana"), plaza.member("luis")
    ana.says("/name eva", "hola")
    assert ana.heard == ["* ana is now eva"]
    assert luis.heard == ["* ana is now eva", "eva: hola"]


def test_an_unfit_name_is_refused_with_what_fits() -> None:
    plaza = Plaza()
    ana = plaza.member("ana")
    ana.says("/name * luis")
    assert ana.heard == [
        "* A name has 1 to 24 letters or digits of one script, with - _ . between them; you are ana"
    ]
    ana.says("/name")
    assert ana.heard == ["* Write it like: /name ana"]


def test_a_guests_number_is_never_given_again() -> None:
    plaza = Plaza()
    first = plaza.raw()
    first.says("hola")
    first.leaves()
    second = plaza.raw()
    second.says("hola")
    assert [line.name for line in plaza.disk] == ["guest1", "guest2"]


def test_who_takes_a_guests_name_beforehand_does_not_keep_the_guest_out() -> None:
    plaza = Plaza()
    plaza.member("guest2")
    guest = plaza.raw()
    guest.says("hola")
    assert plaza.disk[-1].name == "guest2.2"


@pytest.mark.parametrize(
    "line",
    ["* luis left", "* Bye, ana", "luis: hola", "(luis, to you alone) psst", "\r* luis left"],
)
def test_a_line_that_pretends_to_be_another_is_shown_as_what_it_is(line: str) -> None:
    plaza = Plaza()
    ana, luis = plaza.member("ana"), plaza.member("luis")
    ana.says(line)
    assert luis.heard == [f"ana: {line.strip()}"]
