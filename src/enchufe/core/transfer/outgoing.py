"""Outgoing: texts and files for one peer, in the order in which they were given.

One file travels at a time, one piece of it at a time: the next piece is said only once
the last has been handed to the system, so that whatever else is said to the peer in the
meantime waits behind one piece at most.
"""

from collections import deque
from collections.abc import Sequence
from enum import Enum, auto

from enchufe.core.commands import AwaitDrained, Command, Send, SendFrame
from enchufe.core.events import Event, FrameReceived, PeerClosed, PeerDrained, PeerFinished
from enchufe.core.files import (
    CheckFile,
    FileChecked,
    FileChosen,
    FileFailed,
    FileRead,
    LeaveFile,
    Objection,
    ReadFile,
    Stage,
    TellFile,
)
from enchufe.core.frames import Frame, Kind
from enchufe.core.limits import (
    FILE_PIECE_BYTES,
    FILE_PIECE_BYTES_MAX,
    FILE_PIECE_S,
    WAITING_FILES_MAX,
)
from enchufe.core.peer import Peer
from enchufe.core.transfer.payloads import Accept, End, Offer, Refuse, Start, packed, unpacked


class _State(Enum):
    OFFERED = auto()
    CHECKING = auto()  # whether what is there of it is ours
    MOVING = auto()
    ENDED = auto()  # all is said; the peer has yet to say that it is kept


class _Going:
    """The file that travels."""

    def __init__(self, chosen: FileChosen, stream: int) -> None:
        self.chosen = chosen
        self.stream = stream
        self.state = _State.OFFERED
        self.ready: FileRead | None = None  # read, and not said yet

    @property
    def file(self) -> str:
        return self.chosen.file


class Outgoing:
    """Says texts and sends files to one peer.

    Args:
        peer: who has said that it speaks frames.
    """

    def __init__(self, peer: Peer) -> None:
        self.peer = peer
        self._waiting: deque[bytes | FileChosen] = deque()
        self._going: _Going | None = None
        self._stream = 0
        self._piece_bytes = FILE_PIECE_BYTES
        self._piece_sent_ns: int | None = None  # when the piece that is leaving was said

    @property
    def is_idle(self) -> bool:
        """Whether all is said and every file has been kept, or not taken."""
        return self._going is None

    def say(self, text: bytes) -> Sequence[Command]:
        """Say ``text`` after what was given before it."""
        self._waiting.append(text)
        return self._go_on()

    def send(self, chosen: FileChosen) -> Sequence[Command]:
        """Send a file after what was given before it."""
        if len(self._waiting) >= WAITING_FILES_MAX:
            return (self._told(chosen, Stage.NOT_TAKEN, objection=Objection.BUSY),)
        self._waiting.append(chosen)
        return self._go_on()

    def handle(self, event: Event) -> Sequence[Command]:
        """Return what to do about ``event``; nothing if it is not about files that go."""
        match event:
            case FrameReceived() | PeerDrained() | PeerFinished() | PeerClosed():
                is_ours = event.peer.id == self.peer.id
                return self._heard(event) if is_ours else ()
            case FileChecked() | FileRead() | FileFailed():
                going = self._going
                is_ours = going is not None and going.file == event.file
                return self._performed(going, event) if going is not None and is_ours else ()
            case _:
                return ()

    # What the peer says

    def _heard(
        self, event: FrameReceived | PeerDrained | PeerFinished | PeerClosed
    ) -> Sequence[Command]:
        match event:
            case FrameReceived():
                going = self._going
                is_ours = going is not None and going.stream == event.frame.stream
                return self._framed(going, event.frame) if going is not None and is_ours else ()
            case PeerDrained():
                self._measure(event.at_ns)
                return self._spoken(event.at_ns)
            case PeerFinished() | PeerClosed():
                return self._left()

    def _framed(self, going: _Going, frame: Frame) -> Sequence[Command]:
        match frame.kind:
            case Kind.ACCEPT:
                return self._accepted(going, frame.payload)
            case Kind.REFUSE:
                refuse = unpacked(Refuse, frame.payload) or Refuse(Objection.FAILED.value)
                told = self._told(
                    going.chosen,
                    Stage.NOT_TAKEN,
                    objection=refuse.objection,
                    limit_bytes=refuse.limit,
                )
                return self._over(told)
            case Kind.KEPT if going.state is _State.ENDED:
                return self._over(self._told(going.chosen, Stage.KEPT))
            case _:
                return ()

    def _accepted(self, going: _Going, payload: bytes) -> Sequence[Command]:
        accept = unpacked(Accept, payload)
        size_bytes = going.chosen.attachment.size_bytes
        if going.state is not _State.OFFERED:
            return ()
        if accept is None or not 0 <= accept.offset <= size_bytes:
            return self._given_up(self._told(going.chosen, Stage.BROKEN_OFF))
        if accept.offset == 0:
            return self._begun(going, 0)
        going.state = _State.CHECKING
        return (CheckFile(going.file, accept.offset, accept.sha256),)

    def _begun(self, going: _Going, offset_bytes: int) -> Sequence[Command]:
        going.state = _State.MOVING
        return (
            self._frame(going, Kind.START, packed(Start(offset_bytes))),
            self._told(going.chosen, Stage.MOVING, offset_bytes=offset_bytes),
            ReadFile(going.file, self._piece_bytes),
        )

    def _left(self) -> Sequence[Command]:
        """Give up all that was to be said: nobody can say any more that it is kept."""
        waiting = [chosen for chosen in self._waiting if isinstance(chosen, FileChosen)]
        self._waiting.clear()
        commands: list[Command] = []
        if self._going is not None:
            broken = self._told(self._going.chosen, Stage.BROKEN_OFF)
            commands += self._over(broken)
        return [*commands, *(self._told(chosen, Stage.BROKEN_OFF) for chosen in waiting)]

    # What has been read

    def _performed(
        self, going: _Going, event: FileChecked | FileRead | FileFailed
    ) -> Sequence[Command]:
        match event:
            case FileChecked():
                return self._begun(going, event.offset_bytes)
            case FileRead():
                going.ready = event
                return self._spoken(event.at_ns)
            case FileFailed():
                return self._given_up(self._told(going.chosen, Stage.UNREADABLE, why=event.why))

    def _spoken(self, at_ns: int) -> Sequence[Command]:
        """Say the piece that is ready, if nothing is before it, and read the next meanwhile."""
        going = self._going
        if going is None or going.ready is None or self._piece_sent_ns is not None:
            return ()
        ready, going.ready = going.ready, None
        if not ready.data:
            going.state = _State.ENDED
            return (self._frame(going, Kind.END, packed(End(ready.sha256))),)
        self._piece_sent_ns = at_ns
        return (
            self._frame(going, Kind.DATA, ready.data),
            AwaitDrained(self.peer),
            ReadFile(going.file, self._piece_bytes),
        )

    def _measure(self, at_ns: int) -> None:
        """Make the next pieces as large as leave in a short time; the line is free again."""
        if self._piece_sent_ns is None:
            return
        lasted_s = (at_ns - self._piece_sent_ns) / 1e9
        self._piece_sent_ns = None
        if lasted_s > FILE_PIECE_S:
            self._piece_bytes = max(self._piece_bytes // 2, FILE_PIECE_BYTES)
        elif lasted_s < FILE_PIECE_S / 4:
            self._piece_bytes = min(self._piece_bytes * 2, FILE_PIECE_BYTES_MAX)

    # One after another

    def _go_on(self) -> Sequence[Command]:
        """Say what is next, as far as no file is before it."""
        commands: list[Command] = []
        while self._waiting and self._going is None:
            following = self._waiting.popleft()
            if isinstance(following, bytes):
                commands.append(Send(self.peer, following))
            else:
                commands += self._offered(following)
        return commands

    def _offered(self, chosen: FileChosen) -> Sequence[Command]:
        self._stream += 1
        self._going = _Going(chosen, self._stream)
        attachment = chosen.attachment
        offer = Offer(
            attachment.name, attachment.size_bytes, attachment.media_type, chosen.modified_ns
        )
        return (
            self._frame(self._going, Kind.OFFER, packed(offer)),
            self._told(chosen, Stage.OFFERED),
        )

    def _given_up(self, told: TellFile) -> Sequence[Command]:
        assert self._going is not None
        return (self._frame(self._going, Kind.CANCEL), *self._over(told))

    def _over(self, told: TellFile) -> Sequence[Command]:
        self._going = None
        return (LeaveFile(told.file), told, *self._go_on())

    def _frame(self, going: _Going, kind: Kind, payload: bytes = b"") -> SendFrame:
        return SendFrame(self.peer, Frame(kind, going.stream, payload))

    def _told(
        self,
        chosen: FileChosen,
        stage: Stage,
        *,
        offset_bytes: int = 0,
        objection: Objection | None = None,
        limit_bytes: int = 0,
        why: str = "",
    ) -> TellFile:
        return TellFile(
            chosen.file,
            self.peer,
            chosen.attachment,
            is_coming=False,
            stage=stage,
            offset_bytes=offset_bytes,
            objection=objection,
            limit_bytes=limit_bytes,
            why=why,
        )
