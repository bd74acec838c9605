"""What the frames of a transfer carry, in JSON (``docs/en/frames.md``)."""

from collections.abc import Sequence
from typing import TypeVar

import msgspec
from msgspec import Struct

from enchufe.core.commands import Show
from enchufe.core.files import Objection
from enchufe.core.frames import Frame
from enchufe.core.peer import Peer

Payload = TypeVar("Payload", bound=Struct)

PAYLOAD_BYTES_MAX = 16 * 1024
"""No description of a file is longer; a frame of data may be."""


class Offer(Struct, frozen=True, omit_defaults=True):
    """A file that could be sent.

    Args:
        name: as its sender calls it.
        size: how long it is, in bytes.
        media: such as ``image/png``; "" if nobody knows.
        modified_ns: when it was last changed, in nanoseconds since 1970; 0 if nobody knows.
    """

    name: str
    size: int
    media: str = ""
    modified_ns: int = 0


class Accept(Struct, frozen=True, omit_defaults=True):
    """Send it; so many bytes, with that digest, are here already."""

    offset: int = 0
    sha256: str = ""


class Refuse(Struct, frozen=True, omit_defaults=True):
    """Do not send it, or: it did not arrive as it should; ``limit`` is in bytes."""

    why: str
    limit: int = 0

    @property
    def objection(self) -> Objection:
        """The reason; one that is not known here counts as a failure."""
        known = self.why in Objection.__members__.values()
        return Objection(self.why) if known else Objection.FAILED


class Start(Struct, frozen=True):
    """The bytes that follow begin at this offset."""

    offset: int


class End(Struct, frozen=True):
    """All bytes are sent; this is the digest of the whole file."""

    sha256: str


class Fault(Struct, frozen=True):
    """Why its sender can understand nothing more."""

    why: str


def packed(payload: Struct) -> bytes:
    """Return the bytes of ``payload``."""
    return msgspec.json.encode(payload)


def unpacked(kind: type[Payload], data: bytes) -> Payload | None:
    """Return what ``data`` says, or None if it is no such payload."""
    if len(data) > PAYLOAD_BYTES_MAX:
        return None
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def shown_fault(peer: Peer, frame: Frame) -> Sequence[Show]:
    """Return what shows the person why ``peer`` can understand nothing more, if it says so."""
    fault = unpacked(Fault, frame.payload)
    return () if fault is None else (Show(peer, fault.why.encode()),)
