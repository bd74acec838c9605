"""The Linux kernel's own table of sockets, asked over netlink.

Only the kernel knows what waits in a socket's queues and what was dropped; it tells
any user, in a fraction of a millisecond, through ``sock_diag``. Layouts and numbers
are those of ``sock_diag(7)``, ``netlink(7)``, ``linux/inet_diag.h`` and
``linux/unix_diag.h``.
"""

import errno
import os
import socket
import struct
import sys
from collections.abc import Iterator
from ipaddress import IPv6Address

from msgspec import Struct

from enchufe.core.endpoint import EVERYWHERE
from enchufe.core.peer import Transport

DUMP_BYTES_MAX = 256 * 1024
"""Room for one part of an answer; the kernel fills at most 32 KiB of it (netlink(7))."""

DUMP_WAIT_S_MAX = 2.0
"""The kernel answers at once; a sandbox that only pretends to be one may never answer."""

STATES = {
    1: "ESTABLISHED",
    2: "SYN_SENT",
    3: "SYN_RECV",
    4: "FIN_WAIT1",
    5: "FIN_WAIT2",
    6: "TIME_WAIT",
    7: "CLOSE",
    8: "CLOSE_WAIT",
    9: "LAST_ACK",
    10: "LISTEN",
    11: "CLOSING",
    12: "SYN_RECV",  # TCP_NEW_SYN_RECV: the same to a person
}
"""The kernel's numbers and words (``net/tcp_states.h``); Unix and UDP sockets use them too."""

_HEADER = struct.Struct("=IHHII")  # nlmsghdr: length, type, flags, sequence, port
_INTERNET_REQUEST = struct.Struct("=BBBxI48x")  # family, protocol, extensions, states, any id
_INTERNET_ANSWER = struct.Struct("=BB2x2s2s16s16sI8x4xIIII")
_UNIX_REQUEST = struct.Struct("=BxxxIIIII")  # family, states, inode, show, cookie
_UNIX_ANSWER = struct.Struct("=BBBxI8x")  # family, type, state, inode, cookie
_ATTRIBUTE = struct.Struct("=HH")  # nlattr: length, type
_STATUS = struct.Struct("=i")  # 0, or an errno made negative
_PAIR = struct.Struct("=II")
_NUMBER = struct.Struct("=I")

_NETLINK_SOCK_DIAG = 4
_SOCK_DIAG_BY_FAMILY = 20
_REQUEST_DUMP = 0x301  # NLM_F_REQUEST | NLM_F_DUMP
_ERROR, _DONE = 2, 3  # NLMSG_ERROR, NLMSG_DONE
_EVERY_STATE = 0xFFFF_FFFF  # since Linux 6.8 also those with a port that do nothing yet
_NO_COOKIE = 0xFFFF_FFFF
_SKMEMINFO, _SKV6ONLY = 7, 11  # INET_DIAG_*
_ASK_SKMEMINFO = 1 << (_SKMEMINFO - 1)
_DROPS_OFFSET = 8 * 4  # SK_MEMINFO_DROPS, the ninth number of INET_DIAG_SKMEMINFO
_NAME, _PEER, _QUEUES, _UID = 0, 2, 4, 7  # UNIX_DIAG_NAME, PEER, RQLEN, UID
_ASK_NAME_PEER_QUEUES_UID = 0x01 | 0x04 | 0x10 | 0x40

_PROTOCOLS = {Transport.TCP: socket.IPPROTO_TCP, Transport.UDP: socket.IPPROTO_UDP}
_UNIX_TRANSPORTS = {1: Transport.UNIX, 2: Transport.UNIXGRAM}  # SOCK_STREAM, SOCK_DGRAM


class KernelSocket(Struct, frozen=True):
    """One socket as the system knows it; None where it does not say.

    Args:
        transport: how it talks.
        state: one of `STATES`; "" for a datagram socket without a fixed remote end.
        local_host: numeric address; ``*`` for every interface of both families.
        local_port: 0 for a Unix socket.
        remote_host: numeric address, or "".
        remote_port: 0 where there is none.
        path: the name a Unix socket is bound to, ``@name`` if abstract, or "".
        remote_path: the name of the Unix socket it is connected to, or "".
        inode: what ``/proc/PID/fd`` calls it; 0 if no program has it open.
        uid: whose program made it.
        receive_queue: bytes a program has not read yet (UDP: with the kernel's
            overhead); of a listener, connections that wait to be accepted.
        send_queue: bytes not sent, or not acknowledged, yet; of a listener, its backlog.
        drops: what was thrown away because a queue was full.
    """

    transport: Transport
    state: str = ""
    local_host: str = ""
    local_port: int = 0
    remote_host: str = ""
    remote_port: int = 0
    path: str = ""
    remote_path: str = ""
    inode: int = 0
    uid: int | None = None
    receive_queue: int | None = None
    send_queue: int | None = None
    drops: int | None = None


def dump(transport: Transport) -> list[KernelSocket]:
    """Return every socket of ``transport`` in this network namespace.

    Raises:
        OSError: this system is not Linux, or it does not permit or know the question.

    Source: sock_diag(7).
    """
    if not transport.is_internet:
        return [found for found in _dump_unix() if found.transport is transport]
    return [
        decode_internet(answer, transport)
        for family in (socket.AF_INET, socket.AF_INET6)
        for answer in _answers(
            _INTERNET_REQUEST.pack(family, _PROTOCOLS[transport], _ASK_SKMEMINFO, _EVERY_STATE)
        )
    ]


def messages(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield type and payload of each netlink message in ``data``; a cut one is left out."""
    offset = 0
    while offset + _HEADER.size <= len(data):
        length, kind, *_others = _HEADER.unpack_from(data, offset)
        if length < _HEADER.size or offset + length > len(data):
            return
        yield kind, data[offset + _HEADER.size : offset + length]
        offset += _aligned(length)


def decode_internet(answer: bytes, transport: Transport) -> KernelSocket:
    """Return the socket that an ``inet_diag_msg`` and its attributes describe."""
    fields = _INTERNET_ANSWER.unpack_from(answer)
    family, state, local_port, remote_port, local, remote, interface = fields[:7]
    receive_queue, send_queue, uid, inode = fields[7:]
    attributes = _attributes(answer[_INTERNET_ANSWER.size :])
    local_host = _host(family, local, interface)
    if local_host == "::" and not any(attributes.get(_SKV6ONLY, b"\1")):
        local_host = EVERYWHERE
    is_connected = any(remote_port)
    return KernelSocket(
        transport,
        state=_state(state, transport),
        local_host=local_host,
        local_port=int.from_bytes(local_port, "big"),
        remote_host=_host(family, remote, interface) if is_connected else "",
        remote_port=int.from_bytes(remote_port, "big"),
        inode=inode,
        uid=uid if inode else None,
        receive_queue=receive_queue,
        send_queue=send_queue,
        drops=_drops(attributes.get(_SKMEMINFO, b"")),
    )


def decode_unix(answers: list[bytes]) -> list[KernelSocket]:
    """Return the sockets that each ``unix_diag_msg`` and its attributes describe.

    They come all together because a connection names its other end by inode.
    """
    rows = [
        (_UNIX_ANSWER.unpack_from(answer), _attributes(answer[_UNIX_ANSWER.size :]))
        for answer in answers
    ]
    names = {fields[3]: _path(attributes.get(_NAME, b"")) for fields, attributes in rows}
    return [
        _unix_socket(fields, attributes, names)
        for fields, attributes in rows
        if fields[1] in _UNIX_TRANSPORTS
    ]


def _unix_socket(
    fields: tuple[int, int, int, int], attributes: dict[int, bytes], names: dict[int, str]
) -> KernelSocket:
    _family, kind, state, inode = fields
    transport = _UNIX_TRANSPORTS[kind]
    receive_queue, send_queue = _numbers(_PAIR, attributes.get(_QUEUES), 2)
    (peer,) = _numbers(_NUMBER, attributes.get(_PEER), 1)
    (uid,) = _numbers(_NUMBER, attributes.get(_UID), 1)
    return KernelSocket(
        transport,
        state=_state(state, transport),
        path=names[inode],
        remote_path=names.get(peer, "") if peer else "",
        inode=inode,
        uid=uid,
        receive_queue=receive_queue,
        send_queue=send_queue,
    )


def _dump_unix() -> list[KernelSocket]:
    request = _UNIX_REQUEST.pack(
        socket.AF_UNIX, _EVERY_STATE, 0, _ASK_NAME_PEER_QUEUES_UID, _NO_COOKIE, _NO_COOKIE
    )
    return decode_unix(list(_answers(request)))


def _answers(request: bytes) -> Iterator[bytes]:
    """Yield the payload of each answer to a dump request."""
    if not sys.platform.startswith("linux"):
        raise OSError(errno.EAFNOSUPPORT, os.strerror(errno.EAFNOSUPPORT))
    header = _HEADER.pack(_HEADER.size + len(request), _SOCK_DIAG_BY_FAMILY, _REQUEST_DUMP, 1, 0)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_SOCK_DIAG) as kernel:
        kernel.settimeout(DUMP_WAIT_S_MAX)
        kernel.sendto(header + request, (0, 0))
        while True:
            for kind, payload in messages(kernel.recv(DUMP_BYTES_MAX)):
                if kind in (_ERROR, _DONE):
                    _check(payload)
                    return
                yield payload


def _check(payload: bytes) -> None:
    """Raise the error that ends a dump, if it ended in one."""
    (status,) = _STATUS.unpack_from(payload)
    if status < 0:
        raise OSError(-status, os.strerror(-status))


def _attributes(data: bytes) -> dict[int, bytes]:
    found = {}
    offset = 0
    while offset + _ATTRIBUTE.size <= len(data):
        length, kind = _ATTRIBUTE.unpack_from(data, offset)
        if length < _ATTRIBUTE.size:
            break
        found[kind] = data[offset + _ATTRIBUTE.size : offset + length]
        offset += _aligned(length)
    return found


def _aligned(length: int) -> int:
    """Round up to four, where the next message or attribute begins (netlink(3))."""
    return (length + 3) & ~3


def _numbers(layout: struct.Struct, data: bytes | None, count: int) -> tuple[int | None, ...]:
    return layout.unpack_from(data) if data else (None,) * count


def _drops(memory: bytes) -> int | None:
    if len(memory) < _DROPS_OFFSET + _NUMBER.size:
        return None
    (drops,) = _NUMBER.unpack_from(memory, _DROPS_OFFSET)
    return int(drops)


def _state(number: int, transport: Transport) -> str:
    """Return the kernel's word; it calls a datagram socket without a remote end CLOSE too."""
    word = STATES.get(number, str(number))
    return word if transport.is_stream or word != "CLOSE" else ""


def _host(family: int, address: bytes, interface: int) -> str:
    """Return a numeric address, IPv4 where it is one mapped into IPv6 (RFC 4291, 2.5.5.2)."""
    if family == socket.AF_INET:
        return socket.inet_ntop(socket.AF_INET, address[:4])
    parsed = IPv6Address(address)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return f"{parsed}%{_zone(interface)}" if parsed.is_link_local and interface else str(parsed)


def _zone(interface: int) -> str:
    """Return the interface's name: a link-local address means nothing without (RFC 4007)."""
    try:
        return socket.if_indextoname(interface)
    except OSError:
        return str(interface)


def _path(name: bytes) -> str:
    """Return a Unix socket's name; an abstract one begins with a zero byte (unix(7))."""
    if name.startswith(b"\0"):
        return "@" + os.fsdecode(name[1:])
    return os.fsdecode(name.rstrip(b"\0"))
