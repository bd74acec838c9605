"""Names for files of strangers: every nasty one, and any other."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enchufe.store.names import (
    NAME_BYTES_MAX,
    numbered,
    safe_name,
    same_to_a_person,
    shortened,
)


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("photo.png", "photo.png"),
        ("Árbol ñandú.txt", "Árbol ñandú.txt"),
        ("照片.png", "照片.png"),
        ("a b.c.tar.gz", "a b.c.tar.gz"),
        # out of the folder
        ("../../x", "x"),
        ("/etc/passwd", "passwd"),
        ("..", "file"),
        (".", "file"),
        ("", "file"),
        ("/", "file"),
        ("a/..", "a"),
        ("a/.", "a"),
        ("a/", "a"),
        (r"..\..\x", "x"),
        (r"C:\Windows\win.ini", "win.ini"),
        ("C:win.ini", "C_win.ini"),
        (r"\\server\share\x", "x"),
        ("a\0b", "ab"),
        ("./a", "a"),
        # hidden, or an option
        (".bashrc", "bashrc"),
        ("...x", "x"),
        ("-rf", "rf"),
        ("--help", "help"),
        (". -x", "x"),
        ("~/.ssh/authorized_keys", "authorized_keys"),
        # devices
        ("CON", "_CON"),
        ("con.txt", "_con.txt"),
        ("nul", "_nul"),
        ("NUL .txt", "_NUL .txt"),
        ("COM1", "_COM1"),
        ("lpt9.log", "_lpt9.log"),
        ("COM¹", "_COM¹"),
        ("aux.tar.gz", "_aux.tar.gz"),
        ("conin$", "_conin$"),
        ("console.txt", "console.txt"),
        ("com10", "com10"),
        # what a person does not see, or takes for something else
        ("a\x1b[31mb", "a[31mb"),
        ("a\nb\tc", "abc"),
        ("photo\u202egnp.exe", "photognp.exe"),
        ("a\u200bb\ufeff", "ab"),
        ("\u2066x\u2069.png", "x.png"),
        ("a\u00a0\u3000b", "a b"),
        ("  x  ", "x"),
        ("x. . ", "x"),
        ('a<b>c:d"e|f?g*h', "a_b_c_d_e_f_g_h"),
        ("\ud800x", "x"),
        ("\ue000x", "x"),
        # one way to write it
        ("n\u0303", "ñ"),
        ("\ufb01le", "\ufb01le"),
    ],
)
def test_a_name_is_made_safe(said: str, kept: str) -> None:
    assert safe_name(said) == kept


@pytest.mark.parametrize("extension", [".png", ".tar.gz", "", ".ñ", "." + "x" * 300])
@pytest.mark.parametrize("letter", ["x", "ñ", "字", "🦊"])
def test_a_long_name_is_cut_between_characters_and_keeps_its_extension(
    letter: str, extension: str
) -> None:
    name = safe_name(letter * 300 + extension)
    assert 240 < len(name.encode()) <= NAME_BYTES_MAX
    assert name.startswith(letter * 50)
    if len(extension) < 30:
        assert name.endswith(extension.rpartition(".")[2])


@given(st.text())
def test_any_text_becomes_one_name_that_leads_nowhere(said: str) -> None:
    name = safe_name(said)
    assert 0 < len(name.encode()) <= NAME_BYTES_MAX
    assert not set(name) & set('/\\<>:"|?*')
    assert name not in (".", "..")
    assert not name.startswith((".", "-", " "))
    assert not name.endswith((".", " "))
    assert name == unicodedata.normalize("NFC", name)
    assert all(unicodedata.category(c)[0] not in "CZ" or c == " " for c in name)
    assert safe_name(name) == name


@given(st.text(), st.integers(2, 10_000))
def test_any_name_can_be_numbered(said: str, number: int) -> None:
    name = numbered(safe_name(said), number)
    assert len(name.encode()) <= NAME_BYTES_MAX
    assert f" ({number})" in name


def test_a_number_stands_before_the_extension() -> None:
    assert numbered("photo.png", 1) == "photo.png"
    assert numbered("photo.png", 2) == "photo (2).png"
    assert numbered("Makefile", 3) == "Makefile (3)"
    assert shortened("photo.png", bytes_max=7) == "pho.png"


@pytest.mark.parametrize(
    ("one", "other"), [("Photo.PNG", "photo.png"), ("STRASSE", "straße"), ("n\u0303", "ñ")]
)
def test_names_that_some_systems_take_for_the_same_are(one: str, other: str) -> None:
    assert same_to_a_person(one) == same_to_a_person(other)
