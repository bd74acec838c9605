"""The shelf: where a room keeps its files, each under its digest.

What strangers call a file is no name here. What comes is in a folder of its own,
``coming``, until it is whole; then it is put on the shelf under its SHA-256: the same file
said twice is kept once, and there is nothing else that a name could write over.
"""

import contextlib
import fcntl
import hashlib
import os
from collections.abc import Callable
from pathlib import Path, PurePath
from threading import Lock
from time import time_ns

import msgspec

from enchufe.core.errors import N_, DeniedError
from enchufe.core.files import (
    CheckFile,
    FileEvent,
    FileFailed,
    FileKept,
    FileOrder,
    LeaveFile,
    Objection,
    OpenFile,
    PrepareFile,
    ReadFile,
)
from enchufe.core.history import Attachment
from enchufe.core.limits import ROOM_FILES_BYTES_MAX
from enchufe.store.inbox import Arrival, Inbox
from enchufe.store.outbox import Outbox

BLOCK_BYTES = 4096
"""What the smallest file takes on a disk; a million of one byte are no small thing."""

LEFT_FILES_MAX = 1000
"""Files that broke off and may go on; when there are more, all of them begin anew."""

COMING = "coming"


class Shelf:
    """Keeps the files of a room, and reads them.

    Args:
        folder: made if it is not there, for its owner alone.
        answer: told what came of each order, sometimes from a thread of ours.
        bytes_max: all files together take no more.

    Raises:
        EnchufeError: the folder cannot be used.
    """

    def __init__(
        self,
        folder: Path,
        answer: Callable[[FileEvent], None],
        bytes_max: int = ROOM_FILES_BYTES_MAX,
    ) -> None:
        self._folder = folder
        self._coming_folder = folder / COMING
        self._answer = answer
        self._bytes_max = bytes_max
        self._lock = Lock()  # guards what follows: files are kept in other threads
        self._promised: dict[str, int] = {}  # to files that come, by their handles
        self._left: list[int] = []  # what those that broke off may take
        self._kept: dict[str, int] = {}  # by their digests
        self._kept_bytes = 0
        self._look()
        self._inbox = Inbox(self._coming_folder, self._arrived, _ShelfArrival)
        self._outbox = Outbox(answer)

    def perform(self, order: FileOrder) -> None:
        """Do what a room orders."""
        match order:
            case PrepareFile():
                self._prepare(order)
            case OpenFile():
                self._outbox.open(order.file, self._folder / PurePath(order.sha256).name)
            case ReadFile() | CheckFile():
                self._outbox.perform(order)
            case LeaveFile():
                self._leave(order)
            case _:
                self._inbox.perform(order)

    def close(self) -> None:
        """Let go of all files; what has come of them stays."""
        self._outbox.close()
        self._inbox.close()

    def _look(self) -> None:
        """See what is there from earlier runs."""
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._coming_folder.mkdir(mode=0o700, exist_ok=True)
            with os.scandir(self._folder) as there:
                for entry in there:
                    if entry.is_file(follow_symlinks=False):
                        self._count(entry.name, entry.stat(follow_symlinks=False).st_size)
            with os.scandir(self._coming_folder) as there:
                self._left = [_taken(entry.stat(follow_symlinks=False).st_size) for entry in there]
        except OSError as error:
            raise DeniedError(
                N_("cannot use the folder {path}: {why}"), path=self._folder, why=error.strerror
            ) from None

    def _count(self, digest: str, size_bytes: int) -> None:
        if digest not in self._kept:
            self._kept[digest] = _taken(size_bytes)
            self._kept_bytes += _taken(size_bytes)

    def _prepare(self, order: PrepareFile) -> None:
        size_bytes = order.attachment.size_bytes
        if not self._finds_place(_taken(size_bytes)):
            self._answer(FileFailed(time_ns(), order.file, Objection.FULL, ""))
            return
        with self._lock:
            self._promised[order.file] = size_bytes
        name = hashlib.sha256(order.attachment.name.encode("utf-8", "surrogatepass")).hexdigest()
        ours = Attachment(name, size_bytes)
        self._inbox.perform(msgspec.structs.replace(order, attachment=ours))

    def _finds_place(self, bytes_needed: int) -> bool:
        """Return whether so much more may be kept; what broke off makes place for it."""
        with self._lock:
            promised_bytes = sum(map(_taken, self._promised.values()))
            free_bytes = self._bytes_max - self._kept_bytes - promised_bytes - bytes_needed
            if free_bytes < sum(self._left) or len(self._left) >= LEFT_FILES_MAX:
                self._sweep()
            return free_bytes >= sum(self._left)

    def _sweep(self) -> None:
        """Take away what broke off and does not come just now."""
        self._left.clear()
        for path in self._coming_folder.iterdir():
            with contextlib.suppress(OSError), path.open("rb") as part:
                fcntl.flock(part, fcntl.LOCK_EX | fcntl.LOCK_NB)  # held while it comes
                path.unlink()

    def _leave(self, order: LeaveFile) -> None:
        with self._lock:
            promised_bytes = self._promised.pop(order.file, None)
            if promised_bytes is not None:
                self._left.append(_taken(promised_bytes))
        self._outbox.perform(order)
        self._inbox.perform(order)

    def _arrived(self, event: FileEvent) -> None:
        """Count what is kept, and pass it on; called in threads of the inbox."""
        if isinstance(event, FileKept):
            size_bytes = (self._folder / event.name).stat().st_size
            with self._lock:
                self._promised.pop(event.file, None)
                self._count(event.name, size_bytes)
        self._answer(event)


def _taken(size_bytes: int) -> int:
    """Return what a file of that size takes on a disk."""
    return max(1, -(-size_bytes // BLOCK_BYTES)) * BLOCK_BYTES


class _ShelfArrival(Arrival):
    """A file that comes, and is named after its digest one folder further up."""

    def _kept_earlier(self) -> str:
        return ""

    def _named(self) -> str:
        """Put it on the shelf; if the same is there already, this takes its place."""
        digest = self._digest.hexdigest()
        shelf = os.open("..", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=self._directory)
        try:
            os.rename(self._part, digest, src_dir_fd=self._directory, dst_dir_fd=shelf)
            os.fsync(shelf)
        finally:
            os.close(shelf)
        return digest
