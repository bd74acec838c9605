"""What is recorded is what happened, and nothing that befalls the file ends the run."""

import resource
import signal
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from tests.record.facts import ANA, FACTS, adding, echo_events, read, recorded, recording

from enchufe.core.commands import Command
from enchufe.core.errors import DeniedError, UsageError
from enchufe.core.events import Event, MessageReceived
from enchufe.core.notices import RecordingStopped
from enchufe.core.peer import Peer, Transport
from enchufe.core.traffic import Traffic
from enchufe.record.entries import Ending
from enchufe.record.header import served
from enchufe.record.recording import Recording
from enchufe.services import Wishes


def test_a_run_is_read_as_it_was_written(tmp_path: Path) -> None:
    facts = echo_events()
    run, entries = read(recorded(tmp_path / "run.enchufe", facts))
    assert [numbered.entry.fact for numbered in entries] == facts
    assert [numbered.entry.at_ns for numbered in entries] == [1, 1, 2, 2, 2, 3, 4, 4, 5]
    assert [numbered.line for numbered in entries] == [*range(2, 11)]
    assert {numbered.entry.service for numbered in entries} == {"echo"}
    assert run.ending is Ending.OVER
    assert run.header.services == (served("echo", Wishes()),)


@given(fact=FACTS)
def test_any_fact_is_read_as_it_was_written(
    tmp_path_factory: pytest.TempPathFactory, fact: Event | Command | Traffic
) -> None:
    path = tmp_path_factory.mktemp("any") / "run.enchufe"
    _run, entries = read(recorded(path, [fact]))
    assert [numbered.entry.fact for numbered in entries] == [fact]


def test_every_line_is_in_the_file_as_soon_as_it_happened(tmp_path: Path) -> None:
    path = tmp_path / "run.enchufe"
    made = recording(path)
    for count, fact in enumerate(echo_events(), 2):
        adding(made)(fact)
        assert path.read_bytes().count(b"\n") == count
        assert path.read_bytes().endswith(b"\n")


def test_only_its_owner_may_read_it(tmp_path: Path) -> None:
    path = recorded(tmp_path / "run.enchufe", [])
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "run.enchufe"
    path.write_bytes(b"dear to somebody")
    with pytest.raises(UsageError, match="is there already"):
        recording(path)
    assert path.read_bytes() == b"dear to somebody"


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(DeniedError, match="No such file"):
        recording(tmp_path / "nowhere" / "run.enchufe")


def test_it_grows_to_its_largest_size_and_no_further_and_says_so_once(tmp_path: Path) -> None:
    path, notices = tmp_path / "run.enchufe", list[RecordingStopped]()
    made = Recording(path, "serve", (served("echo", Wishes()),), notices.append, 8000)
    for _ in range(100):
        adding(made)(MessageReceived(1, ANA, b"x" * 30))
    made.close()
    run, entries = read(path)
    assert run.ending is Ending.LIMIT
    assert 10 < len(entries) < 100
    assert path.stat().st_size < 8200  # with the line that says why it ends
    (notice,) = notices
    assert (notice.path, notice.why) == (str(path), "")
    assert notice.size_bytes == path.stat().st_size


@pytest.fixture
def small_files() -> Iterator[int]:
    """Let no file grow beyond so many bytes, as on a disk that is full."""
    most = 4500
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    former = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, hard))
    yield most
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    signal.signal(signal.SIGXFSZ, former)


def test_a_full_disk_is_said_once_and_what_was_written_stays_whole(
    tmp_path: Path, small_files: int
) -> None:
    path, notices = tmp_path / "run.enchufe", list[RecordingStopped]()
    made = Recording(path, "serve", (served("echo", Wishes()),), notices.append)
    for _ in range(100):
        adding(made)(MessageReceived(1, ANA, b"x" * 30))
    made.close()
    run, entries = read(path)
    assert len(notices) == 1
    assert "large" in notices[0].why  # EFBIG; a full disk says ENOSPC
    assert path.stat().st_size <= small_files
    assert path.read_bytes().endswith(b"\n")
    assert len(entries) > 5
    assert run.ending is None


def test_what_json_cannot_hold_ends_the_recording_and_not_the_run(tmp_path: Path) -> None:
    path, notices = tmp_path / "run.enchufe", list[RecordingStopped]()
    made = Recording(path, "serve", (served("echo", Wishes()),), notices.append)
    adding(made)(MessageReceived(1, Peer(1, Transport.UNIX, path="/tmp/\udcff"), b"x"))
    adding(made)(MessageReceived(2, ANA, b"x"))
    made.close()
    assert len(notices) == 1
    assert read(path)[1] == []
