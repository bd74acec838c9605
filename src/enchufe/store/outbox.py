"""The outbox: files of ours that are read while they are sent."""

import errno
import hashlib
import mimetypes
import os
import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from time import time_ns

from enchufe.core.errors import N_, DeniedError, EnchufeError, UsageError
from enchufe.core.files import (
    CheckFile,
    ChooseAgain,
    FileChecked,
    FileChosen,
    FileEvent,
    FileFailed,
    FileOrder,
    FileRead,
    LeaveFile,
    Objection,
    ReadFile,
)
from enchufe.core.history import Attachment
from enchufe.core.limits import FILE_PIECE_BYTES_MAX
from enchufe.core.text import speakable_text
from enchufe.store.strand import Strand

THREADS = 2
"""Files that are read at the same time; the others wait their turn."""


class Outbox:
    """Reads the files that the person chose.

    Args:
        answer: told what came of each order, from a thread of ours.
    """

    def __init__(self, answer: Callable[[FileEvent], None]) -> None:
        self._answer = answer
        self._pool = ThreadPoolExecutor(THREADS, "outbox")
        self._departures: dict[str, _Departure] = {}
        self._chosen = 0

    def choose(self, path: Path, instead_of: str = "") -> FileChosen:
        """Return the file at ``path`` as a service is told of it; it is opened when it is read.

        ``instead_of`` is as in `FileChosen`.

        Raises:
            UsageError: there is no such file, or it is none.
            DeniedError: the system does not permit reading it.
        """
        status = _checked(path)
        self._chosen += 1
        file = f"out-{self._chosen}"
        media_type = mimetypes.guess_type(path.name)[0] or ""
        attachment = Attachment(speakable_text(path.name), status.st_size, media_type)
        chosen = FileChosen(time_ns(), file, attachment, status.st_mtime_ns, instead_of)
        expected = (status.st_size, status.st_mtime_ns)
        self._departures[file] = _Departure(path, file, expected, self._pool, self._answer)
        return chosen

    def open(self, file: str, path: Path) -> None:
        """Call the file at ``path``, whatever is in it by then, ``file`` from now on."""
        self._departures[file] = _Departure(path, file, None, self._pool, self._answer)

    def perform(self, order: FileOrder) -> None:
        """Do what a service orders, as far as it is about files that go."""
        match order:
            case CheckFile():
                self._departures[order.file].check(order.offset_bytes, order.sha256)
            case ReadFile():
                self._departures[order.file].read(order.size_bytes)
            case ChooseAgain():
                self._choose_again(order.file)
            case LeaveFile():
                departure = self._departures.pop(order.file, None)
                if departure is not None:
                    departure.leave()
            case _:
                pass

    def _choose_again(self, file: str) -> None:
        departure = self._departures.pop(file)
        departure.leave()
        try:
            self._answer(self.choose(departure.path, file))
        except EnchufeError as error:
            self._answer(FileFailed(time_ns(), file, Objection.FAILED, str(error)))

    def close(self) -> None:
        """Let go of all files."""
        for departure in self._departures.values():
            departure.leave()
        self._departures.clear()
        self._pool.shutdown()


class _Departure:
    """One file that goes; its work is done in order, beside the event loop."""

    def __init__(
        self,
        path: Path,
        file: str,
        expected: tuple[int, int] | None,  # its size and time, if it must not have changed
        pool: ThreadPoolExecutor,
        answer: Callable[[FileEvent], None],
    ) -> None:
        self.path = path
        self._file = file
        self._expected = expected
        self._size_bytes = 0
        self._modified_ns = 0
        self._strand = Strand(pool)
        self._answer = answer
        self._descriptor = -1
        self._read_bytes = 0
        self._digest = hashlib.sha256()

    def check(self, offset_bytes: int, sha256: str) -> None:
        """Look whether the other side has our first ``offset_bytes``."""
        self._strand.add(partial(self._guarded, partial(self._check, offset_bytes, sha256)))

    def read(self, size_bytes: int) -> None:
        """Read the next piece, of ``size_bytes`` at most."""
        self._strand.add(partial(self._guarded, partial(self._read, size_bytes)))

    def leave(self) -> None:
        """Let go of it."""
        self._strand.clear()
        self._strand.add(self._close)

    # What follows is done in a thread

    def _guarded(self, job: Callable[[], None]) -> None:
        try:
            if self._descriptor < 0:
                self._open()
            job()
        except OSError as error:
            why = error.strerror or str(error)
            self._answer(FileFailed(time_ns(), self._file, Objection.FAILED, why))

    def _open(self) -> None:
        self._descriptor = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        status = os.fstat(self._descriptor)
        if self._expected not in (None, (status.st_size, status.st_mtime_ns)):
            raise _changed()
        self._size_bytes = status.st_size
        self._modified_ns = status.st_mtime_ns

    def _check(self, offset_bytes: int, sha256: str) -> None:
        while self._read_bytes < offset_bytes:
            self._next(min(FILE_PIECE_BYTES_MAX, offset_bytes - self._read_bytes))
        if self._digest.hexdigest() != sha256:
            os.lseek(self._descriptor, 0, os.SEEK_SET)
            self._read_bytes = 0
            self._digest = hashlib.sha256()
        self._answer(FileChecked(time_ns(), self._file, self._read_bytes))

    def _read(self, size_bytes: int) -> None:
        left_bytes = self._size_bytes - self._read_bytes
        data = self._next(min(size_bytes, left_bytes)) if left_bytes else b""
        if not data:
            self._check_unchanged()
        sha256 = "" if data else self._digest.hexdigest()
        self._answer(FileRead(time_ns(), self._file, data, sha256))

    def _check_unchanged(self) -> None:
        """Raise an error if it was written over meanwhile; what was added to it is not sent."""
        status = os.fstat(self._descriptor)
        is_longer = status.st_size > self._size_bytes
        if status.st_mtime_ns != self._modified_ns and not is_longer:
            raise _changed()

    def _next(self, size_bytes: int) -> bytes:
        data = os.read(self._descriptor, size_bytes)
        if not data:
            raise _changed()
        self._digest.update(data)
        self._read_bytes += len(data)
        return data

    def _close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def _changed() -> OSError:
    return OSError(errno.ESTALE, N_("it changed while it was sent"))


def _checked(path: Path) -> os.stat_result:
    """Return the state of a file that can be read."""
    try:
        status = path.stat()
        if stat.S_ISREG(status.st_mode):
            with path.open("rb"):
                return status
    except FileNotFoundError:
        raise UsageError(N_("there is no file {path}"), path=path) from None
    except OSError as error:
        raise DeniedError(N_("cannot read {path}: {why}"), path=path, why=error.strerror) from None
    if stat.S_ISDIR(status.st_mode):
        raise UsageError(
            N_("{path} is a folder"),
            hint=N_("Send its files by their names; a shell finds them all with {path}/*"),
            path=path,
        )
    raise UsageError(
        N_("{path} is not a file but a device, a pipe or a socket"),
        hint=N_("Send what comes out of it with: enchufe connect"),
        path=path,
    )
