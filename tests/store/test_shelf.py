"""The shelf: files under their digests, no more than it may hold, and no names of strangers."""

import contextlib
import fcntl
import hashlib
from collections.abc import Iterator
from pathlib import Path
from time import sleep

import pytest
from tests.store.answers import Answers

from enchufe.core.errors import DeniedError
from enchufe.core.files import (
    CheckFile,
    FileChecked,
    FileFailed,
    FileKept,
    FilePrepared,
    FileRead,
    FileWritten,
    KeepFile,
    LeaveFile,
    Objection,
    OpenFile,
    PrepareFile,
    ReadFile,
    StartFile,
    WriteFile,
)
from enchufe.core.history import Attachment
from enchufe.store.shelf import BLOCK_BYTES, COMING, LEFT_FILES_MAX, Shelf

DATA = b"\x89PNG and more"
SHELF_BYTES_MAX = 10 * BLOCK_BYTES


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


class Room:
    """A shelf, and what it answers."""

    def __init__(self, folder: Path, bytes_max: int = SHELF_BYTES_MAX) -> None:
        self.folder = folder
        self.answers = Answers()
        self.shelf = Shelf(folder, self.answers, bytes_max)
        self._count = 0

    @property
    def kept(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in self.folder.iterdir() if path.is_file()}

    @property
    def coming(self) -> list[Path]:
        return list((self.folder / COMING).iterdir())

    def prepares(self, size: int, name: str = "photo.png", modified_ns: int = 7) -> str:
        self._count += 1
        file = f"in-{self._count}"
        self.shelf.perform(PrepareFile(file, Attachment(name, size), modified_ns))
        return file

    def keeps(self, data: bytes, name: str = "photo.png") -> FileKept:
        file = self.prepares(len(data), name)
        offset = self.answers.next(FilePrepared).offset_bytes
        self.shelf.perform(StartFile(file, offset))
        self.shelf.perform(WriteFile(file, data[offset:]))
        self.answers.next(FileWritten)
        self.shelf.perform(KeepFile(file, sha256(data)))
        return self.answers.next(FileKept)

    def breaks_off(self, data: bytes, size: int, name: str = "photo.png") -> None:
        file = self.prepares(size, name)
        self.answers.next(FilePrepared)
        self.shelf.perform(StartFile(file, 0))
        self.shelf.perform(WriteFile(file, data))
        self.answers.next(FileWritten)
        self.shelf.perform(LeaveFile(file))
        self._awaits_that_one_is_let_go(self.coming)

    def _awaits_that_one_is_let_go(self, parts: list[Path]) -> None:
        """Wait until a part that comes no more is not held, as the next to come would."""
        for _ in range(1000):
            for part in parts:
                with part.open("rb") as opened, contextlib.suppress(BlockingIOError):
                    fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    return
            sleep(0.005)
        raise AssertionError(parts)

    def reads(self, digest: str) -> bytes:
        self.shelf.perform(OpenFile("fetch", digest))
        data = b""
        while True:
            self.shelf.perform(ReadFile("fetch", 5))
            read = self.answers.next(FileRead)
            data += read.data
            if not read.data:
                self.shelf.perform(LeaveFile("fetch"))
                return data


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    room = Room(tmp_path / "plaza.db.files")
    yield room
    room.shelf.close()


def test_what_is_kept_has_its_digest_for_a_name_and_can_be_read(room: Room) -> None:
    assert room.keeps(DATA).name == sha256(DATA)
    assert room.kept == {sha256(DATA): DATA}
    assert room.coming == []
    assert room.reads(sha256(DATA)) == DATA


@pytest.mark.parametrize("name", ["../../x", "/etc/passwd", "con", "n" * 300, "\ud800", "", "."])
def test_a_name_leads_nowhere(room: Room, name: str) -> None:
    file = room.prepares(len(DATA), name)
    room.answers.next(FilePrepared)
    (part,) = room.coming
    assert name not in part.name or len(name) < 2
    room.shelf.perform(LeaveFile(file))
    room.keeps(DATA, name)
    assert room.kept == {sha256(DATA): DATA}
    assert sorted(path.name for path in room.folder.parent.iterdir()) == [room.folder.name]


def test_the_same_file_is_kept_once_and_counted_once(room: Room) -> None:
    for number in range(30):
        room.keeps(DATA, f"name {number}")
    assert room.kept == {sha256(DATA): DATA}


def test_what_broke_off_goes_on(room: Room) -> None:
    room.breaks_off(DATA[:4], len(DATA))
    file = room.prepares(len(DATA))
    prepared = room.answers.next(FilePrepared)
    assert (prepared.offset_bytes, prepared.sha256) == (4, sha256(DATA[:4]))
    room.shelf.perform(StartFile(file, 4))
    room.shelf.perform(WriteFile(file, DATA[4:]))
    room.answers.next(FileWritten)
    room.shelf.perform(KeepFile(file, sha256(DATA)))
    assert room.answers.next(FileKept).name == sha256(DATA)


def test_what_is_over_the_limit_is_refused_and_nothing_is_taken_away(room: Room) -> None:
    room.keeps(bytes(6 * BLOCK_BYTES))
    room.prepares(5 * BLOCK_BYTES)
    assert room.answers.next(FileFailed).objection is Objection.FULL
    assert len(room.kept) == 1
    room.keeps(bytes(4 * BLOCK_BYTES))


def test_what_is_promised_counts_too(room: Room) -> None:
    first = room.prepares(6 * BLOCK_BYTES)
    room.answers.next(FilePrepared)
    room.prepares(5 * BLOCK_BYTES, "other")
    assert room.answers.next(FileFailed).objection is Objection.FULL
    room.shelf.perform(LeaveFile(first))
    room.prepares(5 * BLOCK_BYTES, "other")
    room.answers.next(FilePrepared)


def test_a_small_file_counts_as_what_it_takes_on_the_disk(room: Room) -> None:
    for number in range(10):
        room.keeps(b"%d" % number, str(number))
    room.prepares(1)
    assert room.answers.next(FileFailed).objection is Objection.FULL


def test_what_broke_off_makes_place_when_it_is_needed(room: Room) -> None:
    room.breaks_off(DATA, 6 * BLOCK_BYTES, "old")
    room.keeps(bytes(5 * BLOCK_BYTES))
    assert room.coming == []


def test_what_comes_just_now_makes_no_place(room: Room) -> None:
    file = room.prepares(3 * BLOCK_BYTES, "now")
    room.answers.next(FilePrepared)
    room.shelf.perform(StartFile(file, 0))
    room.shelf.perform(WriteFile(file, DATA))
    room.answers.next(FileWritten)
    room.breaks_off(DATA, 6 * BLOCK_BYTES, "old")
    room.keeps(bytes(5 * BLOCK_BYTES), "new")
    (part,) = room.coming
    assert part.read_bytes() == DATA
    room.shelf.perform(KeepFile(file, sha256(DATA)))
    room.answers.next(FileKept)


def test_only_so_many_that_broke_off_are_kept(tmp_path: Path) -> None:
    room = Room(tmp_path, bytes_max=2**40)
    for number in range(LEFT_FILES_MAX + 1):
        (tmp_path / COMING / f".{number}.part").write_bytes(b"x")
    room.shelf.close()
    room = Room(tmp_path, bytes_max=2**40)
    room.keeps(DATA)
    assert room.coming == []
    room.shelf.close()


def test_an_earlier_run_counts(room: Room) -> None:
    room.keeps(bytes(6 * BLOCK_BYTES))
    later = Room(room.folder)
    later.prepares(5 * BLOCK_BYTES)
    assert later.answers.next(FileFailed).objection is Objection.FULL
    assert later.reads(sha256(bytes(6 * BLOCK_BYTES))) == bytes(6 * BLOCK_BYTES)
    later.shelf.close()


@pytest.mark.parametrize("digest", [sha256(b"gone"), "../outside", "/etc/passwd", ""])
def test_what_is_not_on_the_shelf_cannot_be_read(room: Room, digest: str) -> None:
    (room.folder.parent / "outside").write_bytes(b"secret")
    room.shelf.perform(OpenFile("fetch", digest))
    room.shelf.perform(ReadFile("fetch", 100))
    assert room.answers.next(FileFailed).file == "fetch"


def test_a_reader_that_has_some_of_it_goes_on(room: Room) -> None:
    room.keeps(DATA)
    room.shelf.perform(OpenFile("fetch", sha256(DATA)))
    room.shelf.perform(CheckFile("fetch", 4, sha256(DATA[:4])))
    assert room.answers.next(FileChecked).offset_bytes == 4
    room.shelf.perform(ReadFile("fetch", 100))
    assert room.answers.next(FileRead).data == DATA[4:]


def test_the_folder_is_its_owners_alone(room: Room) -> None:
    assert room.folder.stat().st_mode & 0o077 == 0


def test_a_folder_that_cannot_be_made_is_said_to_be_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(DeniedError):
        Shelf(tmp_path / "file" / "files", Answers())
