"""The address by which other machines reach this one."""

import socket
from ipaddress import ip_address

_ELSEWHERE = {socket.AF_INET: "198.51.100.1", socket.AF_INET6: "2001:db8::1"}
"""Machines that do not exist (RFC 5737, RFC 3849): the way to them is the way to any other."""


def own_address(family: socket.AddressFamily) -> str:
    """Return the address this machine would speak from to others; "" if it can reach none.

    Nothing is sent: connecting a datagram socket only chooses the route, and with it the
    address it would be seen under (ip(7)).

    Args:
        family: ``AF_INET`` or ``AF_INET6``.
    """
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as sock:
            sock.connect((_ELSEWHERE[family], 9))
            address = ip_address(sock.getsockname()[0])
    except OSError:
        return ""
    return "" if address.is_loopback or address.is_unspecified else str(address)
