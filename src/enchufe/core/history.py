"""What was said in a room, as it is remembered."""

from collections.abc import Iterator

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


class Line(Struct, frozen=True):
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


class Saying(Struct, frozen=True, gc=False):  # it can be in no circle
    """What one person says in a row, in one room: lines that are kept together, or none of them.

    Args:
        id: of the first line; those of the others follow.
        at_ns: when, in nanoseconds since 1970.
        room: where.
        name: who says it, as they are called then.
        texts: the lines; at least one.
        session: as in `Line`.
        number: as in `Line`; of several lines none has a number.
        attachment: as in `Line`.
    """

    id: int
    at_ns: int
    room: str
    name: str
    texts: tuple[str, ...]
    session: str = ""
    number: int = 0
    attachment: Attachment | None = None

    @property
    def last_id(self) -> int:
        """The id of the last line."""
        return self.id + len(self.texts) - 1

    def lines(self) -> Iterator[Line]:
        """Yield the lines, in order."""
        for id_, text in enumerate(self.texts, self.id):
            yield Line(
                id_,
                self.at_ns,
                self.room,
                self.name,
                text,
                self.session,
                self.number,
                self.attachment,
            )


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
