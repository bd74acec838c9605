"""Scores in a file: counted once, for both or for neither; a file of no use stops no game."""

import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from enchufe.core.cachipun import Score
from enchufe.core.errors import UsageError
from enchufe.core.events import Event
from enchufe.core.limits import GAME_SCORE_NAMES_MAX
from enchufe.core.scores import AskScores, KeepScore, ScoreKept, ScoresFound
from enchufe.store.scores import FAULTS, ScoreBook, ScoreFile

PATIENCE_S = 20.0


class Reader:
    """Whoever ordered something, and waits for what comes of it."""

    def __init__(self, path: Path) -> None:
        self._events: list[Event] = []
        self._came = threading.Condition()
        self.failures: list[Exception] = []
        self.book = ScoreBook(path, self._take, self.failures.append)

    def _take(self, event: Event) -> None:
        with self._came:
            self._events.append(event)
            self._came.notify_all()

    def next(self) -> Event:
        with self._came:
            assert self._came.wait_for(lambda: self._events, PATIENCE_S)
            return self._events.pop(0)

    def keeps(self, winner: str, loser: str, match: int = 1) -> None:
        self.book.perform(KeepScore(match, winner, loser))
        kept = self.next()
        assert isinstance(kept, ScoreKept)
        assert kept.match == match

    def best(self, count_max: int = 10) -> tuple[Score, ...]:
        self.book.perform(AskScores("7", count_max))
        found = self.next()
        assert isinstance(found, ScoresFound)
        assert found.tag == "7"
        return found.rows


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "folder" / "scores.db"


@pytest.fixture
def reader(path: Path) -> Iterator[Reader]:
    reader = Reader(path)
    yield reader
    reader.book.close()


def test_the_file_is_made_when_it_is_first_needed_and_for_nobody_elses_eyes(
    reader: Reader, path: Path
) -> None:
    assert not path.exists()
    assert reader.best() == ()
    assert path.stat().st_mode & 0o077 == 0


def test_scores_are_counted_for_both_and_survive(reader: Reader, path: Path) -> None:
    reader.keeps("ana", "luis")
    reader.keeps("Ana", "eva", 2)
    reader.keeps("luis", "ana", 3)
    expected = (Score("ana", 2, 1), Score("luis", 1, 1), Score("eva", 0, 1))
    assert reader.best() == expected
    assert reader.best(1) == expected[:1]
    reader.book.close()
    later = Reader(path)
    assert later.best() == expected
    later.book.close()
    assert reader.failures == later.failures == []


def test_two_servers_share_a_file(reader: Reader, path: Path) -> None:
    other = Reader(path)
    for match in range(5):
        reader.keeps("ana", "luis", match)
        other.keeps("luis", "ana", match)
    assert reader.best() == other.best() == (Score("ana", 5, 5), Score("luis", 5, 5))
    other.book.close()


@pytest.mark.parametrize("kind", ["rubbish", "another program's", "newer", "a folder", "nowhere"])
def test_a_file_of_no_use_is_said_once_and_the_game_goes_on(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "scores.db"
    match kind:
        case "rubbish":
            path.write_bytes(b"this is no database" * 100)
        case "another program's":
            sqlite3.connect(path).execute("CREATE TABLE other (x)").connection.close()
        case "newer":
            ScoreFile(path).close()
            connection = sqlite3.connect(path)
            connection.execute("PRAGMA user_version = 99")
            connection.close()
        case "a folder":
            path.mkdir()
        case _:
            path = Path("/proc/nowhere/scores.db")
    reader = Reader(path)
    for match in (1, 2):
        reader.keeps("ana", "luis", match)
    assert reader.best() == (Score("ana", 2, 0), Score("luis", 0, 2))
    assert len(reader.failures) == 1
    assert isinstance(reader.failures[0], FAULTS)
    reader.book.close()


def test_a_file_that_fails_later_leaves_the_matches_of_this_run(reader: Reader, path: Path) -> None:
    reader.keeps("ana", "luis")
    assert reader.book._file is not None
    reader.book._file.close()  # what follows fails, as on a disk that is gone
    reader.keeps("ana", "luis", 2)
    assert reader.best() == (Score("ana", 2, 0), Score("luis", 0, 2))
    assert len(reader.failures) == 1


def test_names_are_bounded_and_the_longest_gone_are_forgotten(path: Path) -> None:
    file = ScoreFile(None)
    file._connection.execute("BEGIN")
    for number in range(GAME_SCORE_NAMES_MAX):
        row = (f"p{number}", f"p{number}", 0, 1, number)
        file._connection.execute("INSERT INTO score VALUES (?, ?, ?, ?, ?)", row)
    file._connection.execute("COMMIT")
    file.count("ana", "luis", at_ns=10**18)
    rows = {row.name for row in file.best(2 * GAME_SCORE_NAMES_MAX)}
    assert len(rows) == GAME_SCORE_NAMES_MAX
    assert {"ana", "luis", "p2"} <= rows
    assert not {"p0", "p1"} & rows
    file.close()


def test_a_foreign_file_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE mine (x)")
    connection.close()
    with pytest.raises(UsageError, match="belongs to another program"):
        ScoreFile(path)
    connection = sqlite3.connect(path)
    assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("mine",)]
    connection.close()


KILLED = """
import sys
from pathlib import Path
from enchufe.store.scores import ScoreFile
file = ScoreFile(Path(sys.argv[1]))
for match in range(10**6):
    file.count("ana", "luis", match)
    print(match + 1, flush=True)
"""


def test_what_was_counted_is_there_after_a_kill_for_both_and_once(tmp_path: Path) -> None:
    path = tmp_path / "scores.db"
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(path)], stdout=subprocess.PIPE, env=os.environ
    )
    assert process.stdout is not None
    told = [int(process.stdout.readline()) for _ in range(20)][-1]
    process.send_signal(signal.SIGKILL)
    told = max([told, *map(int, process.stdout.read().split())])
    process.wait(PATIENCE_S)
    process.stdout.close()
    file = ScoreFile(path)
    ana, luis = file.best(2)
    assert ana.won == luis.lost
    assert ana.won in (told, told + 1)
    file.close()
