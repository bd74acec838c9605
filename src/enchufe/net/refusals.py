"""Who refused our datagrams: what ICMP tells a socket that speaks to many.

A connected socket gets the refusal as an error of its next call. One that is not connected
hears of it only if it asks to (``IP_RECVERR``, ip(7)): Linux then queues each error with the
address it is about, and lets the next call fail too, whomever that one is for.
"""

import errno
import socket
import struct
import sys

_REQUESTS: dict[int, tuple[int, int]] = {
    socket.AF_INET: (socket.IPPROTO_IP, 11),  # IP_RECVERR, of which Python has no name
    socket.AF_INET6: (socket.IPPROTO_IPV6, 25),  # IPV6_RECVERR
}
_CONTROL_BYTES = 512  # room for the error, its origin's address, the packet-info and the mark
_ERRORS_MAX = 1_000
"""Errors taken at one wake-up, so that a flood of them holds up nobody; the rest wakes us again."""


def hear_refusals(sock: socket.socket) -> bool:
    """Have the errors of ``sock`` queued; return whether this system does so."""
    if sys.platform != "linux" or sock.family not in _REQUESTS:
        return False
    sock.setsockopt(*_REQUESTS[sock.family], 1)
    return True


def take_refusals(sock: socket.socket) -> set[tuple[str, int]]:
    """Empty the queue of errors; return the hosts and ports at which nobody listens.

    Other errors may pass: a route may come back.
    """
    refusing: set[tuple[str, int]] = set()
    for _ in range(_ERRORS_MAX):
        try:
            _data, control, _flags, address = sock.recvmsg(0, _CONTROL_BYTES, socket.MSG_ERRQUEUE)
        except OSError:  # none is left
            break
        for level, kind, data in control:
            # struct sock_extended_err begins with its errno
            is_error = (level, kind) == _REQUESTS[sock.family]
            if is_error and struct.unpack_from("=I", data)[0] == errno.ECONNREFUSED:
                refusing.add((address[0].partition("%")[0], address[1]))  # %: a link's name
    return refusing
