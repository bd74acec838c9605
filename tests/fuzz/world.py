"""A service with its host, to which strangers speak: whatever it orders is done at once."""

from collections import deque
from collections.abc import Iterable

from tests.playbook import NOW_NS
from tests.services.chat.plaza import Shelf

from enchufe.core.cachipun import Score
from enchufe.core.commands import (
    AwaitDrained,
    Close,
    Order,
    Recall,
    Remember,
    Send,
    SetTimer,
    Spread,
)
from enchufe.core.events import Event, HistoryOpened, PeerDrained, Reason, Recalled, Remembered
from enchufe.core.files import AskFile, FileDecided, FileFailed, KeepFile, Objection
from enchufe.core.frames import FRAME_PAYLOAD_BYTES_MAX
from enchufe.core.history import Line
from enchufe.core.lookup import recalled
from enchufe.core.peer import Peer, Transport
from enchufe.core.scores import AskScores, KeepScore, ScoreKept, ScoreOrder, ScoresFound
from enchufe.core.service import Framing, Service
from enchufe.host import Host
from enchufe.wire.either import EitherDecoder
from enchufe.wire.frames import decoded_datagram
from enchufe.wire.lengths import LengthDecoder

ANSWERS_MAX = 2_000
"""Events that follow from one thing said; those that never end, such as chargen's, go on later."""

PEERS = (
    Peer(1, Transport.TCP, "192.0.2.1", 1),
    Peer(2, Transport.TCP, "192.0.2.2", 2),
    Peer(3, Transport.UDP, "192.0.2.3", 3, is_stream=False),
    Peer(4, Transport.AYUDANTIA, "192.0.2.4", 4),
)
READ_BYTES_MAX = 256 * 1024
"""What one read takes at most, on either event loop."""

STREAM_HELD_BYTES_MAX = 9 + FRAME_PAYLOAD_BYTES_MAX + 2 * READ_BYTES_MAX
"""A frame, a read whose messages wait for their turn, and one that came meanwhile."""


def decoder_for(peer: Peer) -> EitherDecoder | LengthDecoder:
    """Return what cuts what ``peer`` hears."""
    return LengthDecoder() if peer.transport is Transport.AYUDANTIA else EitherDecoder()


class SuspiciousShelf(Shelf):
    """Keeps files, and refuses those whose digest is not what was said."""

    def perform(self, order: object) -> Event | None:
        match order:
            case KeepFile():
                self._coming.pop(order.file)
                return FileFailed(NOW_NS, order.file, Objection.DIGEST, "")
            case AskFile():
                return FileDecided(NOW_NS, order.file, is_wanted=True)
            case _:
                try:
                    return super().perform(order)  # type: ignore[arg-type]
                except AssertionError:
                    return None  # it tells the person something, or chooses: nobody sits here


class World:
    """One service and those who speak to it.

    Args:
        service: whose rules hold.
        framing: how streams are cut.
    """

    def __init__(self, service: Service, framing: Framing) -> None:
        self.timers: set[str] = set()
        self._host = Host(service, framing)
        self._lines: list[Line] = []
        self._inside: dict[int, EitherDecoder | LengthDecoder] = {}
        self._events: deque[Event] = deque()
        self._due: deque[str] = deque()
        self._shelf = SuspiciousShelf()
        self._speaks_frames = framing is Framing.FRAMES
        if framing is Framing.FRAMES:
            self._perform(self._host.happened(HistoryOpened(NOW_NS, 0)))

    def receives(self, peer: Peer, data: bytes) -> None:
        """Hand over what somebody says, who comes in if need be."""
        if peer.id not in self._inside:
            self._inside[peer.id] = decoder_for(peer)
            self._perform(self._host.opened(peer, NOW_NS))
        for start in range(0, max(len(data), 1), READ_BYTES_MAX):
            if peer.id in self._inside:
                read = data[start : start + READ_BYTES_MAX]
                self._perform(self._host.received(peer, read, NOW_NS))
        held_bytes_max = STREAM_HELD_BYTES_MAX if peer.is_stream else 0
        assert self._host.held_bytes(peer) <= held_bytes_max

    def half_closes(self, peer: Peer) -> None:
        if peer.id in self._inside and peer.is_stream:
            self._perform(self._host.finished(peer, NOW_NS))

    def leaves(self, peer: Peer, reason: Reason = Reason.RESET) -> None:
        if self._inside.pop(peer.id, None) is not None:
            self._perform(self._host.closed(peer, reason, NOW_NS))
        assert self._host.held_bytes(peer) == 0

    def is_behind(self, peer: Peer) -> None:
        if peer.id in self._inside:
            self._perform(self._host.behind(peer, NOW_NS))

    def time_passes(self) -> None:
        for name in sorted(self.timers):
            self.timers.discard(name)
            self._perform(self._host.timer_fired(name, NOW_NS))

    def _perform(self, orders: Iterable[Order]) -> None:
        for order in orders:
            self._perform_one(order)
        for _ in range(ANSWERS_MAX):
            if self._events:
                orders = self._host.happened(self._events.popleft())
            elif self._due:
                orders = self._host.timer_fired(self._due.popleft(), NOW_NS)
            else:
                return
            for order in orders:
                self._perform_one(order)
        self._events.clear()

    def _perform_one(self, order: Order) -> None:
        match order:
            case Send():
                self._hears(order.peer, order.message)
            case Spread():
                for peer in order.peers:
                    self._hears(peer, order.message)
            case Close():
                self.leaves(order.peer, order.reason)
            case AwaitDrained():
                self._events.append(PeerDrained(NOW_NS, order.peer))
            case SetTimer():
                self._due.append(order.name) if order.after_s == 0 else self.timers.add(order.name)
            case Remember() | Recall() | KeepScore() | AskScores():
                self._events.append(self._kept(order))
            case _:
                event = self._shelf.perform(order)
                if event is not None:
                    self._events.append(event)

    def _kept(self, order: Remember | Recall | ScoreOrder) -> Event:
        match order:
            case Remember():
                self._lines += order.saying.lines()
                return Remembered(NOW_NS, order.saying.last_id)
            case Recall():
                return Recalled(NOW_NS, order.tag, recalled(self._lines, order))
            case KeepScore():
                return ScoreKept(NOW_NS, order.match)
            case AskScores():
                return ScoresFound(NOW_NS, order.tag, (Score("ana", 1, 0),))

    def _hears(self, peer: Peer, data: bytes) -> None:
        """Read what is answered: it must be understood by whoever follows the rules."""
        decoder = self._inside.get(peer.id)
        if decoder is None or not self._speaks_frames:
            return
        if peer.is_stream:
            list(decoder.feed(data))
        else:
            decoded_datagram(data)
