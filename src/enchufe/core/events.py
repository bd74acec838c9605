"""Facts a service is told, each with the time it happened.

Times are wall-clock nanoseconds since 1970-01-01T00:00Z, read once per wake-up by
the driver: nothing pure has a clock of its own.
"""

from enum import StrEnum
from typing import TypeAlias

from msgspec import Struct

from enchufe.core.files import FileEvent
from enchufe.core.frames import Frame
from enchufe.core.history import Line, Told
from enchufe.core.peer import Peer
from enchufe.core.programs import ProgramEvent
from enchufe.core.scores import ScoreEvent


class Reason(StrEnum):
    """Why a conversation is over."""

    FINISHED = "finished"  # both sides said all they had to say
    RESET = "reset"  # the other side broke it off (TCP RST)
    AWAY = "away"  # its page was closed or reloaded, and may come back (RFC 6455, 7.4.1: 1001)
    REFUSED = "refused"  # nobody listens there (ICMP port unreachable)
    UNFINISHED = "unfinished"  # it left in the middle of a message
    PROTOCOL = "protocol"  # it broke the rules of the wire
    SLOW = "slow"  # it did not read what it was sent
    TOO_MUCH = "too much"  # it made us hold too much, in a run that holds all it may
    SILENT = "silent"  # nothing came for the allowed time
    OURS = "ours"  # we closed it: the service is done with the peer
    STOPPING = "stopping"  # the whole run ends
    FAILED = "failed"  # the system could not go on (network down, …)


class PeerOpened(Struct, frozen=True, tag=True):
    """A peer is there: a connection was made, or a first datagram came."""

    at_ns: int
    peer: Peer


class MessageReceived(Struct, frozen=True, tag=True):
    """A message arrived: a datagram, a line, or bytes as they came, as the framing says."""

    at_ns: int
    peer: Peer
    message: bytes


class PeerFramed(Struct, frozen=True, tag=True):
    """The peer speaks frames from now on: it is a program of ours, or one like it."""

    at_ns: int
    peer: Peer


class FrameReceived(Struct, frozen=True, tag=True):
    """A frame arrived that is not text; text is a `MessageReceived` however it came."""

    at_ns: int
    peer: Peer
    frame: Frame


class PeerFinished(Struct, frozen=True, tag=True):
    """The peer has sent its last byte, and may still read (half-close)."""

    at_ns: int
    peer: Peer


class PeerDrained(Struct, frozen=True, tag=True):
    """All we sent this peer has been handed to the system; answers `AwaitDrained`."""

    at_ns: int
    peer: Peer


class PeerBehind(Struct, frozen=True, tag=True):
    """The peer does not read: more than `SEND_QUEUE_BYTES_MAX` waits for it."""

    at_ns: int
    peer: Peer


class PeerClosed(Struct, frozen=True, tag=True):
    """The conversation is over; nothing can be sent any more.

    ``unsent_bytes`` were queued for the peer and never left.
    """

    at_ns: int
    peer: Peer
    reason: Reason
    unsent_bytes: int = 0


class NotReached(Struct, frozen=True, tag=True):
    """The server that was to be called again cannot be reached; answers `Dial`.

    ``why`` says it in the person's words.
    """

    at_ns: int
    why: str


class TimerFired(Struct, frozen=True, tag=True):
    """A timer set by `SetTimer` is due."""

    at_ns: int
    name: str


class InputTyped(Struct, frozen=True, tag=True):
    """The person, or the pipe that feeds us, said something."""

    at_ns: int
    data: bytes


class InputEnded(Struct, frozen=True, tag=True):
    """There is no more input: end of file, or Ctrl-D."""

    at_ns: int


class RunStopping(Struct, frozen=True, tag=True):
    """The whole run ends, and now is the time to say so: nobody else comes in, or we leave."""

    at_ns: int


class Remembered(Struct, frozen=True, tag=True):
    """Every line up to ``last_id`` that was to be remembered is safe."""

    at_ns: int
    last_id: int


class NotRemembered(Struct, frozen=True, tag=True):
    """The lines from ``first_id`` on could not be kept, and no later one will be.

    ``why`` is the system's word for it.
    """

    at_ns: int
    first_id: int
    why: str


class Recalled(Struct, frozen=True, tag=True):
    """What was said, in order; answers `Recall`."""

    at_ns: int
    tag: str
    lines: tuple[Line, ...]


class HistoryOpened(Struct, frozen=True, tag=True):
    """What a room remembers from earlier runs; comes before any peer.

    Args:
        at_ns: when.
        last_id: the highest id ever given to a line; 0 for none.
        told: what the latest sessions said last.
        history: tells this history from all others that are forgotten when a run ends; "" for
            one that lasts.
    """

    at_ns: int
    last_id: int
    told: tuple[Told, ...] = ()
    history: str = ""


Event: TypeAlias = (
    PeerOpened
    | MessageReceived
    | PeerFramed
    | FrameReceived
    | PeerFinished
    | PeerDrained
    | PeerBehind
    | PeerClosed
    | NotReached
    | TimerFired
    | InputTyped
    | InputEnded
    | Remembered
    | NotRemembered
    | Recalled
    | HistoryOpened
    | RunStopping
    | FileEvent
    | ProgramEvent
    | ScoreEvent
)
