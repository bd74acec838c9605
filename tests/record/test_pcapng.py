"""The blocks of a pcapng file are laid out as its specification says."""

import struct
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enchufe.record.pcapng import (
    COMMENT_BYTES_MAX,
    LINKTYPE_RAW,
    Direction,
    Packet,
    interface,
    packet,
    section,
)


def options(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Read options as a stranger would."""
    while True:
        code, size = struct.unpack_from("<HH", data)
        if code == 0:
            assert data == bytes(4)
            return
        yield code, data[4 : 4 + size]
        data = data[4 + size + -size % 4 :]


def body(block: bytes, kind: int) -> bytes:
    assert struct.unpack_from("<II", block) == (kind, len(block))
    assert struct.unpack("<I", block[-4:]) == (len(block),)
    assert len(block) % 4 == 0
    return block[8:-4]


def test_a_section_says_what_it_is() -> None:
    data = body(section("not captured", "enchufe", "Linux"), 0x0A0D0D0A)
    assert data[:16] == struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1)
    assert dict(options(data[16:])) == {1: b"not captured", 3: b"Linux", 4: b"enchufe"}


def test_an_interface_has_packets_that_begin_with_ip_at_times_in_nanoseconds() -> None:
    data = body(interface("enchufe", "none"), 1)
    assert data[:8] == struct.pack("<HHI", LINKTYPE_RAW, 0, 0)
    assert dict(options(data[8:])) == {1: b"none", 2: b"enchufe", 9: b"\x09"}


@given(
    at_ns=st.integers(0, 2**64 - 1),
    data=st.binary(max_size=50),
    direction=st.sampled_from(Direction),
    comment=st.text(max_size=20),
)
def test_a_packet_is_whole(at_ns: int, data: bytes, direction: Direction, comment: str) -> None:
    content = body(packet(Packet(at_ns, data, direction, comment)), 6)
    _interface, high, low, kept, whole = struct.unpack_from("<IIIII", content)
    assert (high << 32) + low == at_ns
    assert kept == whole == len(data)
    assert content[20 : 20 + kept] == data
    found = dict(options(content[20 + kept + -kept % 4 :]))
    assert found.pop(2) == struct.pack("<I", direction)
    assert found.pop(1, b"").decode() == comment


@pytest.mark.parametrize("text", ["ñ" * COMMENT_BYTES_MAX, "x" + "ñ" * COMMENT_BYTES_MAX])
def test_a_long_comment_is_cut_between_characters(text: str) -> None:
    content = body(section(text, "", ""), 0x0A0D0D0A)
    (comment,) = dict(options(content[16:])).values()
    assert COMMENT_BYTES_MAX - 2 < len(comment) <= COMMENT_BYTES_MAX
    assert text.startswith(comment.decode())
