"""The keyboard at a pseudo-terminal (pty(7)): what is typed early is drawn once, in its line."""

import contextlib
import os
import pty
import select
import subprocess
import sys
import termios
from collections.abc import Iterator
from pathlib import Path
from typing import IO
from unittest.mock import patch

import pytest

from enchufe.clients.keyboard import is_typed_at, kept_for_the_prompt

LOCAL_MODES = 3
WHO_TYPES = "from enchufe.clients.keyboard import is_typed_at; print(is_typed_at())"


@contextlib.contextmanager
def at_a_terminal() -> Iterator[IO[bytes]]:
    """Yield a person's end of a terminal whose other end is our standard input and output."""
    ours, theirs = pty.openpty()
    with (
        os.fdopen(ours, "r+b", buffering=0) as person,
        os.fdopen(theirs, "r", encoding="utf-8") as stdin,
        os.fdopen(theirs, "w", encoding="utf-8", buffering=1, closefd=False) as stdout,
        patch.object(sys, "stdin", stdin),
        patch.object(sys, "stdout", stdout),
    ):
        yield person


def drawn(person: IO[bytes]) -> bytes:
    ready, _, _ = select.select([person], [], [], 5)
    assert ready, "nothing was drawn"
    return os.read(person.fileno(), 100)


def modes() -> list[object]:
    return list(termios.tcgetattr(sys.stdin.fileno()))


def test_what_is_typed_before_there_is_a_prompt_is_drawn_by_nobody() -> None:
    with at_a_terminal() as person:
        before = modes()
        with kept_for_the_prompt(wanted=True):
            person.write(b"/wh")
            print("somebody came")
            assert drawn(person) == b"somebody came\r\n"
            assert os.read(sys.stdin.fileno(), 100) == b"/wh"
        assert modes() == before


def test_what_was_typed_before_we_were_there_makes_room() -> None:
    with at_a_terminal() as person:
        person.write(b"/wh")
        assert drawn(person) == b"/wh"
        with kept_for_the_prompt(wanted=True):
            assert drawn(person) == b"\r\x1b[K"
            assert os.read(sys.stdin.fileno(), 100) == b"/wh"


def test_where_nothing_was_typed_the_line_is_left_alone() -> None:
    with at_a_terminal() as person, kept_for_the_prompt(wanted=True):
        print("first")
        assert drawn(person) == b"first\r\n"


def test_without_a_prompt_the_terminal_draws_what_is_typed() -> None:
    with at_a_terminal() as person, kept_for_the_prompt(wanted=False):
        person.write(b"a")
        assert drawn(person) == b"a"


def test_the_terminal_is_given_back_after_a_failure() -> None:
    with at_a_terminal():
        before = modes()
        with pytest.raises(KeyboardInterrupt), kept_for_the_prompt(wanted=True):
            raise KeyboardInterrupt
        assert modes() == before


def test_a_person_types_at_a_terminal_only() -> None:
    with at_a_terminal():
        assert is_typed_at()
        with Path(os.devnull).open(encoding="utf-8") as null, patch.object(sys, "stdin", null):
            assert not is_typed_at()
        with patch.object(sys, "stdin", None):
            assert not is_typed_at()


@pytest.mark.parametrize("in_background", [False, True])
def test_the_keyboard_is_not_taken_from_the_shell(in_background: bool) -> None:
    ours, theirs = pty.openpty()
    job = f"exec {sys.executable} -c '{WHO_TYPES}'"
    script = f'set -m; sh -c "{job}" & wait' if in_background else job
    with os.fdopen(ours, "rb", buffering=0) as screen:
        shell = subprocess.Popen(
            ["setsid", "--ctty", "sh", "-c", script], stdin=theirs, stdout=theirs, stderr=theirs
        )
        os.close(theirs)
        assert drawn(screen).strip() == (b"False" if in_background else b"True")
        assert shell.wait(30) == 0
