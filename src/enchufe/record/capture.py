"""Packets as they may have passed, made from what a recording holds.

Pure. What was read and written, when, by whom and where is in the recording; what TCP
says beside it is not: its handshake, acknowledgements and farewells are made up, so that
a program which reads captures sees whole conversations. Each packet says which it is.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import TypeAlias

from msgspec import Struct

from enchufe.core.errors import N_
from enchufe.core.events import PeerClosed, PeerFinished, Reason
from enchufe.core.peer import Peer, Transport
from enchufe.core.traffic import BytesReceived, BytesSent, EndQueued, PeerMet
from enchufe.record.entries import Fact
from enchufe.record.header import Header
from enchufe.record.packets import SEGMENT_BYTES_MAX, Ends, Flag, Place, place, tcp, udp
from enchufe.record.pcapng import Direction, Packet
from enchufe.record.reading import Numbered

UNIX_HERE, UNIX_THERE = "127.85.88.1", "127.85.88.2"
"""Stand for the two ends of a Unix socket, which has no addresses: 85 and 88 are U and X."""

UNIX_PORT = 1
_UNIX_PEER_PORTS = range(1024, 65_536)

SentBytes: TypeAlias = Mapping[int, int]
"""How much left for each peer, by its id: what was queued last may never have."""


class CaptureWords(Struct, frozen=True):
    """What comments say; braces are filled in."""

    file: str = N_(
        "Written by enchufe {version} from a recording of enchufe {command}, not captured: what "
        "was read and written is as it was, TCP's own packets are made up."
    )
    interface: str = N_("not an interface: a recording of enchufe")
    read: str = N_("line {line} of the recording: {service} read {size} B")
    written: str = N_("line {line} of the recording: {service} wrote {size} B")
    handshake: str = N_("not recorded, made up: the handshake before line {line}")
    acknowledged: str = N_("not recorded, made up: the acknowledgement")
    finished: str = N_("line {line} of the recording: {service} says no more")
    peer_finished: str = N_("line {line} of the recording: the peer of {service} says no more")
    reset: str = N_("line {line} of the recording: the peer of {service} broke it off")
    closed: str = N_("line {line} of the recording: it is over ({reason}); how is not recorded")
    encrypted: str = N_("it was encrypted on its way")
    unix: str = N_("a Unix socket ({path}); the addresses stand for its ends")


def sent_bytes(entries: Iterable[Numbered]) -> SentBytes:
    """Return how much really left for each stream peer whose conversation is over."""
    queued: dict[int, int] = {}
    left: dict[int, int] = {}
    ended: set[int] = set()
    for numbered in entries:
        match numbered.entry.fact:
            case EndQueued(peer=peer):
                ended.add(peer.id)
            case BytesSent(peer=peer, data=data) if peer.id not in ended:
                queued[peer.id] = queued.get(peer.id, 0) + len(data)
            case PeerClosed(peer=peer, unsent_bytes=unsent_bytes) if unsent_bytes:
                left[peer.id] = max(0, queued.get(peer.id, 0) - unsent_bytes)
            case _:
                pass
    return left


class Capture:
    """Makes packets of the lines of a recording, in order.

    Args:
        header: its first line.
        sent: as `sent_bytes` returns it.
        words: what comments say.
    """

    def __init__(self, header: Header, sent: SentBytes, words: CaptureWords) -> None:
        self._calling = {service.name for service in header.services if service.calls}
        self._sent = sent
        self._words = words
        self._conversations: dict[int, _Stream | _Datagrams] = {}

    def feed(self, numbered: Numbered) -> Iterator[Packet]:
        """Yield the packets of one line.

        Raises:
            ValueError: it cannot be: no such address, or a datagram too long.
        """
        entry, line = numbered.entry, numbered.line
        fact = entry.fact
        peer = getattr(fact, "peer", None)
        if not isinstance(peer, Peer):
            return
        if not 0 <= entry.at_ns < 1 << 64:
            raise ValueError(f"at_ns {entry.at_ns}")
        moment = _Moment(entry.at_ns, line, entry.service)
        if isinstance(fact, PeerMet):
            yield from self._meet(fact, moment)
            return
        talk = self._conversations.get(peer.id)
        if talk is None:  # whoever was not met has no socket: the person at a room's own screen
            return
        if isinstance(fact, BytesReceived):
            yield from talk.received(fact.data, moment)
        elif isinstance(fact, BytesSent):
            yield from talk.sent(fact.data, moment)
        elif isinstance(talk, _Stream):
            yield from talk.ends(fact, moment)
        if isinstance(fact, PeerClosed):
            del self._conversations[peer.id]

    def _meet(self, fact: PeerMet, moment: "_Moment") -> Iterator[Packet]:
        calls = moment.service in self._calling
        peer = fact.peer
        notes = ""
        if peer.transport.is_internet:
            here, there = place(fact.host, fact.port), place(peer.host, peer.port)
        else:
            here, there = _unix_ends(peer, calls=calls)
            notes = self._words.unix.format(path=peer.path or fact.path or "?")
        if peer.transport is Transport.TLS:
            notes = self._words.encrypted
        speech = _Speech(here, there, self._words, notes)
        if not peer.is_stream:
            self._conversations[peer.id] = _Datagrams(speech)
            return
        stream = _Stream(speech, peer.id, self._sent.get(peer.id))
        self._conversations[peer.id] = stream
        yield from stream.open(moment, calls=calls)


def _unix_ends(peer: Peer, *, calls: bool) -> tuple[Place, Place]:
    port = _UNIX_PEER_PORTS[peer.id % len(_UNIX_PEER_PORTS)]
    ports = (port, UNIX_PORT) if calls else (UNIX_PORT, port)
    return place(UNIX_HERE, ports[0]), place(UNIX_THERE, ports[1])


class _Moment(Struct, frozen=True):
    """When something happened, in which line of the recording, and to which service."""

    at_ns: int
    line: int
    service: str


class _Speech(Struct, frozen=True):
    """The two ends of a conversation, and how its packets are explained."""

    here: Place
    there: Place
    words: CaptureWords
    notes: str

    def ends(self, direction: Direction) -> Ends:
        is_ours = direction is Direction.OUTBOUND
        return Ends(self.here, self.there) if is_ours else Ends(self.there, self.here)

    def packet(
        self,
        data: bytes,
        direction: Direction,
        template: str,
        moment: _Moment,
        **fields: object,
    ) -> Packet:
        comment = template.format(line=moment.line, service=moment.service, **fields)
        comment = f"{comment}; {self.notes}" if self.notes else comment
        return Packet(moment.at_ns, data, direction, comment)


class _Datagrams:
    """A conversation by datagrams: each is one packet."""

    def __init__(self, speech: _Speech) -> None:
        self._speech = speech

    def received(self, data: bytes, moment: _Moment) -> Iterator[Packet]:
        return self._datagram(data, Direction.INBOUND, self._speech.words.read, moment)

    def sent(self, data: bytes, moment: _Moment) -> Iterator[Packet]:
        return self._datagram(data, Direction.OUTBOUND, self._speech.words.written, moment)

    def _datagram(
        self, data: bytes, direction: Direction, template: str, moment: _Moment
    ) -> Iterator[Packet]:
        made = udp(self._speech.ends(direction), data)
        yield self._speech.packet(made, direction, template, moment, size=len(data))


class _Stream:
    """A connection, from its handshake to its end.

    Args:
        speech: its ends.
        number: the peer's id: both first sequence numbers come from it, so that no two
            connections are taken for one.
        sent_bytes_max: how much of what was queued really left; None for all.
    """

    def __init__(self, speech: _Speech, number: int, sent_bytes_max: int | None) -> None:
        first = number * 0x9E37_79B1 & 0xFFFF_FFFF
        self._speech = speech
        self._words = speech.words
        self._next = {Direction.OUTBOUND: first, Direction.INBOUND: first ^ 0x5555_5555}
        self._finished: set[Direction] = set()
        self._sent_bytes_left = sent_bytes_max

    def open(self, moment: _Moment, *, calls: bool) -> Iterator[Packet]:
        caller = Direction.OUTBOUND if calls else Direction.INBOUND
        called = _other(caller)
        yield self._segment(Flag.SYN, caller, self._words.handshake, moment)
        self._next[caller] += 1
        yield self._segment(Flag.SYN | Flag.ACK, called, self._words.handshake, moment)
        self._next[called] += 1
        yield self._segment(Flag.ACK, caller, self._words.handshake, moment)

    def received(self, data: bytes, moment: _Moment) -> Iterator[Packet]:
        return self._said(data, Direction.INBOUND, self._words.read, moment)

    def sent(self, data: bytes, moment: _Moment) -> Iterator[Packet]:
        if self._sent_bytes_left is not None:
            data = data[: self._sent_bytes_left]
            self._sent_bytes_left -= len(data)
        return self._said(data, Direction.OUTBOUND, self._words.written, moment)

    def _said(
        self, data: bytes, direction: Direction, template: str, moment: _Moment
    ) -> Iterator[Packet]:
        if direction in self._finished:  # nothing follows the last byte
            return
        for first in range(0, len(data), SEGMENT_BYTES_MAX):
            part = data[first : first + SEGMENT_BYTES_MAX]
            flags = Flag.PSH | Flag.ACK
            yield self._segment(flags, direction, template, moment, part, size=len(data))
            self._next[direction] += len(part)
            yield self._acknowledgement(_other(direction), moment)

    def ends(self, fact: Fact, moment: _Moment) -> Iterator[Packet]:
        """Yield the packets of a fact that ends one side or both; of another none."""
        match fact:
            case EndQueued():
                yield from self._end(Direction.OUTBOUND, self._words.finished, moment)
            case PeerFinished():
                yield from self._end(Direction.INBOUND, self._words.peer_finished, moment)
            case PeerClosed():
                yield from self._closed(fact.reason, moment)
            case _:
                pass

    def _closed(self, reason: Reason, moment: _Moment) -> Iterator[Packet]:
        if reason is Reason.RESET:
            flags = Flag.RST | Flag.ACK
            yield self._segment(flags, Direction.INBOUND, self._words.reset, moment)
            return
        for direction in (Direction.OUTBOUND, Direction.INBOUND):
            template = self._words.closed.replace("{reason}", reason)
            yield from self._end(direction, template, moment)

    def _end(self, direction: Direction, template: str, moment: _Moment) -> Iterator[Packet]:
        if direction in self._finished:
            return
        self._finished.add(direction)
        yield self._segment(Flag.FIN | Flag.ACK, direction, template, moment)
        self._next[direction] += 1
        yield self._acknowledgement(_other(direction), moment)

    def _acknowledgement(self, direction: Direction, moment: _Moment) -> Packet:
        return self._segment(Flag.ACK, direction, self._words.acknowledged, moment)

    def _segment(
        self,
        flags: Flag,
        direction: Direction,
        template: str,
        moment: _Moment,
        data: bytes = b"",
        **fields: object,
    ) -> Packet:
        acknowledged = self._next[_other(direction)] if Flag.ACK in flags else 0
        ends = self._speech.ends(direction)
        made = tcp(ends, flags, self._next[direction], acknowledged, data)
        return self._speech.packet(made, direction, template, moment, **fields)


def _other(direction: Direction) -> Direction:
    return Direction.INBOUND if direction is Direction.OUTBOUND else Direction.OUTBOUND
