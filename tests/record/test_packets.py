"""Packets are what a network card would pass: lengths, numbers and checksums add up."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enchufe.record.packets import Ends, Flag, Place, place, tcp, udp

ANA, ECHO = place("192.0.2.1", 50_000), place("192.0.2.7", 3500)
ANA6, ECHO6 = place("2001:db8::1", 50_000), place("2001:db8::7", 3500)
ENDS = [Ends(ANA, ECHO), Ends(ANA6, ECHO6)]


def ones_complement_sum(data: bytes) -> int:
    """Add 16-bit words with end-around carry, word by word as RFC 1071 tells it."""
    total = 0
    for (word,) in struct.iter_unpack("!H", data + bytes(len(data) % 2)):
        total += word
        total = (total & 0xFFFF) + (total >> 16)
    return total


def pseudo_header(packet: bytes) -> tuple[bytes, bytes]:
    """Return what stands before the checked part of a packet, and that part."""
    if packet[0] >> 4 == 4:
        size = len(packet) - 20
        return packet[12:20] + bytes([0, packet[9]]) + struct.pack("!H", size), packet[20:]
    return packet[8:40] + struct.pack("!I", len(packet) - 40) + bytes([0, 0, 0, packet[6]]), packet[
        40:
    ]


@pytest.mark.parametrize("ends", ENDS, ids=["IPv4", "IPv6"])
@given(data=st.binary(max_size=70), number=st.integers(0, 2**40))
def test_every_checksum_adds_up(ends: Ends, data: bytes, number: int) -> None:
    for packet in (udp(ends, data), tcp(ends, Flag.ACK, number, number + 7, data)):
        before, checked = pseudo_header(packet)
        assert ones_complement_sum(before + checked) == 0xFFFF
        assert checked.endswith(data)
        if packet[0] >> 4 == 4:
            assert ones_complement_sum(packet[:20]) == 0xFFFF
            assert int.from_bytes(packet[2:4], "big") == len(packet)
        else:
            assert int.from_bytes(packet[4:6], "big") == len(packet) - 40


def test_a_segment_is_laid_out_as_rfc_9293_draws_it() -> None:
    segment = tcp(Ends(ANA, ECHO), Flag.PSH | Flag.ACK, 2**32 + 5, 9, b"hola")[20:]
    assert struct.unpack("!HHIIBBH", segment[:16]) == (50_000, 3500, 5, 9, 0x50, 0x18, 65_535)
    assert segment[20:] == b"hola"


def test_a_checksum_of_nothing_is_written_as_all_ones_in_udp() -> None:
    zero = Place(place("0.0.0.0", 0).host, 0)
    for filler in range(0x10000):  # some data makes the sum all ones, and its complement zero
        datagram = udp(Ends(zero, zero), struct.pack("!H", filler))
        if datagram[26:28] == b"\xff\xff":
            return
    raise AssertionError("no data did")


@pytest.mark.parametrize(
    ("host", "port"), [("", 1), ("localhost", 1), ("1.2.3", 1), ("::1", 65_536), ("::1", -1)]
)
def test_what_is_no_address_is_none(host: str, port: int) -> None:
    with pytest.raises(ValueError, match=r"address|port"):
        place(host, port)


def test_the_zone_of_a_link_local_address_is_left_out() -> None:
    assert place("fe80::1%eth0", 1) == place("fe80::1", 1)


@pytest.mark.parametrize(("ends", "most"), [(ENDS[0], 65_507), (ENDS[1], 65_527)])
def test_no_datagram_is_longer_than_it_can_be(ends: Ends, most: int) -> None:
    assert udp(ends, bytes(most)).endswith(bytes(most))
    with pytest.raises(ValueError, match=f"datagram of {most + 1} bytes"):
        udp(ends, bytes(most + 1))
