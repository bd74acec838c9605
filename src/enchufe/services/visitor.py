"""Visitor: our end of a room, which stays in it through broken connections.

What the person says is numbered and said again until the room has taken it; what others
say is told in order, and whatever is missing is asked for by its id. So nothing is
missing and nothing comes twice, however often the connection breaks, and over datagrams
too.
"""

from collections import deque
from collections.abc import Sequence

from msgspec import Struct

from enchufe.core.commands import (
    CancelTimer,
    Close,
    Command,
    Dial,
    HoldInput,
    Send,
    SendFrame,
    SetTimer,
    SpeakFrames,
    Stop,
    Tell,
)
from enchufe.core.errors import N_
from enchufe.core.events import (
    Event,
    FrameReceived,
    InputEnded,
    InputTyped,
    MessageReceived,
    NotReached,
    PeerClosed,
    PeerFinished,
    PeerOpened,
    TimerFired,
)
from enchufe.core.exits import ExitCode
from enchufe.core.frames import Frame, Kind
from enchufe.core.peer import Peer
from enchufe.core.refusals import refusal_exit_code
from enchufe.core.room import (
    Join,
    Joined,
    Notice,
    Said,
    Since,
    Taken,
    What,
    frame_of,
    payload_of,
)
from enchufe.core.room_words import RoomWords, notice_text, said_text
from enchufe.core.text import safe_bytes

ANSWER_S = 5.0
"""A room answers within a round trip; who does not in so long is no room of ours."""

AGAIN_S = 0.5
"""Over datagrams, what is not answered for so long is said again."""

HEARTBEAT_S = 15.0
"""Over datagrams we show that we are there, and ask what we may have missed."""

REDIAL_S_MIN, REDIAL_S_MAX = 0.25, 10.0
"""How long to wait before calling again: twice as long each time, up to the second."""

OUTBOX_MAX = 1000
"""Lines not taken yet, after which we read no more of what is said."""


class VisitorWords(Struct, frozen=True):
    """What is told to the person about the connection; braces are filled in."""

    joined: str = N_("* You are {name} in {room}. /help lists what you can do, /bye leaves.")
    lost: str = N_("* The connection is lost; calling again. What you write is kept.")
    back: str = N_("* Back in {room}.")
    not_reached: str = N_("* {why}; trying again.")
    no_room: str = N_("There is no room at the other side: it did not answer in frames.")
    given_up: str = N_("Given up: nobody was there for {seconds:g} s; {count} lines were not said.")


class Visitor:
    """Stays in a room.

    Args:
        name: how we want to be called; "" for whatever the room gives.
        session: known to us alone.
        room: where to; "" for the room one enters by.
        room_words: what happens in the room, in the person's language.
        words: what happens to the connection.
        give_up_s: for how long to call again; None for ever.
    """

    def __init__(
        self,
        name: str,
        session: str,
        room: str = "",
        *,
        room_words: RoomWords | None = None,
        words: VisitorWords | None = None,
        give_up_s: float | None = None,
    ) -> None:
        self._name = name
        self._session = session
        self._place = room
        self._room_words = room_words or RoomWords()
        self._words = words or VisitorWords()
        self._give_up_s = give_up_s
        self._peer: Peer | None = None
        self._is_in = False
        self._was_in = False
        self._is_leaving = False
        self._is_over = False
        self._last_id = -1
        self._number = 0
        self._outbox: deque[tuple[int, bytes]] = deque()
        self._holds_input = False
        self._redial_s = REDIAL_S_MIN
        self._waited_s = 0.0
        self._said_lost = False

    def handle(self, event: Event) -> Sequence[Command]:
        """Return what to do about ``event``."""
        match event:
            case PeerOpened():
                return self._opened(event.peer)
            case MessageReceived():
                return self._words_received(event.message)
            case FrameReceived():
                return self._frame(event.peer, event.frame)
            case InputTyped():
                return self._typed(event.data)
            case InputEnded():
                return self._leave()
            case TimerFired():
                return self._timer_fired(event.name)
            case _:
                return self._line_happened(event)

    def _line_happened(self, event: Event) -> Sequence[Command]:
        match event:
            case PeerFinished():
                return (Close(event.peer),)
            case PeerClosed():
                return self._closed(event)
            case NotReached():
                return self._not_reached(event.why)
            case _:
                return ()

    # Coming in

    def _opened(self, peer: Peer) -> Sequence[Command]:
        self._peer = peer
        return (SpeakFrames(peer), *self._join(peer), SetTimer(_ANSWER, ANSWER_S))

    def _join(self, peer: Peer) -> list[Command]:
        join = Join(self._name, self._session, self._place, self._last_id)
        commands: list[Command] = [SendFrame(peer, frame_of(join))]
        return commands if peer.is_stream else [*commands, SetTimer(_AGAIN, AGAIN_S)]

    def _joined(self, peer: Peer, joined: Joined) -> list[Command]:
        """Take note that we are in, and say what was not taken yet."""
        self._name, self._place = joined.name, joined.room
        self._number = max(self._number, joined.number)
        self._last_id = joined.last_id if self._last_id < 0 else self._last_id
        self._forget_taken(joined.number)
        told = self._tell_joined()
        was_out, self._is_in, self._was_in = not self._is_in, True, True
        self._redial_s, self._waited_s, self._said_lost = REDIAL_S_MIN, 0.0, False
        commands: list[Command] = [CancelTimer(_ANSWER), *told]
        if not peer.is_stream:
            commands.append(SetTimer(_HEARTBEAT, HEARTBEAT_S))
        if was_out:
            commands += [CancelTimer(_AGAIN), *self._say_waiting(peer)]
        return [*commands, *self._go_if_done()]

    def _tell_joined(self) -> list[Command]:
        template = ""
        if not self._was_in:
            template = self._words.joined
        elif self._said_lost:
            template = self._words.back
        text = template.format(name=self._name, room=self._place)
        return [Tell(text)] if text else []

    # Saying

    def _typed(self, data: bytes) -> Sequence[Command]:
        text = data.strip()
        if not text or self._is_leaving:
            return ()
        if text.lower() in (b"bye", b"/bye"):
            return self._leave()
        if text.lower() == b"/help":
            return (Tell(self._room_words.help),)
        if text.startswith(b"/") and not text.startswith(b"//"):
            return () if self._peer is None else (Send(self._peer, text),)
        self._number += 1
        self._outbox.append((self._number, text.removeprefix(b"/")))
        commands: list[Command] = []
        if len(self._outbox) >= OUTBOX_MAX and not self._holds_input:
            self._holds_input = True
            commands.append(HoldInput(True))
        if self._peer is None or not self._is_in:
            return commands
        if self._peer.is_stream:
            return [*commands, self._say(self._peer, self._outbox[-1])]
        return [*commands, *(self._say_waiting(self._peer) if len(self._outbox) == 1 else ())]

    def _say(self, peer: Peer, numbered: tuple[int, bytes]) -> Command:
        number, text = numbered
        return SendFrame(peer, Frame(Kind.SAY, number, text))

    def _say_waiting(self, peer: Peer) -> list[Command]:
        """Say all that was not taken; over datagrams, which overtake, one after the other."""
        if peer.is_stream:
            return [self._say(peer, numbered) for numbered in self._outbox]
        if not self._outbox:
            return []
        return [self._say(peer, self._outbox[0]), SetTimer(_AGAIN, AGAIN_S)]

    def _forget_taken(self, number: int) -> None:
        while self._outbox and self._outbox[0][0] <= number:
            self._outbox.popleft()

    def _taken(self, peer: Peer, number: int, taken: Taken) -> list[Command]:
        """Tell our own line in its place among the others'."""
        own = next((text for waiting, text in self._outbox if waiting == number), None)
        if own is None:
            return []
        self._forget_taken(number)
        commands: list[Command] = []
        if taken.id > self._last_id and taken.previous > self._last_id:
            commands.append(self._ask(peer))
        elif taken.id > self._last_id:
            self._last_id = taken.id
            commands.append(Tell(safe_bytes(own, keep="\t"), self._name))
        return [*commands, *self._after_taken(peer)]

    def _after_taken(self, peer: Peer) -> list[Command]:
        commands: list[Command] = []
        if self._holds_input and len(self._outbox) <= OUTBOX_MAX // 4:
            self._holds_input = False
            commands.append(HoldInput(False))
        if not peer.is_stream:
            commands += self._say_waiting(peer) or [CancelTimer(_AGAIN)]
        return [*commands, *self._go_if_done()]

    # Hearing

    def _words_received(self, message: bytes) -> Sequence[Command]:
        """Tell what the room says in words; before it speaks frames it may refuse us."""
        refused = refusal_exit_code(message)
        if refused is not None and not self._was_in:
            self._is_over = True
            return (Tell(safe_bytes(message)), Stop(refused))
        return (Tell(safe_bytes(message, keep="\n")),) if self._is_in else ()

    def _frame(self, peer: Peer, frame: Frame) -> Sequence[Command]:
        match frame.kind:
            case Kind.JOINED:
                return self._joined(peer, payload_of(frame, Joined))
            case Kind.NOTICE:
                return self._noticed(peer, payload_of(frame, Notice))
            case _ if not self._is_in:  # said to a guest: it did not know us yet
                return ()
            case Kind.TAKEN:
                return self._taken(peer, frame.stream, payload_of(frame, Taken))
            case Kind.SAID:
                return self._said(peer, payload_of(frame, Said))
            case _:
                return ()

    def _said(self, peer: Peer, said: Said) -> list[Command]:
        if said.to:
            return [Tell(said_text(said, self._room_words, self._name))]
        if said.again:
            return [Tell(said.text, said.name)]
        if said.id <= self._last_id:
            return []
        if said.previous > self._last_id:
            return [self._ask(peer)]
        self._last_id = said.id
        told: list[Command] = [Tell(said.text, said.name)]
        if not said.number:
            return told
        self._forget_taken(said.number)
        return [*told, *self._after_taken(peer)]

    def _ask(self, peer: Peer) -> Command:
        """Ask for what is missing."""
        return SendFrame(peer, frame_of(Since(self._last_id)))

    def _noticed(self, peer: Peer, notice: Notice) -> list[Command]:
        if notice.what is What.STRANGER:
            return self._join(peer)
        if not self._is_in:
            return []
        if notice.what is What.RENAMED and notice.name == self._name:
            self._name = notice.other
        told: list[Command] = [Tell(notice_text(notice, self._room_words))]
        if not notice.number:
            return told
        self._forget_taken(notice.number)
        return [*told, *self._after_taken(peer)]

    # Losing the connection, and leaving

    def _closed(self, event: PeerClosed) -> Sequence[Command]:
        self._peer, self._is_in = None, False
        if self._is_over:
            return ()
        if not self._was_in:
            return self._never_let_in(event.peer)
        if self._is_leaving and not self._outbox:
            return (Stop(ExitCode.DONE),)
        return self._call_again(self._words.lost)

    def _never_let_in(self, peer: Peer) -> Sequence[Command]:
        """End it; why nobody is there for datagrams, only the system knows."""
        if peer.is_stream:
            return (Tell(self._words.no_room), Stop(ExitCode.PROTOCOL))
        return (Stop(ExitCode.REFUSED),)

    def _not_reached(self, why: str) -> Sequence[Command]:
        return self._call_again(self._words.not_reached.format(why=why))

    def _call_again(self, text: str) -> Sequence[Command]:
        """Call again in a while, unless we have tried for too long."""
        told: list[Command] = [] if self._said_lost else [Tell(text)]
        self._said_lost = True
        wait_s, self._redial_s = self._redial_s, min(self._redial_s * 2, REDIAL_S_MAX)
        self._waited_s += wait_s
        if self._give_up_s is not None and self._waited_s > self._give_up_s:
            count = len(self._outbox)
            given_up = self._words.given_up.format(seconds=self._give_up_s, count=count)
            return (Tell(given_up), Stop(ExitCode.LOST))
        return [*told, CancelTimer(_ANSWER), CancelTimer(_AGAIN), SetTimer(_REDIAL, wait_s)]

    def _leave(self) -> Sequence[Command]:
        """Leave once all that was said is taken."""
        self._is_leaving = True
        return self._go_if_done()

    def _go_if_done(self) -> list[Command]:
        if not self._is_leaving or self._outbox or not self._is_in or self._peer is None:
            return []
        bye: list[Command] = [] if self._peer.is_stream else [Send(self._peer, b"bye")]
        return [*bye, Close(self._peer)]

    def _timer_fired(self, name: str) -> Sequence[Command]:
        peer = self._peer
        if name == _REDIAL:
            return (Dial(),)
        if peer is None:
            return ()
        if name == _ANSWER:
            return self._not_answered(peer)
        if name == _HEARTBEAT:
            return (self._ask(peer), SetTimer(_HEARTBEAT, HEARTBEAT_S))
        return self._say_waiting(peer) if self._is_in else self._join(peer)

    def _not_answered(self, peer: Peer) -> Sequence[Command]:
        if self._was_in:  # it is there, but slow, or the next one has taken its place
            return (Close(peer),)
        self._is_over = True
        exit_code = ExitCode.PROTOCOL if peer.is_stream else ExitCode.TIMED_OUT
        return (Tell(self._words.no_room), Close(peer), Stop(exit_code))


_ANSWER, _AGAIN, _HEARTBEAT, _REDIAL = "answer", "again", "heartbeat", "redial"
