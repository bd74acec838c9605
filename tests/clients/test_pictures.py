"""Pictures in the terminal: the very bytes that each kind of terminal takes."""

import base64
import io
import os
import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from PIL import Image
from rich.console import Console

from enchufe.clients.pictures import (
    KITTY_CHUNK_BYTES,
    PICTURE_BYTES_MAX,
    half_blocks,
    iterm2,
    kitty,
    show_picture,
)

PNG = b"\x89PNG\r\n\x1a\n" + os.urandom(10_000)
JPEG = b"\xff\xd8\xff\xe0" + os.urandom(10_000)

KITTY = {"KITTY_WINDOW_ID": "1", "TERM": "xterm-kitty"}
ITERM = {"TERM_PROGRAM": "iTerm.app"}


def shown(path: Path, environment: Mapping[str, str]) -> str:
    """Return what is written for a picture."""
    stream = io.StringIO()
    show_picture(path, Console(file=stream, force_terminal=True, width=100), environment)
    return stream.getvalue()


def test_kitty_gets_the_png_in_pieces_of_base64() -> None:
    pieces = list(kitty(PNG))
    parts = [re.fullmatch(r"\x1b_G([^;]*);([^\x1b]*)\x1b\\", piece) for piece in pieces]
    keys = [part[1] for part in parts if part is not None]
    data = "".join(part[2] for part in parts if part is not None)
    assert base64.standard_b64decode(data) == PNG
    assert all(len(part[2]) <= KITTY_CHUNK_BYTES for part in parts if part is not None)
    assert keys[0].startswith("a=T,f=100,")
    assert all("q=2" in key for key in keys)  # it must not answer: nobody listens
    assert [key[-3:] for key in keys] == ["m=1"] * (len(keys) - 1) + ["m=0"]


def test_a_small_picture_is_one_piece_for_kitty() -> None:
    (piece,) = kitty(b"small")
    assert piece.endswith("m=0;c21hbGw=\x1b\\")


def test_iterm_gets_any_picture_as_it_is() -> None:
    match = re.fullmatch(r"\x1b\]1337;File=([^:]*):([^\x07]*)\x07", iterm2(JPEG))
    assert match is not None
    assert match[1].startswith(f"inline=1;size={len(JPEG)};")
    assert base64.standard_b64decode(match[2]) == JPEG


@pytest.mark.parametrize(
    ("environment", "data", "begins"),
    [
        (KITTY, PNG, "\x1b_G"),
        ({"TERM": "xterm-kitty"}, PNG, "\x1b_G"),
        ({"TERM_PROGRAM": "ghostty"}, PNG, "\x1b_G"),
        (ITERM, PNG, "\x1b]1337;"),
        (ITERM, JPEG, "\x1b]1337;"),
        ({"TERM_PROGRAM": "WezTerm"}, JPEG, "\x1b]1337;"),
    ],
)
def test_each_terminal_gets_what_it_understands(
    tmp_path: Path, environment: Mapping[str, str], data: bytes, begins: str
) -> None:
    (tmp_path / "picture").write_bytes(data)
    written = shown(tmp_path / "picture", environment)
    assert written.startswith(begins)
    assert written.endswith("\n")


@pytest.mark.parametrize(
    "environment", [{"TERM": "xterm-256color"}, {}, KITTY | {"TMUX": "x"}, {"TERM": "dumb"}]
)
def test_a_terminal_that_knows_no_pictures_gets_no_escape_it_does_not_know(
    tmp_path: Path, environment: Mapping[str, str]
) -> None:
    (tmp_path / "picture").write_bytes(PNG)
    assert shown(tmp_path / "picture", environment) == ""


@pytest.mark.parametrize(
    "data", [b"", b"hello", b"\x1b_Gnot a picture", b"GIF89a", PNG.ljust(PICTURE_BYTES_MAX + 1)]
)
def test_what_is_no_picture_or_too_large_is_not_shown(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "picture").write_bytes(data)
    assert shown(tmp_path / "picture", KITTY) == ""


def test_a_picture_that_is_gone_already_is_not_shown(tmp_path: Path) -> None:
    assert shown(tmp_path / "nothing", KITTY) == ""


class Picture:
    """As much of a picture of Pillow as is looked at."""

    width, height = 1, 4

    def getpixel(self, place: tuple[int, int]) -> tuple[int, int, int]:
        return (place[1], 0, 255)


def test_two_pixels_make_one_character() -> None:
    text = half_blocks(Picture())
    assert text.plain == "▀\n▀\n"
    first = text.spans[0].style
    assert str(first) == "#0000ff on #0100ff"


def test_elsewhere_a_thumbnail_is_shown_and_ruins_are_not(tmp_path: Path) -> None:
    Image.new("RGB", (64, 64), (200, 10, 10)).save(tmp_path / "red.png")
    assert "▀" in shown(tmp_path / "red.png", {"TERM": "xterm"})
    (tmp_path / "ruin.png").write_bytes((tmp_path / "red.png").read_bytes()[:60])
    assert shown(tmp_path / "ruin.png", {"TERM": "xterm"}) == ""
