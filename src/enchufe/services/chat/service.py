"""The service itself: hands each event to the part that knows what to do."""

from collections.abc import Sequence

from enchufe.core.commands import Command
from enchufe.core.events import (
    Event,
    FrameReceived,
    HistoryOpened,
    MessageReceived,
    NotRemembered,
    PeerBehind,
    PeerClosed,
    PeerDrained,
    PeerFinished,
    PeerFramed,
    PeerOpened,
    Recalled,
    Remembered,
    RunStopping,
    TimerFired,
)
from enchufe.core.files import FileEvent
from enchufe.core.frames import Kind
from enchufe.core.limits import ROOM_FILE_BYTES_MAX
from enchufe.core.payloads import payload_of
from enchufe.core.peer import Peer
from enchufe.core.room import SAID_BYTES_MAX, Join, Notice, Since, What
from enchufe.core.room_words import RoomWords
from enchufe.core.text import safe_bytes
from enchufe.services.chat import files
from enchufe.services.chat.arrivals import Arrivals
from enchufe.services.chat.files import Files
from enchufe.services.chat.members import Member, State
from enchufe.services.chat.memories import Memories
from enchufe.services.chat.orders import Orders
from enchufe.services.chat.room import Room, Slow
from enchufe.services.chat.sayings import Sayings


class Chat:
    """A room, or several, for everybody who comes.

    Args:
        words: what it says in text.
        slow: what becomes of those who do not read.
        file_bytes_max: no larger file is taken.
    """

    def __init__(
        self,
        words: RoomWords | None = None,
        slow: Slow = Slow.DROP,
        file_bytes_max: int = ROOM_FILE_BYTES_MAX,
    ) -> None:
        self._room = Room(words or RoomWords(), slow)
        self._memories = Memories(self._room)
        self._sayings = Sayings(self._room)
        self._files = Files(self._room, self._sayings, file_bytes_max)
        self._arrivals = Arrivals(self._room, self._memories)
        self._orders = Orders(self._room, self._arrivals, self._memories)

    def handle(self, event: Event) -> Sequence[Command]:
        """Return what to do about ``event``."""
        match event:
            case MessageReceived():
                member = self._heard(event.peer)
                return () if member is None else self._message(member, event)
            case FrameReceived() | PeerFramed() | PeerBehind():
                member = self._heard(event.peer)
                return () if member is None else self._by_member(member, event)
            case PeerFinished() | PeerDrained() | PeerClosed():
                return self._of_connection(event)
            case Remembered() | NotRemembered() | Recalled() | HistoryOpened():
                return self._of_history(event)
            case TimerFired():
                return self._timer_fired(event.name)
            case PeerOpened():
                return self._arrivals.opened(event.peer)
            case RunStopping():
                return self._room.tell_stopping()
            case _:
                return self._files.handle(event) if isinstance(event, FileEvent) else ()

    def handle_lines(
        self, peer: Peer, lines: Sequence[bytes], at_ns: int
    ) -> Sequence[Command] | None:
        """Return what to do about lines that came together, if they are said and kept as one."""
        member = self._heard(peer)
        if member is None or member.state is State.ARRIVING:
            return None
        texts = [text for line in lines if (text := line.strip())]
        if not texts or any(map(_is_order, texts)):
            return None
        return self._sayings.say_together(member, texts, at_ns)

    def _heard(self, peer: Peer) -> Member | None:
        """Return who ``peer`` is, who has given a sign of life; nobody who is about to leave."""
        member = self._room.members.of(peer)
        if member is None or member.is_leaving:
            return None
        if not peer.is_stream:
            self._room.members.heard(member)
        return member

    def _of_connection(self, event: PeerFinished | PeerDrained | PeerClosed) -> Sequence[Command]:
        """Tell the files too, also when whoever it is about is no member any more."""
        moved = self._files.handle(event)
        member = self._room.members.of(event.peer)
        return moved if member is None else [*moved, *self._by_member(member, event)]

    def _of_history(
        self, event: Remembered | NotRemembered | Recalled | HistoryOpened
    ) -> Sequence[Command]:
        match event:
            case Remembered():
                return [*self._sayings.remembered(event.last_id), *self._arrivals.see_off()]
            case NotRemembered():
                return [*self._sayings.not_remembered(event), *self._arrivals.see_off()]
            case Recalled() if event.tag.startswith(files.TAG):
                return self._files.recalled(event)
            case Recalled():
                return [*self._memories.recalled(event), *self._arrivals.see_off()]
            case HistoryOpened():
                self._room.kept.open(event)
                return ()

    def _by_member(self, member: Member, event: Event) -> Sequence[Command]:
        match event:
            case FrameReceived():
                return self._frame(member, event)
            case PeerFramed():
                self._arrivals.framed(member)
            case PeerFinished():
                return self._arrivals.leave(member)
            case PeerBehind():
                return self._memories.behind(member, event.at_ns)
            case PeerDrained():
                return self._memories.drained(member, event.at_ns)
            case PeerClosed():
                return self._arrivals.closed(member, event)
            case _:
                pass
        return ()

    def _timer_fired(self, name: str) -> Sequence[Command]:
        kind, _, number = name.partition(" ")
        if kind == "arrival":
            member = self._room.members.numbered(int(number))
            is_silent = member is not None and not member.framed  # else it is about to join
            return self._arrivals.enter(member) if member and is_silent else []
        away = self._room.members.away(int(number))
        return [] if away is None else self._arrivals.away_too_long(away)

    def _message(self, member: Member, event: MessageReceived) -> Sequence[Command]:
        """Take a line of text: an order, a farewell, or something to be said."""
        if member.state is State.ARRIVING:
            return [*self._arrivals.enter(member), *self._line(member, event)]
        return self._line(member, event)

    def _line(self, member: Member, event: MessageReceived) -> list[Command]:
        text = event.message.strip()
        if text.startswith(b"/"):
            if not text.startswith(b"//"):
                return self._order(member, text, event.at_ns)
            text = text.removeprefix(b"/")
        elif text.lower() == _BYE:
            return self._arrivals.leave(member)
        return self._sayings.say(member, text, event.at_ns) if text else []

    def _order(self, member: Member, line: bytes, at_ns: int) -> list[Command]:
        """Obey an order, unless it is longer than anything that may be said."""
        if len(line) > SAID_BYTES_MAX:
            return self._room.tell.notice(member, Notice(What.TOO_LONG, count=len(line)))
        return self._orders.obey(member, safe_bytes(line), at_ns)

    def _frame(self, member: Member, event: FrameReceived) -> Sequence[Command]:
        frame = event.frame
        match frame.kind:
            case Kind.JOIN:
                join = payload_of(frame, Join)
                return self._arrivals.join(member, join) if member.may_order(event.at_ns) else ()
            case _ if not member.has_joined and frame.kind in _FROM_MEMBERS:
                return self._room.tell.notice(member, Notice(What.STRANGER))
            case Kind.SAY:
                return self._sayings.say_numbered(member, frame.payload, event.at_ns, frame.stream)
            case Kind.SINCE:
                return self._memories.since(member, payload_of(frame, Since).after)
            case _ if frame.kind in files.KINDS:
                return self._files.frame(member, event)
            case _:
                return ()


def _is_order(text: bytes) -> bool:
    """Return whether ``text`` is, or may be, more than something to be said."""
    return text.startswith(b"/") or text.lower() == _BYE


_BYE = b"bye"
_FROM_MEMBERS = frozenset({Kind.SAY, Kind.SINCE, Kind.OFFER, Kind.SHARE, Kind.FETCH})
