"""A datagram socket, one call a datagram: where the batch calls of Linux do not exist."""

import errno
import socket
from collections.abc import Sequence
from typing import Any, Protocol, TypeAlias

from enchufe.core.limits import DATAGRAM_BATCH_MAX
from enchufe.net.ancillary import asked_address, is_marked, request, way_back

CONTROL_BYTES = 128

Route: TypeAlias = Any
"""A hashable value, the same for all datagrams of a peer: how the socket answers it."""

Arrival: TypeAlias = tuple[Route, bytes, int, bool]
"""A datagram: its route, what was kept of it, its whole length, and whether it is marked."""


class DatagramSocket(Protocol):
    """What a datagram endpoint needs of its socket."""

    def receive(self) -> Sequence[Arrival]:
        """Return what has arrived, a bounded number of datagrams; empty if nothing has."""
        ...

    def send(self, answers: Sequence[tuple[Route, bytes]]) -> tuple[int, int]:
        """Send a bounded number; return how many went, and the errno of the next or 0."""
        ...

    def address_of(self, route: Route) -> Any:
        """Return the address behind ``route``, as `socket.getpeername` would."""
        ...

    def asked_at(self, route: Route) -> str:
        """Return our address that was asked, on a socket bound to every one; else ""."""
        ...


class PlainSocket:
    """A datagram socket read and written one datagram a call.

    Args:
        sock: bound, not blocking; stays the caller's to close.
        buffer_bytes: how much of each datagram is read; the rest of a longer one is lost.
    """

    def __init__(self, sock: socket.socket, buffer_bytes: int) -> None:
        request(sock)
        self._sock = sock
        self._buffer_bytes = buffer_bytes

    def receive(self) -> Sequence[Arrival]:
        """Return what has arrived, at most `DATAGRAM_BATCH_MAX` datagrams."""
        arrivals: list[Arrival] = []
        for _ in range(DATAGRAM_BATCH_MAX):
            try:
                data, control, flags, address = self._sock.recvmsg(
                    self._buffer_bytes, CONTROL_BYTES
                )
            except (BlockingIOError, InterruptedError, ConnectionRefusedError):
                break
            cut = bool(flags & socket.MSG_TRUNC)
            route = (address, way_back(self._sock.family, control))
            marked = is_marked(self._sock.family, control)
            arrivals.append((route, data, len(data) + cut, marked))
        return arrivals

    def send(self, answers: Sequence[tuple[Route, bytes]]) -> tuple[int, int]:
        """Send until the system takes no more."""
        for sent, (route, data) in enumerate(answers):
            address, control = route
            try:
                if not address:
                    return sent, errno.EDESTADDRREQ
                self._sock.sendmsg([data], control, 0, address)
            except OSError as error:
                return sent, error.errno or errno.EIO
        return len(answers), 0

    def address_of(self, route: Route) -> Any:
        """Return the address behind ``route``."""
        return route[0]

    def asked_at(self, route: Route) -> str:
        """Return our address that was asked, on a socket bound to every one; else ""."""
        return next((asked_address(data) for _level, _kind, data in route[1]), "")
