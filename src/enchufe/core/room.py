"""What the two sides of a room tell each other in frames, beside what is said.

The payload of each kind is a JSON object; the tables are in ``docs/en/frames.md``.
"""

from enum import StrEnum
from typing import Annotated, TypeAlias

from msgspec import Meta, Struct

from enchufe.core.frames import Frame, Kind
from enchufe.core.history import Attachment
from enchufe.core.payloads import encoded_payload

SAID_BYTES_MAX = 4096
"""A message is a few lines of a person; whoever has more to say sends a file."""

NAME_CHARACTERS_MAX = 24
SESSION_CHARACTERS_MAX = 64

Id: TypeAlias = Annotated[int, Meta(ge=0, le=2**63 - 1)]
"""Of a line; 0 stands for none. More bits than a history has room for come from no room."""

Number: TypeAlias = Annotated[int, Meta(ge=0, lt=2**31)]
"""A sender's own number for what it says; it has to fit into a frame's stream, and grow."""


class What(StrEnum):
    """What happened in a room."""

    CAME = "came"
    LEFT = "left"
    LOST = "lost"  # its connection broke, and it did not come back
    SLOW = "slow"  # it did not read what it was sent, and was left
    MISSED = "missed"  # you did not read, so lines were left out for you
    RENAMED = "renamed"
    NAME_TAKEN = "name taken"  # you asked for it; you are called otherwise
    NAME_UNFIT = "name unfit"
    NOBODY = "nobody"  # you spoke to somebody who is not there
    UNHEARD = "unheard"  # you spoke to somebody who does not read now, or is away
    READ_ONLY = "read-only"  # nothing more can be kept, so nothing more is said
    TOO_LONG = "too long"
    PRESENT = "present"  # who is here; answers a question
    ROOMS = "rooms"  # which rooms there are, and how many are in each
    TOO_FAST = "too fast"  # you give orders faster than may be; until you pause none is obeyed
    UNKNOWN = "unknown"  # there is no such command
    USAGE = "usage"  # a command was written wrongly; an example
    EMPTY = "empty"  # nothing was said yet
    STRANGER = "stranger"  # you have not joined, or not since this server began
    NO_FILE = "no file"  # that line has none, or it is not kept here
    STOPPING = "stopping"  # this server ends; nothing that was said is lost
    FRAMES_ONLY = "frames only"  # files travel in frames, over a stream


class Join(Struct, frozen=True):
    """Let me in.

    Args:
        name: how I want to be called; "" for whatever name there is.
        session: known to me alone; who comes again with it is the same person.
        room: where to; "" for the room one enters by.
        after: the id of the last line I have; -1 if I am new and want the last few.
    """

    name: str = ""
    session: str = ""
    room: str = ""
    after: int = -1


class Joined(Struct, frozen=True):
    """You are in.

    Args:
        name: how you are called.
        room: where you are.
        number: the highest number of yours that is kept.
        last_id: the last line told so far; what comes after it is yours to hear.
        history: whose ids these are; where it is another one than before, all ids are new.
    """

    name: str
    room: str
    number: Number = 0
    last_id: Id = 0
    history: str = ""


class Taken(Struct, frozen=True):
    """What you said is kept, under this id; ``previous`` is the line before it in your room."""

    id: Id
    previous: Id


class Said(Struct, frozen=True, omit_defaults=True):
    """Somebody said something.

    Args:
        id: of the line.
        previous: the id of the line before it in this room; who does not have that one
            has missed something.
        at_ns: when.
        room: where.
        name: who.
        text: what.
        number: your own number for it, if it was you.
        file: what was sent, if it was a file.
        to: for whom alone, if it was not said to all; such lines have no id and are not kept.
        again: whether it was asked for and may have been told before.
    """

    id: Id
    previous: Id
    at_ns: int
    room: str
    name: str
    text: str
    number: Number = 0
    file: Attachment | None = None
    to: str = ""
    again: bool = False


class Notice(Struct, frozen=True, omit_defaults=True):
    """Something happened in the room, or to you.

    Args:
        what: one of `What`, or a word that a later room has for something new.
        name: to whom.
        other: what else it is about: the new name, the one asked for, a command.
        names: who is here, or which rooms there are.
        numbers: of those who are here, the number of each one's connection; 0 while it is broken.
        count: a figure: how many lines, or bytes, or characters.
        number: your own number of what you said, if it is about that.
        why: the system's word for it.
    """

    what: str
    name: str = ""
    other: str = ""
    names: tuple[str, ...] = ()
    numbers: tuple[int, ...] = ()
    count: int = 0
    number: Number = 0
    why: str = ""


class Since(Struct, frozen=True):
    """Tell me what was said in my room after this line."""

    after: int


class Fetch(Struct, frozen=True):
    """Send me the file that was said in this line; 0 for the last file said in my room."""

    id: int


class Share(Struct, frozen=True):
    """Say the file that I sent you and that has this digest."""

    sha256: str


_KINDS: dict[type[Struct], Kind] = {
    Join: Kind.JOIN,
    Joined: Kind.JOINED,
    Taken: Kind.TAKEN,
    Said: Kind.SAID,
    Notice: Kind.NOTICE,
    Since: Kind.SINCE,
    Fetch: Kind.FETCH,
    Share: Kind.SHARE,
}


def frame_of(
    payload: Join | Joined | Taken | Said | Notice | Since | Fetch | Share, stream: int = 0
) -> Frame:
    """Return the frame that carries ``payload``."""
    return Frame(_KINDS[type(payload)], stream, encoded_payload(payload))
