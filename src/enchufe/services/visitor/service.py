"""Visitor: our end of a room, which stays in it through broken connections.

What the person says is numbered and said again until the room has taken it; what others
say is told in order, and whatever is missing is asked for by its id. So nothing is
missing and nothing comes twice, however often the connection breaks, and over datagrams
too.
"""

from collections.abc import Sequence

from enchufe.core.commands import (
    CancelTimer,
    Close,
    Command,
    Dial,
    Send,
    SendFrame,
    SetTimer,
    SpeakFrames,
    Stop,
    Tell,
)
from enchufe.core.events import (
    Event,
    FrameReceived,
    InputEnded,
    InputTyped,
    MessageReceived,
    NotReached,
    PeerClosed,
    PeerDrained,
    PeerFinished,
    PeerOpened,
    RunStopping,
    TimerFired,
)
from enchufe.core.exits import ExitCode
from enchufe.core.files import (
    FileChecked,
    FileChosen,
    FileFailed,
    FileKept,
    FilePrepared,
    FileRead,
    FileWritten,
    LeaveFile,
)
from enchufe.core.frames import Kind
from enchufe.core.history import Attachment
from enchufe.core.line import REDIAL_TIMER, Line
from enchufe.core.payloads import payload_of
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
)
from enchufe.core.room_words import RoomWords, file_text, notice_text, said_text
from enchufe.core.text import safe_bytes, safe_text
from enchufe.services.visitor.downloads import Downloads
from enchufe.services.visitor.outbox import AGAIN, AGAIN_S, Outbox, Unsaid
from enchufe.services.visitor.uploads import Uploads
from enchufe.services.visitor.words import VisitorWords

ANSWER_S = 5.0
"""A room answers within a round trip; who does not in so long is no room of ours."""

HEARTBEAT_S = 15.0
"""Over datagrams we show that we are there, and ask what we may have missed."""

REDIAL_S_MAX = 10.0
"""How long to wait at most before calling again."""


class Visitor:
    """Stays in a room.

    Args:
        name: how we want to be called; "" for whatever the room gives.
        session: known to us alone.
        room: where to; "" for the room one enters by.
        room_words: what happens in the room, in the person's language.
        words: what happens to the connection.
        give_up_s: for how long to call again; None for ever.
        auto_fetch_bytes: pictures up to this size are fetched unasked; 0 for none.
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
        auto_fetch_bytes: int = 0,
    ) -> None:
        self._name = name
        self._session = session
        self._place = room
        self._room_words = room_words or RoomWords()
        self._words = words or VisitorWords()
        self._peer: Peer | None = None
        self._is_in = False
        self._was_in = False
        self._is_leaving = False
        self._is_over = False
        self._last_id = -1
        self._history = ""  # whose ids we know
        self._exit_code = ExitCode.DONE
        self._outbox = Outbox()
        self._uploads = Uploads(self._say_file)
        self._downloads = Downloads(auto_fetch_bytes)
        self._line = Line(REDIAL_S_MAX, give_up_s)

    def handle(self, event: Event) -> Sequence[Command]:
        """Return what to do about ``event``."""
        match event:
            case PeerOpened():
                return self._opened(event.peer)
            case MessageReceived():
                return self._words_received(event.message)
            case FrameReceived():
                return self._frame(event)
            case InputTyped():
                return self._typed(event.data)
            case InputEnded() | RunStopping():
                return self._leave(at_once=isinstance(event, RunStopping))
            case TimerFired():
                return self._timer_fired(event.name)
            case PeerFinished() | PeerClosed() | NotReached():
                return self._line_happened(event)
            case _:
                return [*self._file_happened(event), *self._go_if_done()]

    def _line_happened(self, event: PeerFinished | PeerClosed | NotReached) -> Sequence[Command]:
        match event:
            case PeerFinished():
                return (Close(event.peer),)
            case PeerClosed():
                return self._closed(event)
            case NotReached():
                return self._not_reached(event.why)

    def _file_happened(self, event: Event) -> Sequence[Command]:
        match event:
            case FileChosen():
                return self._chosen(event)
            case FileChecked() | FileRead() | PeerDrained():
                return self._uploads.handle(event)
            case FilePrepared() | FileWritten() | FileKept():
                return self._downloads.handle(event)
            case FileFailed():
                return [*self._uploads.handle(event), *self._downloads.handle(event)]
            case _:
                return ()

    # Coming in

    def _opened(self, peer: Peer) -> Sequence[Command]:
        self._peer = peer
        return (SpeakFrames(peer), *self._join(peer), SetTimer(_ANSWER, ANSWER_S))

    def _join(self, peer: Peer) -> list[Command]:
        join = Join(self._name, self._session, self._place, self._last_id)
        commands: list[Command] = [SendFrame(peer, frame_of(join))]
        return commands if peer.is_stream else [*commands, SetTimer(AGAIN, AGAIN_S)]

    def _joined(self, peer: Peer, joined: Joined) -> list[Command]:
        """Take note that we are in, and say what was not taken yet."""
        self._name, former_place, self._place = joined.name, self._place, joined.room
        self._outbox.count_from(joined.number)
        forgotten = self._outbox.taken(joined.number)
        told = self._tell_joined()
        missed = self._count_from(peer, joined, is_elsewhere=joined.room != former_place)
        was_out, self._is_in, self._was_in = not self._is_in, True, True
        self._line.mend()
        commands: list[Command] = [CancelTimer(_ANSWER), *told, *forgotten, *missed]
        if not peer.is_stream:
            commands.append(SetTimer(_HEARTBEAT, HEARTBEAT_S))
        if was_out:
            self._outbox.over_again()
            commands += [CancelTimer(AGAIN), *self._outbox.say(peer)]
            commands += [*self._uploads.begin(peer), *self._downloads.begin(peer)]
        return [*commands, *self._go_if_done()]

    def _count_from(self, peer: Peer, joined: Joined, *, is_elsewhere: bool) -> list[Command]:
        """Know from which line on everything is ours to hear; ask for what we cannot have heard."""
        is_new = self._was_in and joined.history != self._history
        self._history = joined.history
        if self._last_id < 0 or (self._is_in and is_elsewhere):
            self._last_id = joined.last_id
        elif is_new or (not self._is_in and joined.last_id < self._last_id):
            self._last_id = 0  # it has forgotten all there was, and counts anew
            return [self._ask(peer)] if joined.last_id else []
        return []

    def _tell_joined(self) -> list[Command]:
        template = ""
        if not self._was_in:
            template = self._words.joined
        elif self._line.is_lost:
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
            return (Tell(f"{self._room_words.help}\n{self._words.files_help}"),)
        command, _, rest = text.partition(b" ")
        if command.lower() == b"/get":
            return self._get(rest.strip())
        if text.startswith(b"/") and not text.startswith(b"//"):
            return self._order(text)
        return self._say(self._outbox.add(text.removeprefix(b"/")))

    def _order(self, line: bytes) -> Sequence[Command]:
        """Send an order; unlike what is said, none is kept for a connection that is lost."""
        if self._peer is not None:
            return (Send(self._peer, line),)
        return (Tell(self._words.not_done.format(order=safe_bytes(line.split()[0]))),)

    def _say(self, kept: list[Command]) -> list[Command]:
        """Say what was ``kept`` in the outbox now, or as soon as what is before it allows."""
        if self._peer is None or not self._is_in:
            return kept
        if self._peer.is_stream or len(self._outbox) == 1:
            return [*kept, *self._outbox.say(self._peer)]
        return kept

    def _taken(self, peer: Peer, number: int, taken: Taken) -> list[Command]:
        """Tell our own line in its place among the others'."""
        own = self._outbox.find(number)
        if own is None:
            return []
        commands = self._outbox.taken(number)
        if taken.id > self._last_id and taken.previous > self._last_id:
            commands.append(self._ask(peer))
        elif taken.id > self._last_id:
            self._last_id = taken.id
            commands.append(Tell(self._own_text(own), self._name))
        return [*commands, *self._after_taken(peer)]

    def _own_text(self, own: Unsaid) -> str:
        if own.attachment is None:
            return safe_bytes(own.text, keep="\t")
        return file_text(own.attachment, self._room_words)

    def _after_taken(self, peer: Peer) -> list[Command]:
        released, waiting = self._outbox.release_input(), self._outbox.say(peer)
        if not waiting and not peer.is_stream:
            waiting = [CancelTimer(AGAIN)]
        return [*released, *waiting, *self._go_if_done()]

    # Files

    def _chosen(self, chosen: FileChosen) -> Sequence[Command]:
        if self._peer is not None and not self._peer.is_stream:
            return (LeaveFile(chosen.file), Tell(self._room_words.frames_only))
        return self._uploads.choose(chosen)

    def _say_file(self, file: str, attachment: Attachment) -> list[Command]:
        """Say a file that the room has kept."""
        peer_id = 0 if self._peer is None else self._peer.id
        return self._say(self._outbox.add_file(file, attachment, peer_id))

    def _not_found(self, notice: Notice) -> list[Command]:
        """Send a file again that the room had and lost, or forget one that it does not have."""
        if not notice.number:
            self._downloads.is_not_there(notice.count)
            return [Tell(notice_text(notice, self._room_words))]
        lost = self._outbox.find(notice.number)
        if lost is None or lost.attachment is None or self._peer is None:
            return []
        if lost.peer_id != self._peer.id:  # it was another run of the server
            self._outbox.remove(lost)
            return [self._uploads.send_again(lost.file, lost.attachment)]
        return [Tell(self._words.not_said.format(name=safe_text(lost.attachment.name)))]

    def _get(self, which: bytes) -> Sequence[Command]:
        """Fetch the file of a line, or the last one."""
        if which and not (which.isdigit() and len(which) < 19):
            return (Tell(self._room_words.usage.format(other="/get 12")),)
        if self._peer is not None and not self._peer.is_stream:
            return (Tell(self._room_words.frames_only),)
        return self._downloads.fetch(int(which or b"0"))

    def _tell_said(self, said: Said) -> list[Command]:
        """Tell a line; of a file, also how to get it, unless it is fetched at once."""
        if said.file is None:
            return [Tell(said.text, said.name)]
        text = file_text(said.file, self._room_words)
        if self._downloads.wants_unasked(said) and self._peer is not None and self._peer.is_stream:
            return [Tell(text, said.name), *self._downloads.fetch_unasked(said)]
        if not said.number:
            text = self._words.get.format(file=text, id=said.id)
        return [Tell(text, said.name)]

    # Hearing

    def _words_received(self, message: bytes) -> Sequence[Command]:
        """Tell what the room says in words; before it speaks frames it may refuse us."""
        refused = refusal_exit_code(message)
        if refused is not None and not self._was_in:
            self._is_over = True
            return (Tell(safe_bytes(message)), Stop(refused))
        return (Tell(safe_bytes(message, keep="\n")),) if self._is_in else ()

    def _frame(self, event: FrameReceived) -> Sequence[Command]:
        peer, frame = event.peer, event.frame
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
                return self._file_frame(event)

    def _file_frame(self, event: FrameReceived) -> Sequence[Command]:
        moved = [*self._uploads.handle(event), *self._downloads.handle(event)]
        return [*moved, *self._go_if_done()]

    def _said(self, peer: Peer, said: Said) -> list[Command]:
        if said.to:
            return [Tell(said_text(said, self._room_words, self._name))]
        if said.again:
            return self._tell_said(said)
        if said.id <= self._last_id:
            return []
        if said.previous > self._last_id:
            return [self._ask(peer)]
        self._last_id = said.id
        told = self._tell_said(said)
        if not said.number:
            return told
        return [*told, *self._outbox.taken(said.number), *self._after_taken(peer)]

    def _ask(self, peer: Peer) -> Command:
        """Ask for what is missing."""
        return SendFrame(peer, frame_of(Since(self._last_id)))

    def _noticed(self, peer: Peer, notice: Notice) -> list[Command]:
        if notice.what == What.STRANGER:
            return self._join(peer)
        if not self._is_in:
            return []
        if notice.what == What.RENAMED and notice.name == self._name:
            self._name = notice.other
        told: list[Command]
        if notice.what == What.NO_FILE:
            told = self._not_found(notice)
        else:
            told = [Tell(notice_text(notice, self._room_words))]
        if not notice.number:
            return [*told, *self._go_if_done()]
        if notice.what != What.NO_FILE:
            # Of what a line may have, or of the disk it would be kept on.
            self._exit_code = ExitCode.OVER_LIMIT
        return [*told, *self._outbox.taken(notice.number), *self._after_taken(peer)]

    # Losing the connection, and leaving

    def _closed(self, event: PeerClosed) -> Sequence[Command]:
        self._peer, self._is_in = None, False
        if self._is_over:
            return ()
        if not self._was_in:
            return self._never_let_in(event.peer)
        if self._is_leaving and not self._count_unsaid():
            return (Stop(self._exit_code),)
        left = [*self._uploads.lose(), *self._downloads.lose(event)]
        return [*left, *self._call_again(self._words.lost)]

    def _count_unsaid(self) -> int:
        """Return how much is under way, either way."""
        return len(self._outbox) + self._uploads.count + self._downloads.count

    def _never_let_in(self, peer: Peer) -> Sequence[Command]:
        """End it; why nobody is there for datagrams, only the system knows."""
        if peer.is_stream:
            return (Tell(self._words.no_room), Stop(ExitCode.PROTOCOL))
        return (Stop(ExitCode.REFUSED),)

    def _not_reached(self, why: str) -> Sequence[Command]:
        return self._call_again(self._words.not_reached.format(why=why))

    def _call_again(self, text: str) -> Sequence[Command]:
        """Call again in a while, unless we have tried for too long."""
        told = [Tell(text)] if self._line.lose() else []
        again = self._line.call_again()
        if isinstance(again, Stop):
            count = len(self._outbox) + self._uploads.count
            given_up = self._words.given_up.format(seconds=self._line.give_up_s, count=count)
            return (Tell(given_up), again)
        return [*told, CancelTimer(_ANSWER), CancelTimer(AGAIN), again]

    def _leave(self, *, at_once: bool = False) -> Sequence[Command]:
        """Leave once all that was said is taken, or whatever is still under way."""
        self._is_leaving = True
        if not at_once:
            return self._go_if_done()
        self._is_over = True
        return self._goodbye()

    def _go_if_done(self) -> list[Command]:
        is_done = self._is_leaving and self._is_in and not self._count_unsaid()
        return self._goodbye() if is_done else []

    def _goodbye(self) -> list[Command]:
        if self._peer is None:
            return []
        bye: list[Command] = [] if self._peer.is_stream else [Send(self._peer, b"bye")]
        return [*bye, Close(self._peer)]

    def _timer_fired(self, name: str) -> Sequence[Command]:
        peer = self._peer
        if name == REDIAL_TIMER:
            return (Dial(),)
        if peer is None:
            return ()
        if name == _ANSWER:
            return self._not_answered(peer)
        if name == _HEARTBEAT:
            return (self._ask(peer), SetTimer(_HEARTBEAT, HEARTBEAT_S))
        return self._outbox.say(peer) if self._is_in else self._join(peer)

    def _not_answered(self, peer: Peer) -> Sequence[Command]:
        if self._was_in:  # it is there, but slow, or the next one has taken its place
            return (Close(peer),)
        self._is_over = True
        exit_code = ExitCode.PROTOCOL if peer.is_stream else ExitCode.TIMED_OUT
        return (Tell(self._words.no_room), Close(peer), Stop(exit_code))


_ANSWER, _HEARTBEAT = "answer", "heartbeat"
