"""Opening the sockets a service listens on, and saying plainly why one cannot be opened."""

import contextlib
import errno
import socket
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from enchufe.core.endpoint import Endpoint
from enchufe.core.errors import N_, DeniedError, EnchufeError, UnreachableError, UsageError
from enchufe.core.peer import Transport
from enchufe.net.addresses import SocketAddress, resolve

if TYPE_CHECKING:
    from enchufe.machine.holder import Holder

BACKLOG_DEFAULT = 4096
"""Connections that may wait to be accepted; the system cuts it at its own limit (listen(2))."""

PRIVILEGED_PORT_MAX = 1023
DATAGRAM_SOCKET_BUFFER_BYTES = 4 * 1024 * 1024
"""Asked for so that a burst of datagrams waits rather than gets lost; the system may give less."""

PORT_CHOICES_MAX = 10
"""How often the system may choose a port that is free in one family and taken in the other."""


class BoundSocket(Struct, frozen=True):
    """A socket that listens, and how it was asked for.

    Args:
        endpoint: as the person wrote it.
        sock: the bound socket, already listening if it is a stream socket.
    """

    endpoint: Endpoint
    sock: socket.socket


async def listen(
    endpoint: Endpoint,
    *,
    family: int = 0,
    backlog: int = BACKLOG_DEFAULT,
    sharing: bool = False,
) -> list[BoundSocket]:
    """Open every socket that ``endpoint`` stands for.

    Where both families are meant and the port is 0, both get the same port.

    Args:
        endpoint: where to listen.
        family: ``AF_INET`` or ``AF_INET6`` to use only that one; 0 for both.
        backlog: connections that may wait to be accepted.
        sharing: whether other processes of ours bind the same port (``SO_REUSEPORT``).

    Raises:
        NameNotFoundError: the host name does not resolve.
        UnreachableError: the port or path is taken, the path is too long or its folder is
            missing, or the address is not of this machine.
        DeniedError: the system does not permit it.
    """
    addresses = await resolve(endpoint, family=family, listening=True)
    may_choose_again = endpoint.transport.is_internet and endpoint.port == 0
    for _ in range(PORT_CHOICES_MAX - 1 if may_choose_again else 0):
        with contextlib.suppress(UnreachableError):
            return _open_all(endpoint, addresses, backlog, sharing)
    return _open_all(endpoint, addresses, backlog, sharing)


def _open_all(
    endpoint: Endpoint, addresses: Sequence[SocketAddress], backlog: int, sharing: bool
) -> list[BoundSocket]:
    """Open a socket at each address, or none at all."""
    bound: list[BoundSocket] = []
    try:
        for address in addresses:
            chosen = _with_port_of(address, bound)
            bound.append(BoundSocket(endpoint, _open(endpoint, chosen, backlog, sharing)))
    except EnchufeError:
        for opened in bound:
            opened.sock.close()
        raise
    return bound


def _with_port_of(address: SocketAddress, bound: Sequence[BoundSocket]) -> SocketAddress:
    """Return ``address`` with the port the system chose for the first of its family pair."""
    if address.family == socket.AF_UNIX or address.value[1] != 0 or not bound:
        return address
    port = bound[0].sock.getsockname()[1]
    return SocketAddress(address.family, address.kind, (address.value[0], port))


def _open(endpoint: Endpoint, address: SocketAddress, backlog: int, sharing: bool) -> socket.socket:
    if address.family == socket.AF_UNIX:
        _clear_stale(endpoint, address)
    sock = socket.socket(address.family, address.kind)
    try:
        _prepare(sock, address, sharing)
        sock.bind(address.value)
        if address.kind == socket.SOCK_STREAM:
            sock.listen(backlog)
    except OSError as error:
        sock.close()
        raise _explained(error, endpoint, address) from None
    sock.setblocking(False)
    return sock


def _prepare(sock: socket.socket, address: SocketAddress, sharing: bool) -> None:
    if address.family == socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    if address.family != socket.AF_UNIX and address.kind == socket.SOCK_STREAM:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if sharing:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    if address.kind == socket.SOCK_DGRAM:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, DATAGRAM_SOCKET_BUFFER_BYTES)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, DATAGRAM_SOCKET_BUFFER_BYTES)


def _clear_stale(endpoint: Endpoint, address: SocketAddress) -> None:
    """Remove the socket file of a server that is gone; leave a live one, or any other file.

    Whoever lives there must not take the question for a visitor: a datagram socket never is
    one, as connecting it sends nothing, and stream sockets are of the wrong kind (connect(2)).
    """
    path = Path(address.value)
    try:
        mode = path.lstat().st_mode
    except OSError:
        return
    if not stat.S_ISSOCK(mode):
        raise UsageError(
            N_("{path} exists and is not a socket"),
            hint=N_("Choose another path, or remove the file yourself"),
            path=path,
        )
    with socket.socket(address.family, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(address.value)
        except ConnectionRefusedError:
            path.unlink(missing_ok=True)
        except OSError as error:
            if error.errno not in _LIVE:
                raise _explained(error, endpoint, address) from None
            raise _taken(endpoint, address) from None
        else:
            raise _taken(endpoint, address)


_LIVE = frozenset({errno.EPROTOTYPE, errno.EPERM})
"""What connecting a datagram socket to a live one says: it is of another kind, or is itself
connected and hears nobody else."""


def _taken(endpoint: Endpoint, address: SocketAddress) -> UnreachableError:
    found = _holder(endpoint, address)
    is_port = endpoint.transport.is_internet
    if found is None:
        return UnreachableError(
            N_("{transport} {address} is taken by another program"),
            hint=N_("Choose another port, or find out with: enchufe ps")
            if is_port
            else N_("Choose another path, or find out with: enchufe ps"),
            transport=endpoint.transport,
            address=address.shown,
        )
    return UnreachableError(
        N_("{transport} {address} is taken by {holder}"),
        hint=N_("Choose another port, or end that program")
        if is_port
        else N_("Choose another path, or end that program"),
        transport=endpoint.transport,
        address=address.shown,
        holder=found,
    )


def _holder(endpoint: Endpoint, address: SocketAddress) -> "Holder | None":
    """Return who holds the address: a path may be held by a socket of the other kind."""
    from enchufe.machine.holder import holder

    if address.family != socket.AF_UNIX:
        return holder(endpoint.transport, *address.value[:2])
    found = (holder(kind, path=endpoint.path) for kind in (Transport.UNIX, Transport.UNIXGRAM))
    return next(filter(None, found), None)


def _explained(error: OSError, endpoint: Endpoint, address: SocketAddress) -> EnchufeError:
    port = 0 if address.family == socket.AF_UNIX else address.value[1]
    if error.errno == errno.EADDRINUSE:
        return _taken(endpoint, address)
    if error.errno == errno.EADDRNOTAVAIL:
        return UnreachableError(
            N_("{host} is not an address of this machine"),
            hint=N_("Listen on localhost, on * for every interface, or on an address of its own"),
            host=address.value[0],
        )
    if error.errno in (errno.EACCES, errno.EPERM) and 0 < port <= PRIVILEGED_PORT_MAX:
        return DeniedError(
            N_("port {port} is privileged: the system keeps ports 1 to {port_max} for root"),
            hint=N_("Use a port from 1024 on, such as {other}"),
            port=port,
            port_max=PRIVILEGED_PORT_MAX,
            other=port + 10_000,
        )
    if error.errno in (errno.EACCES, errno.EPERM):
        return DeniedError(
            N_("the system does not permit listening on {address}: {why}"),
            address=address.shown,
            why=error.strerror or error,
        )
    if address.family == socket.AF_UNIX and error.errno in (errno.ENOENT, errno.ENOTDIR):
        return UnreachableError(
            N_("cannot listen on {address}: there is no folder {folder}"),
            hint=N_("Create that folder first, or choose another path"),
            address=address.shown,
            folder=Path(address.value).parent,
        )
    return UnreachableError(
        N_("cannot listen on {address}: {why}"),
        address=address.shown,
        why=error.strerror or error,
    )


def unlink_path(bound: BoundSocket) -> None:
    """Remove the socket file of an endpoint that no longer listens."""
    if bound.endpoint.transport in (Transport.UNIX, Transport.UNIXGRAM):
        Path(bound.endpoint.path).unlink(missing_ok=True)
