"""Files that travel: what a service orders about them, and what comes of it.

A service never sees a path. It calls a file by a handle, a short text of its own for one
it receives, of the driver's for one the person chose; whoever performs the orders knows
where it is, and that no name of a stranger leads out of its folder.
"""

from typing import TypeAlias

from msgspec import Struct

from enchufe.core.history import Attachment


class CheckFile(Struct, frozen=True, tag=True):
    """Look whether the first ``offset_bytes`` of a file have that digest; `FileChecked` answers.

    Reading goes on from there if they do, and from the beginning if not.
    """

    file: str
    offset_bytes: int
    sha256: str


class ReadFile(Struct, frozen=True, tag=True):
    """Read the next piece of a file; `FileRead` answers."""

    file: str


class PrepareFile(Struct, frozen=True, tag=True):
    """Make a place for a file that is to come; `FilePrepared` says how much is there already."""

    file: str
    attachment: Attachment


class WriteFile(Struct, frozen=True, tag=True):
    """Add bytes to a file that is coming."""

    file: str
    data: bytes


class KeepFile(Struct, frozen=True, tag=True):
    """All is there: keep it if it has that digest; `FileKept` or `FileFailed` answers."""

    file: str
    sha256: str


class LeaveFile(Struct, frozen=True, tag=True):
    """Go no further with a file; what has come of it stays, to go on from there another time."""

    file: str


FileOrder: TypeAlias = CheckFile | ReadFile | PrepareFile | WriteFile | KeepFile | LeaveFile


class FileChosen(Struct, frozen=True, tag=True):
    """The person wants to send a file."""

    at_ns: int
    file: str
    attachment: Attachment


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


class FilePrepared(Struct, frozen=True, tag=True):
    """There is a place for a file; ``offset_bytes`` of it, with that digest, came earlier."""

    at_ns: int
    file: str
    offset_bytes: int
    sha256: str


class FileKept(Struct, frozen=True, tag=True):
    """A file is kept under a name of ours."""

    at_ns: int
    file: str
    name: str


class FileFailed(Struct, frozen=True, tag=True):
    """A file cannot be read, written or kept; ``why`` says it in the system's words."""

    at_ns: int
    file: str
    why: str


FileEvent: TypeAlias = FileChosen | FileChecked | FileRead | FilePrepared | FileKept | FileFailed
