"""The score table that survives: one row a name, in SQLite, opened when it is first needed.

A match is one transaction: both names are counted, or neither, also when the process is killed
(write-ahead log and ``synchronous=FULL``: what is over is on disk, sqlite.org/wal.html). Several
servers of one person may share the file: each only ever adds.
"""

import os
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import time_ns

from enchufe.core.cachipun import Score
from enchufe.core.errors import N_, EnchufeError, UsageError
from enchufe.core.events import Event
from enchufe.core.limits import GAME_SCORE_NAMES_MAX
from enchufe.core.names import key_of
from enchufe.core.scores import KeepScore, ScoreKept, ScoreOrder, ScoresFound

APPLICATION_ID = 0x656E6373
"""Marks a SQLite file as scores of ours: "encs" (sqlite.org/fileformat.html, offset 68)."""

VERSION = 1
"""Which tables the file has; a greater one comes from a newer enchufe."""

LOCK_S_MAX = 2.0
"""How long another server that writes at this moment is waited for."""

FAULTS = (sqlite3.Error, OSError, EnchufeError)
"""What keeping scores in a file may end with."""

_TABLE = """
    CREATE TABLE IF NOT EXISTS score (
      key TEXT PRIMARY KEY,  -- what a person would take for the same name
      name TEXT NOT NULL,
      won INTEGER NOT NULL,
      lost INTEGER NOT NULL,
      at_ns INTEGER NOT NULL  -- of the last match
    )
"""
_COUNT = """
    INSERT INTO score VALUES (?, ?, ?, ?, ?) ON CONFLICT (key) DO UPDATE
    SET name = excluded.name, won = won + excluded.won, lost = lost + excluded.lost,
      at_ns = excluded.at_ns
"""
_FORGET = """
    DELETE FROM score
    WHERE key IN (SELECT key FROM score ORDER BY at_ns DESC LIMIT -1 OFFSET ?)
"""
_BEST = "SELECT name, won, lost FROM score ORDER BY won DESC, lost, name LIMIT ?"


class ScoreFile:
    """An open file of scores.

    Args:
        path: where it is, or is made, with the folders that lead there; None for in memory.

    Raises:
        FAULTS: it cannot be used.
    """

    def __init__(self, path: Path | None) -> None:
        if path is not None:
            _make_place(path)
        self._connection = sqlite3.connect(
            ":memory:" if path is None else path,
            timeout=LOCK_S_MAX,
            isolation_level=None,  # transactions begin where we say
            check_same_thread=False,  # opened by one thread, closed by another
        )
        try:
            self._prepare(path)
        except FAULTS:
            self._connection.close()
            raise

    def _prepare(self, path: Path | None) -> None:
        execute = self._connection.execute
        execute("PRAGMA journal_mode = WAL")
        execute("PRAGMA synchronous = FULL")
        execute("BEGIN IMMEDIATE")
        application_id, version, tables = (
            int(execute(question).fetchone()[0])
            for question in (
                "PRAGMA application_id",
                "PRAGMA user_version",
                "SELECT count(*) FROM sqlite_master",
            )
        )
        if application_id != APPLICATION_ID and (application_id or version or tables):
            raise UsageError(N_("{path} belongs to another program"), path=path)
        if version > VERSION:
            raise UsageError(N_("{path} was written by a newer enchufe"), path=path)
        execute(_TABLE)
        execute(f"PRAGMA application_id = {APPLICATION_ID}")
        execute(f"PRAGMA user_version = {VERSION}")
        execute("COMMIT")

    def count(self, winner: str, loser: str, at_ns: int) -> None:
        """Count a match; on return it is on disk, for both.

        Raises:
            sqlite3.Error: it is not, for either.
        """
        execute = self._connection.execute
        try:
            execute("BEGIN IMMEDIATE")
            execute(_COUNT, (key_of(winner), winner, 1, 0, at_ns))
            execute(_COUNT, (key_of(loser), loser, 0, 1, at_ns))
            execute(_FORGET, (GAME_SCORE_NAMES_MAX,))
            execute("COMMIT")
        except sqlite3.Error:
            if self._connection.in_transaction:  # some errors have rolled back by themselves
                execute("ROLLBACK")
            raise

    def best(self, count_max: int) -> tuple[Score, ...]:
        """Return the best ``count_max``.

        Raises:
            sqlite3.Error: the file cannot be read.
        """
        rows = self._connection.execute(_BEST, (count_max,))
        return tuple(Score(name, won, lost) for name, won, lost in rows)

    def close(self) -> None:
        """Give the file back."""
        self._connection.close()


class ScoreBook:
    """Keeps scores, and looks them up, beside the event loop.

    Where the file fails, the matches of this run are counted in memory, and that is said once.

    Args:
        path: of the file; it is not touched before it is needed.
        deliver: told what came of each order, by another thread.
        failed: told once why the file is of no use, by another thread.
    """

    def __init__(
        self,
        path: Path,
        deliver: Callable[[Event], object],
        failed: Callable[[Exception], object],
    ) -> None:
        self._path = path
        self._deliver = deliver
        self._say_failed = failed
        self._file: ScoreFile | None = None
        self._has_failed = False
        self._of_this_run: list[KeepScore] = []
        self._writer = ThreadPoolExecutor(1, "scores")

    def perform(self, order: ScoreOrder) -> None:
        """Do what is ordered, after what was ordered before."""
        self._writer.submit(self._perform, order)

    def close(self) -> None:
        """Do what is still to be done, and give the file back."""
        self._writer.shutdown()
        if self._file is not None:
            self._file.close()

    # In the writer's thread

    def _perform(self, order: ScoreOrder) -> None:
        try:
            event = self._done(order, self._opened())
        except FAULTS as error:
            event = self._done(order, self._in_memory(error))
        self._deliver(event)

    def _done(self, order: ScoreOrder, file: ScoreFile) -> Event:
        if isinstance(order, KeepScore):
            file.count(order.winner, order.loser, time_ns())
            if not self._has_failed:
                self._of_this_run.append(order)
            return ScoreKept(time_ns(), order.match)
        return ScoresFound(time_ns(), order.tag, file.best(order.count_max))

    def _opened(self) -> ScoreFile:
        if self._file is None:
            self._file = ScoreFile(self._path)
        return self._file

    def _in_memory(self, error: Exception) -> ScoreFile:
        """Go on in memory, with the matches of this run."""
        self._say_failed(error)
        if self._file is not None:
            self._file.close()
        self._has_failed, self._file = True, ScoreFile(None)
        for order in self._of_this_run:
            self._file.count(order.winner, order.loser, time_ns())
        return self._file


def _make_place(path: Path) -> None:
    """Make the file, for its owner's eyes only."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
