"""The outbox: what was chosen is read as it was, or said to have changed."""

import hashlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.store.answers import Answers

from enchufe.core.errors import DeniedError, UsageError
from enchufe.core.files import (
    CheckFile,
    ChooseAgain,
    FileChecked,
    FileChosen,
    FileFailed,
    FileRead,
    LeaveFile,
    ReadFile,
)
from enchufe.store.outbox import Outbox

DATA = bytes(range(256)) * 10


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def answers() -> Answers:
    return Answers()


@pytest.fixture
def outbox(answers: Answers) -> Iterator[Outbox]:
    outbox = Outbox(answers)
    yield outbox
    outbox.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "photo.png"
    path.write_bytes(DATA)
    return path


def rest_of(outbox: Outbox, answers: Answers, file: str) -> tuple[bytes, str]:
    """Read what is left of a file."""
    data = b""
    while True:
        outbox.perform(ReadFile(file, 1000))
        read = answers.next(FileRead)
        if not read.data:
            return data, read.sha256
        assert len(read.data) <= 1000
        data += read.data


def test_a_file_is_chosen_with_its_name_size_kind_and_time(outbox: Outbox, path: Path) -> None:
    chosen = outbox.choose(path)
    attachment = chosen.attachment
    assert (attachment.name, attachment.size_bytes) == ("photo.png", len(DATA))
    assert attachment.media_type == "image/png"
    assert chosen.modified_ns == path.stat().st_mtime_ns


@pytest.mark.skipif(sys.platform == "darwin", reason="every name there is UTF-8")
def test_a_name_that_is_no_utf_8_is_told_as_far_as_it_can_be(
    outbox: Outbox, answers: Answers, tmp_path: Path
) -> None:
    path = tmp_path / os.fsdecode(b"bad\xff.txt")
    path.write_bytes(DATA)
    chosen = outbox.choose(path)
    name = os.fsencode(chosen.attachment.name)  # a surrogate could not even be reported
    assert name == "bad\ufffd.txt".encode()
    assert rest_of(outbox, answers, chosen.file) == (DATA, sha256(DATA))


def test_a_file_is_read_in_pieces_with_the_digest_at_the_end(
    outbox: Outbox, answers: Answers, path: Path
) -> None:
    file = outbox.choose(path).file
    assert rest_of(outbox, answers, file) == (DATA, sha256(DATA))


def test_what_the_other_side_has_is_not_read_again(
    outbox: Outbox, answers: Answers, path: Path
) -> None:
    file = outbox.choose(path).file
    outbox.perform(CheckFile(file, 1500, sha256(DATA[:1500])))
    assert answers.next(FileChecked).offset_bytes == 1500
    assert rest_of(outbox, answers, file) == (DATA[1500:], sha256(DATA))


def test_what_the_other_side_has_of_another_file_is_no_beginning(
    outbox: Outbox, answers: Answers, path: Path
) -> None:
    file = outbox.choose(path).file
    outbox.perform(CheckFile(file, 1500, sha256(b"another")))
    assert answers.next(FileChecked).offset_bytes == 0
    assert rest_of(outbox, answers, file) == (DATA, sha256(DATA))


def test_a_file_that_changed_since_it_was_chosen_is_not_sent(
    outbox: Outbox, answers: Answers, path: Path
) -> None:
    file = outbox.choose(path).file
    path.write_bytes(DATA + b"more")
    outbox.perform(ReadFile(file, 1000))
    assert "changed" in answers.next(FileFailed).why


def test_a_file_that_becomes_shorter_meanwhile_is_said(
    outbox: Outbox, answers: Answers, path: Path
) -> None:
    file = outbox.choose(path).file
    outbox.perform(ReadFile(file, 1000))
    answers.next(FileRead)
    os.truncate(path, 1000)
    outbox.perform(ReadFile(file, 1000))
    assert "changed" in answers.next(FileFailed).why


def test_a_file_that_is_written_over_meanwhile_is_said(
    outbox: Outbox, answers: Answers, path: Path
) -> None:
    file = outbox.choose(path).file
    outbox.perform(ReadFile(file, len(DATA)))
    answers.next(FileRead)
    with path.open("r+b") as same:
        same.write(b"other")
    os.utime(path, ns=(0, path.stat().st_mtime_ns + 1))  # where a clock ticks seldom
    outbox.perform(ReadFile(file, 1000))
    assert "changed" in answers.next(FileFailed).why


def test_a_file_that_becomes_longer_meanwhile_ends_where_it_was_said_to(
    outbox: Outbox, answers: Answers, path: Path
) -> None:
    file = outbox.choose(path).file
    outbox.perform(ReadFile(file, 1000))
    answers.next(FileRead)
    with path.open("ab") as more:
        more.write(b"more")
    assert rest_of(outbox, answers, file) == (DATA[1000:], sha256(DATA))


def test_a_file_that_is_gone_meanwhile_is_said(
    outbox: Outbox, answers: Answers, path: Path
) -> None:
    file = outbox.choose(path).file
    path.unlink()
    outbox.perform(ReadFile(file, 1000))
    assert answers.next(FileFailed).why == "No such file or directory"


def test_a_file_may_be_left_twice_and_before_it_was_read(outbox: Outbox, path: Path) -> None:
    file = outbox.choose(path).file
    outbox.perform(LeaveFile(file))
    outbox.perform(LeaveFile(file))


def test_what_cannot_be_sent_is_said_when_it_is_chosen(outbox: Outbox, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path, why in (
        (tmp_path / "nothing", "there is no file"),
        (tmp_path, "is a folder"),
        (tmp_path / "pipe", "is not a file but"),
        (Path("/dev/null"), "is not a file but"),
    ):
        with pytest.raises(UsageError, match=why):
            outbox.choose(path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read anything")
def test_a_file_that_may_not_be_read_is_said_when_it_is_chosen(outbox: Outbox, path: Path) -> None:
    path.chmod(0)
    with pytest.raises(DeniedError, match="cannot read"):
        outbox.choose(path)


def test_what_is_chosen_again_is_read_from_the_beginning(
    outbox: Outbox, answers: Answers, path: Path
) -> None:
    first = outbox.choose(path)
    outbox.perform(ReadFile(first.file, 100))
    answers.next(FileRead)
    outbox.perform(ChooseAgain(first.file))
    anew = answers.next(FileChosen)
    assert anew.instead_of == first.file != anew.file
    assert rest_of(outbox, answers, anew.file) == (DATA, sha256(DATA))


def test_what_is_gone_by_then_cannot_be_chosen_again(
    outbox: Outbox, answers: Answers, path: Path
) -> None:
    first = outbox.choose(path)
    path.unlink()
    outbox.perform(ChooseAgain(first.file))
    failed = answers.next(FileFailed)
    assert failed.file == first.file
    assert "no file" in failed.why


def test_what_is_opened_by_its_path_is_read_as_it_is(
    outbox: Outbox, answers: Answers, path: Path
) -> None:
    outbox.open("kept", path)
    assert rest_of(outbox, answers, "kept") == (DATA, sha256(DATA))
    outbox.open("gone", path.with_name("gone"))
    outbox.perform(ReadFile("gone", 100))
    answers.next(FileFailed)
