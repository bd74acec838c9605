"""The table of sockets as a person, or a pipe, gets it."""

import io
import re

import pytest
from rich.cells import cell_len

from enchufe.clients import socket_table
from enchufe.core.peer import Transport
from enchufe.machine.owners import Ownership
from enchufe.machine.socket_diag import STATES
from enchufe.machine.sockets import SocketEntry

ESCAPE = "\x1b["

LISTENER = SocketEntry(
    Transport.TCP,
    "127.0.0.1:3500",
    state="LISTEN",
    local_port=3500,
    ownership=Ownership.PROGRAM,
    pid=4711,
    program="python3",
    command_line=("/usr/bin/python3", "server.py", "--slow"),
    user="ana",
    accept_queue=2,
    accept_queue_max=3,
    drops=0,
)
CONNECTION = SocketEntry(
    Transport.TCP,
    "[fd00:1234:5678:9abc:def0:1234:5678:9abc]:41000",
    "[fd00:1234:5678:9abc:def0:1234:5678:9abd]:3500",
    state="ESTABLISHED",
    ownership=Ownership.PROGRAM,
    pid=42,
    program="nc",
    command_line=("nc", "::1", "3500"),
    receive_queue_bytes=1234,
    send_queue_bytes=0,
)
HIDDEN = SocketEntry(
    Transport.UDP, "*:53", ownership=Ownership.HIDDEN, uid=101, user="resolve", drops=17
)


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANGUAGE", "en")
    monkeypatch.setenv("TERM", "xterm-256color")
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE", "COLORTERM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(socket_table, "is_root", lambda: False)


def piped(*entries: SocketEntry) -> list[str]:
    output = io.StringIO()
    socket_table.show(entries, output=output, notes=io.StringIO())
    return output.getvalue().splitlines()


def notes(*entries: SocketEntry, others_missing: bool = False) -> str:
    told = io.StringIO()
    socket_table.show(entries, output=io.StringIO(), notes=told, others_missing=others_missing)
    return told.getvalue()


def at_terminal(monkeypatch: pytest.MonkeyPatch, width_cells: int, *entries: SocketEntry) -> str:
    monkeypatch.setenv("COLUMNS", str(width_cells))
    output = Terminal()
    socket_table.show(entries, output=output, notes=io.StringIO())
    return output.getvalue()


def without_colour(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def test_a_pipe_gets_one_aligned_line_for_each_socket() -> None:
    assert piped(LISTENER, HIDDEN) == [
        "proto  local address   state   accept queue  dropped   pid  program",
        "tcp    127.0.0.1:3500  LISTEN           2/3        -  4711  python3 server.py --slow",
        "udp    *:53            -                  -       17     -  (of user resolve)",
    ]


def test_a_pipe_gets_addresses_and_commands_whole_and_without_colour(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("FORCE_COLOR", "1")
    long = ("java", *["-Dproperty=value"] * 200)
    entry = SocketEntry(
        Transport.TCP,
        CONNECTION.local,
        CONNECTION.remote,
        ownership=Ownership.PROGRAM,
        pid=1,
        program="java",
        command_line=long,
    )
    _headers, line = piped(entry)
    assert CONNECTION.local in line
    assert CONNECTION.remote in line
    assert line.endswith(" ".join(long))
    assert ESCAPE not in line


def test_columns_are_aligned_by_what_the_screen_shows_not_by_characters() -> None:
    wide = SocketEntry(Transport.UNIX, "/tmp/聊天.sock", state="LISTEN", user="ana")
    narrow = SocketEntry(Transport.UNIX, "/tmp/chat.sock", state="LISTEN", user="ana")
    _headers, first, second = piped(wide, narrow)
    assert cell_len(first.partition("LISTEN")[0]) == cell_len(second.partition("LISTEN")[0])


def test_a_column_nobody_fills_is_left_out() -> None:
    (headers, _line) = piped(LISTENER)
    assert "remote address" not in headers
    assert "dropped" not in headers
    assert "unread bytes" not in headers
    (headers, _line) = piped(CONNECTION)
    assert "remote address" in headers
    assert "unread bytes" in headers
    assert "accept queue" not in headers


def test_a_program_shared_by_several_processes_says_by_how_many_more() -> None:
    entry = SocketEntry(
        Transport.TCP,
        "*:80",
        ownership=Ownership.PROGRAM,
        pid=7,
        program="nginx",
        sharing_pids=(8, 9),
    )
    assert "  7+2  nginx" in piped(entry)[1]


@pytest.mark.parametrize(
    ("ownership", "words"),
    [
        (Ownership.NOT_ACCEPTED, "(not accepted yet)"),
        (Ownership.ORPHAN, "(closed by its program)"),
        (Ownership.HIDDEN, "(of user ?)"),
    ],
)
def test_a_socket_without_a_visible_program_says_why(ownership: Ownership, words: str) -> None:
    entry = SocketEntry(Transport.TCP, "127.0.0.1:80", state="ESTABLISHED", ownership=ownership)
    assert piped(entry)[1].endswith(words)


def test_what_others_wrote_is_shown_and_not_obeyed(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = SocketEntry(
        Transport.UNIX,
        "/tmp/\x1b[2Jx\n.sock",
        "/tmp/\ry",
        state="LISTEN",
        ownership=Ownership.PROGRAM,
        pid=1,
        program="ev\x07il",
        command_line=("evil", "[red]no markup[/red]", "\x1b]0;title\x07"),
    )
    hidden = SocketEntry(Transport.UNIX, "/x", ownership=Ownership.HIDDEN, user="r\x1bt")
    for text in ("\n".join(piped(entry, hidden)), at_terminal(monkeypatch, 200, entry, hidden)):
        shown = without_colour(text)
        assert "/tmp/\\e[2Jx\\n.sock" in shown
        assert "/tmp/\\ry" in shown
        assert "ev\\x07il [red]no markup[/red] \\e]0;title\\x07" in shown
        assert "(of user r\\et)" in shown
        assert "\x1b" not in shown


def test_a_terminal_gets_colour_and_what_the_states_mean(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = at_terminal(monkeypatch, 200, LISTENER, CONNECTION)
    assert ESCAPE in shown
    lines = [line.split(None, 1) for line in without_colour(shown).splitlines()]
    legend = {words[0]: words[1].strip() for words in lines if len(words) == 2}
    assert legend["LISTEN"] == "waits for connections"
    assert legend["ESTABLISHED"] == "connected; both sides may send"
    assert "TIME_WAIT" not in legend


def test_every_state_of_the_kernel_is_explained() -> None:
    assert set(socket_table.EXPLANATIONS) == set(STATES.values())


def test_a_full_accept_queue_is_red(monkeypatch: pytest.MonkeyPatch) -> None:
    full = SocketEntry(
        Transport.TCP, "*:1", state="LISTEN", user="ana", accept_queue=4, accept_queue_max=3
    )
    assert "\x1b[31m4/3\x1b[0m" in at_terminal(monkeypatch, 100, full).replace(" ", "")
    assert "\x1b[31m2/3" not in at_terminal(monkeypatch, 100, LISTENER).replace(" ", "")


def test_a_wide_terminal_shows_both_addresses_on_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = without_colour(at_terminal(monkeypatch, 180, CONNECTION)).splitlines()
    assert [line for line in lines if CONNECTION.local in line and CONNECTION.remote in line]


def test_a_narrow_terminal_shows_the_remote_address_below_the_local_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shown = without_colour(at_terminal(monkeypatch, 100, CONNECTION))
    lines = shown.splitlines()
    below = next(i for i, line in enumerate(lines) if CONNECTION.local in line) + 1
    assert lines[below].strip() == f"→ {CONNECTION.remote}"
    assert max(map(len, lines)) <= 100
    assert "unread" in shown
    assert "unsent" not in shown


def test_a_terminal_with_no_room_at_all_gets_whole_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = without_colour(at_terminal(monkeypatch, 50, CONNECTION))
    assert CONNECTION.local in shown
    assert CONNECTION.remote in shown


def test_a_long_command_is_cut_at_the_edge_of_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = SocketEntry(
        Transport.TCP,
        "*:1",
        ownership=Ownership.PROGRAM,
        program="java",
        command_line=("java", "x" * 500),
    )
    lines = without_colour(at_terminal(monkeypatch, 80, entry)).splitlines()
    assert len(lines) == 3
    assert lines[2].rstrip().endswith("x…")


def test_hidden_programs_are_counted_with_what_to_do() -> None:
    assert notes(LISTENER) == ""
    assert notes(HIDDEN) == (
        "1 socket belongs to a program that only its user may see. "
        f"To see it: {socket_table.SUDO}\n"
    )
    assert notes(HIDDEN, HIDDEN).startswith("2 sockets belong to programs")


def test_root_is_not_told_to_become_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket_table, "is_root", lambda: True)
    assert "sudo" not in notes(HIDDEN)
    assert "another container" in notes(HIDDEN)


def test_sockets_the_system_left_out_are_mentioned() -> None:
    assert notes(LISTENER, others_missing=True) == (
        f"Only your own programs' sockets are shown. To see all of them: {socket_table.SUDO}\n"
    )


def test_no_sockets_leave_the_output_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    assert piped() == []
    assert notes() == "There are no such sockets.\n"
    assert at_terminal(monkeypatch, 80) == ""


def test_a_table_without_states_ends_with_its_last_row(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = without_colour(at_terminal(monkeypatch, 80, HIDDEN))
    assert shown.splitlines()[-1].rstrip().endswith("(of user resolve)")


@pytest.mark.parametrize(
    ("program", "command_line", "shown"),
    [
        ("enchufe", ("/venv/bin/python3", "/venv/bin/enchufe", "serve"), "enchufe serve"),
        ("python3", ("/usr/bin/python3", "server.py", "--slow"), "python3 server.py --slow"),
        ("ncat", ("ncat",), "ncat"),
        (None, None, ""),
    ],
)
def test_a_program_is_shown_as_it_was_typed(
    program: str | None, command_line: tuple[str, ...] | None, shown: str
) -> None:
    entry = SocketEntry(Transport.TCP, ":3500", program=program, command_line=command_line)
    assert socket_table._command(entry) == shown
