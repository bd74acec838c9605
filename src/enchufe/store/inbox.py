"""The inbox: a folder in which files arrive that others send.

A file that comes is hidden under a name of ours until it is whole: ``.photo.png.KEY.part``,
where KEY stands for its name, size and time as its sender gave them, so that the same file
finds what came of it earlier. Whole and with the right digest it gets its own name, by a
link, which the system refuses if anything of that name is there (link(2)): nothing is ever
written over. Links in the folder are not followed, and all names are looked up in the
folder that was opened, wherever it may be moved.
"""

import contextlib
import errno
import fcntl
import hashlib
import os
import stat
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from time import sleep, time_ns

from enchufe.core.errors import N_, DeniedError, UsageError
from enchufe.core.files import (
    FileEvent,
    FileFailed,
    FileKept,
    FileOrder,
    FilePrepared,
    FileWritten,
    KeepFile,
    LeaveFile,
    Objection,
    PrepareFile,
    StartFile,
    WriteFile,
)
from enchufe.core.limits import FILE_PIECE_BYTES_MAX
from enchufe.store.names import NAME_BYTES_MAX, numbered, safe_name, same_to_a_person, shortened
from enchufe.store.strand import Strand
from enchufe.store.writeback import begin_writing

THREADS = 4
"""Files that are written at the same time; the others wait their turn."""

NUMBER_MAX = 10_000
"""Files of one name that are kept beside each other: ``photo (10000).png`` is the last."""

PARTS_MAX = 100
"""As many senders may be sending the same file at the same time."""

KEY_DIGITS = 12

WRITE_EARLY_BYTES = 4 * 1024 * 1024
"""What has come is sent on to the disk in pieces of this size: a quarter less time in all."""

HOLD_TRIES = 25
HOLD_AGAIN_S = 0.02
"""A sender that comes again at once finds its file still held by the conversation that broke
off: half a second is more than letting go takes."""

_OPENING = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
_NO_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_NO_LINKS = frozenset({errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK})
"""What systems answer that know no hard links (link(2))."""


class Inbox:
    """A folder in which files arrive.

    Args:
        folder: made if it is not there.
        answer: told what came of each order, from a thread of ours.
        arrival: how a file arrives, if not as described above.

    Raises:
        UsageError: it is not a folder.
        DeniedError: the system does not permit writing there.
    """

    def __init__(
        self,
        folder: Path,
        answer: Callable[[FileEvent], None],
        arrival: "type[Arrival] | None" = None,
    ) -> None:
        self.folder = folder
        self._answer = answer
        self._arrival = arrival or Arrival
        self._directory = _opened(folder)
        self._mode = 0o666 & ~_umask()
        self._pool = ThreadPoolExecutor(THREADS, "inbox")
        self._arrivals: dict[str, Arrival] = {}

    def perform(self, order: FileOrder) -> None:
        """Do what a service orders, as far as it is about files that come."""
        match order:
            case PrepareFile():
                arrival = self._arrival(
                    self._directory, self._mode, self._pool, order, self._answer
                )
                self._arrivals[order.file] = arrival
                arrival.prepare()
            case StartFile():
                self._arrivals[order.file].start(order.offset_bytes)
            case WriteFile():
                self._arrivals[order.file].write(order.data)
            case KeepFile():
                self._arrivals.pop(order.file).keep(order.sha256)
            case LeaveFile():
                arrival_left = self._arrivals.pop(order.file, None)
                if arrival_left is not None:
                    arrival_left.leave()
            case _:
                pass

    def close(self) -> None:
        """Leave what is still coming, and wait until all is closed."""
        for arrival in self._arrivals.values():
            arrival.leave()
        self._arrivals.clear()
        self._pool.shutdown()
        os.close(self._directory)


class Arrival:
    """One file that comes; its work is done in order, beside the event loop.

    Args:
        directory: the folder, open.
        mode: the permissions of a file that is kept.
        pool: whose threads do the work.
        order: what is to come.
        answer: as in `Inbox`.
    """

    def __init__(
        self,
        directory: int,
        mode: int,
        pool: ThreadPoolExecutor,
        order: PrepareFile,
        answer: Callable[[FileEvent], None],
    ) -> None:
        self._directory = directory
        self._mode = mode
        self._strand = Strand(pool)
        self._file = order.file
        self._name = safe_name(order.attachment.name)
        self._size_bytes = order.attachment.size_bytes
        self._modified_ns = order.modified_ns
        self._key = _key(order)
        self._answer = answer
        self._part = ""
        self._descriptor = -1
        self._held_bytes = 0
        self._begun_bytes = 0  # so many are on their way to the disk
        self._digest = hashlib.sha256()
        self._kept_as = ""  # the same file, kept by an earlier run
        self._has_failed = False

    def prepare(self) -> None:
        """Find what came of it earlier, and say how much that is."""
        self._strand.add(partial(self._guarded, self._prepare))

    def start(self, offset_bytes: int) -> None:
        """Begin at ``offset_bytes``, which is 0 or what was found."""
        self._strand.add(partial(self._guarded, partial(self._start, offset_bytes)))

    def write(self, data: bytes) -> None:
        """Add ``data``."""
        self._strand.add(partial(self._guarded, partial(self._write, data)))

    def keep(self, sha256: str) -> None:
        """Give it its name, if it has that digest."""
        self._strand.add(partial(self._guarded, partial(self._keep, sha256)))
        self._strand.add(self._close)

    def leave(self) -> None:
        """Let go of it; what was written stays."""
        self._strand.clear()
        self._strand.add(self._close)

    # What follows is done in a thread

    def _guarded(self, job: Callable[[], None]) -> None:
        """Do ``job``, unless one before it has failed; say so once if it does."""
        if self._has_failed:
            return
        try:
            job()
        except OSError as error:
            self._fail(_objection(error), error.strerror or str(error))

    def _fail(self, objection: Objection, why: str) -> None:
        self._has_failed = True
        self._answer(FileFailed(time_ns(), self._file, objection, why))

    def _prepare(self) -> None:
        self._kept_as = self._kept_earlier()
        if self._kept_as:
            flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
            descriptor = os.open(self._kept_as, flags, dir_fd=self._directory)
            with os.fdopen(descriptor, "rb") as kept:
                sha256 = hashlib.file_digest(kept, "sha256").hexdigest()
            self._answer(FilePrepared(time_ns(), self._file, self._size_bytes, sha256))
            return
        self._open_part()
        if self._check_space():
            sha256 = self._digest.hexdigest() if self._held_bytes else ""
            self._answer(FilePrepared(time_ns(), self._file, self._held_bytes, sha256))

    def _kept_earlier(self) -> str:
        """Return the name under which the very same file is kept, or "" if it is not.

        Its size and time say so, and its digest will be compared by the sender. Of what
        has no time, or no bytes, nobody can tell.
        """
        if not self._modified_ns or not self._size_bytes:
            return ""
        for number in range(1, NUMBER_MAX + 1):
            name = numbered(self._name, number)
            try:
                status = os.stat(name, dir_fd=self._directory, follow_symlinks=False)
            except FileNotFoundError:
                return ""
            is_same = (status.st_size, status.st_mtime_ns) == (self._size_bytes, self._modified_ns)
            if stat.S_ISREG(status.st_mode) and is_same:
                return name
        return ""

    def _open_part(self) -> None:
        """Open the most that came of it earlier, or a new part, that nobody else writes to."""
        for name in sorted(self._part_names(), key=self._came_bytes, reverse=True):
            descriptor = self._own(name)
            if descriptor is not None:
                self._part, self._descriptor = name, descriptor
                self._hash_held()
                return
        raise OSError(errno.EBUSY, N_("too many send the same file at once"))

    def _part_names(self) -> Iterator[str]:
        for number in range(1, PARTS_MAX + 1):
            mark = f".{self._key}.{number}.part" if number > 1 else f".{self._key}.part"
            stem = shortened(self._name, bytes_max=NAME_BYTES_MAX - len(mark) - 1)
            yield f".{stem}{mark}"

    def _came_bytes(self, name: str) -> int:
        """Return how much of it came under that name; -1 if nothing of that name is there."""
        try:
            size_bytes = os.stat(name, dir_fd=self._directory, follow_symlinks=False).st_size
        except OSError:
            return -1
        return size_bytes if size_bytes <= self._size_bytes else 0

    def _drop_parts(self) -> None:
        """Take away whatever else came of a file that is kept, unless it comes just now."""
        for name in self._part_names():
            with contextlib.suppress(OSError):
                self._drop_part(name)

    def _drop_part(self, name: str) -> None:
        flags = os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(name, flags, dir_fd=self._directory)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)  # held while it comes
            if self._is_ours(name, descriptor):
                os.unlink(name, dir_fd=self._directory)
        finally:
            os.close(descriptor)

    def _own(self, name: str) -> int | None:
        """Return the open file of that name, or None if it is another's, or no file of ours."""
        try:
            descriptor = os.open(name, _OPENING, 0o600, dir_fd=self._directory)
        except OSError as error:
            if error.errno in (errno.ELOOP, errno.EISDIR, errno.ENXIO, errno.EACCES):
                return None
            raise
        try:
            if _held(descriptor) and self._is_ours(name, descriptor):
                return descriptor
        except OSError:
            os.close(descriptor)
            raise
        os.close(descriptor)
        return None

    def _is_ours(self, name: str, descriptor: int) -> bool:
        """Return whether this is a file of that name and no other.

        It may have got its own name while we waited to hold it. One with both names was
        kept by a run that was killed before it could take the hidden one away; that is
        done now.
        """
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or not self._is_named(name, status):
            return False
        if status.st_nlink > 1:
            os.unlink(name, dir_fd=self._directory)
        return status.st_nlink == 1

    def _is_named(self, name: str, status: os.stat_result) -> bool:
        with contextlib.suppress(FileNotFoundError):
            there = os.stat(name, dir_fd=self._directory, follow_symlinks=False)
            return os.path.samestat(there, status)
        return False

    def _hash_held(self) -> None:
        held_bytes = os.fstat(self._descriptor).st_size
        if held_bytes > self._size_bytes:
            return
        while data := os.read(self._descriptor, FILE_PIECE_BYTES_MAX):
            self._digest.update(data)
            self._held_bytes += len(data)

    def _check_space(self) -> bool:
        system = os.fstatvfs(self._descriptor)
        free_bytes = system.f_bavail * system.f_frsize
        if self._size_bytes - self._held_bytes <= free_bytes:
            return True
        self._fail(Objection.SPACE, os.strerror(errno.ENOSPC))
        return False

    def _start(self, offset_bytes: int) -> None:
        if self._kept_as and offset_bytes == self._size_bytes:
            return
        if self._kept_as:  # it only looked the same
            self._kept_as = ""
            self._open_part()
        if offset_bytes != self._held_bytes:
            self._digest = hashlib.sha256()
            self._held_bytes = 0
        self._begun_bytes = self._held_bytes
        os.ftruncate(self._descriptor, self._held_bytes)
        os.lseek(self._descriptor, self._held_bytes, os.SEEK_SET)

    def _write(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(self._descriptor, rest) :]
        self._digest.update(data)
        self._held_bytes += len(data)
        unbegun_bytes = self._held_bytes - self._begun_bytes
        if unbegun_bytes >= WRITE_EARLY_BYTES:
            begin_writing(self._descriptor, self._begun_bytes, unbegun_bytes)
            self._begun_bytes = self._held_bytes
        self._answer(FileWritten(time_ns(), self._file, len(data)))

    def _keep(self, sha256: str) -> None:
        if self._kept_as:
            self._drop_parts()
            self._answer(FileKept(time_ns(), self._file, self._kept_as))
            return
        if self._digest.hexdigest() != sha256:
            os.ftruncate(self._descriptor, 0)  # nothing to go on from
            self._fail(Objection.DIGEST, "")
            return
        os.fchmod(self._descriptor, self._mode)
        if self._modified_ns > 0:
            with contextlib.suppress(OSError, OverflowError):  # a time no file can have
                os.utime(self._descriptor, ns=(time_ns(), self._modified_ns))
        os.fsync(self._descriptor)
        name = self._named()
        os.fsync(self._directory)
        self._drop_parts()
        self._answer(FileKept(time_ns(), self._file, name))

    def _named(self) -> str:
        """Give the file the first of its names that is free; return it."""
        for name in self._free_names():
            try:
                self._link(name)
            except FileExistsError:  # somebody was faster
                continue
            return name
        raise OSError(errno.EEXIST, os.strerror(errno.EEXIST))

    def _free_names(self) -> Iterator[str]:
        with os.scandir(self._directory) as there:
            taken = {same_to_a_person(entry.name) for entry in there}
        for number in range(1, NUMBER_MAX + 1):
            name = numbered(self._name, number)
            if same_to_a_person(name) not in taken:
                yield name

    def _link(self, name: str) -> None:
        at = self._directory
        try:
            os.link(self._part, name, src_dir_fd=at, dst_dir_fd=at, follow_symlinks=False)
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            self._reserve_and_rename(name)
        else:
            os.unlink(self._part, dir_fd=at)

    def _reserve_and_rename(self, name: str) -> None:
        """Take the name with an empty file, and put the whole one in its place."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        os.close(os.open(name, flags, 0o600, dir_fd=self._directory))
        at = self._directory
        os.rename(self._part, name, src_dir_fd=at, dst_dir_fd=at)

    def _close(self) -> None:
        """Let go of it; where nothing came, or another sender's is kept by now, nothing stays."""
        if self._descriptor < 0:
            return
        status = os.fstat(self._descriptor)
        is_of_use = status.st_size > 0 and not self._kept_earlier()
        if not is_of_use and self._is_named(self._part, status):
            os.unlink(self._part, dir_fd=self._directory)
        os.close(self._descriptor)
        self._descriptor = -1


def _held(descriptor: int) -> bool:
    """Return whether an open file is held by us alone, once whoever just left has let go."""
    for _attempt in range(HOLD_TRIES):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            sleep(HOLD_AGAIN_S)
        else:
            return True
    return False


def _opened(folder: Path) -> int:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except (FileExistsError, NotADirectoryError):
        raise UsageError(
            N_("{path} is not a folder"), hint=N_("Name a folder with --into"), path=folder
        ) from None
    except OSError as error:
        raise DeniedError(
            N_("cannot use the folder {path}: {why}"), path=folder, why=error.strerror
        ) from None
    if not os.access(folder, os.W_OK | os.X_OK):
        os.close(descriptor)
        raise DeniedError(N_("the system does not permit writing in {path}"), path=folder)
    return descriptor


def _umask() -> int:
    """Return which permissions new files do not get; it can only be read by setting it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _key(order: PrepareFile) -> str:
    """Return what stands for a file in the name of what came of it so far."""
    attachment = order.attachment
    said = f"{attachment.size_bytes}\0{order.modified_ns}\0{attachment.name}"
    digest = hashlib.sha256(said.encode("utf-8", "surrogatepass"))
    return digest.hexdigest()[:KEY_DIGITS]


def _objection(error: OSError) -> Objection:
    if error.errno in _NO_SPACE:
        return Objection.SPACE
    return Objection.NAME if error.errno == errno.ENAMETOOLONG else Objection.FAILED
