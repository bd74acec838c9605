"""Reaching a server: the first of its addresses that answers, and why none did."""

import asyncio
import errno
import os
import socket
from pathlib import Path

import pytest
from tests.cli.silent_places import full_backlog
from tests.net.recording import Driven, on_loop, until
from tests.ports import free_port

from enchufe.core.endpoint import Endpoint, parse_endpoint
from enchufe.core.errors import (
    DeniedError,
    EnchufeError,
    NameNotFoundError,
    TimedOutError,
    UnreachableError,
)
from enchufe.core.events import MessageReceived, PeerClosed, PeerOpened, Reason
from enchufe.core.peer import Transport
from enchufe.net.dial import Dialling, dial_stream, explained
from enchufe.net.dialled_datagram import DialledDatagram


def nothing(_hold: bool) -> None: ...


async def reached(dialling: Dialling) -> tuple[Driven, str]:
    """Connect a stream, and return the address it was reached at."""
    driven, gone = Driven(), asyncio.Event()
    await dial_stream(dialling, driven.driver, gone.set, nothing)
    (opened,) = driven.service.of(PeerOpened)
    assert isinstance(opened, PeerOpened)
    for link in list(driven.driver.links.values()):
        link.abort(Reason.OURS)
    await gone.wait()
    return driven, opened.peer.address


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_the_address_that_answers_is_the_peer(host: str) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, 0), family=family) as server:
        port = server.getsockname()[1]
        _, address = on_loop(reached(Dialling(Endpoint(Transport.TCP, "localhost", port))))
    assert address == (f"[::1]:{port}" if ":" in host else f"127.0.0.1:{port}")


def test_nobody_anywhere_names_every_address_tried() -> None:
    port = free_port()
    with pytest.raises(UnreachableError, match=rf"tried 127\.0\.0\.1:{port}, \[::1\]:{port}"):
        on_loop(reached(Dialling(Endpoint(Transport.TCP, "localhost", port))))


def test_a_connection_nobody_takes_is_given_up_in_time() -> None:
    with full_backlog() as port, pytest.raises(TimedOutError, match=r"within 0\.2 s"):
        on_loop(reached(Dialling(Endpoint(Transport.TCP, "127.0.0.1", port), connect_s=0.2)))


def test_a_silent_address_tells_more_than_one_that_refuses() -> None:
    """The server is there, with a full queue, on one of the two addresses of its name."""
    with full_backlog() as port, pytest.raises(TimedOutError, match=rf"127\.0\.0\.1:{port} did"):
        on_loop(reached(Dialling(Endpoint(Transport.TCP, "localhost", port), connect_s=0.2)))


def test_a_family_the_host_has_not_is_a_name_not_found() -> None:
    dialling = Dialling(Endpoint(Transport.TCP, "127.0.0.1", 9), family=socket.AF_INET6)
    with pytest.raises(NameNotFoundError):
        on_loop(reached(dialling))


def test_a_socket_that_was_not_connected_is_not_left_open(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[socket.socket] = []

    class Watched(socket.socket):
        def __init__(self, *words: int) -> None:
            super().__init__(*words)
            made.append(self)

    port = free_port()
    monkeypatch.setattr("enchufe.net.dial.socket.socket", Watched)
    with pytest.raises(UnreachableError):
        on_loop(reached(Dialling(Endpoint(Transport.TCP, "127.0.0.1", port))))
    assert made
    assert all(sock.fileno() == -1 for sock in made)


@pytest.mark.parametrize(
    ("code", "kind", "words"),
    [
        (errno.ECONNREFUSED, UnreachableError, "nobody listens on tcp://localhost:9"),
        (errno.ENOENT, UnreachableError, "nobody listens on"),
        (errno.ETIMEDOUT, TimedOutError, "did not answer within 10 s"),
        (errno.EACCES, DeniedError, "does not permit reaching here"),
        (errno.EPERM, DeniedError, "does not permit"),
        (errno.ENETUNREACH, UnreachableError, "cannot reach tcp://localhost:9: Network"),
        (errno.EHOSTUNREACH, UnreachableError, "cannot reach"),
    ],
)
def test_each_failure_of_the_system_is_explained(
    code: int, kind: type[EnchufeError], words: str
) -> None:
    dialling = Dialling(parse_endpoint("tcp://localhost:9"))
    error = explained(OSError(code, os.strerror(code)), dialling, ["here"])
    assert type(error) is kind
    assert words in str(error)


@pytest.mark.parametrize("code", [errno.EADDRINUSE, errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT])
def test_a_source_that_cannot_be_had_is_named(code: int) -> None:
    source = Endpoint(Transport.TCP, "192.0.2.1", 7)
    dialling = Dialling(parse_endpoint("tcp://localhost:9"), source=source)
    error = explained(OSError(code, "no"), dialling, ["here"])
    assert str(error) == "cannot speak from tcp://192.0.2.1:7: no"


# Datagrams


async def asked(dialling: Dialling, *messages: bytes) -> tuple[Driven, DialledDatagram]:
    """Send the messages and wait for an answer to each, or for the end."""
    driven, gone = Driven(), asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        ours = DialledDatagram(dialling, driven.driver, gone.set, tasks, lambda _kept, _whole: None)
        await ours.open()
        for message in messages:
            ours.send(message)
        await until(
            lambda: gone.is_set() or len(driven.service.of(MessageReceived)) == len(messages)
        )
        ours.close()
        await gone.wait()
    return driven, ours


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_what_was_said_is_said_again_at_the_address_that_answers(host: str) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    heard: list[bytes] = []

    async def main() -> Driven:
        loop = asyncio.get_running_loop()
        with socket.socket(family, socket.SOCK_DGRAM) as server:
            server.bind((host, free_port()))
            server.setblocking(False)

            def answer() -> None:
                data, peer = server.recvfrom(100)
                heard.append(data)
                server.sendto(data, peer)

            loop.add_reader(server, answer)
            port = server.getsockname()[1]
            driven, _ = await asked(
                Dialling(Endpoint(Transport.UDP, "localhost", port)), b"1", b"2", b"3"
            )
            loop.remove_reader(server)
            return driven

    driven = on_loop(main())
    assert heard == [b"1", b"2", b"3"]
    messages = [e.message for e in driven.service.events if isinstance(e, MessageReceived)]
    assert messages == heard


def test_datagrams_that_nobody_takes_are_refused_with_all_addresses() -> None:
    port = free_port()
    driven, ours = on_loop(asked(Dialling(Endpoint(Transport.UDP, "localhost", port)), b"1"))
    (closed,) = driven.service.of(PeerClosed)
    assert isinstance(closed, PeerClosed)
    assert closed.reason is Reason.REFUSED
    assert f"tried 127.0.0.1:{port}, [::1]:{port}" in str(ours.failure)


def test_a_datagram_from_a_stranger_is_not_taken_for_an_answer() -> None:
    async def main() -> list[bytes]:
        loop = asyncio.get_running_loop()
        with (
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server,
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger,
        ):
            server.bind(("127.0.0.1", 0))
            server.setblocking(False)

            def answer() -> None:
                _, peer = server.recvfrom(100)
                stranger.sendto(b"forged", peer)
                server.sendto(b"real", peer)

            loop.add_reader(server, answer)
            endpoint = Endpoint(Transport.UDP, *server.getsockname())
            driven, _ = await asked(Dialling(endpoint), b"question")
            loop.remove_reader(server)
            return [e.message for e in driven.service.events if isinstance(e, MessageReceived)]

    assert on_loop(main()) == [b"real"]


def test_a_unix_datagram_caller_can_be_answered(tmp_path: Path) -> None:
    async def main() -> list[bytes]:
        loop = asyncio.get_running_loop()
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
            server.bind(str(tmp_path / "s"))
            server.setblocking(False)

            def answer() -> None:
                data, peer = server.recvfrom(100)
                server.sendto(data.upper(), peer)

            loop.add_reader(server, answer)
            endpoint = Endpoint(Transport.UNIXGRAM, path=str(tmp_path / "s"))
            driven, _ = await asked(Dialling(endpoint), b"hello")
            loop.remove_reader(server)
            return [e.message for e in driven.service.events if isinstance(e, MessageReceived)]

    assert on_loop(main()) == [b"HELLO"]
