"""Files of a room that the person wants: asked for again until they are here."""

from collections.abc import Sequence

from enchufe.core.commands import Command, SendFrame
from enchufe.core.events import FrameReceived, PeerClosed
from enchufe.core.files import (
    AskFile,
    FileDecided,
    FileFailed,
    FileKept,
    FilePrepared,
    FileWritten,
    Stage,
    TellFile,
)
from enchufe.core.history import Attachment
from enchufe.core.peer import Peer
from enchufe.core.room import Fetch, Said, frame_of
from enchufe.core.transfer.incoming import Incoming, Policy

AUTO_FETCH_BYTES_MAX = 256 * 1024 * 1024
"""Pictures that come unasked in one visit, all together: nobody can fill a disk with them."""

Event = FrameReceived | PeerClosed | FilePrepared | FileWritten | FileKept | FileFailed


class _Wanted:
    """A file that was asked for.

    Args:
        line_id: of the line in which it was said; 0 for the last file said.
        attachment: what it is, if that is known.
    """

    def __init__(self, line_id: int, attachment: Attachment | None) -> None:
        self.line_id = line_id
        self.file = ""  # once it is offered
        self._attachment = attachment

    def is_offered_as(self, offered: Attachment) -> bool:
        """Whether what is offered may be this."""
        known = self._attachment
        if self.file:
            return False
        return known is None or (known.name, known.size_bytes) == (offered.name, offered.size_bytes)


class Downloads:
    """Gets the files that the person wants, and takes no others.

    Args:
        auto_fetch_bytes: pictures up to this size are wanted unasked; 0 for none.
    """

    def __init__(self, auto_fetch_bytes: int = 0) -> None:
        self._auto_fetch_bytes = auto_fetch_bytes
        self._left_bytes = AUTO_FETCH_BYTES_MAX
        self._incoming = Incoming(Policy(asks=True))
        self._wanted: list[_Wanted] = []
        self._peer: Peer | None = None

    @property
    def count(self) -> int:
        """How many files are still to come."""
        return len(self._wanted)

    def wants_unasked(self, said: Said) -> bool:
        """Whether the file of a line is a picture that is to be shown at once."""
        file = said.file
        if file is None or said.again or said.number or not file.media_type.startswith("image/"):
            return False
        return file.size_bytes <= min(self._auto_fetch_bytes, self._left_bytes)

    def fetch_unasked(self, said: Said) -> Sequence[Command]:
        """Ask for the picture of a line."""
        assert said.file is not None
        self._left_bytes -= said.file.size_bytes
        return self.fetch(said.id, said.file)

    def fetch(self, line_id: int, attachment: Attachment | None = None) -> Sequence[Command]:
        """Ask for the file of a line, now or once we are in."""
        self._wanted.append(_Wanted(line_id, attachment))
        return () if self._peer is None else (_asked(self._peer, line_id),)

    def begin(self, peer: Peer) -> Sequence[Command]:
        """Ask for what has not come yet, now that we are in."""
        self._peer = peer
        return [_asked(peer, wanted.line_id) for wanted in self._wanted if not wanted.file]

    def lose(self, event: PeerClosed) -> Sequence[Command]:
        """Leave what was coming until we are back."""
        self._peer = None
        noted: list[Command] = []
        for command in self._incoming.handle(event):
            if not isinstance(command, TellFile):
                noted.append(command)
            elif (wanted := self._coming_as(command.file)) is not None:
                wanted.file = ""
        return noted

    def is_not_there(self, line_id: int) -> None:
        """Forget a file that the room does not have."""
        wanted = next((w for w in self._wanted if w.line_id == line_id and not w.file), None)
        if wanted is not None:
            self._wanted.remove(wanted)

    def handle(self, event: Event) -> Sequence[Command]:
        """Return what to do about ``event``, if it is about a file that comes."""
        noted: list[Command] = []
        for command in self._incoming.handle(event):
            match command:
                case AskFile():
                    decided = FileDecided(event.at_ns, command.file, self._is_wanted(command))
                    noted += self._noted(self._incoming.handle(decided))
                case _:
                    noted += self._noted((command,))
        return noted

    def _is_wanted(self, asked: AskFile) -> bool:
        wanted = next((w for w in self._wanted if w.is_offered_as(asked.attachment)), None)
        if wanted is not None:
            wanted.file = asked.file
        return wanted is not None

    def _noted(self, commands: Sequence[Command]) -> Sequence[Command]:
        """Forget what has come, or will not come; nobody is told of what was never wanted."""
        noted: list[Command] = []
        for command in commands:
            if isinstance(command, TellFile):
                noted += self._told(command)
            else:
                noted.append(command)
        return noted

    def _told(self, told: TellFile) -> Sequence[Command]:
        wanted = self._coming_as(told.file)
        if wanted is None and told.stage is Stage.NOT_TAKEN:  # before anybody was asked
            wanted = next((w for w in self._wanted if w.is_offered_as(told.attachment)), None)
        if wanted is None:
            return ()
        if told.stage is not Stage.MOVING:
            self._wanted.remove(wanted)
        return (told,)

    def _coming_as(self, file: str) -> _Wanted | None:
        return next((wanted for wanted in self._wanted if wanted.file == file), None)


def _asked(peer: Peer, line_id: int) -> Command:
    return SendFrame(peer, frame_of(Fetch(line_id)))
