"""Stream peers on real sockets: in order, without more in memory than allowed, to the last byte."""

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator, Callable, Sequence
from typing import cast

import pytest
from tests.net.recording import Driven, nothing, on_loop, until

from enchufe.core.commands import AwaitDrained, Close, Command, Finish, Send
from enchufe.core.events import (
    Event,
    MessageReceived,
    PeerBehind,
    PeerClosed,
    PeerDrained,
    PeerFinished,
    PeerOpened,
    Reason,
)
from enchufe.core.frames import Frame, Kind
from enchufe.core.limits import PEER_QUEUE_BYTES_MAX, SEND_QUEUE_BYTES_MAX, UNSENT_BYTES_MAX
from enchufe.core.notices import PeerLeft
from enchufe.core.peer import Peer, Transport
from enchufe.core.service import Framing
from enchufe.net import stream
from enchufe.net.stream import SmallReadsLink, StreamLink
from enchufe.wire.frames import PREFACE, encoded

loops = pytest.mark.parametrize("plain", [False, True], ids=["uvloop", "asyncio"])


class Pair:
    """A link of ours, and the plain socket at its other end."""

    link: StreamLink

    def __init__(self, driven: Driven, far: socket.socket) -> None:
        self.driven = driven
        self.far = far
        self.has_left = False
        self.held: list[bool] = []

    def left(self) -> None:
        self.has_left = True

    def messages(self) -> list[bytes]:
        return [e.message for e in self.driven.service.events if isinstance(e, MessageReceived)]

    def closed(self) -> PeerClosed | None:
        found = self.driven.service.of(PeerClosed)
        return cast("PeerClosed", found[0]) if found else None

    async def hears(self, size_bytes: int) -> bytes:
        """Return what comes out at the far end, up to that size or its end."""
        loop, heard = asyncio.get_running_loop(), b""
        async with asyncio.timeout(10):
            while len(heard) < size_bytes:
                data = await loop.sock_recv(self.far, 1 << 20)
                if not data:
                    break
                heard += data
        return heard


@contextlib.asynccontextmanager
async def paired(
    rule: Callable[[Event], Sequence[Command]] = nothing,
    *,
    buffer_bytes: int | None = None,
    holds: bool = False,
    framing: Framing = Framing.RAW,
) -> AsyncIterator[Pair]:
    """Join a link of ours with a plain TCP socket."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        far = socket.create_connection(listener.getsockname())
        near, address = listener.accept()
    far.setblocking(False)
    near.setblocking(False)
    driven = Driven(rule, framing)
    peer = Peer(driven.driver.next_number(), Transport.TCP, *address[:2])
    pair = Pair(driven, far)
    hold = pair.held.append if holds else None
    link = pair.link = (
        StreamLink(driven.driver, peer, pair.left, hold)
        if buffer_bytes is None
        else SmallReadsLink(driven.driver, peer, pair.left, hold, buffer_bytes=buffer_bytes)
    )
    loop = asyncio.get_running_loop()
    await loop.connect_accepted_socket(lambda: link, near)
    try:
        yield pair
    finally:
        far.close()
        link.abort(Reason.STOPPING)
        await until(lambda: pair.has_left)


def echo(event: Event) -> Sequence[Command]:
    if isinstance(event, MessageReceived):
        return (Send(event.peer, event.message),)
    return (Close(event.peer),) if isinstance(event, PeerFinished) else ()


@loops
def test_a_conversation_is_told_from_its_beginning_to_its_end(plain: bool) -> None:
    async def main() -> None:
        async with paired(echo) as pair:
            pair.far.sendall(b"hello")
            assert await pair.hears(5) == b"hello"
            pair.far.shutdown(socket.SHUT_WR)
            assert await pair.hears(1) == b""
            await until(lambda: pair.closed() is not None)
            kinds = [type(event) for event in pair.driven.service.events]
            assert kinds == [PeerOpened, MessageReceived, PeerFinished, PeerClosed]
            last = pair.driven.notices[-1]
            assert isinstance(last, PeerLeft)
            assert (last.reason, last.received_bytes, last.sent_bytes) == (Reason.FINISHED, 5, 5)

    on_loop(main(), plain=plain)


@loops
def test_small_reads_are_of_the_size_asked_for(plain: bool) -> None:
    async def main() -> None:
        async with paired(echo, buffer_bytes=16) as pair:
            pair.far.sendall(b"This is the message.  It will be repeated.")
            assert len(await pair.hears(42)) == 42
            assert pair.messages() == [b"This is the mess", b"age.  It will be", b" repeated."]

    on_loop(main(), plain=plain)


@loops
@pytest.mark.parametrize(
    ("said", "answered"),
    [
        (b"hola\n", b"hola\n"),
        (b"hola\n" + PREFACE, b"hola\n" + PREFACE),
        (
            PREFACE + encoded(Frame(200, 1, b"?")) + encoded(Frame(Kind.TEXT, 0, b"hola")),
            PREFACE + encoded(Frame(Kind.TEXT, 0, b"hola")),
        ),
    ],
)
def test_a_peer_is_answered_in_lines_or_in_frames_as_it_speaks(
    said: bytes, answered: bytes, plain: bool
) -> None:
    async def main() -> None:
        async with paired(echo, framing=Framing.FRAMES, buffer_bytes=5) as pair:
            pair.far.sendall(said)
            pair.far.shutdown(socket.SHUT_WR)
            assert await pair.hears(1000) == answered
            await until(lambda: pair.closed() is not None)
            left = pair.closed()
            assert left is not None
            assert left.reason is Reason.FINISHED

    on_loop(main(), plain=plain)


@loops
def test_a_peer_that_breaks_the_rules_of_the_frames_is_told_why_before_the_end(
    plain: bool,
) -> None:
    async def main() -> None:
        async with paired(echo, framing=Framing.FRAMES) as pair:
            pair.far.sendall(PREFACE + b"\xff" * 9 + encoded(Frame(Kind.TEXT, 0, b"hola")))
            heard = await pair.hears(1000)
            assert heard.startswith(PREFACE + b"\0\0\0")
            assert heard[len(PREFACE) + 4 :].startswith(b'\2\0\0\0\0{"why":"a frame of 4294967295')
            pair.far.shutdown(socket.SHUT_WR)
            await until(lambda: pair.closed() is not None)
            left = pair.closed()
            assert left is not None
            assert (left.reason, pair.messages()) == (Reason.PROTOCOL, [])

    on_loop(main(), plain=plain)


@loops
def test_our_half_close_leaves_the_other_half_open(plain: bool) -> None:
    def rule(event: Event) -> Sequence[Command]:
        return (
            (Send(event.peer, b"all"), Finish(event.peer)) if isinstance(event, PeerOpened) else ()
        )

    async def main() -> None:
        async with paired(rule) as pair:
            assert await pair.hears(10) == b"all"
            pair.far.sendall(b"and you")
            await until(lambda: pair.messages() == [b"and you"])
            assert pair.closed() is None

    on_loop(main(), plain=plain)


@loops
def test_a_peer_that_does_not_read_is_not_read_from(plain: bool) -> None:
    async def main() -> None:
        async with paired(echo) as pair:
            loop = asyncio.get_running_loop()
            pushing = loop.create_task(loop.sock_sendall(pair.far, bytes(50_000_000)))
            await until(lambda: not pair.link._transport.is_reading())
            await asyncio.sleep(0.1)
            assert not pushing.done()
            assert pair.link.received_bytes < 40_000_000
            queued = pair.link._transport.get_write_buffer_size()
            assert queued < SEND_QUEUE_BYTES_MAX + (1 << 20)
            assert len(await pair.hears(50_000_000)) == 50_000_000
            await pushing

    on_loop(main(), plain=plain)


@loops
def test_a_peer_that_does_not_read_and_is_told_ever_more_is_let_go(plain: bool) -> None:
    async def main() -> None:
        async with paired() as pair:
            size_bytes = PEER_QUEUE_BYTES_MAX // 4
            said_bytes = 0
            while pair.link.queued_bytes() <= PEER_QUEUE_BYTES_MAX:
                pair.link.send(bytes(size_bytes))
                said_bytes += size_bytes
                assert said_bytes < 100 * PEER_QUEUE_BYTES_MAX
            assert pair.link.sent_bytes == said_bytes
            for _ in range(3):
                pair.link.send(b"one more")
            assert pair.link.sent_bytes == said_bytes
            await until(lambda: pair.closed() is not None)
            closed = pair.closed()
            assert closed is not None
            assert closed.reason is Reason.SLOW

    on_loop(main(), plain=plain)


@loops
def test_one_answer_may_be_as_long_as_it_likes(plain: bool) -> None:
    async def main() -> None:
        async with paired() as pair:
            pair.link.send(bytes(2 * PEER_QUEUE_BYTES_MAX))
            assert len(await pair.hears(2 * PEER_QUEUE_BYTES_MAX)) == 2 * PEER_QUEUE_BYTES_MAX
            await until(lambda: not pair.link._is_behind)
            pair.link.send(b"and more")
            assert await pair.hears(8) == b"and more"
            assert pair.closed() is None

    on_loop(main(), plain=plain)


@loops
def test_a_caller_holds_back_its_input_instead_and_goes_on_reading(plain: bool) -> None:
    async def main() -> None:
        async with paired(holds=True) as pair:
            pair.link.send(bytes(20_000_000))
            await until(lambda: pair.held == [True])
            pair.far.sendall(b"meanwhile")
            await until(lambda: pair.messages() == [b"meanwhile"])
            assert len(await pair.hears(20_000_000)) == 20_000_000
            await until(lambda: pair.held == [True, False])

    on_loop(main(), plain=plain)


@loops
def test_a_peer_that_was_behind_and_has_read_is_read_from_again(plain: bool) -> None:
    def rule(event: Event) -> Sequence[Command]:
        match event:
            case PeerOpened():
                return (Send(event.peer, bytes(20_000_000)),)
            case PeerBehind():
                return (AwaitDrained(event.peer),)
            case _:
                return ()

    async def main() -> None:
        async with paired(rule) as pair:
            await until(lambda: len(pair.driven.service.of(PeerBehind)) == 1)
            assert len(await pair.hears(20_000_000)) == 20_000_000
            await until(lambda: len(pair.driven.service.of(PeerDrained)) == 1)
            pair.far.sendall(b"I am back")
            await until(lambda: pair.messages() == [b"I am back"])

    on_loop(main(), plain=plain)


@loops
@pytest.mark.parametrize("holds", [False, True])
@pytest.mark.parametrize("size_bytes", [0, 5, 20_000_000])
def test_it_is_told_when_all_has_left(plain: bool, size_bytes: int, holds: bool) -> None:
    def rule(event: Event) -> Sequence[Command]:
        if isinstance(event, PeerOpened):
            return (Send(event.peer, bytes(size_bytes)), AwaitDrained(event.peer))
        return ()

    async def main() -> None:
        async with paired(rule, holds=holds) as pair:
            if size_bytes > 1_000_000:
                await asyncio.sleep(0.05)
                assert pair.driven.service.of(PeerDrained) == []
            assert len(await pair.hears(size_bytes)) == size_bytes
            await until(lambda: len(pair.driven.service.of(PeerDrained)) == 1)
            assert pair.held[-1:] in ([], [False])

    on_loop(main(), plain=plain)


@loops
def test_who_was_behind_and_has_read_is_heard_again(plain: bool) -> None:
    def rule(event: Event) -> Sequence[Command]:
        if isinstance(event, PeerOpened):
            return (Send(event.peer, bytes(20_000_000)),)
        return (AwaitDrained(event.peer),) if isinstance(event, PeerBehind) else ()

    async def main() -> None:
        async with paired(rule) as pair:
            await until(lambda: pair.driven.service.of(PeerBehind) != [])
            assert len(await pair.hears(20_000_000)) == 20_000_000
            await until(lambda: len(pair.driven.service.of(PeerDrained)) == 1)
            await asyncio.get_running_loop().sock_sendall(pair.far, b"again")
            await until(lambda: pair.messages() == [b"again"])

    on_loop(main(), plain=plain)


def pieces(event: Event) -> Sequence[Command]:
    """Send a piece as soon as the one before it has left."""
    if isinstance(event, PeerOpened | PeerDrained):
        return (Send(event.peer, bytes(65_536)), AwaitDrained(event.peer))
    return ()


async def stuck(pair: Pair) -> None:
    """Wait until a piece does not leave any more."""
    left = -1
    while left != (left := len(pair.driven.service.of(PeerDrained))):  # noqa: ASYNC110 -- nobody tells
        await asyncio.sleep(0.1)


@loops
def test_who_does_not_read_pieces_nor_what_is_said_beside_them_is_behind(plain: bool) -> None:
    """Else what is said to everybody would pile up for one who only seems to be busy."""

    async def main() -> None:
        async with paired(pieces) as pair:
            await stuck(pair)
            assert pair.driven.service.of(PeerBehind) == []
            for _ in range(3):
                pair.link.send(bytes(SEND_QUEUE_BYTES_MAX // 2))
            await until(lambda: len(pair.driven.service.of(PeerBehind)) == 1)
            pair.link.send(bytes(SEND_QUEUE_BYTES_MAX // 2))
            await asyncio.sleep(0)
            assert len(pair.driven.service.of(PeerBehind)) == 1

    on_loop(main(), plain=plain)


@loops
def test_a_caller_that_awaits_the_end_of_its_queue_holds_back_no_input(plain: bool) -> None:
    """It paces itself; what a person types meanwhile must get through."""

    def rule(event: Event) -> Sequence[Command]:
        if isinstance(event, PeerOpened):
            return (AwaitDrained(event.peer), Send(event.peer, bytes(20_000_000)))
        return ()

    async def main() -> None:
        async with paired(rule, holds=True) as pair:
            assert len(await pair.hears(20_000_000)) == 20_000_000
            await until(lambda: len(pair.driven.service.of(PeerDrained)) == 1)
            assert True not in pair.held

    on_loop(main(), plain=plain)


@loops
@pytest.mark.skipif(not hasattr(socket, "TCP_NOTSENT_LOWAT"), reason="the system has no such limit")
def test_one_that_paces_itself_has_little_waiting_in_the_system_too(plain: bool) -> None:
    """What it says next must not wait behind megabytes that left it long ago (tcp(7))."""

    def rule(event: Event) -> Sequence[Command]:
        if isinstance(event, PeerOpened | PeerDrained):
            return (Send(event.peer, bytes(65_536)), AwaitDrained(event.peer))
        return ()

    async def main() -> None:
        async with paired(rule) as pair:
            sock = pair.link._transport.get_extra_info("socket")
            option = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT)
            assert option == UNSENT_BYTES_MAX

    on_loop(main(), plain=plain)


@loops
def test_closing_loses_no_byte_though_the_peer_still_speaks(plain: bool) -> None:
    """A close with unread bytes would be a reset, which destroys what we sent last."""

    def rule(event: Event) -> Sequence[Command]:
        if isinstance(event, PeerOpened):
            return (Send(event.peer, bytes(5_000_000)), Close(event.peer))
        return ()

    async def main() -> None:
        async with paired(rule) as pair:
            loop = asyncio.get_running_loop()
            for _ in range(10):
                await loop.sock_sendall(pair.far, bytes(10_000))
                await asyncio.sleep(0.005)
            assert len(await pair.hears(5_000_001)) == 5_000_000
            assert pair.messages() == []
            pair.far.close()
            await until(lambda: pair.closed() is not None)
            closed = pair.closed()
            assert closed is not None
            assert (closed.reason, closed.unsent_bytes) == (Reason.OURS, 0) or (
                closed.reason is Reason.FINISHED
            )

    on_loop(main(), plain=plain)


@loops
def test_a_peer_that_never_closes_is_left_after_a_while(
    plain: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "LINGER_S_MAX", 0.1)

    async def main() -> None:
        async with paired() as pair:
            pair.link.close()
            pair.link.close()
            await until(lambda: pair.closed() is not None)
            closed = pair.closed()
            assert closed is not None
            assert closed.reason is Reason.OURS

    on_loop(main(), plain=plain)


@loops
def test_a_peer_that_takes_nothing_of_the_rest_is_cut_off(
    plain: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "LINGER_S_MAX", 0.1)
    monkeypatch.setattr(stream, "SEND_STALL_S_MAX", 0.3)

    async def main() -> None:
        async with paired() as pair:
            pair.link.send(bytes(20_000_000))
            pair.link.close()
            await until(lambda: pair.closed() is not None)
            closed = pair.closed()
            assert closed is not None
            assert closed.reason is Reason.SILENT
            assert closed.unsent_bytes > 0
            last = pair.driven.notices[-1]
            assert isinstance(last, PeerLeft)
            assert last.sent_bytes == 20_000_000 - closed.unsent_bytes

    on_loop(main(), plain=plain)


@loops
def test_a_slow_peer_is_not_cut_off_while_it_takes_something(
    plain: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "LINGER_S_MAX", 0.05)
    monkeypatch.setattr(stream, "SEND_STALL_S_MAX", 0.4)

    async def main() -> None:
        async with paired() as pair:
            pair.link.send(bytes(20_000_000))
            pair.link.close()
            heard = 0
            for _ in range(10):
                heard += len(await pair.hears(500_000))
                await asyncio.sleep(0.1)
            heard += len(await pair.hears(20_000_000))
            assert heard == 20_000_000

    on_loop(main(), plain=plain)


@loops
def test_a_reset_is_told_as_one(plain: bool) -> None:
    async def main() -> None:
        async with paired() as pair:
            pair.far.sendall(b"hello")
            await until(lambda: bool(pair.messages()))
            pair.far.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            pair.far.close()
            await until(lambda: pair.closed() is not None)
            closed = pair.closed()
            assert closed is not None
            assert closed.reason is Reason.RESET

    on_loop(main(), plain=plain)


@loops
def test_aborting_says_why_and_what_never_left(plain: bool) -> None:
    async def main() -> None:
        async with paired() as pair:
            pair.link.send(bytes(20_000_000))
            pair.link.abort(Reason.SILENT)
            pair.link.abort(Reason.STOPPING)
            await until(lambda: pair.closed() is not None)
            closed = pair.closed()
            assert closed is not None
            assert closed.reason is Reason.SILENT

    on_loop(main(), plain=plain)


@loops
def test_bytes_in_both_directions_are_signs_of_life(plain: bool) -> None:
    async def main() -> None:
        async with paired() as pair:
            before = pair.link.activity()
            pair.far.sendall(b"hello")
            await until(lambda: pair.link.activity() == before + 5)
            pair.link.send(b"hello")
            assert await pair.hears(5) == b"hello"
            assert pair.link.activity() == before + 10

    on_loop(main(), plain=plain)
