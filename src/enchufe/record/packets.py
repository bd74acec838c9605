"""IP packets, made byte by byte: IPv4 (RFC 791), IPv6 (RFC 8200), TCP (RFC 9293), UDP (RFC 768).

Pure: addresses and payloads in, bytes out, with the checksums a network card would find.
"""

import struct
from enum import IntFlag
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TypeAlias

from msgspec import Struct

PORT_MAX = 65_535

SEGMENT_BYTES_MAX = 65_000
"""More goes into several segments: the length of a packet has 16 bits, headers and all."""

WINDOW_BYTES = 65_535
"""What either side offers to take: the most there is without window scaling."""

_TCP, _UDP = 6, 17
_HOPS = 64
_DONT_FRAGMENT = 0x4000

IpAddress: TypeAlias = IPv4Address | IPv6Address


class Flag(IntFlag):
    """What a TCP segment is for."""

    FIN = 1
    SYN = 2
    RST = 4
    PSH = 8
    ACK = 16


class Place(Struct, frozen=True):
    """One end of a conversation.

    Args:
        host: its address.
        port: 0 to 65535.
    """

    host: IpAddress
    port: int


class Ends(Struct, frozen=True):
    """From where to where a packet goes."""

    source: Place
    target: Place


def place(host: str, port: int) -> Place:
    """Return the end at a numeric address.

    Raises:
        ValueError: it is none.
    """
    if not 0 <= port <= PORT_MAX:
        raise ValueError(f"port {port}")
    return Place(ip_address(host.partition("%")[0]), port)  # without the zone of a link-local one


def tcp(ends: Ends, flags: Flag, sequence: int, acknowledged: int, data: bytes = b"") -> bytes:
    """Return a segment; numbers may have outgrown their 32 bits."""
    header = struct.pack(
        "!HHIIBBHHH",
        ends.source.port,
        ends.target.port,
        sequence & 0xFFFF_FFFF,
        acknowledged & 0xFFFF_FFFF,
        5 << 4,  # the header's length in words
        flags,
        WINDOW_BYTES,
        0,
        0,
    )
    return _packet(ends, _TCP, header, 16, data)


def udp(ends: Ends, data: bytes) -> bytes:
    """Return a datagram.

    Raises:
        ValueError: it is longer than a datagram can be.
    """
    size = 8 + len(data)
    if size > (0xFFFF - 20 if ends.source.host.version == 4 else 0xFFFF):
        raise ValueError(f"a datagram of {len(data)} bytes")
    header = struct.pack("!HHHH", ends.source.port, ends.target.port, size, 0)
    return _packet(ends, _UDP, header, 6, data)


def _packet(ends: Ends, protocol: int, header: bytes, checksum_at: int, data: bytes) -> bytes:
    hosts = ends.source.host.packed + ends.target.host.packed
    size = len(header) + len(data)
    pseudo = hosts + struct.pack("!II", size, protocol)  # RFC 8200, 8.1; IPv4's sums up to the same
    checksum = _checksum(pseudo + header + data) or (0xFFFF if protocol == _UDP else 0)
    whole = header[:checksum_at] + checksum.to_bytes(2, "big") + header[checksum_at + 2 :] + data
    if ends.source.host.version == 4:
        return _ipv4(hosts, protocol, size) + whole
    return struct.pack("!IHBB", 6 << 28, size, protocol, _HOPS) + hosts + whole


def _ipv4(hosts: bytes, protocol: int, size: int) -> bytes:
    fields = struct.pack(
        "!BBHHHBBH", (4 << 4) + 5, 0, 20 + size, 0, _DONT_FRAGMENT, _HOPS, protocol, 0
    )
    checksum = _checksum(fields + hosts)
    return fields[:10] + checksum.to_bytes(2, "big") + hosts


def _checksum(data: bytes) -> int:
    """Return the Internet checksum (RFC 1071): end-around carry is the rest modulo 65535."""
    even = data + bytes(len(data) % 2)
    return 0xFFFF - (int.from_bytes(even, "big") % 0xFFFF or 0xFFFF)
