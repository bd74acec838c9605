"""Reaching a server: the first of its addresses that answers becomes our peer."""

import asyncio
import errno
import socket
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import mkdtemp

from msgspec import Struct

from enchufe.core.endpoint import Endpoint
from enchufe.core.errors import (
    N_,
    DeniedError,
    EnchufeError,
    NameNotFoundError,
    TimedOutError,
    UnreachableError,
)
from enchufe.core.peer import Transport
from enchufe.net.addresses import SocketAddress, peer_at, resolve
from enchufe.net.driver import Driver
from enchufe.net.listen import DATAGRAM_SOCKET_BUFFER_BYTES
from enchufe.net.stream import SmallReadsLink, StreamLink
from enchufe.net.tls import TlsSettings
from enchufe.net.tls_dial import TlsDialling

CONNECT_S_MAX = 10.0
"""How long connecting may take when the person does not say."""

_REFUSED = frozenset({errno.ECONNREFUSED, errno.ENOENT, errno.ECONNRESET})


class Dialling(Struct, frozen=True):
    """How to reach a server.

    Args:
        endpoint: where it is.
        family: ``AF_INET`` or ``AF_INET6`` to use only that one; 0 for both.
        source: the address to speak from, or None for the system's choice.
        connect_s: how long connecting to one address may take.
        buffer_bytes: how much one read takes; None for as much as there is.
        tls: whom to trust at an encrypted endpoint, and who we are.
    """

    endpoint: Endpoint
    family: int = 0
    source: Endpoint | None = None
    connect_s: float = CONNECT_S_MAX
    buffer_bytes: int | None = None
    tls: TlsSettings = TlsSettings()


async def dial_stream(
    dialling: Dialling,
    driver: Driver,
    left: Callable[[], None],
    hold_input: Callable[[bool], None],
) -> None:
    """Connect a stream; the driver is told of its peer.

    Args:
        dialling: how.
        driver: told of the peer and of all it says.
        left: called once the connection is gone.
        hold_input: as in `enchufe.net.stream.StreamLink`.

    Raises:
        NameNotFoundError: the host name does not resolve.
        UnreachableError: nobody listens at any of its addresses.
        TimedOutError: connecting took longer than allowed.
        DeniedError: the system does not permit it, or the server is not the one it should be.
        ProtocolError: an encrypted endpoint does not speak TLS, or none that we do.
    """
    encryption = _encryption(dialling, driver)
    sock = await _first_connected(dialling, await addresses_of(dialling))
    peer = peer_at(driver.next_number(), dialling.endpoint.transport, sock.getpeername())
    link = (
        StreamLink(driver, peer, left, hold_input)
        if dialling.buffer_bytes is None
        else SmallReadsLink(driver, peer, left, hold_input, buffer_bytes=dialling.buffer_bytes)
    )
    if peer.transport.is_internet:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if encryption is not None:
        await encryption.shake_hands(sock, link)
        return
    # As if accepted: unlike create_connection, this takes a connected Unix socket too.
    await asyncio.get_running_loop().connect_accepted_socket(lambda: link, sock)


def _encryption(dialling: Dialling, driver: Driver) -> TlsDialling | None:
    if dialling.endpoint.transport is not Transport.TLS:
        return None
    return TlsDialling(dialling.endpoint, dialling.tls, dialling.connect_s, driver.notify)


async def addresses_of(dialling: Dialling) -> Sequence[SocketAddress]:
    """Return the addresses to try, in order.

    Raises:
        NameNotFoundError: there is none (of the family asked for).
    """
    addresses = await resolve(dialling.endpoint, family=dialling.family, listening=False)
    if not addresses:
        raise NameNotFoundError(
            N_("“{host}” has no address of the family asked for"),
            host=dialling.endpoint.shown_host,
        )
    return addresses


async def _first_connected(dialling: Dialling, addresses: Sequence[SocketAddress]) -> socket.socket:
    failures: dict[str, OSError] = {}
    for address in addresses:
        try:
            return await connect(dialling, address)
        except OSError as error:
            failures[address.shown] = error
    raise _most_telling(failures, dialling)


def _most_telling(failures: dict[str, OSError], dialling: Dialling) -> EnchufeError:
    """Return the failure a person should hear of: a silence before a refusal.

    Where one address stays silent and another refuses, a server may well be there.
    """
    silent = {where: error for where, error in failures.items() if isinstance(error, TimeoutError)}
    told = silent or failures
    return explained(next(reversed(told.values())), dialling, list(told))


async def connect(dialling: Dialling, address: SocketAddress) -> socket.socket:
    """Return a socket connected to ``address``.

    A datagram socket is connected too: the kernel then drops what strangers send, and
    tells us when nobody listens (udp(7)).

    Raises:
        OSError: what `explained` explains.
    """
    sock = socket.socket(address.family, address.kind)
    sock.setblocking(False)
    if address.kind == socket.SOCK_DGRAM:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, DATAGRAM_SOCKET_BUFFER_BYTES)
    try:
        await _bind(sock, dialling, address)
        async with asyncio.timeout(dialling.connect_s):
            await asyncio.get_running_loop().sock_connect(sock, address.value)
    except BaseException:
        sock.close()
        raise
    return sock


async def _bind(sock: socket.socket, dialling: Dialling, address: SocketAddress) -> None:
    """Speak from the source asked for; a Unix datagram socket needs one to be answered at."""
    if dialling.source is not None:
        found = await resolve(dialling.source, family=int(address.family), listening=True)
        if not found:
            raise OSError(errno.EAFNOSUPPORT, "no such source")
        if address.kind == socket.SOCK_STREAM and address.family != socket.AF_UNIX:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(found[0].value)
    elif address.family == socket.AF_UNIX and address.kind == socket.SOCK_DGRAM:
        sock.bind("" if sys.platform == "linux" else _temporary_path())


def _temporary_path() -> str:
    """Return a path of our own, where the system has no abstract names (unix(7))."""
    return str(Path(mkdtemp(prefix="enchufe-")) / "caller.sock")


def explained(error: OSError, dialling: Dialling, tried: Sequence[str]) -> EnchufeError:
    """Return ``error`` as a person understands it.

    Args:
        error: what the system said of the last address.
        dialling: how it was reached.
        tried: the addresses that were tried.
    """
    endpoint, where = str(dialling.endpoint), ", ".join(tried)
    if isinstance(error, TimeoutError) or error.errno == errno.ETIMEDOUT:
        return TimedOutError(
            N_("{where} did not answer within {seconds:g} s"),
            hint=N_("A firewall may swallow the packets; wait longer with --connect-timeout"),
            where=where,
            seconds=dialling.connect_s,
        )
    if error.errno in _REFUSED:
        return UnreachableError(
            N_("nobody listens on {endpoint} (tried {where})"),
            hint=N_("Start a server there, or see who listens: enchufe ps --listen"),
            endpoint=endpoint,
            where=where,
        )
    if error.errno in (errno.EACCES, errno.EPERM):
        return DeniedError(
            N_("the system does not permit reaching {where}"),
            where=where,
        )
    if dialling.source is not None and error.errno in _BAD_SOURCE:
        return UnreachableError(
            N_("cannot speak from {source}: {why}"),
            hint=N_("Use an address of this machine and a free port, or port 0"),
            source=dialling.source,
            why=error.strerror or error,
        )
    return UnreachableError(
        N_("cannot reach {endpoint}: {why}"), endpoint=endpoint, why=error.strerror or error
    )


_BAD_SOURCE = frozenset({errno.EADDRINUSE, errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT})
