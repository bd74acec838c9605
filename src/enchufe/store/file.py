"""The history file: lines in SQLite, held by one program at a time.

The file is locked for as long as it is open (``locking_mode=EXCLUSIVE``): no second
server writes the same ids, and no other program, whatever it does to the file, can make
us wait or fail. The lock is the system's and dies with the process. Write-ahead log and
``synchronous=FULL``: when a transaction is over, it is on disk (sqlite.org/wal.html).
"""

import os
import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path

import msgspec

from enchufe.core.commands import Recall
from enchufe.core.errors import N_, DeniedError, EnchufeError, OverLimitError, UsageError
from enchufe.core.history import Line, Saying, Told
from enchufe.core.limits import HISTORY_LOCK_S_MAX, HISTORY_TOLD_LINES_MAX
from enchufe.store.rows import (
    AND_ANOTHER,
    KEEP_DOCUMENT,
    KEEP_ROW,
    STATEMENT_ROWS_MAX,
    Row,
    document_of,
    line_of,
    rows_of,
    storable,
    text_of,
)

APPLICATION_ID = 0x656E6368
"""Marks a SQLite file as a history of ours: "ench" (sqlite.org/fileformat.html, offset 68)."""

VERSION = 1
"""Which tables the file has; a greater one comes from a newer enchufe."""

FAULTS = (sqlite3.Error, msgspec.MsgspecError, ValueError)
"""What reading and writing may end with: SQLite's errors, and what a damaged row holds."""

_TABLES = (
    """
    CREATE TABLE line (
      id INTEGER PRIMARY KEY AUTOINCREMENT,  -- SQLite remembers the highest, also of deleted rows
      at_ns INTEGER NOT NULL,
      room TEXT NOT NULL,
      name TEXT NOT NULL,
      text TEXT NOT NULL,
      session TEXT NOT NULL,
      number INTEGER NOT NULL,
      attachment TEXT  -- JSON
    )
    """,
    "CREATE INDEX line_by_room ON line (room, id)",
    f"PRAGMA application_id = {APPLICATION_ID}",
)
_DOCUMENT_LINES_MIN = 4
"""So many lines to a saying are kept sooner as JSON: 1.2 us each instead of 2.9, where single
ones take 4.3 instead of 3.3."""

_OLDEST = "SELECT * FROM line WHERE room = ? AND id > ? ORDER BY id LIMIT ?"
_LATEST = "SELECT * FROM line WHERE room = ? AND id > ? ORDER BY id DESC LIMIT ?"
_LAST_ID = "SELECT seq FROM sqlite_sequence WHERE name = 'line'"
_TOLD = """
    SELECT session, max(number), id FROM (SELECT * FROM line ORDER BY id DESC LIMIT ?)
    WHERE session != '' GROUP BY session ORDER BY id
"""  # beside max(), `id` is that of its row (sqlite.org/lang_select.html, "bare columns")


class HistoryFile:
    """An open history file.

    Args:
        path: where it is, or is made, with the folders that lead there.

    Raises:
        UsageError: what is there is not a history, is damaged, or comes from a newer enchufe.
        DeniedError: it may not be written, or another program holds it.
        OverLimitError: the disk is full.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        _make_place(self.path)
        try:
            self._connection = sqlite3.connect(
                self.path,
                timeout=HISTORY_LOCK_S_MAX,
                isolation_level=None,  # transactions begin where we say
                check_same_thread=False,  # opened by one thread, then used by another
            )
        except sqlite3.Error as error:
            raise _explained(error, self.path) from None
        try:
            self._prepare()
            self.last_id = self._last_id()
            self.told = self._told()
        except FAULTS as error:
            self._connection.close()
            raise _explained(error, self.path) from None
        except EnchufeError:
            self._connection.close()
            raise

    def keep(self, sayings: Sequence[Saying]) -> None:
        """Write ``sayings`` as one transaction; on return they are on disk, all of them.

        Python gives its lock away before each statement and waits for it after: beside a busy
        room 64 lines took 50 ms with a statement each, and take 3 ms with one for all.

        Raises:
            sqlite3.Error: none of them is.
        """
        lines_count = sum(len(said.texts) for said in sayings)
        is_long = lines_count >= _DOCUMENT_LINES_MIN * len(sayings)
        document = document_of(sayings) if is_long else None
        if document is None:
            self._keep_rows([row for said in sayings for row in rows_of(said)])
        else:
            self._connection.execute(KEEP_DOCUMENT, (document,))

    def _keep_rows(self, rows: Sequence[Row]) -> None:
        execute = self._connection.execute
        try:
            execute("BEGIN IMMEDIATE")
            for start in range(0, len(rows), STATEMENT_ROWS_MAX):
                some = rows[start : start + STATEMENT_ROWS_MAX]
                insert = "".join((KEEP_ROW, AND_ANOTHER * (len(some) - 1)))
                execute(insert, list(chain.from_iterable(some)))
            execute("COMMIT")
        except sqlite3.Error:
            if self._connection.in_transaction:  # some errors have rolled back by themselves
                execute("ROLLBACK")
            raise

    def found(self, order: Recall) -> Iterator[Line]:
        """Yield what answers ``order``: the oldest first if it wants those, or else the latest.

        Raises:
            FAULTS: the file cannot be read any further.
        """
        count_max = max(order.count_max, 0)  # to SQLite, -1 means all
        wanted = (storable(order.room), order.after_id, count_max)
        return map(line_of, self._connection.execute(_OLDEST if order.oldest else _LATEST, wanted))

    def close(self) -> None:
        """Give the file back."""
        self._connection.close()

    def _prepare(self) -> None:
        """Lock the file, see whose it is, and write to it: what fails fails now, not later."""
        execute = self._connection.execute
        execute("PRAGMA locking_mode = EXCLUSIVE")
        is_new = self._is_new()
        execute("PRAGMA journal_mode = WAL")
        execute("PRAGMA synchronous = FULL")
        execute("BEGIN IMMEDIATE")
        if is_new:
            for statement in _TABLES:
                execute(statement)
        execute(f"PRAGMA user_version = {VERSION}")
        execute("COMMIT")

    def _is_new(self) -> bool:
        """Return whether the file is still empty; what is in it must be ours."""
        application_id, version, tables = (
            int(self._connection.execute(question).fetchone()[0])
            for question in (
                "PRAGMA application_id",
                "PRAGMA user_version",
                "SELECT count(*) FROM sqlite_master",
            )
        )
        if not (application_id or version or tables):
            return True
        if application_id != APPLICATION_ID:
            raise UsageError(
                N_("{path} belongs to another program: it is no history of enchufe"),
                hint=N_("Choose another file"),
                path=self.path,
            )
        if version > VERSION:
            raise UsageError(
                N_("{path} has version {version}; this enchufe knows versions up to {known}"),
                hint=N_("It was written by a newer enchufe: use that one, or choose another file"),
                path=self.path,
                version=version,
                known=VERSION,
            )
        return False

    def _last_id(self) -> int:
        row = self._connection.execute(_LAST_ID).fetchone()
        return 0 if row is None else int(row[0])

    def _told(self) -> tuple[Told, ...]:
        rows = self._connection.execute(_TOLD, (HISTORY_TOLD_LINES_MAX,))
        return tuple(Told(text_of(session), number, id_) for session, number, id_ in rows)


def why(error: Exception) -> str:
    """Return the system's words for ``error``, with SQLite's own name for it."""
    name = getattr(error, "sqlite_errorname", None)
    return f"{error} ({name})" if name else str(error)


# Opening

_WRITABLE = N_("It, and the folder it is in, must be writable for you")


def _make_place(path: Path) -> None:
    """Make the file, for its owner's eyes only; SQLite's log beside it takes that over."""
    try:
        if not path.parent.exists():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # An existing file is not opened here: closing it would end SQLite's locks on it,
        # which belong to the process (sqlite.org/howtocorrupt.html, 2.2).
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        if not path.is_file():
            raise UsageError(
                N_("{path} exists and is not a file"), hint=N_("Choose another path"), path=path
            ) from None
        if not os.access(path, os.R_OK | os.W_OK):
            raise DeniedError(
                N_("the history {path} may not be written"), hint=_WRITABLE, path=path
            ) from None
    except OSError as error:
        raise DeniedError(
            N_("cannot make the history {path}: {why}"),
            hint=N_("Choose another path"),
            path=path,
            why=error.strerror,
        ) from None


def _explained(error: Exception, path: Path) -> EnchufeError:
    """Return what ``error`` means to the person who named the file."""
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF
    match code:
        case sqlite3.SQLITE_BUSY:
            return DeniedError(
                N_("the history {path} is in use by another program"),
                hint=N_("Two servers cannot share one history: end the other, or choose a file"),
                path=path,
            )
        case sqlite3.SQLITE_NOTADB:
            return UsageError(
                N_("{path} is not a history: it is not a SQLite file ({size_bytes} bytes)"),
                hint=N_("Choose another file"),
                path=path,
                size_bytes=path.stat().st_size,
            )
        case sqlite3.SQLITE_CORRUPT:
            return UsageError(
                N_("the history {path} is damaged: {why}"),
                hint=N_("Save what can be read: sqlite3 {path} .recover"),
                path=path,
                why=why(error),
            )
        case sqlite3.SQLITE_FULL:
            return OverLimitError(
                N_("no place for the history {path}: {free_bytes} bytes are free on that disk"),
                hint=N_("Make place there, or choose a path on another disk"),
                path=path,
                free_bytes=shutil.disk_usage(path.parent).free,
            )
        case _:
            return DeniedError(
                N_("cannot write the history {path}: {why}"),
                hint=_WRITABLE,
                path=path,
                why=why(error),
            )
