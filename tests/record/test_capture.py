"""The packets of a recording hold what was said, in order, and say which of them are made up."""

from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.record.facts import ANA, echo_events

from enchufe.core.commands import Command
from enchufe.core.events import Event, PeerClosed, PeerFinished, Reason
from enchufe.core.peer import Peer, Transport
from enchufe.core.traffic import BytesReceived, BytesSent, EndQueued, PeerMet, Traffic
from enchufe.record.capture import UNIX_HERE, UNIX_THERE, Capture, CaptureWords, sent_bytes
from enchufe.record.entries import Entry
from enchufe.record.header import Connected, Header, RecordedService, served
from enchufe.record.packets import SEGMENT_BYTES_MAX
from enchufe.record.pcapng import Direction, Packet
from enchufe.record.reading import Numbered
from enchufe.services import Wishes

SERVED = served("echo", Wishes())
CALLED = RecordedService("echo", Connected(None, half_close=True))
Facts = Sequence[Event | Command | Traffic]

MET = PeerMet(1, ANA, "127.0.0.1", 3500)


def packets(facts: Facts, service: RecordedService = SERVED) -> list[Packet]:
    entries = [
        Numbered(line, Entry(getattr(fact, "at_ns", line), "echo", fact))
        for line, fact in enumerate(facts, 2)
    ]
    header = Header(0, "0", "serve", "", (service,))
    capture = Capture(header, sent_bytes(entries), CaptureWords())
    return [packet for numbered in entries for packet in capture.feed(numbered)]


def segments(made: list[Packet]) -> Iterator[tuple[str, str, int, int, bytes]]:
    """Read TCP over IPv4: direction, flags, sequence, acknowledgement and data."""
    names = {1: "F", 2: "S", 4: "R", 8: "P", 16: "A"}
    for packet in made:
        header, data = packet.data[20:40], packet.data[40:]
        flags = "".join(name for bit, name in names.items() if header[13] & bit)
        sequence, acknowledged = (int.from_bytes(header[at : at + 4], "big") for at in (4, 8))
        way = "<" if packet.direction is Direction.INBOUND else ">"
        yield way, flags, sequence, acknowledged, data


def shape(made: list[Packet]) -> str:
    return " ".join(f"{way}{flags}{len(data) or ''}" for way, flags, _, _, data in segments(made))


def test_a_connection_has_its_handshake_its_data_and_its_end() -> None:
    facts = [*echo_events()[:-1], EndQueued(4, ANA), echo_events()[-1]]
    made = packets(facts)
    assert shape(made) == "<S >SA <A <PA5 >A >PA5 <A <FA >A >FA <A"
    said = [packet.comment for packet in made if "made up" not in packet.comment]
    assert said == [
        "line 4 of the recording: echo read 5 B",
        "line 7 of the recording: echo wrote 5 B",
        "line 8 of the recording: the peer of echo says no more",
        "line 10 of the recording: echo says no more",
    ]


def test_whoever_calls_begins() -> None:
    assert shape(packets([MET], CALLED)) == ">S <SA >A"


@pytest.mark.parametrize(
    ("reason", "end"),
    [(Reason.RESET, "<RA"), (Reason.OURS, ">FA <A <FA >A"), (Reason.SLOW, ">FA <A <FA >A")],
)
def test_how_it_ended_is_shown(reason: Reason, end: str) -> None:
    assert shape(packets([MET, PeerClosed(2, ANA, reason)])) == f"<S >SA <A {end}"


def test_nothing_follows_the_last_byte_of_either_side() -> None:
    facts: Facts = [
        MET,
        EndQueued(2, ANA),
        BytesSent(3, ANA, b"x"),
        PeerFinished(4, ANA),
        EndQueued(5, ANA),
    ]
    assert shape(packets(facts)) == "<S >SA <A >FA <A <FA >A"


def test_what_never_left_is_in_no_packet() -> None:
    facts: Facts = [
        MET,
        BytesSent(2, ANA, b"one"),
        BytesSent(3, ANA, b"two"),
        BytesSent(4, ANA, b"three"),
        PeerClosed(5, ANA, Reason.RESET, unsent_bytes=6),
    ]
    sent = b"".join(data for way, *_, data in segments(packets(facts)) if way == ">")
    assert sent == b"onetw"


CUTS = st.lists(
    st.tuples(st.booleans(), st.integers(0, 3).map(lambda n: n * (SEGMENT_BYTES_MAX // 2 + 1))),
    max_size=8,
)


@given(said=CUTS, number=st.integers(0, 2**63))
def test_the_streams_are_what_was_said_and_every_number_follows(
    said: list[tuple[bool, int]], number: int
) -> None:
    peer = Peer(number, Transport.TCP, "192.0.2.1", 50_000)
    facts: list[Traffic] = [PeerMet(1, peer, "192.0.2.7", 3500)]
    for i, (is_ours, size) in enumerate(said):
        kind = BytesSent if is_ours else BytesReceived
        facts.append(kind(2 + i, peer, bytes([i]) * size))
    expected = {"<": 0, ">": 0}
    streams = {"<": b"", ">": b""}
    for way, flags, sequence, acknowledged, data in segments(packets(facts)):
        other = "<>".replace(way, "")
        if "S" not in flags:
            assert sequence == expected[way]
        expected[way] = (sequence + len(data) + ("S" in flags)) % 2**32
        if "A" in flags:
            assert acknowledged == expected[other]
        streams[way] += data
    for way, is_way_ours in (("<", False), (">", True)):
        whole = b"".join(bytes([i]) * n for i, (ours, n) in enumerate(said) if ours is is_way_ours)
        assert streams[way] == whole


def test_datagrams_are_one_packet_each_whatever_is_in_them() -> None:
    peer = Peer(1, Transport.UDP, "::1", 50_000, is_stream=False)
    facts: Facts = [
        PeerMet(1, peer, "::1", 3500),
        BytesReceived(2, peer, b"hola"),
        BytesSent(3, peer, b""),
        EndQueued(4, peer),
        PeerClosed(5, peer, Reason.SILENT),
    ]
    asked, answered = packets(facts)
    assert asked.data[40:44] == (50_000).to_bytes(2, "big") + (3500).to_bytes(2, "big")
    assert asked.data[48:] == b"hola"
    assert answered.data[48:] == b""


def test_a_unix_socket_has_addresses_that_stand_for_it_and_says_so() -> None:
    peer = Peer(7, Transport.UNIX)
    made = packets([PeerMet(1, peer, path="/tmp/echo.sock"), BytesReceived(2, peer, b"x")])
    ends = {".".join(map(str, packet.data[12:16])) for packet in made}
    assert ends == {UNIX_HERE, UNIX_THERE}
    assert all("Unix socket (/tmp/echo.sock)" in packet.comment for packet in made)


def test_what_was_encrypted_is_said_to_have_been() -> None:
    peer = Peer(7, Transport.TLS, "127.0.0.1", 1)
    made = packets([PeerMet(1, peer, "127.0.0.1", 2), BytesReceived(2, peer, b"x")])
    assert all("encrypted" in packet.comment for packet in made)


def test_who_was_not_met_has_no_packets() -> None:
    console = Peer(1, Transport.CONSOLE)
    assert packets([BytesReceived(1, console, b"x"), PeerClosed(2, console, Reason.OURS)]) == []


@pytest.mark.parametrize(
    "fact",
    [
        PeerMet(1, ANA, "nowhere", 1),
        PeerMet(1, ANA, "127.0.0.1", 65_536),
        PeerMet(-1, ANA, "127.0.0.1", 1),
    ],
)
def test_what_cannot_be_is_refused(fact: Traffic) -> None:
    with pytest.raises(ValueError, match=r"nowhere|port|at_ns"):
        packets([fact])
