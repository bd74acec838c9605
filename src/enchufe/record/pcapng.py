"""The blocks of a pcapng file, which Wireshark opens (draft-ietf-opsawg-pcapng).

Pure: it makes bytes. Every block is its type, its length, what it holds, and its length
again; options are a code, a length and a value, filled up to four bytes.
"""

import struct
from enum import IntFlag

from msgspec import Struct

LINKTYPE_RAW = 101
"""Packets begin with their IP header (the registry of link types)."""

_SECTION, _INTERFACE, _PACKET = 0x0A0D0D0A, 1, 6
_BYTE_ORDER_MAGIC = 0x1A2B3C4D
_LENGTH_UNKNOWN = 0xFFFF_FFFF_FFFF_FFFF
_END, _COMMENT = 0, 1
_SYSTEM, _PROGRAM = 3, 4  # shb_os, shb_userappl
_NAME, _RESOLUTION = 2, 9  # if_name, if_tsresol
_FLAGS = 2  # epb_flags
_NANOSECONDS = bytes([9])  # if_tsresol: 10 to the power of -9 s

COMMENT_BYTES_MAX = 60_000
"""An option has a length of 16 bits."""


class Direction(IntFlag):
    """Which way a packet went, as seen from here (``epb_flags``)."""

    INBOUND = 1
    OUTBOUND = 2


class Packet(Struct, frozen=True):
    """A packet of the file.

    Args:
        at_ns: when, in nanoseconds since 1970.
        data: from its IP header on.
        direction: which way it went.
        comment: what whoever looks at it should know.
    """

    at_ns: int
    data: bytes
    direction: Direction
    comment: str


def section(comment: str, program: str, system: str) -> bytes:
    """Return the block a file begins with.

    Args:
        comment: what the file is.
        program: what wrote it.
        system: where what is in it happened.
    """
    options = _options((_COMMENT, comment), (_SYSTEM, system), (_PROGRAM, program))
    return _block(_SECTION, struct.pack("<IHHQ", _BYTE_ORDER_MAGIC, 1, 0, _LENGTH_UNKNOWN), options)


def interface(name: str, comment: str) -> bytes:
    """Return the block that says where packets come from, and that times are in nanoseconds."""
    options = _options((_NAME, name), (_RESOLUTION, _NANOSECONDS), (_COMMENT, comment))
    return _block(_INTERFACE, struct.pack("<HHI", LINKTYPE_RAW, 0, 0), options)


def packet(packet: Packet) -> bytes:
    """Return the block of a packet of the one interface."""
    size = len(packet.data)
    high, low = divmod(packet.at_ns, 1 << 32)
    flags = struct.pack("<I", packet.direction)
    options = _options((_FLAGS, flags), (_COMMENT, packet.comment))
    return _block(_PACKET, struct.pack("<IIIII", 0, high, low, size, size), packet.data, options)


def _block(kind: int, *parts: bytes) -> bytes:
    body = b"".join(map(_filled, parts))
    size = struct.pack("<I", len(body) + 12)
    return struct.pack("<I", kind) + size + body + size


def _options(*options: tuple[int, str | bytes]) -> bytes:
    """Return the options that are not empty, and their end."""
    made = b""
    for code, value in options:
        data = value if isinstance(value, bytes) else _text(value)
        if data:
            made += struct.pack("<HH", code, len(data)) + _filled(data)
    return made + struct.pack("<HH", _END, 0)


def _text(text: str) -> bytes:
    data = text.encode("utf-8", "backslashreplace")[:COMMENT_BYTES_MAX]
    return data.decode("utf-8", "ignore").encode()


def _filled(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)
