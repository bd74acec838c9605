"""What we say, in the bytes that each peer expects: lines, datagrams or frames."""

from collections.abc import Sequence

import msgspec

from enchufe.core.commands import Send, Spread, SpreadFrame
from enchufe.core.frames import Frame, Kind
from enchufe.core.peer import Peer, Transport
from enchufe.wire.frames import PREFACE, encoded
from enchufe.wire.lengths import prefixed
from enchufe.wire.text import line_of

GROUPINGS_MAX = 16
"""Audiences whose grouping is kept; a room has two, so this is plenty."""


class Speech:
    """Knows how each peer is spoken to: in text, until frames are agreed on."""

    def __init__(self) -> None:
        self._framed: set[int] = set()
        self._groupings: dict[int, tuple[tuple[Peer, ...], list[tuple[Peer, ...]]]] = {}

    def frames_for(self, peer: Peer) -> Sequence[Send]:
        """Speak frames to ``peer`` from now on; return what tells it so."""
        if peer.id in self._framed:
            return ()
        self._framed.add(peer.id)
        self._groupings.clear()
        return (Send(peer, PREFACE),) if peer.is_stream else ()

    def forget(self, peer: Peer) -> None:
        """Forget a peer that has left."""
        self._framed.discard(peer.id)
        self._groupings.clear()

    def text(self, peer: Peer, message: bytes) -> bytes:
        """Return the bytes that say ``message`` to ``peer``."""
        if peer.id in self._framed:
            return self.frame(peer, Frame(Kind.TEXT, 0, message))
        if peer.transport is Transport.AYUDANTIA:
            return prefixed(message)
        return line_of(message) if peer.is_stream else message

    def frame(self, peer: Peer, frame: Frame) -> bytes:
        """Return the bytes of ``frame`` for ``peer``; a datagram begins with the preface."""
        data = encoded(frame)
        return data if peer.is_stream else PREFACE + data

    def error(self, peer: Peer, why: str) -> bytes:
        """Return the bytes that tell ``peer`` what it did wrong."""
        if peer.id not in self._framed:
            return self.text(peer, f"enchufe: {why}".encode())
        return self.frame(peer, Frame(Kind.ERROR, 0, msgspec.json.encode({"why": why})))

    def spread_text(self, order: Spread) -> list[Spread]:
        """Return the orders that say a message to each peer in its own way."""
        groups, message = self._groups(order.peers), order.message
        return [Spread(group, self.text(group[0], message), order.but) for group in groups]

    def spread_frame(self, order: SpreadFrame) -> list[Spread]:
        """Return the orders that send a frame to each peer."""
        groups, frame = self._groups(order.peers), order.frame
        return [Spread(group, self.frame(group[0], frame), order.but) for group in groups]

    def _groups(self, peers: tuple[Peer, ...]) -> list[tuple[Peer, ...]]:
        """Return ``peers`` grouped by how they are spoken to.

        A room says one line after another to the same audience, so the grouping of each
        is kept as long as nobody's way of speaking changes; and the audience with it, so
        that no other tuple gets its id.
        """
        kept = self._groupings.get(id(peers))
        if kept is not None:
            return kept[1]
        groups: dict[tuple[bool, bool, bool], list[Peer]] = {}
        for peer in peers:
            groups.setdefault(self._manner(peer), []).append(peer)
        if len(self._groupings) >= GROUPINGS_MAX:
            self._groupings.clear()
        self._groupings[id(peers)] = (peers, [tuple(group) for group in groups.values()])
        return self._groupings[id(peers)][1]

    def _manner(self, peer: Peer) -> tuple[bool, bool, bool]:
        """Return what all share who are spoken to in the same bytes."""
        is_ayudantia = peer.transport is Transport.AYUDANTIA
        return peer.is_stream, peer.id in self._framed, is_ayudantia
