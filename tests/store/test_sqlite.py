"""A history that survives: groups, kills, full disks and broken files."""

import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from threading import Event as Gate
from threading import Thread

import pytest
from tests.cli.programs import environment
from tests.store.witnesses import PATIENCE_S, Told, everything, saying
from tests.store.writer import text_of

from enchufe.core.chance import Chance
from enchufe.core.commands import Recall, Remember
from enchufe.core.events import NotRemembered, Recalled, Remembered
from enchufe.core.history import Saying
from enchufe.core.limits import LOOKUPS_BATCH_MAX
from enchufe.store import file, sqlite
from enchufe.store.file import HistoryFile
from enchufe.store.sqlite import SqliteHistory

KILLS = 20


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "plaza.db"


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def history(path: Path, told: Told) -> Iterator[SqliteHistory]:
    with closing(SqliteHistory(path, told.put)) as opened:
        yield opened


class SlowDisk:
    """Makes each group wait until it may pass."""

    def __init__(self, history: SqliteHistory) -> None:
        self.groups: list[int] = []
        self.busy, self.passes = Gate(), Gate()
        self._keep = history._file.keep
        history._file.keep = self._slowly  # type: ignore[method-assign]

    def _slowly(self, sayings: Sequence[Saying]) -> None:
        self.groups.append(len(sayings))
        self.busy.set()
        assert self.passes.wait(PATIENCE_S)
        self._keep(sayings)


@pytest.fixture
def slow(history: SqliteHistory) -> Iterator[SlowDisk]:
    disk = SlowDisk(history)
    history.perform([Remember(saying(1))])
    assert disk.busy.wait(PATIENCE_S)
    yield disk
    disk.passes.set()


def kept_ids(path: Path) -> list[int]:
    with closing(HistoryFile(path)) as opened:
        return [line.id for line in opened.found(everything())][::-1]


def test_what_waits_while_the_disk_is_busy_is_written_in_one_go(
    history: SqliteHistory, told: Told, slow: SlowDisk
) -> None:
    commits: list[str] = []
    history._file._connection.set_trace_callback(
        lambda statement: commits.append(statement) if statement == "COMMIT" else None
    )
    for id_ in range(2, 1001):
        history.perform([Remember(saying(id_))])
    slow.passes.set()
    history.close()
    assert slow.groups == [1, 999]
    assert len(commits) == 2
    assert [event.last_id for event in told.all() if isinstance(event, Remembered)] == [1, 1000]


def test_a_line_is_on_disk_before_anybody_is_told(path: Path) -> None:
    """A copy of the files, made when we are told, is what a kill at that moment would leave."""
    copy, counted = path.parent / "copy", list[tuple[int, int]]()

    def deliver(event: object) -> None:
        if isinstance(event, Remembered):
            shutil.copytree(path.parent, copy, ignore=shutil.ignore_patterns("copy"))
            counted.append((event.last_id, len(kept_ids(copy / path.name))))
            shutil.rmtree(copy)

    with closing(SqliteHistory(path, deliver)) as history:
        for id_ in range(1, 51):
            history.perform([Remember(saying(id_))])
    assert counted
    assert counted[-1] == (50, 50)
    assert all(last_id == kept for last_id, kept in counted)


def test_closing_writes_what_waits_and_gives_the_file_back(
    path: Path, history: SqliteHistory, slow: SlowDisk
) -> None:
    history.perform([Remember(saying(2))])
    closing_down = Thread(target=history.close)
    closing_down.start()
    slow.passes.set()
    closing_down.join(PATIENCE_S)
    assert kept_ids(path) == [1, 2]


def test_what_earlier_runs_kept_is_told_at_the_beginning(path: Path) -> None:
    with closing(SqliteHistory(path, Told().put)) as history:
        history.perform([Remember(saying(1, session="s", number=4))])
    before_ns = time.time_ns()
    with closing(SqliteHistory(path, Told().put)) as history:
        opened = history.opened()
    assert before_ns <= opened.at_ns <= time.time_ns()
    assert opened.last_id == 1
    assert [(last.session, last.number, last.id) for last in opened.told] == [("s", 4, 1)]


# A disk that is too slow


def test_whoever_is_faster_than_the_disk_is_held_back(
    history: SqliteHistory, told: Told, slow: SlowDisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "HISTORY_QUEUE_BYTES_MAX", 10 * sqlite.LINE_BYTES)
    monkeypatch.setattr(sqlite, "HISTORY_STALL_S_MAX", PATIENCE_S)
    ordered, held, has_place = list[int](), Gate(), history._has_place

    def watched() -> bool:
        found = has_place()
        if not found:
            held.set()
        return found

    def order() -> None:
        for id_ in range(2, 101):
            history.perform([Remember(saying(id_))])
            ordered.append(id_)

    monkeypatch.setattr(history, "_has_place", watched)
    busy = Thread(target=order)
    busy.start()
    assert held.wait(PATIENCE_S)
    assert len(ordered) <= 10
    slow.passes.set()
    busy.join(PATIENCE_S)
    history.close()
    assert [event for event in told.all() if isinstance(event, NotRemembered)] == []
    assert max(slow.groups) <= 10


def test_a_disk_that_takes_nothing_for_too_long_is_given_up(
    path: Path,
    history: SqliteHistory,
    told: Told,
    slow: SlowDisk,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sqlite, "HISTORY_QUEUE_BYTES_MAX", 1)
    monkeypatch.setattr(sqlite, "HISTORY_STALL_S_MAX", 0.001)
    history.perform([Remember(saying(2))])
    history.perform([Remember(saying(3))])
    event = told.next()
    assert isinstance(event, NotRemembered)
    assert (event.first_id, event.why) == (3, "the disk has taken nothing for 0.001 s")
    history.perform([everything()])
    assert isinstance(told.next(), Recalled)
    slow.passes.set()
    while not isinstance(event, Remembered) or event.last_id < 2:
        event = told.next()
    history.perform([Remember(saying(4))])
    assert isinstance(told.next(), NotRemembered)
    history.perform([everything()])
    event = told.next()
    assert isinstance(event, Recalled)
    assert [line.id for line in event.lines] == [1, 2]


# Many who ask


def test_those_who_ask_much_hold_back_nobody_who_says_something(
    history: SqliteHistory, told: Told, slow: SlowDisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, look_up = 3 * LOOKUPS_BATCH_MAX, history._look_up
    unsaid = [Remember(saying(2))]

    def meanwhile(order: Recall) -> Recalled:
        if unsaid:
            history.perform([unsaid.pop()])
        return look_up(order)

    monkeypatch.setattr(history, "_look_up", meanwhile)
    history.perform([everything() for _ in range(asked)])
    slow.passes.set()
    events = [told.next() for _ in range(asked + 2)]
    last_said = max(i for i, event in enumerate(events) if isinstance(event, Remembered))
    assert [event.last_id for event in events if isinstance(event, Remembered)] == [1, 2]
    answered = [event for event in events if isinstance(event, Recalled)]
    assert len(answered) == asked
    assert len([e for e in events[:last_said] if isinstance(e, Recalled)]) <= LOOKUPS_BATCH_MAX
    assert all(len(event.lines) >= 1 for event in answered)


def test_asking_does_not_make_a_disk_that_waits_count_as_failed(
    history: SqliteHistory, told: Told, slow: SlowDisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "HISTORY_QUEUE_BYTES_MAX", 4 * sqlite.LINE_BYTES)
    monkeypatch.setattr(sqlite, "HISTORY_STALL_S_MAX", 0.001)
    history.perform([everything() for _ in range(1000)])
    history.perform([Remember(saying(2))])
    slow.passes.set()
    history.close()
    assert [event for event in told.all() if isinstance(event, NotRemembered)] == []


def test_of_too_many_look_ups_the_rest_find_nothing_at_once(
    history: SqliteHistory, told: Told, slow: SlowDisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "HISTORY_LOOKUPS_MAX", 10)
    history.perform([everything() for _ in range(13)])
    early = [event for event in told.all() if isinstance(event, Recalled)]
    assert [event.lines for event in early] == [()] * 3
    slow.passes.set()
    history.close()
    late = [event for event in told.all() if isinstance(event, Recalled)]
    assert [len(event.lines) for event in late] == [1] * 10


# A disk that fails


def test_after_a_failure_nothing_more_is_kept_and_looking_up_goes_on(
    history: SqliteHistory, told: Told, path: Path
) -> None:
    history.perform([Remember(saying(1))])
    assert isinstance(told.next(), Remembered)
    connection = history._file._connection
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count = {pages}")
    history.perform([Remember(saying(2, "x" * 100_000))])
    event = told.next()
    assert isinstance(event, NotRemembered)
    assert (event.first_id, event.why) == (2, "database or disk is full (SQLITE_FULL)")
    connection.execute("PRAGMA max_page_count = 1000000")
    history.perform([Remember(saying(3))])
    event = told.next()
    assert isinstance(event, NotRemembered)
    assert (event.first_id, event.why) == (3, "database or disk is full (SQLITE_FULL)")
    history.perform([everything()])
    event = told.next()
    assert isinstance(event, Recalled)
    assert [line.id for line in event.lines] == [1]
    history.close()
    assert kept_ids(path) == [1]


def test_what_can_be_read_of_a_damaged_file_is_and_it_is_not_written_to(
    path: Path, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(HistoryFile(path)) as opened:
        opened.keep([saying(id_, text_of(id_)) for id_ in range(1, 2001)])
    page = path.read_bytes().index(b"line 500 ") // 4096
    with path.open("r+b") as damaged:
        damaged.seek(page * 4096)
        damaged.write(b"\xa5" * 4096)
    monkeypatch.setattr(file, "HISTORY_TOLD_LINES_MAX", 10)
    with closing(SqliteHistory(path, told.put)) as history:
        history.perform([everything()])
        event = told.next()
        assert isinstance(event, Recalled)
        read = [line.id for line in event.lines]
        assert read == list(range(read[0], 2001))
        assert 500 < read[0] < 600
        history.perform([Remember(saying(2001))])
        refused = told.next()
        assert isinstance(refused, NotRemembered)
        assert "SQLITE_CORRUPT" in refused.why


# Programs that are killed or starved


def writer(*words: object, before: Sequence[str] = ()) -> list[str]:
    return [*before, sys.executable, "-m", "tests.store.writer", *map(str, words)]


def last_told(said: Sequence[bytes], word: bytes) -> int:
    """Return the last number that was told whole: a killed program may break off."""
    numbers = [
        int(line.split()[-1]) for line in said if line.startswith(word) and line[-1:] == b"\n"
    ]
    return numbers[-1] if numbers else 0


def test_what_was_remembered_survives_sigkill_and_nothing_is_there_twice(path: Path) -> None:
    chance = Chance(7)
    acknowledged = 0
    for _ in range(KILLS):
        wanted = chance.between(1, 30)
        with subprocess.Popen(writer(path), stdout=subprocess.PIPE, env=environment()) as program:
            assert program.stdout is not None
            said: list[bytes] = []
            for line in program.stdout:
                said.append(line)
                if len(said) == wanted:
                    program.kill()
        assert last_told(said, b"opened") >= acknowledged
        acknowledged = max(acknowledged, last_told(said, b"remembered"))
        with closing(HistoryFile(path)) as opened:
            lines = list(opened.found(Recall("", "plaza", 0, 1_000_000, oldest=True)))
        assert [line.id for line in lines] == list(range(1, len(lines) + 1))
        assert [line.text for line in lines] == [text_of(line.id) for line in lines]
        assert len(lines) >= acknowledged
    assert acknowledged > KILLS


def test_the_lock_dies_with_the_process(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file, "HISTORY_LOCK_S_MAX", 0.0)
    with subprocess.Popen(writer(path), stdout=subprocess.PIPE, env=environment()) as program:
        assert program.stdout is not None
        assert program.stdout.readline() == b"opened 0\n"
        ended = subprocess.run(writer(path), capture_output=True, env=environment(), check=False)
        program.kill()
    assert b"in use by another program" in ended.stdout
    assert kept_ids(path)


def starved(said: str) -> tuple[int, list[int], str]:
    """Return what a starved writer remembered last, what is recalled, and why it ended."""
    lines = [line for line in said.splitlines() if not line.startswith("opened")]
    remembered = [int(line.split()[-1]) for line in lines if line.startswith("remembered")]
    refused = [line.split(maxsplit=3) for line in lines if line.startswith("not remembered")]
    assert len(refused) >= 2
    assert int(refused[0][2]) == remembered[-1] + 1
    recalled = [int(word) for word in lines[-1].split()[1:]]
    return remembered[-1], recalled, refused[0][3]


def test_a_file_that_may_not_grow_makes_a_room_read_only(path: Path) -> None:
    ended = subprocess.run(
        writer(path, 200_000), capture_output=True, text=True, env=environment(), check=True
    )
    last_id, recalled, why = starved(ended.stdout)
    assert recalled == list(range(1, last_id + 1))
    assert why == "disk I/O error (SQLITE_IOERR_WRITE)"
    assert kept_ids(path)[:last_id] == recalled


Disk = Callable[[str, str], str]


@pytest.fixture
def disk(tmp_path: Path) -> Disk:
    """Give a disk of its own to a writer and what comes after it (mount_namespaces(7))."""
    own = ("unshare", "--user", "--map-root-user", "--mount", "sh", "-ec")
    mount = 'mount -t tmpfs -o "size=$0" none "$1"; cd "$1"; '
    tried = shutil.which("unshare") and subprocess.run(
        [*own, mount, "4k", tmp_path], capture_output=True, check=False
    )
    if not tried or tried.returncode != 0:
        pytest.skip("no disk of one's own can be had here")

    def run(size: str, then: str) -> str:
        write = f"{sys.executable} -m tests.store.writer"
        script = mount + then.replace("WRITE", write)
        return subprocess.run(
            [*own, script, size, tmp_path],
            capture_output=True,
            text=True,
            env=environment(),
            check=True,
        ).stdout

    return run


def test_a_full_disk_makes_a_room_read_only(disk: Disk) -> None:
    last_id, recalled, why = starved(disk("400k", "WRITE plaza.db"))
    assert recalled == list(range(1, last_id + 1))
    assert why == "database or disk is full (SQLITE_FULL)"


def test_a_disk_without_place_for_a_history_is_refused(disk: Disk, tmp_path: Path) -> None:
    assert disk("4k", "WRITE plaza.db") == (
        f"refused OverLimitError no place for the history {tmp_path}/plaza.db: "
        "4096 bytes are free on that disk\n"
    )


def test_a_history_on_a_disk_that_cannot_be_written_is_refused(disk: Disk, tmp_path: Path) -> None:
    said = disk(
        "400k", 'WRITE plaza.db; mount -o remount,ro "$1"; WRITE plaza.db; WRITE bar.db'
    ).splitlines()
    assert said[-2:] == [
        f"refused DeniedError the history {tmp_path}/plaza.db may not be written",
        f"refused DeniedError cannot make the history {tmp_path}/bar.db: Read-only file system",
    ]
