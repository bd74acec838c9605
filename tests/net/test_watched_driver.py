"""A watched driver shows every read and write as the sockets see them, and does what any does."""

import itertools
import socket

import pytest
from tests.net.recording import Recorder, on_loop, until

from enchufe.core.commands import Close, Command, Send, Spread
from enchufe.core.endpoint import Endpoint
from enchufe.core.events import Event, MessageReceived, PeerClosed, PeerFinished
from enchufe.core.peer import Peer, Transport
from enchufe.core.service import Framing
from enchufe.core.traffic import BytesReceived, BytesSent, EndQueued, PeerMet, Traffic
from enchufe.host import Host
from enchufe.net.datagram_batch import is_supported
from enchufe.net.door import Door
from enchufe.net.listen import listen
from enchufe.net.server import Rules, Server, Serving
from enchufe.net.watched_driver import WatchedDriver

HOSTS = {socket.AF_INET: "127.0.0.1", socket.AF_INET6: "::1"}


def shout(event: Event) -> list[Command]:
    match event:
        case MessageReceived(peer=peer, message=message):
            return [
                Send(peer, message.upper()),
                Spread((peer,), b"all"),
                Spread((peer,), b"", peer),
            ]
        case PeerFinished(peer=peer):
            return [Close(peer)]
        case _:
            return []


def met(transport: Transport, family: int, asked: str) -> tuple[list[Traffic], tuple[str, int]]:
    """Let a client say two things to a service of lines; return what was shown, and its address."""
    seen: list[Traffic] = []
    service = Recorder(shout)

    async def main() -> tuple[str, int]:
        (bound,) = await listen(Endpoint(transport, asked, 0), family=family)
        server = Server(Rules(Door((), (), print), str), lambda _notice: None)
        serving = Serving("test", Host(service, Framing.TEXT), [bound], print, tap=seen.append)
        port = bound.sock.getsockname()[1]
        kind = socket.SOCK_STREAM if transport.is_stream else socket.SOCK_DGRAM

        async def speak(_driver: object) -> None:
            with socket.socket(family, kind) as client:
                client.connect((HOSTS[socket.AddressFamily(family)], port))
                here.append(client.getsockname()[:2])
                client.send(b"he")
                await until(lambda: any(isinstance(fact, BytesReceived) for fact in seen))
                client.send(b"llo\n")
                await until(lambda: len(service.of(MessageReceived)) > 0)
                if transport.is_stream:
                    client.shutdown(socket.SHUT_WR)
                    await until(lambda: len(service.of(PeerClosed)) > 0)
            server.stop()

        here: list[tuple[str, int]] = []
        from msgspec.structs import replace

        await server.run([replace(serving, speak=speak)])
        ports.append(port)
        return here[0]

    ports: list[int] = []
    client = on_loop(main())
    first = seen[0]
    assert isinstance(first, PeerMet)
    assert first.port == ports[0]
    return seen, client


def test_every_read_of_a_stream_is_shown_and_every_write() -> None:
    seen, client = met(Transport.TCP, socket.AF_INET, "127.0.0.1")
    assert [type(fact) for fact in seen] == [
        PeerMet, BytesReceived, BytesReceived, BytesSent, BytesSent, EndQueued
    ]  # fmt: skip
    assert [fact.data for fact in seen if isinstance(fact, BytesReceived)] == [b"he", b"llo\n"]
    assert [fact.data for fact in seen if isinstance(fact, BytesSent)] == [b"HELLO\n", b"all\n"]
    assert {(fact.peer.host, fact.peer.port) for fact in seen} == {client}
    assert [fact.at_ns for fact in seen] == sorted(fact.at_ns for fact in seen)


@pytest.mark.parametrize("family", HOSTS, ids=lambda family: family.name)
@pytest.mark.parametrize("batches", [True, False])
@pytest.mark.parametrize("asked", ["*", "localhost"])
def test_our_own_address_is_the_one_that_was_asked(
    monkeypatch: pytest.MonkeyPatch, family: socket.AddressFamily, asked: str, *, batches: bool
) -> None:
    if batches and not is_supported():
        pytest.skip("this system knows no batches of datagrams")
    monkeypatch.setattr("enchufe.net.datagram.is_supported", lambda: batches)
    seen, _client = met(Transport.UDP, family, asked)
    assert isinstance(seen[0], PeerMet)
    assert seen[0].host == HOSTS[family]


def test_what_has_no_socket_of_its_own_is_shown_nowhere() -> None:
    seen: list[Traffic] = []

    async def main() -> None:
        driver = WatchedDriver(
            "test",
            Host(Recorder(shout)),
            numbers=itertools.count(1),
            notify=lambda _notice: None,
            show=print,
            stop=print,
            tap=seen.append,
        )
        driver.opened(Screen())
        driver.received(Screen(), b"hello")

    on_loop(main())
    assert seen == []


class Screen:
    """The person who runs a room."""

    peer = Peer(1, Transport.CONSOLE)
    opened_ns = received_bytes = sent_bytes = 0

    def send(self, message: bytes) -> None: ...
    def finish(self) -> None: ...
    def close(self, reason: object = None) -> None: ...
    def abort(self, reason: object) -> None: ...
    def await_drained(self) -> None: ...
    def rest(self) -> None: ...
    def read_on(self) -> None: ...

    def queued_bytes(self) -> int:
        return 0

    def activity(self) -> int:
        return 0
