"""Accepting stream peers: from the accept queue through the door to their link.

We accept ourselves rather than let the event loop do it, because it drops whoever
waits when descriptors run out; here they stay in the kernel's queue until one is free.
"""

import asyncio
import errno
import socket
import ssl
import time
from collections.abc import Callable
from functools import partial
from typing import cast

from msgspec.structs import replace

from enchufe.core.limits import (
    ACCEPT_BATCH_MAX,
    DESCRIPTORS_RETRY_S,
    LINGER_S_MAX,
    REFUSED_LINGERING_MAX,
)
from enchufe.core.notices import DescriptorsExhausted, PeerRefused, Refusal, TlsFailed, TlsFault
from enchufe.core.peer import Peer, Transport
from enchufe.core.refusals import refusal_line
from enchufe.machine.descriptors import descriptors_max
from enchufe.net.addresses import peer_at
from enchufe.net.credentials import certificate_user, unix_user
from enchufe.net.driver import Driver
from enchufe.net.listen import BoundSocket
from enchufe.net.lobby import Lobby
from enchufe.net.stream import SmallReadsLink, StreamLink
from enchufe.net.tls import fault_of, handshake_fault_of
from enchufe.net.tls_layer import TlsLayer

_NO_DESCRIPTOR = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})


class Acceptor:
    """One listening stream socket.

    Args:
        bound: the listening socket; closed with the acceptor.
        driver: told of whoever comes in.
        lobby: says who may.
        tasks: where the short tasks that set a connection up live.
        buffer_bytes: how much one read takes, or None for as much as there is.
        context: for the handshakes of an encrypted endpoint; None if it is not.
    """

    def __init__(
        self,
        bound: BoundSocket,
        driver: Driver,
        lobby: Lobby,
        tasks: asyncio.TaskGroup,
        buffer_bytes: int | None,
        *,
        context: ssl.SSLContext | None = None,
    ) -> None:
        self._transport_kind = bound.endpoint.transport
        self._sock = bound.sock
        self._driver = driver
        self._lobby = lobby
        self._tasks = tasks
        self._buffer_bytes = buffer_bytes
        self._context = context
        self._arriving: set[TlsLayer] = set()
        self._loop = asyncio.get_running_loop()
        self._refused: set[_RefusedPeer] = set()
        self._retry: asyncio.TimerHandle | None = None
        self._loop.add_reader(self._sock, self._accept)

    def close(self) -> None:
        """Let nobody else in; those inside stay."""
        if self._sock.fileno() < 0:
            return
        if self._retry is not None:
            self._retry.cancel()
        self._loop.remove_reader(self._sock)
        self._sock.close()

    def turn_away(self) -> None:
        """End every handshake that is not over yet."""
        for layer in list(self._arriving):
            layer.turn_away()

    def _accept(self) -> None:
        for _ in range(ACCEPT_BATCH_MAX):
            if self._sock.fileno() < 0 or self._lobby.serves_left == 0:
                return
            try:
                sock, address = self._sock.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                if error.errno not in _NO_DESCRIPTOR:
                    raise
                self._wait_for_descriptors()
                return
            sock.setblocking(False)
            self._welcome(sock, address)

    def _welcome(self, sock: socket.socket, address: object) -> None:
        peer = peer_at(self._driver.next_number(), self._transport_kind, address)
        if peer.transport is Transport.UNIX:
            peer = replace(peer, user=unix_user(sock))
        refusal = self._lobby.refusal(peer.host)
        if refusal is not None:
            self._refuse(sock, peer, refusal)
            return
        if peer.transport.is_internet:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        left = partial(self._lobby.leave, peer.host)
        self._lobby.enter(peer.host)
        self._lobby.serve()
        self._connect_to(sock, peer, self._link(peer, left), left)

    def _connect_to(
        self,
        sock: socket.socket,
        peer: Peer,
        above: asyncio.BaseProtocol,
        gone: Callable[[], None],
    ) -> None:
        """Join a connection with what talks through it, encrypted if it is to be."""
        protocol = above if self._context is None else self._layer(self._context, peer, above, gone)
        self._tasks.create_task(self._connect(sock, protocol, gone))

    def _layer(
        self,
        context: ssl.SSLContext,
        peer: Peer,
        above: asyncio.BaseProtocol,
        gone: Callable[[], None],
    ) -> TlsLayer:
        def report(fault: TlsFault, detail: str) -> None:
            self._lobby.troubles.tell(TlsFailed(time.time_ns(), peer.address, fault, detail))

        def arrived(tls: ssl.SSLObject) -> None:
            self._arriving.discard(layer)
            if isinstance(above, StreamLink):  # nobody has been told of the peer yet
                above.peer = replace(peer, user=certificate_user(tls))

        def left() -> None:
            self._arriving.discard(layer)
            gone()

        def trouble(error: Exception) -> None:
            if not isinstance(error, EOFError):  # many clients know no goodbye, ncat among them
                report(*fault_of(error))

        layer = TlsLayer(
            context,
            above,
            approve=arrived,
            failed=lambda error: report(*handshake_fault_of(error)),
            gone=left,
            troubled=trouble,
        )
        self._arriving.add(layer)
        return layer

    async def _connect(
        self, sock: socket.socket, protocol: asyncio.BaseProtocol, gone: Callable[[], None]
    ) -> None:
        try:
            await self._loop.connect_accepted_socket(lambda: protocol, sock)
        except OSError:  # the peer had left again before we got there
            sock.close()
            gone()

    def _link(self, peer: Peer, left: Callable[[], None]) -> StreamLink:
        if self._buffer_bytes is None:
            return StreamLink(self._driver, peer, left)
        return SmallReadsLink(self._driver, peer, left, buffer_bytes=self._buffer_bytes)

    def _refuse(self, sock: socket.socket, peer: Peer, refusal: Refusal) -> None:
        refused_now = PeerRefused(time.time_ns(), peer.transport, peer.address, refusal)
        self._lobby.troubles.tell(refused_now)
        line = refusal_line(refusal, self._lobby.reason(refusal))
        if peer.transport is Transport.AYUDANTIA:  # would take four letters of it for a length
            line = b""
        if len(self._refused) >= REFUSED_LINGERING_MAX:
            sock.close()
            return
        refused = _RefusedPeer(line, self._refused.discard)
        self._refused.add(refused)
        self._connect_to(sock, peer, refused, refused.forget)

    def _wait_for_descriptors(self) -> None:
        """Leave the others in the accept queue for a while, and say so."""
        self._lobby.notify(
            DescriptorsExhausted(time.time_ns(), self._lobby.inside, descriptors_max())
        )
        self._loop.remove_reader(self._sock)
        self._retry = self._loop.call_later(DESCRIPTORS_RETRY_S, self._resume)

    def _resume(self) -> None:
        self._loop.add_reader(self._sock, self._accept)


class _RefusedPeer(asyncio.Protocol):
    """Tells a peer why it may not come in, and waits a moment for it to read that."""

    def __init__(self, line: bytes, forget: Callable[["_RefusedPeer"], None]) -> None:
        self.forget: Callable[[], None] = lambda: forget(self)
        self._line = line
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Say why, then half-close."""
        stream = cast("asyncio.Transport", transport)  # uvloop's has no common base
        stream.write(self._line)
        stream.write_eof()
        self._timer = asyncio.get_running_loop().call_later(LINGER_S_MAX, stream.abort)

    def connection_lost(self, error: Exception | None) -> None:  # noqa: ARG002 -- asyncio's
        """Make room for the next."""
        if self._timer is not None:
            self._timer.cancel()
        self.forget()
