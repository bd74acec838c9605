"""Files on their way to a room: they go on where they broke off, in the order they were chosen."""

from collections.abc import Callable, Sequence

from enchufe.core.commands import Command
from enchufe.core.events import FrameReceived, PeerDrained
from enchufe.core.files import (
    ChooseAgain,
    FileChecked,
    FileChosen,
    FileFailed,
    FileRead,
    LeaveFile,
    Stage,
    TellFile,
)
from enchufe.core.history import Attachment
from enchufe.core.peer import Peer
from enchufe.core.transfer.outgoing import Outgoing

SayKept = Callable[[str, Attachment], Sequence[Command]]
"""Says a file, by its handle, that the room has kept."""


class Uploads:
    """Sends the files a person chose to the room, over one connection after another.

    Args:
        kept: says a file once the room has it.
    """

    def __init__(self, kept: SayKept) -> None:
        self._kept = kept
        self._chosen: dict[str, FileChosen] = {}  # and not kept yet
        self._chosen_again: dict[str, FileChosen] = {}  # by the handles they had
        self._digests: dict[str, str] = {}
        self._outgoing: Outgoing | None = None
        self._peer: Peer | None = None  # the last one we had

    @property
    def count(self) -> int:
        """How many files are still to be sent."""
        return len(self._chosen) + len(self._chosen_again)

    def choose(self, chosen: FileChosen) -> Sequence[Command]:
        """Send a file, now or once we are in."""
        self._chosen_again.pop(chosen.instead_of, None)
        self._chosen[chosen.file] = chosen
        return () if self._outgoing is None else self._noted(self._outgoing.send(chosen))

    def begin(self, peer: Peer) -> Sequence[Command]:
        """Send what waits, now that we are in."""
        outgoing, self._peer = Outgoing(peer), peer
        self._outgoing = outgoing
        waiting = list(self._chosen.values())
        return [command for chosen in waiting for command in self._noted(outgoing.send(chosen))]

    def lose(self) -> Sequence[Command]:
        """Choose everything anew: what was read of it for the lost connection is of no use."""
        self._outgoing = None
        chosen, self._chosen = list(self._chosen.values()), {}
        return [self._again(each) for each in chosen]

    def send_again(self, file: str, attachment: Attachment) -> Command:
        """Choose a file anew that the room had kept, and has not any more."""
        return self._again(FileChosen(0, file, attachment))

    def _again(self, chosen: FileChosen) -> Command:
        self._digests.pop(chosen.file, None)
        self._chosen_again[chosen.file] = chosen
        return ChooseAgain(chosen.file)

    def handle(
        self, event: FrameReceived | PeerDrained | FileChecked | FileRead | FileFailed
    ) -> Sequence[Command]:
        """Return what to do about ``event``, if it is about a file that goes."""
        if isinstance(event, FileFailed) and event.file in self._chosen_again:
            return self._gone(event)
        if isinstance(event, FileRead) and event.sha256:
            self._digests[event.file] = event.sha256
        return () if self._outgoing is None else self._noted(self._outgoing.handle(event))

    def _gone(self, event: FileFailed) -> Sequence[Command]:
        """Tell that a file is not there any more, now that it would go on."""
        chosen = self._chosen_again.pop(event.file)
        assert self._peer is not None
        return (
            TellFile(
                event.file,
                self._peer,
                chosen.attachment,
                is_coming=False,
                stage=Stage.UNREADABLE,
                why=event.why,
            ),
        )

    def _noted(self, commands: Sequence[Command]) -> Sequence[Command]:
        """Say what was kept; let go of a file only when it is said, or not taken."""
        noted: list[Command] = []
        for command in commands:
            match command:
                case LeaveFile():
                    pass
                case TellFile(stage=Stage.OFFERED | Stage.MOVING):
                    noted.append(command)
                case TellFile():
                    noted += self._over(command)
                case _:
                    noted.append(command)
        return noted

    def _over(self, told: TellFile) -> Sequence[Command]:
        chosen = self._chosen.pop(told.file)
        digest = self._digests.pop(told.file, "")
        if told.stage is not Stage.KEPT:
            return (LeaveFile(told.file), told)
        attachment = chosen.attachment
        kept = Attachment(attachment.name, attachment.size_bytes, attachment.media_type, digest)
        return (told, *self._kept(told.file, kept))
