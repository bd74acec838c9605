"""Transcripts in the lines of the guides, event by event."""

from collections.abc import Sequence

import pytest

from enchufe.clients.transcript import CallerTranscript, ServerTranscript, is_traffic
from enchufe.core.commands import Command, Send
from enchufe.core.events import (
    Event,
    MessageReceived,
    PeerClosed,
    PeerFinished,
    PeerOpened,
    Reason,
)
from enchufe.core.notices import Listening, Notice, PeerCame, PeerLeft, PeerRefused, Ready, Refusal
from enchufe.core.peer import Peer, Transport

TCP = Peer(1, Transport.TCP, "127.0.0.1", 50000)
TCP6 = Peer(2, Transport.TCP, "::1", 50001)
UDP = Peer(3, Transport.UDP, "127.0.0.1", 50002, is_stream=False)
UNIX = Peer(4, Transport.UNIX, path="")


def listening(transport: Transport, host: str = "127.0.0.1") -> Listening:
    return Listening(0, "echo", transport, "localhost", host, 10000)


def left(peer: Peer) -> PeerLeft:
    return PeerLeft(0, "echo", peer, Reason.FINISHED, 0, 0, 0.0)


def server(language: str, facts: Sequence[Event | Command | Notice]) -> list[str]:
    printed: list[str] = []
    transcript = ServerTranscript(language, printed.append)
    for fact in facts:
        if isinstance(fact, Listening | Ready | PeerLeft):
            transcript.notice(fact)
        else:
            assert isinstance(fact, PeerOpened | MessageReceived | PeerFinished | Send)
            transcript.witness(fact)
    return "\n".join(printed).splitlines()


CONVERSATION: list[Event | Command | Notice] = [
    listening(Transport.TCP),
    listening(Transport.TCP, "::1"),
    Ready(0),
    PeerOpened(0, TCP),
    MessageReceived(0, TCP, b"hello"),
    Send(TCP, b"hello"),
    PeerFinished(0, TCP),
    left(TCP),
]


def test_a_stream_server_in_english() -> None:
    assert server("en", CONVERSATION) == [
        "starting up on localhost port 10000",
        "waiting for a connection",
        "connection from ('127.0.0.1', 50000)",
        'received "hello"',
        "sending data back to the client",
        'received ""',
        "no more data from ('127.0.0.1', 50000)",
        "waiting for a connection",
    ]


def test_a_stream_server_in_spanish() -> None:
    assert server("es", CONVERSATION) == [
        "Socket creado, escuchando en localhost:10000",
        "Conexion desde: 127.0.0.1:50000",
        "Recibi: hello",
    ]


def test_a_datagram_server_waits_for_each_datagram() -> None:
    facts: list[Event | Command | Notice] = [
        listening(Transport.UDP),
        Ready(0),
        PeerOpened(0, UDP),
        MessageReceived(0, UDP, b"hello"),
        Send(UDP, b"hello"),
        left(UDP),
    ]
    assert server("en", facts) == [
        "starting up on localhost port 10000",
        "waiting for a datagram",
        "connection from ('127.0.0.1', 50002)",
        'received "hello"',
        "waiting for a datagram",
    ]
    assert server("es", facts) == [
        "Socket creado, escuchando en localhost:10000",
        "Esperando clientes...",
        "Conexion desde: 127.0.0.1:50002",
        "Recibi: hello",
        "Esperando clientes...",
    ]


def test_addresses_are_written_as_python_gives_them() -> None:
    assert server("en", [PeerOpened(0, TCP6), PeerOpened(0, UNIX)]) == [
        "connection from ('::1', 50001, 0, 0)",
        "connection from ''",
    ]


def test_what_was_said_cannot_act_on_the_screen_nor_be_taken_for_a_field() -> None:
    assert server("en", [MessageReceived(0, TCP, b'{port} \x1b[31m\n"\xff')]) == [
        'received "{port} \\e[31m\\n"\\xff"'
    ]


def caller(language: str, peer: Peer) -> list[str]:
    printed: list[str] = []
    transcript = CallerTranscript(language, printed.append)
    transcript.connecting("localhost", 10000)
    for fact in (
        Send(peer, b"hello"),
        MessageReceived(0, peer, b"hel"),
        MessageReceived(0, peer, b"lo"),
        PeerClosed(0, peer, Reason.FINISHED),
    ):
        transcript.witness(fact)
    return printed


@pytest.mark.parametrize("peer", [TCP, UDP])
def test_a_caller_in_english(peer: Peer) -> None:
    assert caller("en", peer) == [
        "connecting to localhost port 10000",
        'sending "hello"',
        'received "hel"',
        'received "lo"',
        "closing socket",
    ]


@pytest.mark.parametrize(
    ("peer", "lines"),
    [(TCP, ["Recibido:  hel", "Recibido:  lo"]), (UDP, ["--> hel", "--> lo"])],
)
def test_a_caller_in_spanish(peer: Peer, lines: list[str]) -> None:
    assert caller("es", peer) == lines


def test_what_a_transcript_has_no_line_for_is_left_to_the_console() -> None:
    assert is_traffic(Ready(0))
    assert is_traffic(PeerCame(0, "echo", TCP))
    assert not is_traffic(PeerRefused(0, Transport.TCP, "127.0.0.1:5", Refusal.FULL))
