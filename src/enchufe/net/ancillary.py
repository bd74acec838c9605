"""What travels beside a datagram: the local address it came to, and the mark of an answer.

A server on every interface must answer from the address it was asked at, or the asker
takes the answer for a stranger's; the kernel tells which it was and takes it back
(``IP_PKTINFO``, ip(7); ``IPV6_PKTINFO``, RFC 3542 section 6). The mark is explained
in `enchufe.core.loops`.
"""

import socket
import sys

from enchufe.core.loops import ANSWER_MARK

IP_PKTINFO = getattr(socket, "IP_PKTINFO", 8 if sys.platform == "linux" else 26)
IP_RECVTOS = getattr(socket, "IP_RECVTOS", 13 if sys.platform == "linux" else 27)
_LEVELS: dict[int, int] = {socket.AF_INET: socket.IPPROTO_IP, socket.AF_INET6: socket.IPPROTO_IPV6}
_MARK_TYPES: dict[int, frozenset[int]] = {
    socket.AF_INET: frozenset({socket.IP_TOS, IP_RECVTOS}),
    socket.AF_INET6: frozenset({socket.IPV6_TCLASS}),
}
_PKTINFO_TYPES: dict[int, int] = {
    socket.AF_INET: IP_PKTINFO,
    socket.AF_INET6: getattr(socket, "IPV6_PKTINFO", 50 if sys.platform == "linux" else 46),
}

Control = list[tuple[int, int, bytes]]
"""Control messages as `socket.recvmsg` gives them: level, type, data."""


def is_wildcard(sock: socket.socket) -> bool:
    """Return whether ``sock`` is bound to every address of the machine."""
    return sock.family != socket.AF_UNIX and sock.getsockname()[0] in ("0.0.0.0", "::")


def request(sock: socket.socket) -> None:
    """Ask the kernel to mark what ``sock`` sends and to tell the mark of what it gets.

    A socket bound to every address is also told at which address each datagram came.
    """
    if sock.family == socket.AF_INET:
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, ANSWER_MARK)
        sock.setsockopt(socket.IPPROTO_IP, IP_RECVTOS, 1)
        if is_wildcard(sock):
            sock.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)
    elif sock.family == socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_TCLASS, ANSWER_MARK)
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVTCLASS, 1)
        if is_wildcard(sock):
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)


def is_marked(family: int, control: Control) -> bool:
    """Return whether the datagram with these control messages is an answer of ours."""
    types = _MARK_TYPES.get(family, frozenset())
    return any(kind in types and data[:1] == bytes([ANSWER_MARK]) for _, kind, data in control)


def way_back(family: int, control: Control) -> tuple[tuple[int, int, bytes], ...]:
    """Return the control messages that send an answer from the address that was asked."""
    wanted = (_LEVELS.get(family), _PKTINFO_TYPES.get(family))
    return tuple(message for message in control if message[:2] == wanted)


def asked_address(data: bytes) -> str:
    """Return our address in a packet-info message (``struct in_pktinfo``, ``in6_pktinfo``)."""
    if len(data) < _IN6_PKTINFO_BYTES:
        return socket.inet_ntop(socket.AF_INET, data[8:12])  # ipi_addr, behind index and spec_dst
    return socket.inet_ntop(socket.AF_INET6, data[:16])


_IN6_PKTINFO_BYTES = 20
