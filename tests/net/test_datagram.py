"""Datagram peers on a real socket: who they are, what they get, when they are forgotten."""

import asyncio
import contextlib
import socket
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Sequence

import pytest
from tests.net.recording import Driven, nothing, on_loop, until

from enchufe.core.commands import AwaitDrained, Close, Command, Send
from enchufe.core.endpoint import parse_endpoint
from enchufe.core.events import (
    Event,
    MessageReceived,
    PeerClosed,
    PeerDrained,
    PeerOpened,
    Reason,
)
from enchufe.core.limits import DATAGRAM_QUEUE_MAX
from enchufe.core.notices import AnswerLost, DatagramCut, LoopAvoided, PeerRefused, Refusal
from enchufe.net import datagram
from enchufe.net.datagram import DatagramEndpoint, DatagramLink
from enchufe.net.door import Door
from enchufe.net.listen import listen
from enchufe.net.lobby import Lobby


class Opened:
    """A datagram endpoint of ours, and sockets that speak to it."""

    def __init__(self, driven: Driven, endpoint: DatagramEndpoint, lobby: Lobby, port: int) -> None:
        self.driven = driven
        self.endpoint = endpoint
        self.lobby = lobby
        self.port = port

    @contextlib.contextmanager
    def peer(self) -> Iterator[socket.socket]:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.bind(("127.0.0.1", 0))
            sock.connect(("127.0.0.1", self.port))
            sock.setblocking(False)
            yield sock

    def messages(self) -> list[bytes]:
        return [e.message for e in self.driven.service.events if isinstance(e, MessageReceived)]


def echo(event: Event) -> Sequence[Command]:
    return (Send(event.peer, event.message),) if isinstance(event, MessageReceived) else ()


@contextlib.asynccontextmanager
async def opened(
    rule: Callable[[Event], Sequence[Command]] = nothing,
    *,
    deny: Sequence[str] = (),
    peers_max: int | None = None,
    serve_max: int | None = None,
    buffer_bytes: int | None = None,
    own_ports: frozenset[int] = frozenset(),
    where: str = "udp://127.0.0.1:0",
    hears_refusals: bool = False,
) -> AsyncIterator[Opened]:
    driven = Driven(rule)
    (bound,) = await listen(parse_endpoint(where))
    lobby = Lobby(
        Door([], deny, driven.notices.append),
        peers_max=peers_max,
        serve_max=serve_max,
        reason=str,
        notify=driven.notices.append,
        served_all=lambda: None,
    )
    port = bound.sock.getsockname()[1]
    endpoint = DatagramEndpoint(
        bound, driven.driver, lobby, own_ports, buffer_bytes, hears_refusals=hears_refusals
    )
    made = Opened(driven, endpoint, lobby, port)
    try:
        yield made
    finally:
        endpoint.close()


async def heard(sock: socket.socket) -> bytes:
    async with asyncio.timeout(5):
        return await asyncio.get_running_loop().sock_recv(sock, 65536)


def test_a_source_is_one_peer_however_often_it_speaks() -> None:
    async def main() -> None:
        async with opened() as server:
            with server.peer() as one, server.peer() as other:
                for sock, data in ((one, b"1"), (other, b"2"), (one, b"3")):
                    sock.send(data)
                await until(lambda: len(server.messages()) == 3)
                events = server.driven.service.events
                peers = [e.peer.port for e in events if isinstance(e, PeerOpened)]
                assert sorted(peers) == sorted(s.getsockname()[1] for s in (one, other))
                assert server.messages() == [b"1", b"2", b"3"]
                assert server.lobby.inside == 2

    on_loop(main())


@pytest.mark.parametrize("plain", [True, False])
def test_it_works_the_same_with_one_datagram_a_call(
    plain: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(datagram, "is_supported", lambda: not plain)

    async def main() -> None:
        async with opened(echo) as server:
            with server.peer() as sock:
                for data in (b"", b"x" * 65_507, b"hello"):
                    sock.send(data)
                    assert await heard(sock) == data

    on_loop(main(), plain=plain)


def test_a_peer_that_was_closed_is_a_new_one_when_it_speaks_again() -> None:
    def rule(event: Event) -> Sequence[Command]:
        return (Close(event.peer),) if isinstance(event, MessageReceived) else ()

    async def main() -> None:
        async with opened(rule) as server:
            with server.peer() as sock:
                for count in (1, 2):
                    sock.send(b"hello")
                    await until(lambda: len(server.driven.service.of(PeerClosed)) == count)  # noqa: B023
                numbers = {e.peer.id for e in server.driven.service.events}  # type: ignore[union-attr]
                assert len(numbers) == 2
                assert server.lobby.inside == 0

    on_loop(main())


def test_a_peer_can_wait_until_all_has_left() -> None:
    def rule(event: Event) -> Sequence[Command]:
        if isinstance(event, MessageReceived):
            return (Send(event.peer, b"answer"), AwaitDrained(event.peer))
        return ()

    async def main() -> None:
        async with opened(rule) as server:
            with server.peer() as sock:
                sock.send(b"hello")
                await until(lambda: len(server.driven.service.of(PeerDrained)) == 1)
                assert await heard(sock) == b"answer"

    on_loop(main())


def test_a_refused_source_is_reported_once_and_never_heard() -> None:
    async def main() -> None:
        async with opened(echo, deny=["127.0.0.1"]) as server:
            with server.peer() as sock, server.peer() as other:
                for _ in range(3):
                    sock.send(b"let me in")
                other.send(b"me too")
                await until(lambda: len(server.driven.notices) >= 2)
                await asyncio.sleep(0.05)
                refusals = [n for n in server.driven.notices if isinstance(n, PeerRefused)]
                assert [n.refusal for n in refusals] == [Refusal.DENIED] * 2
                assert server.driven.service.events == []

    on_loop(main())


@pytest.mark.parametrize("reason", ["answering port", "own port"])
def test_a_source_that_could_start_a_loop_is_not_answered(
    reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def main() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.bind(("127.0.0.1", 0))
            sock.setblocking(False)
            port = sock.getsockname()[1]
            if reason == "answering port":
                monkeypatch.setattr("enchufe.core.loops.ANSWERING_PORTS", frozenset({port}))
            own_ports = frozenset({port}) if reason == "own port" else frozenset()
            async with opened(echo, own_ports=own_ports) as server:
                for _ in range(2):
                    sock.sendto(b"hello", ("127.0.0.1", server.port))
                await until(lambda: bool(server.driven.notices))
                await asyncio.sleep(0.05)
                (notice,) = server.driven.notices
                assert isinstance(notice, LoopAvoided)
                assert notice.address == f"127.0.0.1:{port}"
                with pytest.raises(BlockingIOError):
                    sock.recv(100)

    on_loop(main())


def test_two_of_our_servers_pointed_at_each_other_go_quiet() -> None:
    async def main() -> None:
        async with opened(echo) as one, opened(echo) as other:
            forged = one.endpoint._sock  # speaks as the first server, as a forger would
            forged.sendto(b"ping", ("127.0.0.1", other.port))
            await until(lambda: bool(other.driven.notices))
            await asyncio.sleep(0.1)
            assert len(one.messages()) + len(other.messages()) <= 1

    on_loop(main())


def test_when_too_many_sources_speak_the_most_silent_are_forgotten(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(datagram, "DATAGRAM_PEERS_MAX", 10)

    async def main() -> None:
        async with opened() as server:
            with contextlib.ExitStack() as stack:
                peers = [stack.enter_context(server.peer()) for _ in range(12)]
                for i, sock in enumerate(peers):
                    sock.send(b"hello")
                    await until(lambda: len(server.messages()) == i + 1)  # noqa: B023
                assert server.lobby.inside <= 10
                gone = [e for e in server.driven.service.events if isinstance(e, PeerClosed)]
                assert {e.reason for e in gone} == {Reason.SILENT}
                assert gone[0].peer.port == peers[0].getsockname()[1]

    on_loop(main())


def test_only_so_many_are_served_and_refused_ones_do_not_count() -> None:
    async def main() -> None:
        async with opened(echo, deny=["127.0.0.2"], serve_max=2) as server:
            with (
                server.peer() as sock,
                socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger,
            ):
                stranger.bind(("127.0.0.2", 0))
                for _ in range(3):  # all before the loop looks: they arrive together
                    stranger.sendto(b"denied", ("127.0.0.1", server.port))
                for data in (b"1", b"2", b"3"):
                    sock.send(data)
                assert [await heard(sock), await heard(sock)] == [b"1", b"2"]
                await asyncio.sleep(0.05)
                assert server.messages() == [b"1", b"2"]
                assert server.lobby.serves_left == 0

    on_loop(main())


def test_a_datagram_that_is_cut_is_reported() -> None:
    async def main() -> None:
        async with opened(echo, buffer_bytes=4) as server:
            with server.peer() as sock:
                sock.send(b"hello")
                assert await heard(sock) == b"hell"
                (notice,) = [n for n in server.driven.notices if isinstance(n, DatagramCut)]
                assert notice.kept_bytes == 4
                assert notice.whole_bytes > 4

    on_loop(main())


def test_an_answer_that_the_system_does_not_take_is_reported_and_the_next_one_goes() -> None:
    def rule(event: Event) -> Sequence[Command]:
        if isinstance(event, MessageReceived):
            return (Send(event.peer, bytes(65_508)), Send(event.peer, b"small"))
        return ()

    async def main() -> None:
        async with opened(rule) as server:
            with server.peer() as sock:
                sock.send(b"hello")
                assert await heard(sock) == b"small"
                (notice,) = [n for n in server.driven.notices if isinstance(n, AnswerLost)]
                assert (notice.size_bytes, notice.why) == (65_508, "Message too long")
                assert notice.address == f"127.0.0.1:{sock.getsockname()[1]}"

    on_loop(main())


def test_what_is_said_to_very_many_at_once_is_not_lost() -> None:
    """A room tells all of its members in one go: the queue is for what the system does not take."""
    count = 3 * DATAGRAM_QUEUE_MAX

    async def main() -> None:
        async with opened() as server:
            with server.peer() as sock:
                sock.send(b"hello")
                await until(lambda: bool(server.messages()))
                (link,) = server.driven.driver.links.values()
                for number in range(count):
                    link.send(b"%d" % number)
                    assert len(server.endpoint.outgoing) <= DATAGRAM_QUEUE_MAX
                await until(lambda: not server.endpoint.outgoing)
                assert [n for n in server.driven.notices if isinstance(n, AnswerLost)] == []
                assert link.sent_bytes == sum(len(b"%d" % number) for number in range(count))

    on_loop(main())


def test_closing_sends_what_is_queued_and_ends_every_peer() -> None:
    async def main() -> None:
        async with opened() as server:
            with server.peer() as sock:
                sock.send(b"hello")
                await until(lambda: bool(server.messages()))
                (link,) = server.driven.driver.links.values()
                link.send(b"goodbye")
                server.endpoint.close()
                server.endpoint.close()
                assert await heard(sock) == b"goodbye"
                (closed,) = server.driven.service.of(PeerClosed)
                assert isinstance(closed, PeerClosed)
                assert closed.reason is Reason.OURS
                assert server.lobby.inside == 0

    on_loop(main())


# Who is gone

linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells who refused")


def speaks_to(server: Opened, host: str) -> socket.socket:
    """Return a socket that has said hi, whatever the family."""
    sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
    sock.setblocking(False)
    sock.connect((host, server.port))
    sock.send(b"hi")
    return sock


async def link_of(server: Opened, sock: socket.socket) -> DatagramLink:
    """Return the link of whoever speaks from ``sock``, once they were heard."""
    port, links = sock.getsockname()[1], server.driven.driver.links

    def found() -> list[DatagramLink]:
        ours = (link for link in links.values() if isinstance(link, DatagramLink))
        return [link for link in ours if link.peer.port == port]

    await until(lambda: bool(found()))
    return found()[0]


def refused(server: Opened) -> list[int]:
    """Return the ports of those who ended because theirs is closed."""
    ended = [e for e in server.driven.service.events if isinstance(e, PeerClosed)]
    assert {e.reason for e in ended} <= {Reason.REFUSED}
    return [e.peer.port for e in ended]


@linux
@pytest.mark.parametrize("plain", [True, False])
@pytest.mark.parametrize("listening", ["127.0.0.1", "[::1]", "0.0.0.0"])
def test_whoever_is_gone_ends_and_nobody_else_does(
    plain: bool, listening: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(datagram, "is_supported", lambda: not plain)
    host = "::1" if "[" in listening else "127.0.0.1"

    async def main() -> None:
        async with opened(where=f"udp://{listening}:0", hears_refusals=True) as server:
            with speaks_to(server, host) as staying:
                stays = await link_of(server, staying)
                for count in (1, 2, 3):  # the loop watches on after each
                    with speaks_to(server, host) as leaving:
                        leaves = await link_of(server, leaving)
                    leaves.send(b"anyone?")
                    await until(lambda: len(refused(server)) == count)  # noqa: B023
                    assert refused(server)[-1] == leaves.peer.port
                    stays.send(b"%d" % count)
                    assert await heard(staying) == b"%d" % count
                    staying.send(b"still here")
                    await until(lambda: server.messages().count(b"still here") == count)  # noqa: B023
                assert server.lobby.inside == 1

    on_loop(main(), plain=plain)


@linux
@pytest.mark.parametrize("plain", [True, False])
def test_no_answer_is_lost_to_the_refusal_of_another(
    plain: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(datagram, "is_supported", lambda: not plain)

    async def main() -> None:
        async with opened(hears_refusals=True) as server:
            with speaks_to(server, "127.0.0.1") as staying:
                stays = await link_of(server, staying)
                with speaks_to(server, "127.0.0.1") as leaving:
                    leaves = await link_of(server, leaving)
                for number in range(100):
                    leaves.send(b"anyone?")
                    stays.send(b"%d" % number)
                for number in range(100):
                    assert await heard(staying) == b"%d" % number
                await until(lambda: refused(server) == [leaves.peer.port])
                assert [n for n in server.driven.notices if isinstance(n, AnswerLost)] == []

    on_loop(main(), plain=plain)


@linux
def test_what_somebody_said_before_they_vanished_is_heard_as_theirs() -> None:
    async def main() -> None:
        async with opened(hears_refusals=True) as server:
            with speaks_to(server, "127.0.0.1") as leaving:
                leaves = await link_of(server, leaving)
                leaving.send(b"last words")
            leaves.send(b"anyone?")
            server.endpoint._flush()  # both wait for the same wake-up
            await until(lambda: bool(refused(server)))
            assert server.messages() == [b"hi", b"last words"]
            assert len(server.driven.service.of(PeerOpened)) == 1

    on_loop(main())


def test_where_nobody_asked_a_closed_port_ends_nobody() -> None:
    async def main() -> None:
        async with opened() as server:
            with speaks_to(server, "127.0.0.1") as leaving:
                leaves = await link_of(server, leaving)
            for _ in range(3):
                leaves.send(b"anyone?")
                await asyncio.sleep(0.02)
            assert refused(server) == []
            assert server.driven.notices[1:] == []

    on_loop(main())
