"""Encryption on real sockets: nothing lost at either end, and every failure told once."""

import asyncio
import contextlib
import os
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from typing import cast

import pytest
from tests.certificates import Authority
from tests.net.far_tls import Far, trusting
from tests.net.recording import Driven, nothing, on_loop, until

from enchufe.core.commands import AwaitDrained, Close, Command, Finish, Send
from enchufe.core.errors import DeniedError
from enchufe.core.events import (
    Event,
    MessageReceived,
    PeerClosed,
    PeerDrained,
    PeerFinished,
    PeerOpened,
    Reason,
)
from enchufe.core.notices import TlsFault
from enchufe.core.peer import Peer, Transport
from enchufe.net import tls_layer
from enchufe.net.stream import SmallReadsLink, StreamLink
from enchufe.net.tls import handshake_fault_of
from enchufe.net.tls_layer import TlsLayer

loops = pytest.mark.parametrize("plain", [False, True], ids=["uvloop", "asyncio"])


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    issued = Authority(tmp_path_factory.mktemp("tls")).issue("server")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(issued.certificate, issued.key)
    context.num_tickets = 0
    return context


def deny(_tls: ssl.SSLObject) -> None:
    raise DeniedError("not you")


class Pair:
    """A link of ours behind its encryption, and the far end's socket."""

    def __init__(self, driven: Driven, sock: socket.socket) -> None:
        self.driven = driven
        self.sock = sock
        self.far = Far(sock, trusting())
        self.failures: list[Exception] = []
        self.troubles: list[Exception] = []
        self.gone = 0
        self.held: list[bool] = []

    def left(self) -> None:
        self.gone += 1

    def closed(self) -> PeerClosed | None:
        found = self.driven.service.of(PeerClosed)
        return cast("PeerClosed", found[0]) if found else None

    def messages(self) -> list[bytes]:
        return [e.message for e in self.driven.service.events if isinstance(e, MessageReceived)]

    def has(self, kind: type[Event]) -> bool:
        return bool(self.driven.service.of(kind))

    link: StreamLink
    layer: TlsLayer


@contextlib.asynccontextmanager
async def paired(
    context: ssl.SSLContext,
    rule: Callable[[Event], Sequence[Command]] = nothing,
    *,
    buffer_bytes: int | None = None,
    holds: bool = False,
    handshake_s: float = 10.0,
    approve: Callable[[ssl.SSLObject], None] = lambda _tls: None,
    begins: Callable[[TlsLayer], None] = lambda _layer: None,
) -> AsyncIterator[Pair]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        sock = socket.create_connection(listener.getsockname())
        near, address = listener.accept()
    sock.setblocking(False)
    near.setblocking(False)
    driven = Driven(rule)
    peer = Peer(driven.driver.next_number(), Transport.TLS, *address[:2])
    pair = Pair(driven, sock)
    hold = pair.held.append if holds else None
    pair.link = (
        StreamLink(driven.driver, peer, pair.left, hold)
        if buffer_bytes is None
        else SmallReadsLink(driven.driver, peer, pair.left, hold, buffer_bytes=buffer_bytes)
    )
    pair.layer = TlsLayer(
        context,
        pair.link,
        handshake_s=handshake_s,
        approve=approve,
        failed=pair.failures.append,
        gone=pair.left,
        troubled=pair.troubles.append,
    )
    begins(pair.layer)
    await asyncio.get_running_loop().connect_accepted_socket(lambda: pair.layer, near)
    try:
        yield pair
    finally:
        sock.close()
        pair.layer.abort()
        await until(lambda: pair.gone == 1)


def echo(event: Event) -> Sequence[Command]:
    if isinstance(event, MessageReceived):
        return (Send(event.peer, event.message),)
    return (Close(event.peer),) if isinstance(event, PeerFinished) else ()


# Conversations


@loops
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_every_byte_comes_back_after_the_caller_has_finished(
    context: ssl.SSLContext, version: ssl.TLSVersion, plain: bool
) -> None:
    message = os.urandom(3_000_000)

    async def main() -> None:
        async with paired(context, echo) as pair:
            pair.far = Far(pair.sock, trusting(version))
            await pair.far.shake_hands()
            hearing = asyncio.ensure_future(pair.far.hear())  # noqa: TID251 -- both ways at once
            await pair.far.say(message)
            await pair.far.say_goodbye()
            assert await hearing == message
            assert pair.far.ended == "goodbye"
            pair.sock.close()
            await until(lambda: pair.closed() is not None)
            assert cast("PeerClosed", pair.closed()).reason is Reason.FINISHED
            assert pair.troubles == []

    on_loop(main(), plain=plain)


@loops
def test_bytes_in_any_cuts_make_the_same_message(context: ssl.SSLContext, plain: bool) -> None:
    async def main() -> None:
        async with paired(context) as pair:
            far = pair.far
            with contextlib.suppress(ssl.SSLWantReadError):
                far.tls.do_handshake()
            await by_bytes(far)
            while True:
                try:
                    far.tls.do_handshake()
                    break
                except ssl.SSLWantReadError:
                    assert await far._more()
            await by_bytes(far)
            far.tls.write(b"hola")
            far.tls.write(b" y adios")
            await by_bytes(far)
            await until(lambda: b"".join(pair.messages()) == b"hola y adios")

    async def by_bytes(far: Far) -> None:
        for byte in far._outgoing.read():
            await asyncio.get_running_loop().sock_sendall(far.sock, bytes([byte]))
            await asyncio.sleep(0)

    on_loop(main(), plain=plain)


@loops
def test_after_our_finish_the_rest_of_the_answer_still_arrives(
    context: ssl.SSLContext, plain: bool
) -> None:
    async def main() -> None:
        async with paired(
            context, lambda e: (Finish(e.peer),) if isinstance(e, PeerOpened) else ()
        ) as pair:
            await pair.far.shake_hands()
            assert await pair.far.hear() == b""
            assert pair.far.ended == "goodbye"
            await pair.far.say(b"a late answer")
            await until(lambda: pair.messages() == [b"a late answer"])
            await pair.far.say_goodbye()
            await until(lambda: pair.has(PeerFinished))
            assert pair.troubles == []

    on_loop(main(), plain=plain)


@loops
def test_before_tls_1_3_a_finish_keeps_our_side_open_and_a_close_says_goodbye(
    context: ssl.SSLContext, plain: bool
) -> None:
    def rule(event: Event) -> Sequence[Command]:
        if isinstance(event, PeerOpened):
            return (Finish(event.peer),)
        return (Close(event.peer),) if isinstance(event, MessageReceived) else ()

    async def main() -> None:
        async with paired(context, rule) as pair:
            pair.far = Far(pair.sock, trusting(ssl.TLSVersion.TLSv1_2))
            await pair.far.shake_hands()
            await until(lambda: pair.has(PeerOpened))
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.1):
                    await pair.far.hear()
            await pair.far.say(b"now close")
            await pair.far.hear()
            assert pair.far.ended == "goodbye"

    on_loop(main(), plain=plain)


@loops
def test_an_end_without_goodbye_is_reported_and_still_answered(
    context: ssl.SSLContext, plain: bool
) -> None:
    async def main() -> None:
        async with paired(context, echo) as pair:
            await pair.far.shake_hands()
            await pair.far.say(b"hello")
            pair.sock.shutdown(socket.SHUT_WR)
            assert await pair.far.hear() == b"hello"
            assert [type(trouble) for trouble in pair.troubles] == [EOFError]

    on_loop(main(), plain=plain)


@loops
def test_small_reads_stay_small(context: ssl.SSLContext, plain: bool) -> None:
    message = os.urandom(100_000)

    async def main() -> None:
        async with paired(context, echo, buffer_bytes=16) as pair:
            await pair.far.shake_hands()
            await pair.far.say(message)
            assert await pair.far.hear(len(message)) == message
            assert {len(piece) for piece in pair.messages()} == {16}

    on_loop(main(), plain=plain)


@loops
def test_a_link_at_rest_hears_nothing_until_it_has_rested(
    context: ssl.SSLContext, plain: bool
) -> None:
    def rest(event: Event) -> Sequence[Command]:
        if isinstance(event, MessageReceived):
            rested.append(pairs[0].link)
            pairs[0].layer.pause_reading()
        return ()

    rested: list[StreamLink] = []
    pairs: list[Pair] = []

    async def main() -> None:
        async with paired(context, rest, buffer_bytes=4) as pair:
            pairs.append(pair)
            await pair.far.shake_hands()
            await pair.far.say(b"one two three")
            await pair.far.say_goodbye()
            for count in range(1, 5):
                await until(lambda count=count: len(pair.messages()) == count)  # type: ignore[misc]
                await asyncio.sleep(0.02)
                assert len(pair.messages()) == count
                assert not pair.has(PeerFinished)
                pair.layer.resume_reading()
            await until(lambda: pair.has(PeerFinished))
            assert b"".join(pair.messages()) == b"one two three"

    on_loop(main(), plain=plain)


def test_what_comes_while_something_waits_comes_after_it(context: ssl.SSLContext) -> None:
    """A read may already be under way when reading is paused."""

    async def main() -> None:
        async with paired(context, buffer_bytes=4) as pair:
            await pair.far.shake_hands()
            await until(lambda: pair.has(PeerOpened))
            pair.layer.pause_reading()
            for data in (b"one ", b"two ", b"three"):
                pair.far.tls.write(data)
                pair.layer.data_received(pair.far._outgoing.read())
            assert pair.messages() == []
            pair.layer.resume_reading()
            await until(lambda: pair.messages() == [b"one ", b"two ", b"thre", b"e"])

    on_loop(main())


@loops
def test_a_finish_while_something_waits_to_be_read_loses_none_of_it(
    context: ssl.SSLContext, plain: bool
) -> None:
    def rule(event: Event) -> Sequence[Command]:
        if isinstance(event, MessageReceived) and len(pairs[0].messages()) == 1:
            pairs[0].layer.pause_reading()
            return (Finish(event.peer),)
        return ()

    pairs: list[Pair] = []

    async def main() -> None:
        async with paired(context, rule, buffer_bytes=4) as pair:
            pairs.append(pair)
            await pair.far.shake_hands()
            await pair.far.say(b"one two three")
            await pair.far.hear()
            assert pair.far.ended == "goodbye"
            pair.layer.resume_reading()
            await until(lambda: b"".join(pair.messages()) == b"one two three")

    on_loop(main(), plain=plain)


@loops
def test_a_peer_that_does_not_read_holds_us_back_and_drains_later(
    context: ssl.SSLContext, plain: bool
) -> None:
    size_bytes = 20_000_000

    def rule(event: Event) -> Sequence[Command]:
        if isinstance(event, PeerOpened):
            return (Send(event.peer, bytes(size_bytes)), AwaitDrained(event.peer))
        return (Close(event.peer),) if isinstance(event, PeerDrained) else ()

    async def main() -> None:
        async with paired(context, rule) as pair:
            await pair.far.shake_hands()
            await until(lambda: pair.has(PeerOpened))
            assert pair.layer.get_write_buffer_size() > 0
            assert not pair.has(PeerDrained)
            assert len(await pair.far.hear()) == size_bytes
            assert pair.has(PeerDrained)
            assert pair.far.ended == "goodbye"

    on_loop(main(), plain=plain)


@loops
def test_a_caller_is_told_to_hold_back_its_input(context: ssl.SSLContext, plain: bool) -> None:
    async def main() -> None:
        async with paired(context, holds=True) as pair:
            await pair.far.shake_hands()
            await until(lambda: pair.has(PeerOpened))
            pair.link.send(bytes(20_000_000))
            assert pair.held == [True]
            await pair.far.hear(20_000_000)
            await until(lambda: pair.held == [True, False])

    on_loop(main(), plain=plain)


@loops
def test_rubbish_in_the_middle_ends_the_conversation_alone(
    context: ssl.SSLContext, plain: bool
) -> None:
    async def main() -> None:
        async with paired(context) as pair:
            await pair.far.shake_hands()
            await pair.far.say(b"hello")
            await until(lambda: pair.messages() == [b"hello"])
            await asyncio.get_running_loop().sock_sendall(
                pair.sock, b"\x17\x03\x03\x00\x20" + bytes(32)
            )
            await until(lambda: pair.closed() is not None)
            assert cast("PeerClosed", pair.closed()).reason is Reason.PROTOCOL
            assert [isinstance(trouble, ssl.SSLError) for trouble in pair.troubles] == [True]
            await pair.far.hear()
            assert "BAD_RECORD_MAC" in pair.far.ended

    on_loop(main(), plain=plain)


@loops
@pytest.mark.parametrize(
    ("goodbye", "reason"), [(False, Reason.RESET), (True, Reason.FINISHED)], ids=["bare", "polite"]
)
def test_a_reset_is_one_unless_both_have_said_goodbye(
    context: ssl.SSLContext, goodbye: bool, reason: Reason, plain: bool
) -> None:
    """A peer that closes with our goodbye unread sends a reset, though nothing is lost."""

    async def main() -> None:
        async with paired(context) as pair:
            await pair.far.shake_hands()
            await until(lambda: pair.has(PeerOpened))
            pair.link.finish()
            await pair.far.hear()
            if goodbye:
                pair.far.tls.unwrap()
                await pair.far.flush()
                await until(lambda: pair.has(PeerFinished))
            pair.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            pair.sock.close()
            await until(lambda: pair.closed() is not None)
            assert cast("PeerClosed", pair.closed()).reason is reason

    on_loop(main(), plain=plain)


# Handshakes that come to nothing


@loops
@pytest.mark.parametrize(
    "said",
    [b"hello\n", b"GET / HTTP/1.1\r\n\r\n", bytes(100), b"\xff" * 100_000],
    ids=["text", "http", "zeros", "much"],
)
def test_who_does_not_speak_tls_is_told_of_once_and_comes_to_nothing(
    context: ssl.SSLContext, said: bytes, plain: bool
) -> None:
    async def main() -> None:
        async with paired(context) as pair:
            await asyncio.get_running_loop().sock_sendall(pair.sock, said)
            await until(lambda: bool(pair.failures))
            await asyncio.get_running_loop().sock_sendall(pair.sock, said)
            pair.sock.shutdown(socket.SHUT_WR)
            await until(lambda: pair.gone == 1)
            (failure,) = pair.failures
            assert handshake_fault_of(failure)[0] is TlsFault.NOT_TLS
            assert pair.driven.service.events == []

    on_loop(main(), plain=plain)


@loops
def test_who_says_nothing_is_let_go_in_time(
    context: ssl.SSLContext, plain: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tls_layer, "LINGER_S_MAX", 0.05)

    async def main() -> None:
        async with paired(context, handshake_s=0.1) as pair:
            await until(lambda: pair.gone == 1)
            assert [handshake_fault_of(e)[0] for e in pair.failures] == [TlsFault.SILENT]

    on_loop(main(), plain=plain)


@loops
@pytest.mark.parametrize("resets", [False, True], ids=["closes", "resets"])
def test_who_leaves_in_the_handshake_is_told_of(
    context: ssl.SSLContext, plain: bool, resets: bool
) -> None:
    async def main() -> None:
        async with paired(context) as pair:
            if resets:
                pair.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            pair.sock.close()
            await until(lambda: pair.gone == 1)
            assert [handshake_fault_of(e)[0] for e in pair.failures] == [TlsFault.LEFT]

    on_loop(main(), plain=plain)


@loops
def test_who_is_not_approved_of_says_nothing_to_what_is_above(
    context: ssl.SSLContext, plain: bool
) -> None:
    async def main() -> None:
        async with paired(context, approve=deny) as pair:
            await pair.far.shake_hands()
            await pair.far.say(b"let me in")
            await pair.far.hear()
            assert [type(failure) for failure in pair.failures] == [DeniedError]
            assert pair.driven.service.events == []
            pair.sock.close()

    on_loop(main(), plain=plain)


@loops
@pytest.mark.parametrize("early", [False, True], ids=["in the handshake", "before it"])
def test_who_is_turned_away_is_no_failure(
    context: ssl.SSLContext, early: bool, plain: bool
) -> None:
    begins: Callable[[TlsLayer], None] = TlsLayer.turn_away if early else lambda _layer: None

    async def main() -> None:
        async with paired(context, begins=begins) as pair:
            pair.layer.turn_away()
            await until(lambda: pair.gone == 1)
            assert pair.failures == []
            assert pair.driven.service.events == []

    on_loop(main(), plain=plain)


def test_a_failure_is_explained_to_the_other_side(context: ssl.SSLContext) -> None:
    """The alert arrives although bytes of theirs were never read."""

    async def main() -> None:
        async with paired(context) as pair:
            old = trusting()
            old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_2
            old.set_ciphers("AES128-SHA256")  # RSA only: the certificate here has another key
            pair.far = Far(pair.sock, old)
            with contextlib.suppress(ssl.SSLWantReadError):
                pair.far.tls.do_handshake()
            await pair.far.flush()
            await until(lambda: bool(pair.failures))
            assert handshake_fault_of(pair.failures[0])[0] is TlsFault.NOTHING_IN_COMMON
            assert await pair.far._more()
            with pytest.raises(ssl.SSLError, match="HANDSHAKE_FAILURE"):
                pair.far.tls.do_handshake()
            for _ in range(2):  # what follows is thrown away, not answered with a reset
                await asyncio.get_running_loop().sock_sendall(pair.sock, b"more")
                await asyncio.sleep(0.05)

    on_loop(main())
