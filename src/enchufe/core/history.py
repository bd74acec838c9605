"""What was said in a room, as it is remembered."""

from msgspec import Struct


class Attachment(Struct, frozen=True):
    """A file that was said.

    Args:
        name: as its sender calls it; shown, never used as a path.
        size_bytes: how long it is.
        media_type: such as ``image/png``; "" if nobody knows.
        sha256: its digest, in hexadecimal.
    """

    name: str
    size_bytes: int
    media_type: str = ""
    sha256: str = ""


class Line(Struct, frozen=True, gc=False):
    """One thing said in a room.

    Args:
        id: grows from line to line over all rooms; never reused, also after a restart.
        at_ns: when, in nanoseconds since 1970.
        room: where.
        name: who said it, as they were called then.
        text: what.
        session: the sender's own mark for its conversation, or "" if it has none.
        number: the sender's own number for what it said, counted from 1; 0 for none.
            Who says something again after a broken connection says it with the same
            session and number, and it is not kept twice.
        attachment: the file that was said, if it was one.
    """

    id: int
    at_ns: int
    room: str
    name: str
    text: str
    session: str = ""
    number: int = 0
    attachment: Attachment | None = None


class Told(Struct, frozen=True):
    """The last thing a session said that is kept: what comes again up to it is not new.

    Args:
        session: the sender's own mark.
        number: the highest number kept.
        id: the id of that line.
    """

    session: str
    number: int
    id: int
