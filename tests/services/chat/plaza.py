"""A room with its host, a disk that answers when it is told to, and what each peer heard."""

import hashlib
import json
from collections import deque
from collections.abc import Iterable, Sequence

from tests.playbook import NOW_NS

from enchufe.core.commands import (
    AwaitDrained,
    CancelTimer,
    Close,
    Order,
    ReadOn,
    Recall,
    Remember,
    Report,
    Rest,
    Send,
    SetTimer,
    Spread,
)
from enchufe.core.events import (
    Event,
    HistoryOpened,
    NotRemembered,
    Reason,
    Recalled,
    Remembered,
)
from enchufe.core.files import (
    FileFailed,
    FileKept,
    FileOrder,
    FilePrepared,
    FileRead,
    FileWritten,
    KeepFile,
    LeaveFile,
    Objection,
    OpenFile,
    PrepareFile,
    ReadFile,
    StartFile,
    WriteFile,
)
from enchufe.core.frames import Frame, Kind
from enchufe.core.history import Line, Saying, Told
from enchufe.core.notices import Reported
from enchufe.core.peer import Peer, Transport
from enchufe.core.room import Fetch, Join, Share, Since, frame_of
from enchufe.core.service import Framing
from enchufe.core.transfer.payloads import End, Offer, Start, packed
from enchufe.host import Host
from enchufe.services.chat import Chat, Slow
from enchufe.wire.either import Change, EitherDecoder
from enchufe.wire.frames import PREFACE, decoded_datagram, encoded

Heard = tuple[str, dict[str, object]]
"""What a framed peer heard: the kind of frame and what it carries."""


class Somebody:
    """A peer of the room, and what it heard."""

    def __init__(self, plaza: "Plaza", peer: Peer) -> None:
        self.peer = peer
        self.closed_for: Reason | None = None
        self.rests = False
        self._plaza = plaza
        self._received = b""
        self._datagrams: list[bytes] = []

    def takes(self, data: bytes) -> None:
        self._received += data
        self._datagrams.append(data)

    def forgets(self) -> None:
        self._received = b""
        self._datagrams.clear()

    @property
    def heard(self) -> list[str]:
        """The lines heard, the room's own words and people's alike, since last asked."""
        text, self._received = self._received, b""
        self._datagrams.clear()
        return text.decode().splitlines()

    @property
    def datagrams(self) -> list[str]:
        """The datagrams heard since last asked."""
        datagrams, self._datagrams = self._datagrams, []
        self._received = b""
        return [datagram.decode() for datagram in datagrams]

    def says(self, *lines: str) -> None:
        """Say lines: all at once over a stream, one after the other as datagrams."""
        if self.peer.is_stream:
            self._plaza.receives(self, "".join(line + "\n" for line in lines).encode())
        else:
            for line in lines:
                self._plaza.receives(self, line.encode())

    def leaves(self, reason: Reason = Reason.FINISHED) -> None:
        self._plaza.loses(self, reason)


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


class Shelf:
    """Where the room keeps its files, by their digests; it answers at once."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.fails_with: Objection | None = None
        self._coming: dict[str, bytes] = {}
        self._going: dict[str, tuple[str, int]] = {}

    @property
    def is_idle(self) -> bool:
        return not self._coming and not self._going

    def perform(self, order: FileOrder) -> Event | None:
        match order:
            case PrepareFile() if self.fails_with is not None:
                return FileFailed(NOW_NS, order.file, self.fails_with, "")
            case PrepareFile():
                self._coming[order.file] = b""
                return FilePrepared(NOW_NS, order.file, 0, "")
            case WriteFile():
                self._coming[order.file] += order.data
                return FileWritten(NOW_NS, order.file, len(order.data))
            case KeepFile():
                data = self._coming.pop(order.file)
                assert sha256(data) == order.sha256
                self.files[order.sha256] = data
                return FileKept(NOW_NS, order.file, order.sha256)
            case OpenFile():
                self._going[order.file] = (order.sha256, 0)
            case ReadFile():
                return self._read(order)
            case LeaveFile():
                self._coming.pop(order.file, None)
                self._going.pop(order.file, None)
            case StartFile():
                pass
            case _:
                raise AssertionError(order)
        return None

    def _read(self, order: ReadFile) -> Event:
        digest, start = self._going[order.file]
        if digest not in self.files:
            return FileFailed(NOW_NS, order.file, Objection.FAILED, "No such file or directory")
        data = self.files[digest][start : start + order.size_bytes]
        self._going[order.file] = (digest, start + len(data))
        return FileRead(NOW_NS, order.file, data, "" if data else digest)


class Framed(Somebody):
    """A peer that speaks frames."""

    def __init__(self, plaza: "Plaza", peer: Peer) -> None:
        super().__init__(plaza, peer)
        self._decoder = EitherDecoder()
        self._has_begun = False

    def forgets(self) -> None:
        if self.peer.is_stream:
            list(self._decoder.feed(self._received))  # the preface among it
        super().forgets()

    @property
    def frames(self) -> list[Heard]:
        """The frames heard since last asked."""
        if self.peer.is_stream:
            data, self._received = self._received, b""
            pieces = list(self._decoder.feed(data))
            frames = [piece for piece in pieces if isinstance(piece, Frame)]
            assert all(isinstance(piece, Frame | Change) for piece in pieces), pieces
        else:
            found = [decoded_datagram(datagram) for datagram in self._datagrams]
            frames = [frame for frame in found if frame is not None]
            assert frames == found, "text among the frames"
            self._received = b""
            self._datagrams.clear()
        return [_shown(frame) for frame in frames]

    def sends(self, *frames: Frame) -> None:
        if self.peer.is_stream:
            self._plaza.receives(self, b"".join(map(encoded, frames)))
        else:
            for frame in frames:
                self._plaza.receives(self, PREFACE + encoded(frame))

    def joins(self, name: str, session: str = "", room: str = "", after: int = -1) -> None:
        if self.peer.is_stream and not self._has_begun:
            self._plaza.receives(self, PREFACE)
        self._has_begun = True
        self.sends(frame_of(Join(name, session, room, after)))

    def says_numbered(self, number: int, text: str) -> None:
        self.sends(Frame(Kind.SAY, number, text.encode()))

    def offers(self, name: str, data: bytes, stream: int = 1, media: str = "image/png") -> None:
        self.sends(Frame(Kind.OFFER, stream, packed(Offer(name, len(data), media))))

    def uploads(self, name: str, data: bytes, stream: int = 1, media: str = "image/png") -> None:
        """Send a whole file, which the room is to keep."""
        self.offers(name, data, stream, media)
        self.sends(
            Frame(Kind.START, stream, packed(Start(0))),
            Frame(Kind.DATA, stream, data),
            Frame(Kind.END, stream, packed(End(sha256(data)))),
        )

    def shares(self, number: int, data: bytes) -> None:
        """Have a file said that was uploaded."""
        self.sends(frame_of(Share(sha256(data)), number))

    def fetches(self, line_id: int) -> None:
        self.sends(frame_of(Fetch(line_id)))

    def takes_all(self, stream: int) -> bytes:
        """Accept what is offered with that number, and return what comes of it."""
        self.sends(Frame(Kind.ACCEPT, stream, b"{}"))
        came = b""
        while self.peer.id in self._plaza.awaited:
            self._plaza.has_drained(self)
        for kind, carried in self.frames:
            if kind == "DATA":
                came += carried["data"]  # type: ignore[operator]
        self.sends(Frame(Kind.KEPT, stream))
        return came

    def asks_since(self, after: int) -> None:
        self.sends(frame_of(Since(after)))


def _shown(frame: Frame) -> Heard:
    kind = Kind(frame.kind).name
    if frame.kind == Kind.TEXT:
        return kind, {"text": frame.payload.decode()}
    if frame.kind == Kind.DATA:
        return kind, {"data": frame.payload, "stream": frame.stream}
    carried = json.loads(frame.payload or b"{}")
    carried.pop("at_ns", None)
    return (kind, carried | {"stream": frame.stream}) if frame.stream else (kind, carried)


class Plaza:
    """A room.

    Args:
        slow: as in `Chat`.
        waits: whether the disk waits until it is told to go on.
        lines: what it holds from an earlier run.
        file_bytes_max: as in `Chat`.
        is_watched: whether a witness looks on, who sees lines one after the other.
    """

    def __init__(
        self,
        slow: Slow = Slow.DROP,
        *,
        waits: bool = False,
        lines: Sequence[Line] = (),
        file_bytes_max: int = 1_000_000,
        is_watched: bool = False,
    ) -> None:
        self.now_ns = NOW_NS
        self.disk = list(lines)
        self.kept: list[list[str]] = []  # what was to be remembered together
        self.waits = waits
        self.full_because = ""
        self.looks_up_late = False  # answers nobody before `answers_come`
        self._late: list[Event] = []
        self.timers: dict[str, float] = {}
        self.awaited: set[int] = set()
        self.reports: list[Reported] = []
        self.shelf = Shelf()
        self._unsafe: list[Line] = []
        self._chat = Chat(slow=slow, file_bytes_max=file_bytes_max)
        witness = (lambda _fact: None) if is_watched else None
        self._host = Host(self._chat, Framing.FRAMES, witness)
        self._people: dict[int, Somebody] = {}
        self._events: deque[Event] = deque()
        self._due: deque[str] = deque()  # timers that fire as soon as all else is done
        told = {line.session: Told(line.session, line.number, line.id) for line in lines}
        last_id = max((line.id for line in lines), default=0)
        self.happens(HistoryOpened(NOW_NS, last_id, tuple(told.values())))

    # Who is there

    def raw(self, transport: Transport = Transport.TCP) -> Somebody:
        """Let a raw peer in that has just connected."""
        return self._let_in(Somebody(self, self._peer(transport)))

    def member(self, name: str, transport: Transport = Transport.TCP) -> Somebody:
        """Let a raw peer in that has said its name, and forget what it heard until then."""
        somebody = self.raw(transport)
        somebody.says(f"/name {name}")
        self.forgets_what_was_heard()
        return somebody

    def forgets_what_was_heard(self) -> None:
        """Let nobody have heard anything yet."""
        for each in self._people.values():
            each.forgets()

    def framed(self, transport: Transport = Transport.TCP) -> Framed:
        """Let a peer in that speaks frames."""
        somebody = Framed(self, self._peer(transport))
        self._let_in(somebody)
        return somebody

    def _peer(self, transport: Transport) -> Peer:
        number = len(self._people) + 1
        host = "192.0.2.1" if transport.is_internet else ""
        return Peer(number, transport, host, 50_000 + number, is_stream=transport.is_stream)

    def _let_in(self, somebody: Somebody) -> Somebody:
        self._people[somebody.peer.id] = somebody
        self._perform(self._host.opened(somebody.peer, self.now_ns))
        return somebody

    @property
    def room_ids(self) -> dict[str, int]:
        """The last line of each room that is kept in mind."""
        return self._chat._room.kept._last_in_room

    @property
    def sessions_count(self) -> int:
        """How many sessions are known of those who are in, or may come back."""
        return len(self._chat._room.members._by_session)

    # What happens

    def receives(self, somebody: Somebody, data: bytes) -> None:
        self._perform(self._host.received(somebody.peer, data, self.now_ns))

    def half_closes(self, somebody: Somebody) -> None:
        self._perform(self._host.finished(somebody.peer, self.now_ns))

    def loses(self, somebody: Somebody, reason: Reason) -> None:
        if somebody.closed_for is None:
            somebody.closed_for = reason
            self._perform(self._host.closed(somebody.peer, reason, self.now_ns))

    def is_behind(self, somebody: Somebody) -> None:
        self._perform(self._host.behind(somebody.peer, self.now_ns))

    def has_drained(self, somebody: Somebody) -> None:
        assert somebody.peer.id in self.awaited
        self.awaited.discard(somebody.peer.id)
        self._perform(self._host.drained(somebody.peer, self.now_ns))

    def time_passes(self, *names: str) -> None:
        """Let the timers of those names fire, or all there are."""
        for name in names or tuple(self.timers):
            self.timers.pop(name, None)
            self._perform(self._host.timer_fired(name, self.now_ns))

    def happens(self, event: Event) -> None:
        self._perform(self._host.happened(event))

    def disk_goes_on(self) -> None:
        """Make all that waits safe, and tell the room once."""
        if self._unsafe:
            self.disk += self._unsafe
            last_id = self._unsafe[-1].id
            self._unsafe = []
            self.happens(Remembered(self.now_ns, last_id))

    def answers_come(self) -> None:
        """Answer what was looked up meanwhile."""
        late, self._late = self._late, []
        for recalled in late:
            self.happens(recalled)

    def disk_is_full(self, why: str) -> None:
        """Lose what waits, and all that comes."""
        self.full_because = why
        lost, self._unsafe = self._unsafe, []
        if lost:
            self.happens(NotRemembered(self.now_ns, lost[0].id, why))

    # What the room orders

    def _perform(self, orders: Iterable[Order]) -> None:
        for order in orders:
            self._perform_one(order)
        while self._events or self._due:
            if self._events:
                self._perform(self._host.happened(self._events.popleft()))
            else:
                self._perform(self._host.timer_fired(self._due.popleft(), self.now_ns))

    def _perform_one(self, order: Order) -> None:
        match order:
            case Send():
                self._send(order.peer, order.message)
            case Spread():
                for peer in (peer for peer in order.peers if peer is not order.but):
                    self._send(peer, order.message)
            case Close():
                self.loses(self._people[order.peer.id], order.reason)
            case SetTimer() | CancelTimer():
                self._set_timer(order)
            case AwaitDrained():
                self.awaited.add(order.peer.id)
            case Remember():
                self._remember(order.saying)
            case Recall():
                recalled = Recalled(self.now_ns, order.tag, self._recall(order))
                (self._late if self.looks_up_late else self._events).append(recalled)
            case Rest() | ReadOn():
                self._people[order.peer.id].rests = isinstance(order, Rest)
            case _:
                self._perform_otherwise(order)

    def _perform_otherwise(self, order: Order) -> None:
        if isinstance(order, Report):
            self.reports.append(order.notice)
            return
        assert isinstance(order, FileOrder)
        event = self.shelf.perform(order)
        if event is not None:
            self._events.append(event)

    def _set_timer(self, order: SetTimer | CancelTimer) -> None:
        self.timers.pop(order.name, None)
        if isinstance(order, SetTimer) and order.after_s == 0:
            self._due.append(order.name)
        elif isinstance(order, SetTimer):
            self.timers[order.name] = order.after_s

    def _send(self, peer: Peer, message: bytes) -> None:
        if self._people[peer.id].closed_for is None:
            self._people[peer.id].takes(message)

    def _remember(self, saying: Saying) -> None:
        self.kept.append(list(saying.texts))
        if self.full_because:
            self._events.append(NotRemembered(self.now_ns, saying.id, self.full_because))
        elif self.waits:
            self._unsafe += saying.lines()
        else:
            self.disk += saying.lines()
            self._events.append(Remembered(self.now_ns, saying.last_id))

    def _recall(self, order: Recall) -> tuple[Line, ...]:
        lines = [line for line in self.disk if line.room == order.room]
        lines = [line for line in lines if line.id > order.after_id]
        count = order.count_max
        return tuple(lines[:count] if order.oldest else lines[-count:])
