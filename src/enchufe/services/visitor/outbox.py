"""What a visitor has said and the room has not taken yet: numbered, and said again if need be."""

from collections import deque

from enchufe.core.commands import Command, HoldInput, SendFrame, SetTimer
from enchufe.core.files import LeaveFile
from enchufe.core.frames import Frame, Kind
from enchufe.core.history import Attachment
from enchufe.core.peer import Peer
from enchufe.core.room import Share, frame_of

AGAIN_S = 0.5
"""Over datagrams, what is not answered for so long is said again."""

AGAIN = "again"
"""The timer after which it is."""

OUTBOX_MAX = 1000
"""Lines not taken yet, after which we read no more of what is said."""


class Unsaid:
    """What was said and is not taken yet.

    Args:
        number: ours for it.
        text: what, unless it is a file.
        file: the handle of a file, and ...
        attachment: what it is.
        peer_id: of the connection over which it was sent.
    """

    __slots__ = ("attachment", "file", "number", "peer_id", "text")

    def __init__(
        self,
        number: int,
        text: bytes = b"",
        file: str = "",
        attachment: Attachment | None = None,
        peer_id: int = 0,
    ) -> None:
        self.number = number
        self.text = text
        self.file = file
        self.attachment = attachment
        self.peer_id = peer_id

    def frame(self) -> Frame:
        """Return what says it."""
        if self.attachment is None:
            return Frame(Kind.SAY, self.number, self.text)
        return frame_of(Share(self.attachment.sha256), self.number)


class Outbox:
    """Keeps what was said until the room has taken it."""

    def __init__(self) -> None:
        self._waiting: deque[Unsaid] = deque()
        self._files = 0  # among those that wait
        self._number = 0
        self._said_number = 0  # the highest said over this connection
        self._holds_input = False

    def __len__(self) -> int:
        """Return how much waits."""
        return len(self._waiting)

    def add(self, text: bytes) -> list[Command]:
        """Keep a line; the input is held while too many wait."""
        return self._keep(Unsaid(self._next_number(), text))

    def add_file(self, file: str, attachment: Attachment, peer_id: int) -> list[Command]:
        """Keep a file that the room has taken in over that connection and has yet to say."""
        self._files += 1
        return self._keep(Unsaid(self._next_number(), b"", file, attachment, peer_id))

    def _next_number(self) -> int:
        self._number += 1
        return self._number

    def _keep(self, unsaid: Unsaid) -> list[Command]:
        self._waiting.append(unsaid)
        if len(self._waiting) < OUTBOX_MAX or self._holds_input:
            return []
        self._holds_input = True
        return [HoldInput(True)]

    def release_input(self) -> list[Command]:
        """Read what is said again, once few enough wait."""
        if not self._holds_input or len(self._waiting) > OUTBOX_MAX // 4:
            return []
        self._holds_input = False
        return [HoldInput(False)]

    def find(self, number: int) -> Unsaid | None:
        """Return what was said with that number, if it is not taken yet."""
        return next((unsaid for unsaid in self._waiting if unsaid.number == number), None)

    def remove(self, unsaid: Unsaid) -> None:
        """Give up a file that the room has lost."""
        self._files -= 1
        self._waiting.remove(unsaid)

    def taken(self, number: int) -> list[Command]:
        """Forget what the room has heard of, up to ``number``; let go of its files."""
        commands: list[Command] = []
        while self._waiting and self._waiting[0].number <= number:
            taken = self._waiting.popleft()
            if taken.attachment is not None:
                self._files -= 1
                commands.append(LeaveFile(taken.file))
        return commands

    def count_from(self, number: int) -> None:
        """Give higher numbers than ``number``, which the room has kept already."""
        self._number = max(self._number, number)

    def over_again(self) -> None:
        """Say everything anew: the connection is another one."""
        self._said_number = 0

    def say(self, peer: Peer) -> list[Command]:
        """Say all that was not said over this connection.

        Over datagrams, which overtake, one thing follows the other, and so does what
        follows a file: the room may have to say that it does not find it.
        """
        if not self._waiting:
            return []
        if not peer.is_stream:
            return [SendFrame(peer, self._waiting[0].frame()), SetTimer(AGAIN, AGAIN_S)]
        commands: list[Command] = []
        last = self._waiting[-1]
        if last.number <= self._said_number:
            return []
        is_next_alone = not self._files and last.number == self._said_number + 1
        for unsaid in (last,) if is_next_alone else tuple(self._waiting):
            if unsaid.number > self._said_number:
                self._said_number = unsaid.number
                commands.append(SendFrame(peer, unsaid.frame()))
            if unsaid.attachment is not None:
                break
        return commands
