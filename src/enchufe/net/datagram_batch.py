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
from enchufe.net.ancillary import is_wildcard, request
from enchufe.net.datagram_socket import Arrival, Route

NAME_BYTES = 128  # struct sockaddr_storage, the largest address there is (RFC 3493, 3.10)
CONTROL_BYTES = 128  # room for the packet-info and the mark, with their headers
PAYLOAD_BYTES = DATAGRAM_BYTES_MAX + 1

# struct mmsghdr on 64-bit Linux, 64 bytes, as eight 64-bit words:
# name, name length, vector, vectors, control, control length, flags, datagram length
_HEADER_LONGS = 8
_NAME, _NAME_LENGTH, _VECTOR, _VECTORS, _CONTROL, _CONTROL_LENGTH, _LENGTH = 0, 1, 2, 3, 4, 5, 7
_VECTOR_LONGS = 2  # struct iovec: base, length
_CMSG_HEADER_BYTES = 16  # struct cmsghdr: length, level, type
_PKTINFO_SPACE_BYTES = {socket.AF_INET: 32, socket.AF_INET6: 40}  # CMSG_SPACE(12), (20)
_RECEIVE_FLAGS = socket.MSG_DONTWAIT | socket.MSG_TRUNC  # MSG_TRUNC: tell the whole length
_FULL = memoryview(array("Q", [CONTROL_BYTES] * DATAGRAM_BATCH_MAX))

_libc = ctypes.CDLL(None, use_errno=True) if os.name == "posix" else None


def is_supported() -> bool:
    """Return whether this system has the calls, and the structures the layout above."""
    if _libc is None or ctypes.sizeof(ctypes.c_void_p) != 8:
        return False
    return os.uname().sysname == "Linux" and hasattr(_libc, "recvmmsg")


class _Memory:
    """Anonymous memory, its address, and a view of it as words; untouched pages cost nothing."""

    def __init__(self, size_bytes: int) -> None:
        self.bytes = mmap.mmap(-1, size_bytes)
        self.address = ctypes.addressof(ctypes.c_char.from_buffer(self.bytes))
        self.longs = memoryview(self.bytes).cast("Q")


class _Messages:
    """An array of ``struct mmsghdr``, each with its own name, payload and control memory."""

    def __init__(self) -> None:
        count = DATAGRAM_BATCH_MAX
        self.names = _Memory(count * NAME_BYTES)
        self.payloads = _Memory(count * PAYLOAD_BYTES)
        self.controls = _Memory(count * CONTROL_BYTES)
        self.vectors = _Memory(count * _VECTOR_LONGS * 8)
        self.headers = _Memory(count * _HEADER_LONGS * 8)
        self.pointer = ctypes.c_void_p(self.headers.address)
        for i in range(count):
            self.vectors.longs[2 * i] = self.payloads.address + i * PAYLOAD_BYTES
            header = self.headers.longs[i * _HEADER_LONGS : (i + 1) * _HEADER_LONGS]
            header[_NAME] = self.names.address + i * NAME_BYTES
            header[_VECTOR] = self.vectors.address + i * _VECTOR_LONGS * 8
            header[_VECTORS] = 1
            header[_CONTROL] = self.controls.address + i * CONTROL_BYTES
        self.used = count
        self.buffer_bytes = 0

    def make_room(self, buffer_bytes: int) -> None:
        """Say how much each message may hold; the kernel overwrote it for the last batch."""
        end = self.used * _HEADER_LONGS
        self.headers.longs[_NAME_LENGTH:end:_HEADER_LONGS] = _FULL[: self.used]
        self.headers.longs[_CONTROL_LENGTH:end:_HEADER_LONGS] = _FULL[: self.used]
        if buffer_bytes != self.buffer_bytes:
            self.buffer_bytes = buffer_bytes
            for i in range(DATAGRAM_BATCH_MAX):
                self.vectors.longs[2 * i + 1] = buffer_bytes


_arrays: list[_Messages] = []


def _shared_arrays() -> tuple[_Messages, _Messages]:
    """Return the process's arrays to receive and to send: no batch outlives its call."""
    while len(_arrays) < 2:
        _arrays.append(_Messages())
    return _arrays[0], _arrays[1]


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
        self._buffer_bytes = min(buffer_bytes, PAYLOAD_BYTES)
        self._incoming, self._outgoing = _shared_arrays()
        self._way_back_bytes = _PKTINFO_SPACE_BYTES[sock.family] if is_wildcard(sock) else 0
        # The kernel writes the packet-info first (ip_cmsg_recv, ip6_datagram_recv_ctl).
        marked_at = self._way_back_bytes + _CMSG_HEADER_BYTES
        self._marked_at = None if sock.family == socket.AF_UNIX else marked_at
        self._call = _libc

    def receive(self) -> Sequence[Arrival]:
        """Return what has arrived, at most `DATAGRAM_BATCH_MAX` datagrams."""
        memory = self._incoming
        memory.make_room(self._buffer_bytes)
        count = self._receive_batch(memory)
        memory.used = count
        kept_max, way_back_bytes, marked_at = (
            self._buffer_bytes,
            self._way_back_bytes,
            self._marked_at,
        )
        names, payloads, controls = memory.names.bytes, memory.payloads.bytes, memory.controls.bytes
        headers = memory.headers.longs
        arrivals: list[Arrival] = []
        for i in range(count):
            name_at, payload_at, control_at = i * NAME_BYTES, i * PAYLOAD_BYTES, i * CONTROL_BYTES
            route = names[name_at : name_at + (headers[8 * i + _NAME_LENGTH] & 0xFFFF)]
            if way_back_bytes:
                route += controls[control_at : control_at + way_back_bytes]
            length = headers[8 * i + _LENGTH] & 0xFFFFFFFF
            data = payloads[payload_at : payload_at + min(length, kept_max)]
            marked = marked_at is not None and controls[control_at + marked_at] == ANSWER_MARK
            arrivals.append((route, data, length, marked))
        return arrivals

    def _receive_batch(self, memory: _Messages) -> int:
        assert self._call is not None
        count: int = self._call.recvmmsg(
            self._descriptor, memory.pointer, DATAGRAM_BATCH_MAX, _RECEIVE_FLAGS, None
        )
        if count >= 0:
            return count
        code = ctypes.get_errno()
        if code in (errno.EAGAIN, errno.EINTR, errno.ECONNREFUSED):
            return 0
        raise OSError(code, os.strerror(code))

    def send(self, answers: Sequence[tuple[Route, bytes]]) -> tuple[int, int]:
        """Send at most `DATAGRAM_BATCH_MAX`; return how many went and the next one's errno."""
        count = self._lay_out(answers)
        if count == 0:
            return 0, errno.EMSGSIZE
        assert self._call is not None
        sent: int = self._call.sendmmsg(
            self._descriptor, self._outgoing.pointer, count, socket.MSG_DONTWAIT
        )
        return (0, ctypes.get_errno()) if sent < 0 else (sent, 0)

    def _lay_out(self, answers: Sequence[tuple[Route, bytes]]) -> int:
        """Write the answers where the kernel reads them; stop before one that cannot fit."""
        memory, way_back_bytes = self._outgoing, self._way_back_bytes
        names, payloads, controls = memory.names.bytes, memory.payloads.bytes, memory.controls.bytes
        headers, vectors = memory.headers.longs, memory.vectors.longs
        i = 0
        for route, data in answers[:DATAGRAM_BATCH_MAX]:
            size, name_bytes = len(data), len(route) - way_back_bytes
            if size > PAYLOAD_BYTES:
                break
            name_at, payload_at = i * NAME_BYTES, i * PAYLOAD_BYTES
            names[name_at : name_at + name_bytes] = route[:name_bytes]
            headers[8 * i + _NAME_LENGTH] = name_bytes
            headers[8 * i + _CONTROL_LENGTH] = way_back_bytes
            if way_back_bytes:
                control_at = i * CONTROL_BYTES
                controls[control_at : control_at + way_back_bytes] = route[name_bytes:]
            payloads[payload_at : payload_at + size] = data
            vectors[2 * i + 1] = size
            i += 1
        return i

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
