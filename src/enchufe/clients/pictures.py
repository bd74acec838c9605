"""Pictures in the terminal, where it can show them.

kitty (and Ghostty, Konsole) take a PNG as it is [kitty graphics protocol, f=100], iTerm2
and WezTerm any picture [iTerm2 inline images, OSC 1337]. Elsewhere two pixels make one
character, if Pillow is installed. No terminal is asked: an answer that does not come would
be waited for, and one that comes late would be taken for something typed.
"""

import base64
import importlib.util
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from rich.color import Color
from rich.console import Console
from rich.style import Style
from rich.text import Text

PICTURE_BYTES_MAX = 1024 * 1024
"""A larger one is not shown: a terminal would be busy with it for too long."""

PICTURE_PIXELS_MAX = 50_000_000
"""A small file may hold a huge picture; decoding it would take gigabytes."""

KITTY_CHUNK_BYTES = 4096
"""The longest piece of base64 that the kitty protocol allows in one escape sequence."""

ROWS = 12
"""How high a picture is shown: it is there to recognise it, not to look closely."""

_KITTY_PROGRAMS = frozenset({"ghostty"})
_ITERM_PROGRAMS = frozenset({"iTerm.app", "WezTerm"})
_BEGINNINGS = {b"\x89PNG\r\n\x1a\n": "PNG", b"\xff\xd8\xff": "JPEG"}


def show_picture(path: Path, console: Console, environment: Mapping[str, str]) -> None:
    """Show the picture at ``path`` below the last line, if it is one and the terminal can.

    Args:
        path: any file.
        console: the terminal.
        environment: says which terminal it is.
    """
    data = _read(path)
    picture = next((kind for start, kind in _BEGINNINGS.items() if data.startswith(start)), "")
    if not picture:
        return
    sequence = _sequence(data, picture, environment)
    if sequence is not None:
        console.file.write(sequence + "\n")
        console.file.flush()
    elif importlib.util.find_spec("PIL") is not None:
        thumbnail = _thumbnail(path)
        if thumbnail is not None:
            console.print(thumbnail)


def _read(path: Path) -> bytes:
    """Return the whole file, or b"" if it is too large to be shown or gone already."""
    try:
        return path.read_bytes() if path.stat().st_size <= PICTURE_BYTES_MAX else b""
    except OSError:
        return b""


def _sequence(data: bytes, picture: str, environment: Mapping[str, str]) -> str | None:
    """Return what shows the picture in this terminal; None if it knows no pictures."""
    program, kind = environment.get("TERM_PROGRAM", ""), environment.get("TERM", "")
    if "TMUX" in environment or kind.startswith(("screen", "tmux")):
        return None
    is_kitty = "KITTY_WINDOW_ID" in environment or "kitty" in kind or program in _KITTY_PROGRAMS
    if is_kitty and picture == "PNG":
        return "".join(kitty(data))
    return iterm2(data) if program in _ITERM_PROGRAMS else None


def kitty(png: bytes) -> Iterator[str]:
    """Yield the escape sequences that show a PNG in kitty: its base64 in pieces."""
    encoded = base64.standard_b64encode(png).decode()
    starts = range(0, len(encoded), KITTY_CHUNK_BYTES)
    for start in starts:
        more = int(start != starts[-1])
        keys = f"a=T,f=100,r={ROWS},q=2,m={more}" if start == 0 else f"q=2,m={more}"
        yield f"\x1b_G{keys};{encoded[start : start + KITTY_CHUNK_BYTES]}\x1b\\"


def iterm2(data: bytes) -> str:
    """Return the escape sequence that shows a picture in iTerm2."""
    encoded = base64.standard_b64encode(data).decode()
    keys = f"inline=1;size={len(data)};height={ROWS};preserveAspectRatio=1"
    return f"\x1b]1337;File={keys}:{encoded}\x07"


def _thumbnail(path: Path) -> Text | None:
    """Return a picture in half blocks, each with one pixel above and one below."""
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path) as image:
            if image.width * image.height > PICTURE_PIXELS_MAX:
                return None
            image.thumbnail((4 * ROWS, 2 * ROWS))
            return half_blocks(image.convert("RGB"))
    except (OSError, UnidentifiedImageError, ValueError, SyntaxError):  # what Pillow says of ruins
        return None


def half_blocks(image: Any) -> Text:
    """Return an RGB picture of Pillow as text: two rows of pixels make one of characters."""
    text = Text()
    for y in range(0, image.height - 1, 2):
        for x in range(image.width):
            above, below = (Color.from_rgb(*image.getpixel((x, y + i))) for i in range(2))
            text.append("▀", Style(color=above, bgcolor=below))
        text.append("\n")
    return text
