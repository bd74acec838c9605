"""The server's own screen."""

import errno
import io
import re
import socket

import pytest

from enchufe.clients import console
from enchufe.clients.console import ServerConsole, try_commands, url_of
from enchufe.core.notices import Listening, PeerCame, PeerRefused, Ready, Refusal
from enchufe.core.peer import Peer, Transport


@pytest.fixture(autouse=True)
def _english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANGUAGE", "en")


def listening(
    transport: Transport, asked: str, port: int = 3500, *, service: str = "echo", path: str = ""
) -> Listening:
    return Listening(0, service, transport, asked, asked, port, path)


@pytest.mark.parametrize(
    ("notice", "ours", "theirs"),
    [
        (
            listening(Transport.TCP, "localhost"),
            "enchufe connect tcp://:3500 --send hello",
            "ncat localhost 3500",
        ),
        (
            listening(Transport.UDP, "127.0.0.1"),
            "enchufe connect udp://127.0.0.1:3500 --send hello",
            "ncat -u 127.0.0.1 3500",
        ),
        (
            listening(Transport.TLS, "localhost"),
            "enchufe connect tls://:3500 --send hello",
            "ncat --ssl localhost 3500",
        ),
        (
            listening(Transport.TCP, "::1"),
            "enchufe connect tcp://[::1]:3500 --send hello",
            "ncat ::1 3500",
        ),
        (
            listening(Transport.UNIX, "", path="/tmp/s"),
            "enchufe connect unix:///tmp/s --send hello",
            "ncat -U /tmp/s",
        ),
        (
            listening(Transport.UNIXGRAM, "", path="/tmp/s"),
            "enchufe connect unixgram:///tmp/s --send hello",
            "ncat -uU /tmp/s",
        ),
        (
            listening(Transport.TCP, "localhost", service="greet"),
            "enchufe connect tcp://:3500",
            "ncat localhost 3500",
        ),
        (
            listening(Transport.UDP, "localhost", service="greet"),
            "enchufe connect udp://:3500 --send hello",
            "ncat -u localhost 3500",
        ),
        (
            listening(Transport.TCP, "localhost", service="unknown"),
            "enchufe connect tcp://:3500",
            "ncat localhost 3500",
        ),
    ],
)
def test_an_endpoint_is_announced_with_what_to_type(
    notice: Listening, ours: str, theirs: str
) -> None:
    assert try_commands(notice) == (ours, theirs)


@pytest.mark.parametrize(
    ("bound", "own", "ours", "theirs"),
    [
        ("0.0.0.0", "192.0.2.7", "tcp://192.0.2.7:3500", "192.0.2.7"),
        ("::", "2001:db8::7", "tcp://[2001:db8::7]:3500", "2001:db8::7"),
        ("::", "", "tcp://:3500", "localhost"),
    ],
)
def test_what_listens_everywhere_is_announced_as_others_reach_it(
    monkeypatch: pytest.MonkeyPatch, bound: str, own: str, ours: str, theirs: str
) -> None:
    family = socket.AF_INET6 if ":" in bound else socket.AF_INET
    monkeypatch.setattr(console, "own_address", lambda asked: own if asked == family else "wrong")
    notice = Listening(0, "echo", Transport.TCP, "*", bound, 3500)
    said = (f"enchufe connect {ours} --send hello", f"ncat {theirs} 3500")
    assert try_commands(notice) == said
    assert url_of(notice, from_here=True) == "tcp://:3500"


def test_both_families_of_an_endpoint_are_announced_once() -> None:
    stream = io.StringIO()
    console = ServerConsole(stream)
    console.notice(listening(Transport.TCP, "localhost"))
    console.notice(listening(Transport.TCP, "localhost"))
    console.notice(listening(Transport.UDP, "localhost"))
    console.notice(Ready(0))
    lines = stream.getvalue().splitlines()
    assert [line.split()[:3] for line in lines[0::2]] == [
        ["echo", "tcp", "localhost:3500"],
        ["echo", "udp", "localhost:3500"],
        ["Ctrl-C", "stops", "in"],
    ]


def test_each_notice_is_a_line_with_its_time() -> None:
    stream = io.StringIO()
    console = ServerConsole(stream)
    peer = Peer(1, Transport.TCP, "127.0.0.1", 50000)
    console.notice(PeerCame(0, "echo", peer))
    console.notice(PeerRefused(0, Transport.TCP, "10.0.0.1:5", Refusal.FULL))
    console.show(peer, "ñ [bold]\x1b[31m\n".encode())
    lines = stream.getvalue().splitlines()
    assert all(re.match(r"\d\d:\d\d:\d\d ", line) for line in lines)
    assert [line[9:] for line in lines] == [
        "echo tcp 127.0.0.1:50000 came",
        "tcp 10.0.0.1:5 refused: as many peers are inside as may be",
        "ñ [bold]\\e[31m\\n from 127.0.0.1:50000",
    ]


def test_a_reader_that_left_is_told_to_the_caller_and_not_by_ending_the_program() -> None:
    class Left(io.StringIO):
        def write(self, _text: str) -> int:
            raise BrokenPipeError(errno.EPIPE, "Broken pipe")

    with pytest.raises(BrokenPipeError):
        ServerConsole(Left()).notice(Ready(0))
