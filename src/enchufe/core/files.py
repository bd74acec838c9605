"""Files that travel: what a service orders about them, and what comes of it.

A service never sees a path. It calls a file by a handle, a short text of its own for one
it receives, of the driver's for one the person chose; whoever performs the orders knows
where it is, and that no name of a stranger leads out of its folder.
"""

from enum import StrEnum
from typing import TypeAlias

from msgspec import Struct

from enchufe.core.history import Attachment
from enchufe.core.peer import Peer


class Objection(StrEnum):
    """Why a file is not taken; also the word that REFUSE carries."""

    SIZE = "size"  # larger than is taken here
    NAME = "name"  # no file can be called so here
    SPACE = "space"  # the disk has no room for it
    FULL = "full"  # all the place that files may take there is taken
    BUSY = "busy"  # as many files as may be are on their way
    UNWANTED = "unwanted"  # the person said no
    DIGEST = "digest"  # it did not arrive as it was sent
    FAILED = "failed"  # anything else


class Stage(StrEnum):
    """How far a file has come."""

    OFFERED = "offered"  # the other side is asked whether it wants it
    AWAITED = "awaited"  # it has taken a while to answer
    MOVING = "moving"  # its bytes travel
    KEPT = "kept"  # it arrived whole and is safe
    NOT_TAKEN = "not taken"  # the receiver objected
    BROKEN_OFF = "broken off"  # the other side left or gave up; what came of it stays
    UNREADABLE = "unreadable"  # the sender could not go on reading it


# Orders about a file that is sent


class CheckFile(Struct, frozen=True, tag=True):
    """Look whether the first ``offset_bytes`` of a file have that digest; `FileChecked` answers.

    Reading goes on from there if they do, and from the beginning if not.
    """

    file: str
    offset_bytes: int
    sha256: str


class OpenFile(Struct, frozen=True, tag=True):
    """Call the file that is kept with that digest ``file`` from now on, to read it."""

    file: str
    sha256: str


class ChooseAgain(Struct, frozen=True, tag=True):
    """Let go of a file the person chose, and choose it anew; `FileChosen` or `FileFailed` answers.

    What was under way of it when a conversation broke off concerns the new handle no more.
    """

    file: str


class ReadFile(Struct, frozen=True, tag=True):
    """Read the next piece of a file, of ``size_bytes`` at most; `FileRead` answers."""

    file: str
    size_bytes: int


# Orders about a file that is received


class AskFile(Struct, frozen=True, tag=True):
    """Ask the person whether a file is wanted; `FileDecided` answers."""

    file: str
    peer: Peer
    attachment: Attachment


class PrepareFile(Struct, frozen=True, tag=True):
    """Make a place for a file that is to come; `FilePrepared` says how much is there already.

    ``modified_ns`` is when its sender last changed it, 0 if nobody knows: two offers with
    the same name, size and time are taken for the same file.
    """

    file: str
    attachment: Attachment
    modified_ns: int = 0


class StartFile(Struct, frozen=True, tag=True):
    """What is written from now on begins at ``offset_bytes``; what was behind it is void."""

    file: str
    offset_bytes: int


class WriteFile(Struct, frozen=True, tag=True):
    """Add bytes to a file that is coming; `FileWritten` answers."""

    file: str
    data: bytes


class KeepFile(Struct, frozen=True, tag=True):
    """All is there: keep it if it has that digest; `FileKept` or `FileFailed` answers."""

    file: str
    sha256: str


# Orders about either


class LeaveFile(Struct, frozen=True, tag=True):
    """Go no further with a file; what has come of it stays, to go on from there another time."""

    file: str


class TellFile(Struct, frozen=True, tag=True):
    """Tell the person how far a file has come.

    Args:
        file: its handle.
        peer: who sends or receives it.
        attachment: what it is.
        is_coming: whether it comes to us.
        stage: how far it is.
        offset_bytes: how much was there before, where it moves.
        name: what it is called here, where it came and is kept.
        objection: why it was not taken.
        limit_bytes: the most that is taken, where it is too large.
        why: what went wrong, in the system's words.
    """

    file: str
    peer: Peer
    attachment: Attachment
    is_coming: bool
    stage: Stage
    offset_bytes: int = 0
    name: str = ""
    objection: Objection | None = None
    limit_bytes: int = 0
    why: str = ""


FileOrder: TypeAlias = (
    CheckFile
    | OpenFile
    | ChooseAgain
    | ReadFile
    | AskFile
    | PrepareFile
    | StartFile
    | WriteFile
    | KeepFile
    | LeaveFile
    | TellFile
)


class FileChosen(Struct, frozen=True, tag=True):
    """The person wants to send a file; ``modified_ns`` as in `PrepareFile`.

    ``instead_of`` is the handle it had, if it was chosen again (`ChooseAgain`).
    """

    at_ns: int
    file: str
    attachment: Attachment
    modified_ns: int = 0
    instead_of: str = ""


class FileChecked(Struct, frozen=True, tag=True):
    """Reading goes on from ``offset_bytes``."""

    at_ns: int
    file: str
    offset_bytes: int


class FileRead(Struct, frozen=True, tag=True):
    """The next piece of a file, or b"" at its end, with the digest of the whole."""

    at_ns: int
    file: str
    data: bytes
    sha256: str = ""


class FileDecided(Struct, frozen=True, tag=True):
    """The person was asked whether a file is wanted."""

    at_ns: int
    file: str
    is_wanted: bool


class FilePrepared(Struct, frozen=True, tag=True):
    """There is a place for a file; ``offset_bytes`` of it, with that digest, came earlier."""

    at_ns: int
    file: str
    offset_bytes: int
    sha256: str


class FileWritten(Struct, frozen=True, tag=True):
    """So many bytes of a file have been taken over by the system."""

    at_ns: int
    file: str
    size_bytes: int


class FileKept(Struct, frozen=True, tag=True):
    """A file is kept under a name of ours."""

    at_ns: int
    file: str
    name: str


class FileFailed(Struct, frozen=True, tag=True):
    """A file cannot be read, written or kept; ``why`` says it in the system's words."""

    at_ns: int
    file: str
    objection: Objection
    why: str


FileEvent: TypeAlias = (
    FileChosen
    | FileChecked
    | FileRead
    | FileDecided
    | FilePrepared
    | FileWritten
    | FileKept
    | FileFailed
)
