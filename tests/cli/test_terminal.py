"""At a terminal: the line being typed, what arrives meanwhile, and what is shown safely."""

import contextlib
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.cli.programs import running, serving
from tests.cli.silent_places import one_conversation
from tests.cli.terminals import passing_terminal, screen, terminal

from enchufe.core.exits import ExitCode

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="terminals are POSIX's here")

ESCAPE = "\x1b["


class Speaker:
    """A TCP server that says what the test tells it to, and keeps what it hears."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(10)
        self.url = f"tcp://127.0.0.1:{self._listener.getsockname()[1]}"
        self.heard = b""
        self.has_ended = threading.Event()
        self._there = threading.Event()
        self._thread = threading.Thread(target=self._listen)
        self._thread.start()

    def _listen(self) -> None:
        with contextlib.suppress(OSError):
            self._sock, _ = self._listener.accept()
            self._there.set()
            while data := self._sock.recv(1000):
                self.heard += data
        self.has_ended.set()

    def say(self, data: bytes) -> None:
        assert self._there.wait(10)
        self._sock.sendall(data)

    def hears(self, wanted: bytes) -> None:
        end = time.monotonic() + 10
        while self.heard != wanted:
            assert time.monotonic() < end, self.heard
            time.sleep(0.02)

    def leave(self) -> None:
        self._sock.shutdown(socket.SHUT_RDWR)
        self._sock.close()

    def close(self) -> None:
        if self._there.is_set():
            with contextlib.suppress(OSError):
                self._sock.shutdown(socket.SHUT_RDWR)
            self._sock.close()
        self._listener.close()
        self._thread.join(12)


@pytest.fixture
def speaker() -> Iterator[Speaker]:
    made = Speaker()
    yield made
    made.close()


def ends_with(*last: str) -> Callable[[list[str]], bool]:
    return lambda lines: lines[-len(last) :] == list(last)


# Typing


def test_a_line_is_sent_when_enter_is_pressed_and_can_be_edited_before(speaker: Speaker) -> None:
    with screen("connect", speaker.url) as person:
        person.until(ends_with(">"))
        person.type("hollo")
        person.press("Left", "Left", "Left", "BSpace")
        person.type("e")
        person.press("End")
        person.type(" cañón")
        time.sleep(0.2)
        assert speaker.heard == b""
        person.press("Enter")
        speaker.hears("hello cañón\n".encode())


def test_what_arrives_never_breaks_the_line_being_typed(speaker: Speaker) -> None:
    with screen("connect", speaker.url) as person:
        person.until(ends_with(">"))
        person.type("half a li")
        person.until(ends_with("> half a li"))
        speaker.say(b"one\ntwo\n")
        person.until(ends_with("one", "two", "> half a li"))
        speaker.say(b"three\n")
        person.until(ends_with("two", "three", "> half a li"))
        person.type("ne")
        person.press("Enter")
        speaker.hears(b"half a line\n")
        person.until(ends_with("three", "> half a line", ">"))


def test_a_line_without_an_end_is_shown_whole_above_the_line_being_typed(speaker: Speaker) -> None:
    with screen("connect", speaker.url) as person:
        person.until(ends_with(">"))
        person.type("half")
        speaker.say(b"login: ")
        person.until(ends_with("login:", "> half"))
        speaker.say(b"the rest ")
        speaker.say(b"of it\nand mo")
        speaker.say(b"re\n")
        person.until(ends_with("login:", "the rest of it", "and more", "> half"))


def test_a_character_cut_between_reads_stays_whole(speaker: Speaker) -> None:
    data = "cañón 🔌\n".encode()
    with screen("connect", speaker.url) as person:
        person.until(ends_with(">"))
        for i in range(len(data)):
            speaker.say(data[i : i + 1])
            time.sleep(0.01)
        person.until(ends_with("cañón 🔌", ">"))


def test_a_datagram_arriving_leaves_the_line_whole_too() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        sock.settimeout(10)
        url = f"udp://127.0.0.1:{sock.getsockname()[1]}"
        with screen("connect", url) as person:
            person.until(ends_with(">"))
            person.type("hello")
            person.press("Enter")
            data, peer = sock.recvfrom(100)
            assert data == b"hello"
            person.type("half")
            person.until(ends_with("> half"))
            sock.sendto(b"no end of line", peer)
            person.until(ends_with("no end of line", "> half"))


def test_lines_are_remembered_from_one_run_to_the_next(tmp_path: Path) -> None:
    with serving("echo@tcp://:0") as server:
        for typed in ("first words", None):
            with screen("connect", server.endpoints[0], XDG_STATE_HOME=str(tmp_path)) as person:
                person.until(ends_with(">"))
                if typed is None:
                    person.press("Up")
                    person.until(ends_with("> first words"))
                else:
                    person.type(typed)
                person.press("Enter")
                person.until(ends_with("> first words", "first words", ">"))
                person.press("C-d")
                assert person.wait() == ExitCode.DONE
    history = tmp_path / "enchufe" / "history"
    assert "first words" in history.read_text(encoding="utf-8")
    assert history.stat().st_mode & 0o077 == 0  # what a person typed is nobody else's business


def test_a_history_that_cannot_be_written_hinders_nobody(tmp_path: Path) -> None:
    (tmp_path / "enchufe").write_text("a file where a folder should be", encoding="utf-8")
    with (
        serving("echo@tcp://:0") as server,
        screen("connect", server.endpoints[0], XDG_STATE_HOME=str(tmp_path)) as person,
    ):
        person.until(ends_with(">"))
        person.type("hello")
        person.press("Enter")
        person.until(ends_with("> hello", "hello", ">"))


@pytest.mark.parametrize("escape", ["\x1b[31m", "\x1b[1;31m", "\x1b[<0;3;4M"])
def test_an_escape_sequence_that_is_typed_breaks_nothing(speaker: Speaker, escape: str) -> None:
    with screen("connect", speaker.url) as person:
        person.until(ends_with(">"))
        person.type(f"abc {escape}red")
        person.until(ends_with("> abc red"))
        person.press("Enter")
        speaker.hears(b"abc red\n")


def test_lines_that_are_pasted_are_sent_one_by_one() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        sock.settimeout(10)
        with terminal("connect", f"udp://127.0.0.1:{sock.getsockname()[1]}") as person:
            person.screen.until(r"\x1b\[\?2004h")  # it wants to be told what is pasted
            for pasted in (b"one\r\n\rtwo\r", b"", b"three\nfour"):
                person.type(b"\x1b[200~" + pasted + b"\x1b[201~\r")
            heard = [sock.recv(100) for _ in range(6)]
            assert heard == [b"one", b"", b"two", b"", b"three", b"four"]


# Leaving


def test_ctrl_d_ends_what_we_say_and_the_answer_is_awaited(speaker: Speaker) -> None:
    with screen("connect", speaker.url) as person:
        person.until(ends_with(">"))
        person.type("question")
        person.press("Enter", "C-d")
        assert speaker.has_ended.wait(10)
        assert speaker.heard == b"question\n"
        speaker.say(b"late answer\nwithout an end")
        speaker.leave()
        assert person.wait() == ExitCode.DONE
        assert person.lines[-2:] == ["late answer", "without an end"]


def test_ctrl_c_leaves_with_130(speaker: Speaker) -> None:
    with screen("connect", speaker.url) as person:
        person.until(ends_with(">"))
        person.type("half")
        person.until(ends_with("> half"))
        person.press("C-c")
        assert person.wait() == ExitCode.INTERRUPTED
        assert speaker.has_ended.wait(10)
        assert speaker.heard == b""


def test_ctrl_c_leaves_after_ctrl_d_too(speaker: Speaker) -> None:
    with screen("connect", speaker.url) as person:
        person.until(ends_with(">"))
        person.press("C-d")
        assert speaker.has_ended.wait(10)
        person.press("C-c")
        assert person.wait() == ExitCode.INTERRUPTED


def test_a_server_that_closes_ends_the_call_in_the_middle_of_a_line(speaker: Speaker) -> None:
    with screen("connect", speaker.url) as person:
        person.until(ends_with(">"))
        person.type("half")
        person.until(ends_with("> half"))
        speaker.say(b"bye\n")
        speaker.leave()
        assert person.wait() == ExitCode.DONE
        assert "bye" in person.lines


def test_a_flood_hinders_neither_typing_nor_leaving() -> None:
    with (
        serving("chargen@tcp://:0") as server,
        screen("connect", server.endpoints[0]) as person,
    ):
        person.until(lambda lines: len(lines) > 20)
        time.sleep(1)
        person.press("C-c")
        assert person.wait() == ExitCode.INTERRUPTED


# What is shown


def shown(data: bytes) -> str:
    """Return what a terminal is sent for a stream that says ``data``."""

    def talk(sock: socket.socket) -> None:
        while sock.recv(100):
            pass
        sock.sendall(data)

    with (
        one_conversation(talk) as port,
        terminal("connect", f"tcp://127.0.0.1:{port}", "--send", "x") as person,
    ):
        assert person.wait() == ExitCode.DONE
        return person.screen.text.replace("\r\n", "\n")


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"plain\n", "plain\n"),
        ("cañón 漢字 🔌 \u200fok\n".encode(), "cañón 漢字 🔌 \\u200fok\n"),
        (b"\x1b[2J\x1b]0;title\x07\n", "\\e[2J\\e]0;title\\x07\n"),
        (b"back\x08space \x7f \x9b31m\n", "back\\x08space \\x7f \\x9b31m\n"),
        ("c1 \u009b31m\n".encode(), "c1 \\x9b31m\n"),
        (b"\xff\xfe not utf-8 \xc3(\n", "\\xff\\xfe not utf-8 \\xc3(\n"),
        (b"cut off \xc3", "cut off \\xc3\n"),
        (b"HTTP/1.0 200 OK\r\n\r\nbody", "HTTP/1.0 200 OK\n\nbody\n"),
        (b"over\rwritten\n", "over\\rwritten\n"),
        (b"tab\there\n", "tab\there\n"),
    ],
)
def test_a_screen_shows_everything_and_obeys_nothing(data: bytes, text: str) -> None:
    assert shown(data) == text


def test_who_spoke_cannot_act_on_the_servers_screen() -> None:
    with terminal("serve", "hello@udp://127.0.0.1:0") as person:
        port = int(person.screen.until(r"127\.0\.0\.1:(\d+)")[1])
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.sendto("ñ \x1b[31mred\x07 \u202e".encode() + b"\xff", ("127.0.0.1", port))
            person.screen.until(r"ñ \\e\[31mred\\x07 \\u202e\\xff from 127\.0\.0\.1:")
        person.type(b"\x03")
        assert person.wait() == ExitCode.DONE


def test_the_servers_screen_is_in_colour_at_a_terminal_only() -> None:
    with terminal("serve", "echo@tcp://:0") as person:
        person.screen.until("Ctrl-C stops")
        assert ESCAPE in person.screen.text
        person.type(b"\x03")
        assert person.wait() == ExitCode.DONE
    with terminal("serve", "echo@tcp://:0", NO_COLOR="1") as person:
        person.screen.until("Ctrl-C stops")
        assert f"{ESCAPE}33m" not in person.screen.text
    with serving("echo@tcp://:0") as server:
        assert ESCAPE not in server.out.text


def test_two_workers_end_with_one_ctrl_c_at_a_terminal() -> None:
    with terminal("serve", "echo@tcp://127.0.0.1:0", "--workers", "2") as person:
        port = int(person.screen.until(r"127\.0\.0\.1:(\d+)")[1])
        person.screen.until("Ctrl-C stops")
        socket.create_connection(("127.0.0.1", port)).close()
        person.type(b"\x03")
        assert person.wait() == ExitCode.DONE
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port))


def test_a_terminal_that_is_closed_ends_the_server() -> None:
    with terminal("serve", "hello@udp://127.0.0.1:0") as person:
        port = int(person.screen.until(r"127\.0\.0\.1:(\d+)")[1])
        person.screen.until("Ctrl-C stops")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.connect(("127.0.0.1", port))
        assert is_refused_soon(sock)


def is_refused_soon(sock: socket.socket) -> bool:
    """Whether nobody listens any more, or stops doing so within five seconds."""
    end = time.monotonic() + 5
    while time.monotonic() < end:
        try:
            sock.send(b"anyone?")
        except ConnectionRefusedError:
            return True
        time.sleep(0.05)
    return False


# Closed


@pytest.mark.parametrize("transport", ["tcp", "udp"])
def test_a_closed_terminal_ends_a_talk_in_good_order(transport: str, tmp_path: Path) -> None:
    with running("talk", "--listen", f"{transport}://127.0.0.1:0") as other:
        endpoint = other.err.until(rf"enchufe talk ({transport}://\S+)")[1]
        with passing_terminal("talk", endpoint, XDG_STATE_HOME=str(tmp_path)) as closed:
            closed.until(b"Talking with")
            closed.type(b"hello\r")
            other.out.until("hello")
            assert closed.hang_up() == ExitCode.INTERRUPTED
        assert other.wait() == ExitCode.DONE
        other.err.until("has said bye" if transport == "udp" else "has left")


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("talk", "--listen", "udp://127.0.0.1:0"), ExitCode.INTERRUPTED),
        (("serve", "--no-web", "chat@tcp://:0"), ExitCode.DONE),
        (("serve", "--no-web", "echo@tcp://:0"), ExitCode.DONE),
    ],
)
def test_a_closed_terminal_ends_who_listens_in_good_order(
    words: tuple[str, ...], code: ExitCode, tmp_path: Path
) -> None:
    with passing_terminal(*words, XDG_STATE_HOME=str(tmp_path)) as closed:
        closed.until(b"ncat")
        time.sleep(0.5)  # the line to type in comes last
        assert closed.hang_up() == code
