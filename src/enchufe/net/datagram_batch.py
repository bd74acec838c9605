"""Many datagrams a call on Linux: recvmmsg(2) and sendmmsg(2), reached through ctypes.

One pair of calls for up to `DATAGRAM_BATCH_MAX` datagrams instead of one pair for each
is what lets Python keep up with a plain C loop. The kernel's structures lie in memory
laid out once; reading or writing a field is an index into a view of that memory.
"""

import ctypes
import errno
import mmap
import os
import socket
import struct
import sys
from array import array
from collections.abc import Sequence
from typing import Any

from enchufe.core.limits import DATAGRAM_BATCH_MAX, DATAGRAM_BYTES_MAX
from enchufe.core.loops import ANSWER_MARK
from enchufe.net.ancillary import asked_address, is_wildcard, request
from enchufe.net.datagram_socket import Arrival, Route

CONTROL_BYTES = 128  # room for the packet-info and the mark, with their headers
PAYLOAD_BYTES = DATAGRAM_BYTES_MAX + 1

# struct sockaddr_in, sockaddr_in6, and room for a sockaddr_un (unix(7))
_NAME_BYTES: dict[int, int] = {socket.AF_INET: 16, socket.AF_INET6: 28, socket.AF_UNIX: 128}
# struct mmsghdr on 64-bit Linux, 64 bytes, as eight 64-bit words:
# name, name length, vector, vectors, control, control length, flags, datagram length
_HEADER_LONGS = 8
_NAME, _NAME_LENGTH, _VECTOR, _VECTORS, _CONTROL, _CONTROL_LENGTH, _LENGTH = 0, 1, 2, 3, 4, 5, 7
_VECTOR_LONGS = 2  # struct iovec: base, length
_CMSG_HEADER_BYTES = 16  # struct cmsghdr: length, level, type
_PKTINFO_SPACE_BYTES: dict[int, int] = {socket.AF_INET: 32, socket.AF_INET6: 40}  # CMSG_SPACE
_RECEIVE_FLAGS = socket.MSG_DONTWAIT | socket.MSG_TRUNC  # MSG_TRUNC: tell the whole length
_PAYLOADS_AT = range(0, DATAGRAM_BATCH_MAX * PAYLOAD_BYTES, PAYLOAD_BYTES)

_libc = ctypes.CDLL(None, use_errno=True) if os.name == "posix" else None


def is_supported() -> bool:
    """Return whether this system has the calls, and the structures the layout above."""
    if _libc is None or ctypes.sizeof(ctypes.c_void_p) != 8:
        return False
    return os.uname().sysname == "Linux" and hasattr(_libc, "recvmmsg")


_UNMARKED = (False,) * DATAGRAM_BATCH_MAX


class _Memory:
    """Anonymous memory, its address, and a view of it as words; untouched pages cost nothing."""

    def __init__(self, size_bytes: int) -> None:
        self.bytes = mmap.mmap(-1, size_bytes, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        self.address = ctypes.addressof(ctypes.c_char.from_buffer(self.bytes))
        self.longs = memoryview(self.bytes).cast("Q")


class _Messages:
    """An array of ``struct mmsghdr``, each with its own name, payload and control memory.

    A field of all messages lies ``_HEADER_LONGS`` words apart, so one slice with that
    step reads or writes it for a whole batch.

    Args:
        name_bytes: how much each socket address takes; they lie side by side.
    """

    def __init__(self, name_bytes: int) -> None:
        count = DATAGRAM_BATCH_MAX
        self.names = _Memory(count * name_bytes)
        self.payloads = _Memory(count * PAYLOAD_BYTES)
        self.controls = _Memory(count * CONTROL_BYTES)
        self.vectors = _Memory(count * _VECTOR_LONGS * 8)
        self.headers = _Memory(count * _HEADER_LONGS * 8)
        self.pointer = ctypes.c_void_p(self.headers.address)
        for i in range(count):
            self.vectors.longs[2 * i] = self.payloads.address + i * PAYLOAD_BYTES
            header = self.headers.longs[i * _HEADER_LONGS : (i + 1) * _HEADER_LONGS]
            header[_NAME] = self.names.address + i * name_bytes
            header[_VECTOR] = self.vectors.address + i * _VECTOR_LONGS * 8
            header[_VECTORS] = 1
            header[_CONTROL] = self.controls.address + i * CONTROL_BYTES

    def set_field(self, field: int, values: "array[int]") -> None:
        """Write a field of the first messages, as many as there are ``values``."""
        end = len(values) * _HEADER_LONGS
        self.headers.longs[field:end:_HEADER_LONGS] = memoryview(values)

    def field(self, field: int, count: int) -> list[int]:
        """Return a field of the first ``count`` messages."""
        return self.headers.longs[field : count * _HEADER_LONGS : _HEADER_LONGS].tolist()

    def set_sizes(self, values: "array[int]") -> None:
        """Write how much each vector holds."""
        self.vectors.longs[1 : len(values) * _VECTOR_LONGS : _VECTOR_LONGS] = memoryview(values)


_arrays: dict[int, tuple[_Messages, _Messages]] = {}


def _shared_arrays(family: int) -> tuple[_Messages, _Messages]:
    """Return the process's arrays to receive and to send: no batch outlives its call."""
    if family not in _arrays:
        _arrays[family] = _Messages(_NAME_BYTES[family]), _Messages(_NAME_BYTES[family])
    return _arrays[family]


def _all(value: int, count: int = DATAGRAM_BATCH_MAX) -> "array[int]":
    return array("Q", [value]) * count


class BatchSocket:
    """A datagram socket read and written in batches.

    A route is the peer's raw socket address, and behind it, on a socket bound to every
    address, the control message that sends the answer from where the question came.

    Args:
        sock: bound, not blocking; stays the caller's to close.
        buffer_bytes: how much of each datagram is read; the rest of a longer one is lost.
    """

    def __init__(self, sock: socket.socket, buffer_bytes: int) -> None:
        request(sock)
        self._descriptor = sock.fileno()
        self._is_unix = sock.family == socket.AF_UNIX
        self._name_bytes = _NAME_BYTES[sock.family]
        self._incoming, self._outgoing = _shared_arrays(sock.family)
        self._buffer_bytes = min(buffer_bytes, PAYLOAD_BYTES)
        self._buffer_sizes = _all(self._buffer_bytes)
        self._name_room = _all(self._name_bytes)
        self._control_room = _all(CONTROL_BYTES)
        self._way_back_bytes = _PKTINFO_SPACE_BYTES[sock.family] if is_wildcard(sock) else 0
        # The kernel writes the packet-info first (ip_cmsg_recv, ip6_datagram_recv_ctl).
        self._marked_at = self._way_back_bytes + _CMSG_HEADER_BYTES
        assert _libc is not None  # see is_supported
        self._receive, self._send = _libc.recvmmsg, _libc.sendmmsg

    # Receiving

    def receive(self) -> Sequence[Arrival]:
        """Return what has arrived, at most `DATAGRAM_BATCH_MAX` datagrams."""
        count = self._receive_batch()
        if count == 0:
            return ()
        sizes = self._incoming.field(_LENGTH, count)
        kept = sizes
        if max(sizes) > self._buffer_bytes:
            kept = [min(size, self._buffer_bytes) for size in sizes]
        payloads = self._incoming.payloads.bytes
        return [
            (route, payloads[at : at + kept_bytes], size, marked)
            for route, at, kept_bytes, size, marked in zip(
                self._routes(count), _PAYLOADS_AT, kept, sizes, self._marks(count), strict=False
            )
        ]

    def _receive_batch(self) -> int:
        """Fill the array, having said anew what the kernel overwrote for the last batch."""
        memory = self._incoming
        memory.set_field(_NAME_LENGTH, self._name_room)
        memory.set_field(_CONTROL_LENGTH, self._control_room)
        memory.set_sizes(self._buffer_sizes)
        count: int = self._receive(
            self._descriptor, memory.pointer, DATAGRAM_BATCH_MAX, _RECEIVE_FLAGS, None
        )
        if count >= 0:
            return count
        code = ctypes.get_errno()
        if code in (errno.EAGAIN, errno.EINTR, errno.ECONNREFUSED):
            return 0
        raise OSError(code, os.strerror(code))

    def _routes(self, count: int) -> list[bytes]:
        memory, size = self._incoming, self._name_bytes
        names = memory.names.bytes
        if self._is_unix:
            lengths = memory.field(_NAME_LENGTH, count)
            return [names[i * size : i * size + length] for i, length in enumerate(lengths)]
        routes = [names[at : at + size] for at in range(0, count * size, size)]
        if self._way_back_bytes:
            return [route + self._way_back(i) for i, route in enumerate(routes)]
        return routes

    def _way_back(self, i: int) -> bytes:
        at = i * CONTROL_BYTES
        return self._incoming.controls.bytes[at : at + self._way_back_bytes]

    def _marks(self, count: int) -> Sequence[bool]:
        """Return which of the datagrams are answers of ours."""
        if self._is_unix:
            return _UNMARKED
        end = count * CONTROL_BYTES
        marks = self._incoming.controls.bytes[self._marked_at : end : CONTROL_BYTES]
        return [mark == ANSWER_MARK for mark in marks] if ANSWER_MARK in marks else _UNMARKED

    # Sending

    def send(self, answers: Sequence[tuple[Route, bytes]]) -> tuple[int, int]:
        """Send at most `DATAGRAM_BATCH_MAX`; return how many went and the next one's errno."""
        routes, messages = zip(*answers[:DATAGRAM_BATCH_MAX], strict=True)
        sizes = array("Q", map(len, messages))
        if max(sizes) > PAYLOAD_BYTES:
            return self._send_until_too_large(answers, sizes)
        count = len(sizes)
        self._outgoing.set_sizes(sizes)
        self._address(routes, count)
        payloads = self._outgoing.payloads.bytes
        for at, size, message in zip(_PAYLOADS_AT, sizes, messages, strict=False):
            payloads[at : at + size] = message
        sent: int = self._send(self._descriptor, self._outgoing.pointer, count, socket.MSG_DONTWAIT)
        return (0, ctypes.get_errno()) if sent < 0 else (sent, 0)

    def _send_until_too_large(
        self, answers: Sequence[tuple[Route, bytes]], sizes: "array[int]"
    ) -> tuple[int, int]:
        before = next(i for i, size in enumerate(sizes) if size > PAYLOAD_BYTES)
        return self.send(answers[:before]) if before else (0, errno.EMSGSIZE)

    def _address(self, routes: Sequence[bytes], count: int) -> None:
        """Write to whom, and on a socket bound to every address also from where."""
        memory, size, way_back_bytes = self._outgoing, self._name_bytes, self._way_back_bytes
        memory.set_field(_CONTROL_LENGTH, _all(way_back_bytes, count))
        if way_back_bytes:
            for i, route in enumerate(routes):
                at = i * CONTROL_BYTES
                memory.controls.bytes[at : at + way_back_bytes] = route[size:]
            routes = [route[:size] for route in routes]
        if self._is_unix:
            memory.set_field(_NAME_LENGTH, array("Q", map(len, routes)))
            routes = [route.ljust(size, b"\0") for route in routes]
        else:
            memory.set_field(_NAME_LENGTH, _all(size, count))
        memory.names.bytes[: count * size] = b"".join(routes)

    def address_of(self, route: Route) -> Any:
        """Return the address behind ``route``, read from ``struct sockaddr``."""
        assert isinstance(route, bytes)
        name = route[: len(route) - self._way_back_bytes]
        if len(name) < 2:
            return ""
        family = int.from_bytes(name[:2], sys.byteorder)
        if family == socket.AF_UNIX:
            path = name[2:]
            return path if path[:1] == b"\0" else path.rstrip(b"\0")
        port = int.from_bytes(name[2:4], "big")
        if family == socket.AF_INET:
            return (socket.inet_ntop(family, name[4:8]), port)
        flow, scope = struct.unpack_from("=I", name, 4)[0], struct.unpack_from("=I", name, 24)[0]
        return (socket.inet_ntop(family, name[8:24]), port, flow, scope)

    def asked_at(self, route: Route) -> str:
        """Return our address that was asked, on a socket bound to every one; else ""."""
        assert isinstance(route, bytes)
        data = route[self._name_bytes + _CMSG_HEADER_BYTES :]
        return asked_address(data) if self._way_back_bytes else ""
