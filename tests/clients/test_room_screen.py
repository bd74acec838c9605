"""What is said in a room, for a person and for the next program of a pipe."""

import io

import pytest

from enchufe.clients.names import style_of
from enchufe.clients.room_screen import RoomScreen, line_of


class Terminal(io.StringIO):
    """A terminal that keeps what is written to it."""

    def isatty(self) -> bool:
        return True


def test_in_a_pipe_people_go_to_standard_output_and_the_room_to_standard_error(
    capsys: pytest.CaptureFixture[str],
) -> None:
    screen = RoomScreen()
    screen.tell("* ana came", "")
    screen.tell("[bold]hola[/] : you", "ana")
    screen.tell("x" * 500, "luis")
    written = capsys.readouterr()
    assert written.out == f"ana: [bold]hola[/] : you\nluis: {'x' * 500}\n"
    assert written.err == "* ana came\n"


def test_at_a_terminal_all_is_shown_in_one_place_and_nothing_is_broken_into_lines(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    terminal = Terminal()
    monkeypatch.setattr("sys.stdout", terminal)
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "dumb")
    screen = RoomScreen()
    screen.tell("* ana came", "")
    screen.tell("[bold]hola[/] :smile: " + "x" * 500, "ana")
    assert terminal.getvalue() == f"* ana came\nana: [bold]hola[/] :smile: {'x' * 500}\n"


HOSTILE = "\x1b[2J\x1b]0;x\x07\u202e"


def test_a_room_that_sends_escapes_has_them_shown_and_none_obeyed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    RoomScreen().tell(f"hola {HOSTILE}\n* ana left", f"luis{HOSTILE}")
    terminal = Terminal()
    monkeypatch.setattr("sys.stdout", terminal)
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "dumb")
    RoomScreen().tell(f"hola {HOSTILE}\n* ana left", f"luis{HOSTILE}")
    RoomScreen().tell(f"* one\n* {HOSTILE}", "")
    shown = "\\e[2J\\e]0;x\\x07\\u202e"
    line = f"luis{shown}: hola {shown}\\n* ana left\n"
    assert terminal.getvalue() == f"{line}* one\n* {shown}\n"
    assert line.rstrip() in capsys.readouterr().out


def test_a_name_has_its_colour_and_the_rooms_own_words_are_dim() -> None:
    said = line_of("hola: you", "ana")
    assert said.plain == "ana: hola: you"
    assert [(span.start, span.end, str(span.style)) for span in said.spans] == [
        (0, 3, style_of("ana"))
    ]
    own = line_of("* ana left", "")
    assert (own.plain, str(own.style)) == ("* ana left", "dim")
