"""What every service is: told an event, it answers with commands, and waits for nothing."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Protocol, runtime_checkable

from enchufe.core.commands import Command
from enchufe.core.events import Event
from enchufe.core.peer import Peer


class Framing(StrEnum):
    """How a service wants the bytes of a stream cut into messages.

    A service names its framing and never sees the wire that does the cutting.
    Datagrams are messages already; of them `TEXT` only takes the end of line away.
    With `FRAMES` a peer is taken as `TEXT` until it opens with the preface.
    """

    RAW = "raw"  # bytes as they came
    TEXT = "text"  # lines, or what came before the peer fell silent
    FRAMES = "frames"  # text, or typed frames, as each peer chooses


class Service(Protocol):
    """The only place where a conversation has rules."""

    def handle(self, event: Event) -> Sequence[Command]:
        """Return what to do about ``event``, in order."""
        ...


@runtime_checkable
class LineService(Service, Protocol):
    """A service for which lines that came in one read cost less together than one by one.

    To everybody who talks to it, it must make no difference.
    """

    def handle_lines(
        self, peer: Peer, lines: Sequence[bytes], at_ns: int
    ) -> Sequence[Command] | None:
        """Return what to do about ``lines``, as if `handle` had been told of one after the other.

        None, if it wants to be told so.

        Args:
            peer: who sent them.
            lines: at least one, in order.
            at_ns: when they came.
        """
        ...
