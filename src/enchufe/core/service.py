"""What every service is: told an event, it answers with commands, and waits for nothing."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Protocol

from enchufe.core.commands import Command
from enchufe.core.events import Event


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
