"""Commands of a service: the host makes bytes of what is said in frames, a driver does the rest."""

from typing import TypeAlias

from msgspec import Struct

from enchufe.core.events import Reason
from enchufe.core.exits import ExitCode
from enchufe.core.files import FileOrder
from enchufe.core.frames import Frame
from enchufe.core.history import Saying
from enchufe.core.notices import Reported
from enchufe.core.peer import Peer
from enchufe.core.programs import ProgramOrder
from enchufe.core.scores import ScoreOrder


class Send(Struct, frozen=True, tag=True):
    """Send a message to a peer."""

    peer: Peer
    message: bytes


class Finish(Struct, frozen=True, tag=True):
    """Send what is queued, then say that no more will come (half-close); go on reading."""

    peer: Peer


class Close(Struct, frozen=True, tag=True):
    """Send what is queued, then end the conversation, for ``reason``."""

    peer: Peer
    reason: Reason = Reason.OURS


class AwaitDrained(Struct, frozen=True, tag=True):
    """Tell me (`PeerDrained`) when all I sent this peer has been handed to the system."""

    peer: Peer


class Rest(Struct, frozen=True, tag=True):
    """Read nothing more from this peer for now: it says more than can be taken in."""

    peer: Peer


class ReadOn(Struct, frozen=True, tag=True):
    """Read from this peer again."""

    peer: Peer


class Show(Struct, frozen=True, tag=True):
    """Show the person at this side what a peer said."""

    peer: Peer
    message: bytes


class ShowError(Struct, frozen=True, tag=True):
    """Show the person at this side what a peer's program said on its standard error."""

    peer: Peer
    message: bytes


class Spread(Struct, frozen=True, tag=True):
    """Send the same message to many peers, but not to one of them."""

    peers: tuple[Peer, ...]
    message: bytes
    but: Peer | None = None


class Tell(Struct, frozen=True, tag=True):
    """Tell the person at this side something.

    ``by`` is the name of whoever said it, or "" where it is the service itself.
    """

    text: str
    by: str = ""


class HoldInput(Struct, frozen=True, tag=True):
    """Take no more from the input, or take it again: enough of it waits already."""

    hold: bool


class SetTimer(Struct, frozen=True, tag=True):
    """Tell me (`TimerFired`) after ``after_s`` seconds; replaces a timer of that name."""

    name: str
    after_s: float


class CancelTimer(Struct, frozen=True, tag=True):
    """Forget the timer of that name, if there is one."""

    name: str


class Stop(Struct, frozen=True, tag=True):
    """End the run in good order, with this exit code."""

    exit_code: ExitCode


class Report(Struct, frozen=True, tag=True):
    """Tell the one who runs the server what befell it; also written down where that is asked."""

    notice: Reported


class Dial(Struct, frozen=True, tag=True):
    """Call the server again, after a conversation with it was lost."""


class Remember(Struct, frozen=True, tag=True):
    """Keep what is said; `Remembered` says when it is safe, `NotRemembered` that it cannot be."""

    saying: Saying


class Recall(Struct, frozen=True, tag=True):
    """Look up what was said in a room; `Recalled` answers.

    Args:
        tag: given back with the answer.
        room: where it was said.
        after_id: only what came after that line.
        count_max: at most so many.
        oldest: whether those are the first after that line, or else the latest ones.
    """

    tag: str
    room: str
    after_id: int
    count_max: int
    oldest: bool = False


class SendFrame(Struct, frozen=True, tag=True):
    """Send a frame to a peer that speaks them."""

    peer: Peer
    frame: Frame


class SpreadFrame(Struct, frozen=True, tag=True):
    """Send the same frame to many peers that speak them, but not to one of them."""

    peers: tuple[Peer, ...]
    frame: Frame
    but: Peer | None = None


class SpeakFrames(Struct, frozen=True, tag=True):
    """Speak frames to this peer from now on; `PeerFramed` says when it does so too."""

    peer: Peer


Order: TypeAlias = (
    Send
    | Spread
    | Finish
    | Close
    | AwaitDrained
    | Rest
    | ReadOn
    | Show
    | ShowError
    | Tell
    | HoldInput
    | SetTimer
    | CancelTimer
    | Dial
    | Remember
    | Recall
    | FileOrder
    | ProgramOrder
    | ScoreOrder
    | Report
    | Stop
)
"""What a driver performs."""

Command: TypeAlias = Order | SendFrame | SpreadFrame | SpeakFrames
"""What a service says; the host makes orders of the last three."""
