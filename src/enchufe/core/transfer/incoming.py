"""Incoming: what becomes of the files that peers offer us.

Whatever a peer does, it costs a bounded number of files, bytes held and questions asked,
and ends at most its own transfer: the service is told by `TellFile`, the peer by REFUSE.
"""

from collections.abc import Sequence
from enum import Enum, auto

from msgspec import Struct

from enchufe.core.commands import Command, ReadOn, Rest, SendFrame
from enchufe.core.events import Event, FrameReceived, PeerClosed, PeerFinished
from enchufe.core.files import (
    AskFile,
    FileDecided,
    FileFailed,
    FileKept,
    FilePrepared,
    FileWritten,
    KeepFile,
    LeaveFile,
    Objection,
    PrepareFile,
    Stage,
    StartFile,
    TellFile,
    WriteFile,
)
from enchufe.core.frames import Frame, Kind
from enchufe.core.history import Attachment
from enchufe.core.limits import (
    COMING_FILES_MAX,
    FILE_BYTES_MAX,
    FILE_NAME_CHARACTERS_MAX,
    PEER_FILES_MAX,
    UNWRITTEN_BYTES_MAX,
)
from enchufe.core.peer import Peer
from enchufe.core.transfer.payloads import Accept, End, Offer, Refuse, Start, packed, unpacked

WRITE_OVERHEAD_BYTES = 512
"""What a piece costs beside its bytes while it waits for the disk: many may be tiny."""


class Policy(Struct, frozen=True):
    """Which files are taken.

    Args:
        size_bytes_max: no larger ones.
        asks: whether the person is asked for each.
        takes: whether any are taken at all.
    """

    size_bytes_max: int = FILE_BYTES_MAX
    asks: bool = False
    takes: bool = True


class _State(Enum):
    ASKING = auto()  # the person
    PREPARING = auto()  # a place for it
    ACCEPTED = auto()  # and not begun yet
    MOVING = auto()
    KEEPING = auto()  # all is there; its digest and the disk are being seen to


class _Coming:
    """A file that comes, or may come."""

    def __init__(self, file: str, peer: Peer, stream: int, offer: Offer) -> None:
        self.file = file
        self.peer = peer
        self.stream = stream
        self.attachment = Attachment(offer.name, offer.size, offer.media)
        self.modified_ns = offer.modified_ns
        self.state = _State.PREPARING
        self.prepared_bytes = 0
        self.received_bytes = 0
        self.unwritten_bytes = 0


class Incoming:
    """Takes the files that peers offer, as the policy says.

    Args:
        policy: which ones.
    """

    def __init__(self, policy: Policy | None = None) -> None:
        self._policy = policy or Policy()
        self._by_file: dict[str, _Coming] = {}
        self._by_stream: dict[tuple[int, int], _Coming] = {}
        self._paused: set[int] = set()
        self._numbered = 0

    def handle(self, event: Event) -> Sequence[Command]:
        """Return what to do about ``event``; nothing if it is not about files that come."""
        match event:
            case FrameReceived():
                return self._framed(event.peer, event.frame)
            case PeerFinished() | PeerClosed():
                return self._left(event.peer)
            case FileDecided() | FilePrepared() | FileWritten() | FileKept() | FileFailed():
                coming = self._by_file.get(event.file)
                return () if coming is None else self._performed(coming, event)
            case _:
                return ()

    def is_receiving_from(self, peer: Peer) -> bool:
        """Whether a file of ``peer`` is on its way, or about to be kept."""
        return any(coming.peer.id == peer.id for coming in self._by_file.values())

    # What the peer says

    def _framed(self, peer: Peer, frame: Frame) -> Sequence[Command]:
        if frame.kind == Kind.OFFER:
            return self._offered(peer, frame)
        coming = self._by_stream.get((peer.id, frame.stream))
        if coming is None:  # what was under way when we refused it
            return ()
        match frame.kind:
            case Kind.DATA:
                return self._came(coming, frame.payload)
            case Kind.START:
                return self._started(coming, frame.payload)
            case Kind.END:
                return self._ended(coming, frame.payload)
            case Kind.CANCEL:
                return self._left_off(coming)
            case _:
                return ()

    def _offered(self, peer: Peer, frame: Frame) -> Sequence[Command]:
        former = self._by_stream.get((peer.id, frame.stream))
        if former is not None:  # a REFUSE for that stream means both
            return self._refused(former, Objection.FAILED)
        offer = unpacked(Offer, frame.payload)
        if offer is None or offer.size < 0:
            return (refusal(peer, frame.stream, Objection.FAILED),)
        self._numbered += 1
        coming = _Coming(f"in-{self._numbered}", peer, frame.stream, offer)
        objection = self._objection(coming)
        if objection is not None:
            return self._refused(coming, objection)
        self._by_file[coming.file] = coming
        self._by_stream[peer.id, frame.stream] = coming
        if self._policy.asks:
            coming.state = _State.ASKING
            return (AskFile(coming.file, peer, coming.attachment),)
        return (_prepare(coming),)

    def _objection(self, coming: _Coming) -> Objection | None:
        attachment = coming.attachment
        if not self._policy.takes:
            return Objection.UNWANTED
        if attachment.size_bytes > self._policy.size_bytes_max:
            return Objection.SIZE
        if not 0 < len(attachment.name) <= FILE_NAME_CHARACTERS_MAX:
            return Objection.NAME
        of_peer = sum(other.peer.id == coming.peer.id for other in self._by_file.values())
        if of_peer >= PEER_FILES_MAX or len(self._by_file) >= COMING_FILES_MAX:
            return Objection.BUSY
        return None

    def _started(self, coming: _Coming, payload: bytes) -> Sequence[Command]:
        start = unpacked(Start, payload)
        possible = (0, coming.prepared_bytes)
        if coming.state is not _State.ACCEPTED or start is None or start.offset not in possible:
            return self._refused(coming, Objection.FAILED)
        coming.state = _State.MOVING
        coming.received_bytes = start.offset
        return (
            StartFile(coming.file, start.offset),
            _told(coming, Stage.MOVING, offset_bytes=start.offset),
        )

    def _came(self, coming: _Coming, data: bytes) -> Sequence[Command]:
        coming.received_bytes += len(data)
        is_beyond = coming.received_bytes > coming.attachment.size_bytes
        if coming.state is not _State.MOVING or is_beyond:
            return self._refused(coming, Objection.FAILED)
        coming.unwritten_bytes += len(data) + WRITE_OVERHEAD_BYTES
        return (WriteFile(coming.file, data), *self._paced(coming.peer))

    def _ended(self, coming: _Coming, payload: bytes) -> Sequence[Command]:
        end = unpacked(End, payload)
        is_whole = coming.received_bytes == coming.attachment.size_bytes
        if coming.state is not _State.MOVING or end is None or not is_whole:
            return self._refused(coming, Objection.FAILED)
        coming.state = _State.KEEPING
        return (KeepFile(coming.file, end.sha256),)

    def _left(self, peer: Peer) -> Sequence[Command]:
        """Leave what cannot come any more; what is all there is kept all the same."""
        self._paused.discard(peer.id)
        return [
            command
            for coming in list(self._by_file.values())
            if coming.peer.id == peer.id and coming.state is not _State.KEEPING
            for command in self._left_off(coming)
        ]

    def _left_off(self, coming: _Coming) -> Sequence[Command]:
        paced = self._forgotten(coming)
        return (LeaveFile(coming.file), _told(coming, Stage.BROKEN_OFF), *paced)

    # What has been done

    def _performed(
        self,
        coming: _Coming,
        event: FileDecided | FilePrepared | FileWritten | FileKept | FileFailed,
    ) -> Sequence[Command]:
        match event:
            case FileDecided():
                return self._decided(coming, is_wanted=event.is_wanted)
            case FilePrepared():
                coming.state = _State.ACCEPTED
                coming.prepared_bytes = event.offset_bytes
                accept = Accept(event.offset_bytes, event.sha256)
                return (_frame(coming, Kind.ACCEPT, packed(accept)),)
            case FileWritten():
                coming.unwritten_bytes -= event.size_bytes + WRITE_OVERHEAD_BYTES
                return self._paced(coming.peer)
            case FileKept():
                paced = self._forgotten(coming)
                kept = _told(coming, Stage.KEPT, name=event.name)
                return (_frame(coming, Kind.KEPT), kept, *paced)
            case FileFailed():
                return self._refused(coming, event.objection, event.why)

    def _decided(self, coming: _Coming, *, is_wanted: bool) -> Sequence[Command]:
        if not is_wanted:
            return self._refused(coming, Objection.UNWANTED)
        coming.state = _State.PREPARING
        return (_prepare(coming),)

    def _refused(self, coming: _Coming, objection: Objection, why: str = "") -> Sequence[Command]:
        """Refuse a file and go no further with it, if it had been begun at all."""
        limit_bytes = self._policy.size_bytes_max if objection is Objection.SIZE else 0
        told = _told(coming, Stage.NOT_TAKEN, objection=objection, limit_bytes=limit_bytes, why=why)
        refused = refusal(coming.peer, coming.stream, objection, limit_bytes)
        if coming.file not in self._by_file:
            return (refused, told)
        return (refused, LeaveFile(coming.file), told, *self._forgotten(coming))

    def _forgotten(self, coming: _Coming) -> Sequence[Command]:
        del self._by_file[coming.file]
        del self._by_stream[coming.peer.id, coming.stream]
        return self._paced(coming.peer)

    def _paced(self, peer: Peer) -> Sequence[Command]:
        """Stop reading from a peer that is faster than the disk, and go on once it is not."""
        if not peer.is_stream:
            return ()
        unwritten_bytes = sum(
            coming.unwritten_bytes for coming in self._by_file.values() if coming.peer.id == peer.id
        )
        if peer.id in self._paused and unwritten_bytes <= UNWRITTEN_BYTES_MAX // 2:
            self._paused.remove(peer.id)
            return (ReadOn(peer),)
        if unwritten_bytes > UNWRITTEN_BYTES_MAX:  # again each time: others may have read on
            self._paused.add(peer.id)
            return (Rest(peer),)
        return ()


def _prepare(coming: _Coming) -> PrepareFile:
    return PrepareFile(coming.file, coming.attachment, coming.modified_ns)


def _frame(coming: _Coming, kind: Kind, payload: bytes = b"") -> SendFrame:
    return SendFrame(coming.peer, Frame(kind, coming.stream, payload))


def refusal(peer: Peer, stream: int, objection: Objection, limit_bytes: int = 0) -> SendFrame:
    """Return what tells ``peer`` that the file it calls ``stream`` is not taken."""
    refuse = Refuse(objection.value, limit_bytes)
    return SendFrame(peer, Frame(Kind.REFUSE, stream, packed(refuse)))


def _told(
    coming: _Coming,
    stage: Stage,
    *,
    offset_bytes: int = 0,
    name: str = "",
    objection: Objection | None = None,
    limit_bytes: int = 0,
    why: str = "",
) -> TellFile:
    return TellFile(
        coming.file,
        coming.peer,
        coming.attachment,
        is_coming=True,
        stage=stage,
        offset_bytes=offset_bytes,
        name=name,
        objection=objection,
        limit_bytes=limit_bytes,
        why=why,
    )
