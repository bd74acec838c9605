"""Files of a room: taken from one member, said as a line, and sent to whoever asks.

A file that came is kept under its digest, and said when its sender says so (SHARE), with a
number like everything else it says; so a file is said once too, however often the
connection breaks in between. What it is called is shown and never a path.
"""

import re
from collections import Counter, OrderedDict
from collections.abc import Sequence
from typing import TypeAlias

from enchufe.core.commands import Command, Recall
from enchufe.core.events import FrameReceived, PeerClosed, PeerDrained, PeerFinished, Recalled
from enchufe.core.files import FileChosen, FileEvent, Objection, OpenFile, Stage, TellFile
from enchufe.core.frames import Kind
from enchufe.core.history import Attachment, Line
from enchufe.core.limits import (
    ROOM_FILE_BYTES_MAX,
    ROOM_SENT_FILES_MAX,
    ROOM_UNSAID_FILES_MAX,
    ROOM_WAITING_FILES_MAX,
)
from enchufe.core.payloads import payload_of
from enchufe.core.peer import Peer
from enchufe.core.room import Fetch, Notice, Share, What
from enchufe.core.transfer.incoming import Incoming, Policy, refusal
from enchufe.core.transfer.outgoing import Outgoing
from enchufe.services.chat.members import Member
from enchufe.services.chat.memories import HISTORY_LINES_MAX
from enchufe.services.chat.room import Room
from enchufe.services.chat.sayings import Sayings

TAG = "fetch"
"""With what a look-up for a member who wants a file is tagged; the rest of it is ours."""

_MEDIA_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,126}/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}")
"""RFC 6838, 4.2."""

PeerEvent: TypeAlias = FrameReceived | PeerDrained | PeerFinished | PeerClosed

KINDS = frozenset(
    {
        Kind.OFFER,
        Kind.ACCEPT,
        Kind.REFUSE,
        Kind.START,
        Kind.DATA,
        Kind.END,
        Kind.KEPT,
        Kind.CANCEL,
        Kind.SHARE,
        Kind.FETCH,
    }
)
"""The frames that are about files."""


class Files:
    """Takes files from members, and sends them to others.

    Args:
        room: the rooms.
        sayings: has it remembered that a file was said.
        size_bytes_max: no larger file is taken; with 0 none is.
    """

    def __init__(
        self, room: Room, sayings: Sayings, size_bytes_max: int = ROOM_FILE_BYTES_MAX
    ) -> None:
        self._room = room
        self._sayings = sayings
        self._incoming = Incoming(Policy(size_bytes_max, takes=size_bytes_max > 0))
        self._outgoing: dict[int, Outgoing] = {}
        self._uploads: OrderedDict[tuple[str, str], Attachment] = OrderedDict()
        self._fetches: dict[str, tuple[int, int]] = {}  # by whom each file was asked for, and how
        self._wanted: Counter[int] = Counter()  # how many each peer asked for and has not got
        self._numbered = 0

    # Events that are about no single member, or about one who is none any more

    def handle(self, event: FileEvent | PeerEvent) -> list[Command]:
        """Return what to do about what has become of files, and of who sent or got them."""
        outgoing = self._outgoing.get(self._receiver(event))
        going = () if outgoing is None else outgoing.handle(event)
        commands = [*self._noted(self._incoming.handle(event)), *self._noted(going)]
        if isinstance(event, PeerClosed):
            self._outgoing.pop(event.peer.id, None)
        return commands

    def _receiver(self, event: FileEvent | PeerEvent) -> int:
        """Return the id of the peer who gets the file that ``event`` may be about."""
        if isinstance(event, PeerEvent):
            return event.peer.id
        return self._fetches.get(event.file, (0, 0))[0]

    def _noted(self, commands: Sequence[Command]) -> list[Command]:
        """Take what is told of a file as our own news; nobody sits here to be told.

        What a member is told of it comes first: who hears that a file is cancelled may leave.
        """
        news = [self._told(command) for command in commands if isinstance(command, TellFile)]
        rest = [command for command in commands if not isinstance(command, TellFile)]
        return [*(command for told in news for command in told), *rest]

    def _told(self, told: TellFile) -> list[Command]:
        if told.is_coming:
            if told.stage is Stage.KEPT:
                self._uploaded(told)
            return []
        match told.stage:
            case Stage.OFFERED:
                return [OpenFile(told.file, told.attachment.sha256)]
            case Stage.MOVING:
                return []
            case _:
                number, line_id = self._fetches.pop(told.file)
                self._is_over(number)
                is_gone = told.stage is Stage.UNREADABLE
                return self._no_file(told.peer, line_id) if is_gone else []

    # A file comes, and is said

    def frame(self, member: Member, event: FrameReceived) -> Sequence[Command]:
        """Return what to do about a frame of somebody who has joined that is about files."""
        frame = event.frame
        match frame.kind:
            case Kind.OFFER:
                return self._offered(member, event)
            case Kind.SHARE:
                return self._share(member, event)
            case Kind.FETCH:
                return self._fetch(member, payload_of(frame, Fetch).id)
            case _:
                return self.handle(event)

    def _offered(self, member: Member, event: FrameReceived) -> list[Command]:
        room, stream = self._room, event.frame.stream
        if not member.peer.is_stream:
            return room.tell.notice(member, Notice(What.FRAMES_ONLY))
        if room.kept.read_only_because:
            refused = refusal(member.peer, stream, Objection.FAILED)
            return [*room.tell.notice(member, room.read_only()), refused]
        return self.handle(event)

    def _uploaded(self, told: TellFile) -> None:
        member = self._room.members.of(told.peer)
        if member is None:
            return
        attachment = told.attachment
        media = attachment.media_type.lower()
        self._uploads[_whose(member), told.name] = Attachment(
            attachment.name,
            attachment.size_bytes,
            media if _MEDIA_TYPE.fullmatch(media) else "",
            told.name,
        )
        if len(self._uploads) > ROOM_UNSAID_FILES_MAX:
            self._uploads.popitem(last=False)

    def _share(self, member: Member, event: FrameReceived) -> Sequence[Command]:
        share = payload_of(event.frame, Share)
        attachment = self._uploads.get((_whose(member), share.sha256))
        return self._sayings.share(member, attachment, event.at_ns, event.frame.stream)

    # A file goes

    def _fetch(self, member: Member, line_id: int) -> list[Command]:
        """Look up the line of a file, or with 0 the latest lines, among which the last has one."""
        if not member.peer.is_stream:
            return self._room.tell.notice(member, Notice(What.FRAMES_ONLY, count=line_id))
        if not 0 <= line_id <= self._room.kept.told_id:
            return self._no_file(member.peer, line_id)
        is_much = self._wanted.total() >= ROOM_SENT_FILES_MAX
        if is_much or self._wanted[member.peer.id] >= ROOM_WAITING_FILES_MAX:
            return self._no_file(member.peer, line_id)
        self._wanted[member.peer.id] += 1
        tag = f"{TAG} {member.peer.id} {line_id}"
        if line_id == 0:
            return [Recall(tag, member.room, 0, HISTORY_LINES_MAX)]
        return [Recall(tag, member.room, line_id - 1, 1, oldest=True)]

    def recalled(self, event: Recalled) -> list[Command]:
        """Send the file that was looked up to whoever asked for it."""
        _tag, number, asked = event.tag.split(" ")
        member, line_id = self._room.members.numbered(int(number)), int(asked)
        if member is None:
            self._is_over(int(number))
            return []
        told = [line for line in event.lines if line.id <= self._room.kept.told_id]
        wanted = [line for line in told if line.attachment and line_id in (0, line.id)]
        if not wanted:
            self._is_over(int(number))
            return self._no_file(member.peer, line_id)
        return self._send(member.peer, wanted[-1], line_id)

    def _is_over(self, number: int) -> None:
        """Count that one of the files which a peer asked for has come, or does not."""
        self._wanted[number] -= 1
        if not self._wanted[number]:
            del self._wanted[number]

    def _send(self, peer: Peer, line: Line, asked_id: int) -> list[Command]:
        assert line.attachment is not None
        self._numbered += 1
        file = f"fetch-{self._numbered}"
        self._fetches[file] = (peer.id, asked_id)
        outgoing = self._outgoing.setdefault(peer.id, Outgoing(peer))
        chosen = FileChosen(line.at_ns, file, line.attachment, line.at_ns)
        return self._noted(outgoing.send(chosen))

    def _no_file(self, peer: Peer, line_id: int) -> list[Command]:
        member = self._room.members.of(peer)
        notice = Notice(What.NO_FILE, count=line_id)
        return [] if member is None else self._room.tell.notice(member, notice)


def _whose(member: Member) -> str:
    """Return who has sent a file: a session, which outlives a connection, or else a peer."""
    return member.session or f"#{member.peer.id}"
