"""The inbox: nothing is lost, nothing written over, and nothing leads out of the folder."""

import errno
import hashlib
import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.store.answers import Answers

from enchufe.core.errors import DeniedError, UsageError
from enchufe.core.files import (
    FileFailed,
    FileKept,
    FilePrepared,
    FileWritten,
    KeepFile,
    LeaveFile,
    Objection,
    PrepareFile,
    StartFile,
    WriteFile,
)
from enchufe.core.history import Attachment
from enchufe.store import inbox
from enchufe.store.inbox import Inbox

DATA = b"all that matters"
TIME_NS = 1_700_000_000_123_456_789


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


class Desk:
    """An inbox, and what it answered."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.answers = Answers()
        self.inbox = Inbox(folder, self.answers)
        self._number = 0

    def prepare(
        self, name: str, size_bytes: int = len(DATA), modified_ns: int = TIME_NS
    ) -> tuple[str, FilePrepared]:
        self._number += 1
        file = f"in-{self._number}"
        self.inbox.perform(PrepareFile(file, Attachment(name, size_bytes), modified_ns))
        return file, self.answers.next(FilePrepared)

    def write(self, file: str, data: bytes, offset_bytes: int = 0) -> None:
        self.inbox.perform(StartFile(file, offset_bytes))
        if data:
            self.inbox.perform(WriteFile(file, data))
            assert self.answers.next(FileWritten).size_bytes == len(data)

    def keep(self, file: str, data: bytes) -> str:
        self.inbox.perform(KeepFile(file, sha256(data)))
        return self.answers.next(FileKept).name

    def receive(self, name: str, data: bytes = DATA, modified_ns: int = TIME_NS) -> str:
        """Receive a whole file; return the name it is kept under."""
        file, _prepared = self.prepare(name, len(data), modified_ns)
        self.write(file, data)
        return self.keep(file, data)

    def begin(self, name: str, data: bytes, size_bytes: int = len(DATA)) -> None:
        """Receive the first bytes of a file, and no more."""
        file, _prepared = self.prepare(name, size_bytes)
        self.write(file, data)
        self.inbox.perform(LeaveFile(file))

    @property
    def names(self) -> Sequence[str]:
        return sorted(path.name for path in self.folder.iterdir())

    @property
    def parts(self) -> Sequence[Path]:
        return [path for path in self.folder.iterdir() if path.name.startswith(".")]

    def restart(self) -> None:
        """Begin anew, as after the end of the program."""
        self.inbox.close()
        self.inbox = Inbox(self.folder, self.answers)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path / "inbox")
    yield desk
    desk.inbox.close()


def test_a_file_is_kept_whole_with_its_time_and_nothing_beside_it(desk: Desk) -> None:
    assert desk.receive("photo.png") == "photo.png"
    kept = desk.folder / "photo.png"
    assert kept.read_bytes() == DATA
    assert kept.stat().st_mtime_ns == TIME_NS
    assert desk.names == ["photo.png"]


def test_an_empty_file_is_kept(desk: Desk) -> None:
    assert desk.receive("empty", b"") == "empty"
    assert (desk.folder / "empty").read_bytes() == b""


def test_it_has_the_permissions_of_any_new_file(desk: Desk, tmp_path: Path) -> None:
    desk.receive("photo.png")
    (tmp_path / "usual").touch()
    usual = stat.S_IMODE((tmp_path / "usual").stat().st_mode)
    assert stat.S_IMODE((desk.folder / "photo.png").stat().st_mode) == usual


def test_while_it_comes_it_is_hidden_and_only_ours_to_read(desk: Desk) -> None:
    file, _prepared = desk.prepare("photo.png")
    desk.write(file, DATA[:3])
    (part,) = desk.parts
    assert part.name.startswith(".photo.png.")
    assert part.name.endswith(".part")
    assert stat.S_IMODE(part.stat().st_mode) == 0o600
    assert desk.names == [part.name]


@pytest.mark.parametrize("modified_ns", [0, -1, 1 << 80])
def test_a_time_no_file_can_have_is_not_kept(desk: Desk, modified_ns: int) -> None:
    assert desk.receive("photo.png", modified_ns=modified_ns) == "photo.png"


@pytest.mark.parametrize(
    "name",
    ["../../x", "/x", "..", "", "\0", "a/../../x", r"..\..\x", "x" * 300 + ".png", "CON", "-rf",
     ".bashrc", "\u202e", "~", "$HOME", "x\ny"],
)  # fmt: skip
def test_whatever_it_is_called_it_stays_in_the_folder(desk: Desk, name: str) -> None:
    (desk.folder.parent / "x").write_bytes(b"precious")
    kept = desk.receive(name)
    assert desk.names == [kept]
    assert (desk.folder / kept).read_bytes() == DATA
    assert (desk.folder.parent / "x").read_bytes() == b"precious"
    assert sorted(path.name for path in desk.folder.parent.iterdir()) == ["inbox", "x"]


def test_a_large_file_is_sent_on_to_the_disk_early(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[tuple[int, int]] = []
    monkeypatch.setattr(
        inbox, "begin_writing", lambda _file, offset, size: begun.append((offset, size))
    )
    half = bytes(inbox.WRITE_EARLY_BYTES // 2)
    file, _prepared = desk.prepare("big", 5 * len(half))
    desk.write(file, half)
    for _ in range(4):
        desk.inbox.perform(WriteFile(file, half))
        desk.answers.next(FileWritten)
    assert begun == [(0, 2 * len(half)), (2 * len(half), 2 * len(half))]
    assert desk.keep(file, 5 * half) == "big"


# Never written over


def test_a_name_that_is_taken_gets_a_number(desk: Desk) -> None:
    (desk.folder / "photo.png").write_bytes(b"old")
    (desk.folder / "photo (2).png").write_bytes(b"older")
    assert desk.receive("photo.png") == "photo (3).png"
    assert (desk.folder / "photo.png").read_bytes() == b"old"
    assert (desk.folder / "photo (2).png").read_bytes() == b"older"


@pytest.mark.parametrize(
    ("there", "name", "kept"),
    [
        ("PHOTO.png", "photo.png", "photo (2).png"),
        ("photo.png", "Photo.PNG", "Photo (2).PNG"),
        ("n\u0303.txt", "ñ.txt", "ñ (2).txt"),
    ],
)
def test_names_that_some_systems_take_for_the_same_do_not_stand_side_by_side(
    desk: Desk, there: str, name: str, kept: str
) -> None:
    (desk.folder / there).write_bytes(b"old")
    assert desk.receive(name) == kept


def test_it_is_on_the_disk_before_it_has_its_name(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    fsync, link = os.fsync, os.link

    def synced(descriptor: int) -> None:
        done.append("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")
        fsync(descriptor)

    def linked(*words: Any, **options: Any) -> None:
        done.append("name")
        link(*words, **options)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(os, "link", linked)
    desk.receive("photo.png")
    assert done == ["file", "name", "folder"]


@pytest.mark.parametrize("kind", ["folder", "link", "dead link", "pipe"])
def test_whatever_has_the_name_is_left_alone(desk: Desk, kind: str) -> None:
    outside, taken = desk.folder.parent / "outside", desk.folder / "photo.png"
    outside.write_bytes(b"precious")
    match kind:
        case "folder":
            taken.mkdir()
        case "link":
            taken.symlink_to(outside)
        case "dead link":
            taken.symlink_to(desk.folder.parent / "nowhere")
        case _:
            os.mkfifo(taken)
    before = taken.lstat()
    assert desk.receive("photo.png") == "photo (2).png"
    assert os.path.samestat(before, taken.lstat())
    assert outside.read_bytes() == b"precious"
    assert not (desk.folder.parent / "nowhere").exists()


def test_a_file_that_gets_the_name_meanwhile_is_not_written_over(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = os.link
    raced: list[str] = []

    def late(source: str, name: str, **options: Any) -> None:
        if not raced:
            raced.append(name)
            (desk.folder / name).write_bytes(b"faster")
        link(source, name, **options)

    monkeypatch.setattr(os, "link", late)
    assert desk.receive("photo.png") == "photo (2).png"
    assert (desk.folder / "photo.png").read_bytes() == b"faster"


@pytest.mark.parametrize("number", [errno.EPERM, errno.ENOTSUP])
def test_where_there_are_no_links_it_is_kept_too(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def refused(*_words: object, **_options: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "link", refused)
    (desk.folder / "photo.png").write_bytes(b"old")
    assert desk.receive("photo.png") == "photo (2).png"
    assert (desk.folder / "photo (2).png").read_bytes() == DATA
    assert desk.names == ["photo (2).png", "photo.png"]


# What came earlier


def test_what_came_earlier_is_found_again_with_its_digest(desk: Desk) -> None:
    desk.begin("photo.png", DATA[:5])
    desk.restart()
    file, prepared = desk.prepare("photo.png")
    assert (prepared.offset_bytes, prepared.sha256) == (5, sha256(DATA[:5]))
    desk.write(file, DATA[5:], offset_bytes=5)
    assert desk.keep(file, DATA) == "photo.png"
    assert (desk.folder / "photo.png").read_bytes() == DATA
    assert desk.names == ["photo.png"]


def test_what_came_earlier_may_be_void(desk: Desk) -> None:
    desk.begin("photo.png", b"something else"[: len(DATA)])
    file, prepared = desk.prepare("photo.png")
    assert prepared.offset_bytes > 0
    desk.write(file, DATA, offset_bytes=0)
    assert desk.keep(file, DATA) == "photo.png"
    assert (desk.folder / "photo.png").read_bytes() == DATA


@pytest.mark.parametrize(
    ("name", "size_bytes", "modified_ns"),
    [
        ("photo.png", len(DATA), TIME_NS + 1),
        ("photo.png", len(DATA) + 1, TIME_NS),
        ("Photo.png", len(DATA), TIME_NS),
    ],
)
def test_another_file_does_not_find_it(
    desk: Desk, name: str, size_bytes: int, modified_ns: int
) -> None:
    desk.begin("photo.png", DATA[:5])
    _file, prepared = desk.prepare(name, size_bytes, modified_ns)
    assert prepared.offset_bytes == 0
    assert len(desk.parts) == 2


def test_two_senders_of_the_same_file_do_not_write_into_one(desk: Desk) -> None:
    first, _prepared = desk.prepare("photo.png")
    desk.write(first, DATA[:5])
    second, prepared = desk.prepare("photo.png")
    assert prepared.offset_bytes == 0
    desk.write(second, DATA)
    assert desk.keep(second, DATA) == "photo.png"
    desk.inbox.perform(WriteFile(first, DATA[5:]))
    desk.answers.next(FileWritten)
    assert desk.keep(first, DATA) == "photo (2).png"
    assert (desk.folder / "photo (2).png").read_bytes() == DATA
    assert desk.parts == []


def begin_twice(desk: Desk, first: bytes, second: bytes) -> None:
    """Receive the first bytes of a file from two senders at once, and no more."""
    files = [desk.prepare("photo.png")[0] for _ in range(2)]
    for file, data in zip(files, (first, second), strict=True):
        desk.write(file, data)
    for file in files:
        desk.inbox.perform(LeaveFile(file))
    desk.restart()


@pytest.mark.parametrize(("first_bytes", "second_bytes"), [(3, 7), (7, 3)])
def test_of_what_came_twice_the_longest_goes_on_and_the_rest_does_not_stay(
    desk: Desk, first_bytes: int, second_bytes: int
) -> None:
    begin_twice(desk, DATA[:first_bytes], DATA[:second_bytes])
    assert len(desk.parts) == 2
    file, prepared = desk.prepare("photo.png")
    assert (prepared.offset_bytes, prepared.sha256) == (7, sha256(DATA[:7]))
    desk.write(file, DATA[7:], offset_bytes=7)
    assert desk.keep(file, DATA) == "photo.png"
    assert desk.names == ["photo.png"]


def test_what_is_longer_than_the_file_is_not_the_longest_of_it(desk: Desk) -> None:
    begin_twice(desk, DATA[:3], DATA[:7])
    max(desk.parts, key=lambda part: part.stat().st_size).write_bytes(bytes(1000))
    _file, prepared = desk.prepare("photo.png")
    assert prepared.offset_bytes == 3


def test_what_came_of_a_file_that_is_there_already_does_not_stay(desk: Desk) -> None:
    first, _prepared = desk.prepare("photo.png")
    desk.write(first, DATA[:5])
    assert desk.receive("photo.png") == "photo.png"
    (part,) = desk.parts
    desk.inbox.perform(LeaveFile(first))
    desk.restart()
    part.write_bytes(DATA[:5])  # as it stays where a run is killed
    file, _prepared = desk.prepare("photo.png")
    desk.write(file, b"", offset_bytes=len(DATA))
    assert desk.keep(file, DATA) == "photo.png"
    assert desk.names == ["photo.png"]


def test_what_a_silent_sender_began_stays_while_it_may_go_on_and_no_longer(desk: Desk) -> None:
    silent, _prepared = desk.prepare("photo.png")
    desk.write(silent, DATA[:5])
    assert desk.receive("photo.png") == "photo.png"
    assert len(desk.parts) == 1
    desk.inbox.perform(LeaveFile(silent))
    desk.restart()
    assert desk.names == ["photo.png"]


def test_two_programs_do_not_write_into_one_file_either(desk: Desk) -> None:
    other = Desk(desk.folder)
    file, _prepared = desk.prepare("photo.png")
    desk.write(file, DATA[:5])
    _other_file, prepared = other.prepare("photo.png")
    assert prepared.offset_bytes == 0
    other.inbox.close()


def test_what_came_is_not_longer_than_the_file(desk: Desk) -> None:
    desk.begin("photo.png", DATA[:5])
    (part,) = desk.parts
    part.write_bytes(bytes(1000))
    file, prepared = desk.prepare("photo.png")
    assert prepared.offset_bytes == 0
    desk.write(file, DATA)
    assert desk.keep(file, DATA) == "photo.png"
    assert (desk.folder / "photo.png").read_bytes() == DATA


@pytest.mark.parametrize("kind", ["link", "pipe", "folder"])
def test_a_trap_in_place_of_what_came_is_not_stepped_into(desk: Desk, kind: str) -> None:
    desk.begin("photo.png", DATA[:5])
    (part,) = desk.parts
    part.unlink()
    outside = desk.folder.parent / "outside"
    outside.write_bytes(b"precious")
    match kind:
        case "link":
            part.symlink_to(outside)
        case "pipe":
            os.mkfifo(part)
        case _:
            part.mkdir()
    assert desk.receive("photo.png") == "photo.png"
    assert outside.read_bytes() == b"precious"
    assert (desk.folder / "photo.png").read_bytes() == DATA


def test_a_kept_file_that_still_has_its_hidden_name_is_not_written_into(desk: Desk) -> None:
    desk.begin("photo.png", DATA[:5])
    (part,) = desk.parts
    os.link(part, desk.folder / "kept by a run that was killed")
    file, prepared = desk.prepare("photo.png")
    assert prepared.offset_bytes == 0
    desk.write(file, bytes(len(DATA)))
    assert (desk.folder / "kept by a run that was killed").read_bytes() == DATA[:5]
    assert not part.exists()


def test_a_file_that_got_its_name_while_we_waited_to_hold_it_is_not_written_into(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    import fcntl

    desk.begin("photo.png", DATA[:5])
    (part,) = desk.parts
    flock = fcntl.flock

    def late(descriptor: int, operation: int) -> None:
        if part.exists():
            part.rename(desk.folder / "photo.png")
        flock(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", late)
    file, prepared = desk.prepare("photo.png")
    assert prepared.offset_bytes == 0
    desk.write(file, DATA)
    assert desk.keep(file, DATA) == "photo (2).png"
    assert (desk.folder / "photo.png").read_bytes() == DATA[:5]


# The same file again


def test_the_same_file_again_is_there_already_and_not_kept_twice(desk: Desk) -> None:
    desk.receive("photo.png")
    desk.restart()
    file, prepared = desk.prepare("photo.png")
    assert (prepared.offset_bytes, prepared.sha256) == (len(DATA), sha256(DATA))
    desk.write(file, b"", offset_bytes=len(DATA))
    assert desk.keep(file, DATA) == "photo.png"
    assert desk.names == ["photo.png"]


def test_one_that_only_looks_the_same_is_kept_beside_it(desk: Desk) -> None:
    other = DATA[::-1]
    desk.receive("photo.png")
    file, prepared = desk.prepare("photo.png")
    assert prepared.offset_bytes == len(DATA)
    desk.write(file, other, offset_bytes=0)
    assert desk.keep(file, other) == "photo (2).png"
    assert (desk.folder / "photo.png").read_bytes() == DATA
    assert (desk.folder / "photo (2).png").read_bytes() == other


@pytest.mark.parametrize("modified_ns", [0, TIME_NS + 1])
def test_one_of_another_time_is_sent_and_kept_beside_it(desk: Desk, modified_ns: int) -> None:
    desk.receive("photo.png")
    assert desk.receive("photo.png", modified_ns=modified_ns) == "photo (2).png"


def test_a_link_of_that_name_says_nothing_about_what_it_leads_to(desk: Desk) -> None:
    outside = desk.folder.parent / "outside"
    outside.write_bytes(DATA)
    os.utime(outside, ns=(TIME_NS, TIME_NS))
    (desk.folder / "photo.png").symlink_to(outside)
    _file, prepared = desk.prepare("photo.png")
    assert (prepared.offset_bytes, prepared.sha256) == (0, "")


# What goes wrong


def test_a_wrong_digest_leaves_nothing(desk: Desk) -> None:
    file, _prepared = desk.prepare("photo.png")
    desk.write(file, DATA)
    desk.inbox.perform(KeepFile(file, sha256(b"something else")))
    assert desk.answers.next(FileFailed).objection is Objection.DIGEST
    desk.inbox.close()
    assert desk.names == []
    desk.inbox = Inbox(desk.folder, desk.answers)


def test_a_file_of_which_nothing_came_leaves_nothing(desk: Desk) -> None:
    file, _prepared = desk.prepare("photo.png")
    desk.inbox.perform(LeaveFile(file))
    desk.inbox.perform(LeaveFile(file))
    desk.restart()
    assert desk.names == []


def test_a_file_for_which_there_is_no_room_is_not_begun(desk: Desk) -> None:
    desk.inbox.perform(PrepareFile("in-1", Attachment("x", 1 << 60), 0))
    assert desk.answers.next(FileFailed).objection is Objection.SPACE
    desk.inbox.perform(LeaveFile("in-1"))
    desk.restart()
    assert desk.names == []


@pytest.mark.parametrize(
    ("number", "objection"),
    [
        (errno.ENOSPC, Objection.SPACE),
        (errno.EDQUOT, Objection.SPACE),
        (errno.EIO, Objection.FAILED),
    ],
)
def test_a_disk_that_fails_is_said_once(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, number: int, objection: Objection
) -> None:
    def refused(_descriptor: int, _data: bytes) -> int:
        raise OSError(number, os.strerror(number))

    file, _prepared = desk.prepare("photo.png")
    monkeypatch.setattr(os, "write", refused)
    desk.inbox.perform(StartFile(file, 0))
    desk.inbox.perform(WriteFile(file, DATA))
    desk.inbox.perform(WriteFile(file, DATA))
    failed = desk.answers.next(FileFailed)
    assert (failed.objection, failed.why) == (objection, os.strerror(number))
    desk.inbox.perform(LeaveFile(file))
    desk.restart()
    assert desk.answers.is_empty


def test_short_writes_are_gone_on_with(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: write(descriptor, data[:3]))
    assert desk.receive("photo.png") == "photo.png"
    assert (desk.folder / "photo.png").read_bytes() == DATA


def test_the_folder_may_be_moved_meanwhile(desk: Desk) -> None:
    file, _prepared = desk.prepare("photo.png")
    desk.write(file, DATA)
    desk.folder.rename(desk.folder.parent / "moved")
    desk.folder.symlink_to("/")
    assert desk.keep(file, DATA) == "photo.png"
    assert (desk.folder.parent / "moved" / "photo.png").read_bytes() == DATA


# The folder


def test_the_folder_is_made(tmp_path: Path) -> None:
    Inbox(tmp_path / "a" / "b", Answers()).close()
    assert (tmp_path / "a" / "b").is_dir()


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(UsageError, match="is not a folder"):
            Inbox(path, Answers())


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written_to_is_said(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir(mode=0o500)
    with pytest.raises(DeniedError, match="does not permit writing"):
        Inbox(tmp_path / "folder", Answers())
