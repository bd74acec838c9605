"""From the accept queue through the door to the link."""

import asyncio
import contextlib
import errno
import os
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.certificates import Authority
from tests.net.far_tls import Far, trusting
from tests.net.recording import Driven, on_loop, until

from enchufe.core.endpoint import parse_endpoint
from enchufe.core.events import MessageReceived, PeerFinished
from enchufe.core.notices import (
    DescriptorsExhausted,
    PeerCame,
    PeerLeft,
    PeerRefused,
    Refusal,
    TlsFailed,
    TlsFault,
)
from enchufe.net import acceptor
from enchufe.net.acceptor import Acceptor
from enchufe.net.door import Door
from enchufe.net.listen import BoundSocket, listen
from enchufe.net.lobby import Lobby


class Accepting:
    def __init__(self, driven: Driven, acceptor_: Acceptor, lobby: Lobby, port: int) -> None:
        self.driven = driven
        self.acceptor = acceptor_
        self.lobby = lobby
        self.port = port

    def dial(self) -> socket.socket:
        sock = socket.create_connection(("127.0.0.1", self.port))
        sock.setblocking(False)
        return sock

    def noticed(self, kind: type[Any]) -> list[Any]:
        return [notice for notice in self.driven.notices if isinstance(notice, kind)]


@contextlib.asynccontextmanager
async def accepting(
    *,
    deny: Sequence[str] = (),
    peers_max: int | None = None,
    serve_max: int | None = None,
    wrap: Callable[[socket.socket], Any] = lambda sock: sock,
    context: ssl.SSLContext | None = None,
) -> AsyncIterator[Accepting]:
    driven = Driven()
    (bound,) = await listen(parse_endpoint(f"{'tcp' if context is None else 'tls'}://127.0.0.1:0"))
    lobby = Lobby(
        Door([], deny, driven.notices.append),
        peers_max=peers_max,
        serve_max=serve_max,
        reason=lambda refusal: f"because {refusal}",
        notify=driven.notices.append,
        served_all=lambda: None,
    )
    port = bound.sock.getsockname()[1]
    async with asyncio.TaskGroup() as tasks:
        made = Acceptor(
            BoundSocket(bound.endpoint, wrap(bound.sock)),
            driven.driver,
            lobby,
            tasks,
            None,
            context=context,
        )
        try:
            yield Accepting(driven, made, lobby, port)
        finally:
            made.close()
            made.close()
            for link in list(driven.driver.links.values()):
                link.close()
            await until(lambda: lobby.inside == 0)


class Failing:
    """A listening socket that accepts as the system under pressure does."""

    def __init__(self, sock: socket.socket, codes: list[int]) -> None:
        self._sock = sock
        self._codes = codes

    def accept(self) -> Any:
        if self._codes:
            code = self._codes.pop(0)
            raise OSError(code, os.strerror(code))
        return self._sock.accept()

    def fileno(self) -> int:
        return self._sock.fileno()

    def close(self) -> None:
        self._sock.close()


async def heard(sock: socket.socket) -> bytes:
    loop, data = asyncio.get_running_loop(), b""
    async with asyncio.timeout(5):
        while piece := await loop.sock_recv(sock, 1000):
            data += piece
    return data


def test_whoever_comes_is_let_in_and_heard() -> None:
    async def main() -> None:
        async with accepting() as server:
            with server.dial() as one, server.dial() as other:
                one.sendall(b"one")
                other.sendall(b"other")
                await until(lambda: len(server.driven.service.of(MessageReceived)) == 2)
                assert server.lobby.inside == 2
                ports = {notice.peer.port for notice in server.noticed(PeerCame)}
                assert ports == {one.getsockname()[1], other.getsockname()[1]}
            await until(lambda: server.lobby.inside == 2)

    on_loop(main())


@pytest.mark.parametrize(
    ("options", "refusal", "words"),
    [
        ({"deny": ["127.0.0.1"]}, Refusal.DENIED, b"enchufe: denied: because denied\n"),
        ({"peers_max": 1}, Refusal.FULL, b"enchufe: full: because full\n"),
    ],
)
def test_who_is_refused_is_told_why_and_reported(
    options: dict[str, Any], refusal: Refusal, words: bytes
) -> None:
    async def main() -> None:
        async with accepting(**options) as server:
            with server.dial(), server.dial() as refused:
                assert await heard(refused) == words
                await until(lambda: bool(server.noticed(PeerRefused)))
                assert server.noticed(PeerRefused)[-1].refusal is refusal
                assert server.noticed(PeerRefused)[-1].address.endswith(
                    str(refused.getsockname()[1])
                )
            assert server.driven.service.of(MessageReceived) == []

    on_loop(main())


def test_many_refused_at_once_do_not_pile_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(acceptor, "REFUSED_LINGERING_MAX", 3)

    async def main() -> None:
        async with accepting(deny=["127.0.0.1"]) as server:
            with contextlib.ExitStack() as stack:
                for _ in range(10):
                    stack.enter_context(server.dial())
                await until(lambda: len(server.noticed(PeerRefused)) == 10)
                assert len(server.acceptor._refused) <= 3

    on_loop(main())


def test_a_refused_peer_that_stays_is_left_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(acceptor, "LINGER_S_MAX", 0.1)

    async def main() -> None:
        async with accepting(deny=["127.0.0.1"]) as server:
            with server.dial() as stays:
                assert (await heard(stays)).startswith(b"enchufe: denied")
                await until(lambda: not server.acceptor._refused)

    on_loop(main())


@pytest.mark.parametrize("code", [errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM])
def test_without_descriptors_it_says_so_and_tries_again(
    code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(acceptor, "DESCRIPTORS_RETRY_S", 0.05)

    async def main() -> None:
        async with accepting(wrap=lambda sock: Failing(sock, [code, code])) as server:
            with server.dial() as sock:
                sock.sendall(b"patience")
                await until(lambda: bool(server.driven.service.of(MessageReceived)))
                assert server.noticed(DescriptorsExhausted)[0].inside == 0
                assert server.noticed(DescriptorsExhausted)[0].descriptors_max > 0

    on_loop(main())


@pytest.mark.parametrize("code", [errno.ECONNABORTED, errno.EINTR, errno.EAGAIN])
def test_who_has_left_again_before_we_look_is_no_matter(code: int) -> None:
    async def main() -> None:
        async with accepting(wrap=lambda sock: Failing(sock, [code])) as server:
            with server.dial() as sock:
                sock.sendall(b"hello")
                await until(lambda: bool(server.driven.service.of(MessageReceived)))
            assert server.noticed(DescriptorsExhausted) == []

    on_loop(main())


def test_one_that_leaves_at_once_is_counted_out_again() -> None:
    async def main() -> None:
        async with accepting() as server:
            for _ in range(20):
                server.dial().close()
            await until(lambda: len(server.noticed(PeerCame)) == 20)
            for link in list(server.driven.driver.links.values()):
                link.close()
            await until(lambda: server.lobby.inside == 0)
            assert len(server.noticed(PeerLeft)) == 20

    on_loop(main())


def test_only_so_many_are_served_and_the_rest_wait_in_the_queue() -> None:
    async def main() -> None:
        async with accepting(serve_max=2) as server:
            with server.dial(), server.dial(), server.dial():
                await until(lambda: server.lobby.serves_left == 0)
                await asyncio.sleep(0.1)
                assert len(server.noticed(PeerCame)) == 2

    on_loop(main())


# Encrypted endpoints


@pytest.fixture
def context(tmp_path: Path) -> ssl.SSLContext:
    issued = Authority(tmp_path).issue("server")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(issued.certificate, issued.key)
    return context


def test_who_comes_in_encrypted_is_heard(context: ssl.SSLContext) -> None:
    async def main() -> None:
        async with accepting(context=context) as server:
            with server.dial() as sock:
                far = Far(sock, trusting())
                await far.shake_hands()
                await far.say(b"hello")
                await until(lambda: bool(server.driven.service.of(MessageReceived)))
                assert [notice.peer.transport for notice in server.noticed(PeerCame)] == ["tls"]
                await until(lambda: not server.acceptor._arriving)
                server.acceptor.turn_away()
                assert server.lobby.inside == 1

    on_loop(main())


def test_who_is_refused_is_told_why_inside_the_encryption(context: ssl.SSLContext) -> None:
    async def main() -> None:
        async with accepting(context=context, deny=["127.0.0.1"]) as server:
            with server.dial() as sock:
                far = Far(sock, trusting())
                await far.shake_hands()
                assert await far.hear() == b"enchufe: denied: because denied\n"
                assert far.ended == "goodbye"
                await far.say_goodbye()
            await until(lambda: not server.acceptor._refused)
            assert len(server.noticed(PeerRefused)) == 1
            assert server.noticed(TlsFailed) == []

    on_loop(main())


def test_who_comes_to_nothing_is_reported_and_no_longer_inside(context: ssl.SSLContext) -> None:
    async def main() -> None:
        async with accepting(context=context) as server:
            with server.dial() as plain, server.dial() as other:
                plain.sendall(b"hello, is this the echo?\n")
                await until(lambda: bool(server.noticed(TlsFailed)))
                assert server.noticed(TlsFailed)[0].fault is TlsFault.NOT_TLS
                assert server.noticed(TlsFailed)[0].address == f"127.0.0.1:{plain.getsockname()[1]}"
                plain.close()
                await until(lambda: server.lobby.inside == 1)
                await Far(other, trusting()).shake_hands()  # the others do not notice
                await until(lambda: bool(server.noticed(PeerCame)))
            assert len(server.noticed(TlsFailed)) == 1

    on_loop(main())


def test_who_is_still_shaking_hands_can_be_turned_away(context: ssl.SSLContext) -> None:
    async def main() -> None:
        async with accepting(context=context) as server:
            with server.dial():
                await until(lambda: server.lobby.inside == 1)
                server.acceptor.turn_away()
                await until(lambda: server.lobby.inside == 0)
                assert server.noticed(TlsFailed) == []
                assert server.noticed(PeerCame) == []

    on_loop(main())


def test_an_end_without_goodbye_is_no_news_to_a_server(context: ssl.SSLContext) -> None:
    async def main() -> None:
        async with accepting(context=context) as server:
            with server.dial() as sock:
                far = Far(sock, trusting())
                await far.shake_hands()
                await far.say(b"hello")
            await until(lambda: bool(server.driven.service.of(PeerFinished)))
            assert server.noticed(TlsFailed) == []

    on_loop(main())


def test_encryption_that_breaks_is_reported(context: ssl.SSLContext) -> None:
    async def main() -> None:
        async with accepting(context=context) as server:
            with server.dial() as sock:
                await Far(sock, trusting()).shake_hands()
                await until(lambda: bool(server.noticed(PeerCame)))
                sock.sendall(b"\x17\x03\x03\x00\x20" + bytes(32))
                await until(lambda: server.lobby.inside == 0)
                assert [notice.fault for notice in server.noticed(TlsFailed)] == [TlsFault.BROKEN]

    on_loop(main())
