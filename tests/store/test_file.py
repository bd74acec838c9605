"""The history file: what is written comes back, and what cannot be used says why."""

import sqlite3
import stat
import sys
from collections.abc import Iterator
from contextlib import closing
from itertools import accumulate
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.store.witnesses import ANY_TEXT, ATTACHMENTS, ROOM, SIZES, everything, saying

from enchufe.core.commands import Recall
from enchufe.core.errors import DeniedError, EnchufeError, UsageError
from enchufe.core.history import Line, Saying, Told
from enchufe.core.lookup import recalled
from enchufe.store import file
from enchufe.store.file import APPLICATION_ID, FAULTS, VERSION, HistoryFile, why

SAYINGS = st.builds(
    Saying,
    id=st.just(0),
    at_ns=SIZES,
    room=st.sampled_from(["plaza", "bar", "café", "\udcff", "", "\0"]),
    name=ANY_TEXT,
    texts=st.lists(ANY_TEXT, min_size=1, max_size=4).map(tuple),
    session=ANY_TEXT,
    number=SIZES,
    attachment=st.none() | ATTACHMENTS,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "plaza.db"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HistoryFile]:
    with closing(HistoryFile(tmp_path_factory.mktemp("shared") / "plaza.db")) as opened:
        yield opened


def numbered(sayings: list[Saying], first_id: int = 1) -> list[Saying]:
    """Return ``sayings`` with ids that follow each other."""
    next_ids = accumulate((len(said.texts) for said in sayings), initial=first_id)
    return [replace(said, id=id_) for said, id_ in zip(sayings, next_ids, strict=False)]


def lines_of(sayings: list[Saying]) -> list[Line]:
    return [line for said in sayings for line in said.lines()]


def answer(opened: HistoryFile, order: Recall) -> tuple[Line, ...]:
    found = list(opened.found(order))
    return tuple(found if order.oldest else reversed(found))


def filled(path: Path, count: int = 3) -> Path:
    with closing(HistoryFile(path)) as opened:
        opened.keep([saying(id_, session="s", number=id_) for id_ in range(1, count + 1)])
    return path


def refused(path: Path) -> EnchufeError:
    with pytest.raises(EnchufeError) as caught:
        HistoryFile(path)
    assert str(path) in str(caught.value)
    assert caught.value.hint
    return caught.value


@given(st.lists(SAYINGS, min_size=1, max_size=5))
def test_any_lines_come_back_exactly(shared: HistoryFile, sayings: list[Saying]) -> None:
    highest = shared._last_id()
    kept = numbered(sayings, highest + 1)
    shared.keep(kept)
    for line in lines_of(kept):
        assert answer(shared, Recall("", line.room, line.id - 1, 1, oldest=True)) == (line,)


@pytest.mark.parametrize("texts", [("hola",) * 100, ("\0",) * 100, ("\udcff",) * 100])
def test_many_lines_are_one_transaction(path: Path, texts: tuple[str, ...]) -> None:
    said: list[str] = []
    with closing(HistoryFile(path)) as opened:
        opened._connection.set_trace_callback(said.append)
        opened.keep([saying(1, *texts), saying(101, *texts)])
        opened._connection.set_trace_callback(None)
        kept = answer(opened, everything())
    assert [(line.id, line.text) for line in kept] == list(enumerate(2 * texts, 1))
    inserts = [statement for statement in said if "INSERT INTO line" in statement]
    assert len(inserts) == 1
    assert [s for s in said if s not in inserts] in ([], ["BEGIN IMMEDIATE", "COMMIT"])


@given(
    st.lists(SAYINGS, max_size=8),
    st.builds(
        Recall,
        tag=st.just(""),
        room=st.sampled_from(["plaza", "bar", "\udcff"]),
        after_id=st.integers(-1, 9),
        count_max=st.integers(-1, 9),
        oldest=st.booleans(),
    ),
)
def test_a_file_answers_as_lines_at_hand_do(
    shared: HistoryFile, sayings: list[Saying], order: Recall
) -> None:
    shared._connection.execute("DELETE FROM line")
    kept = numbered(sayings)
    shared.keep(kept)
    assert answer(shared, order) == recalled(lines_of(kept), order)


@pytest.mark.parametrize("count_max", [0, -1])
@pytest.mark.parametrize("oldest", [False, True])
def test_none_are_found_where_none_are_wanted(path: Path, count_max: int, oldest: bool) -> None:
    with closing(HistoryFile(filled(path))) as opened:
        assert answer(opened, Recall("", ROOM, 0, count_max, oldest=oldest)) == ()


def test_what_one_run_kept_the_next_one_finds(path: Path) -> None:
    with closing(HistoryFile(filled(path))) as opened:
        assert opened.last_id == 3
        assert opened.told == (Told("s", 3, 3),)
        assert [line.id for line in answer(opened, everything())] == [1, 2, 3]


def test_a_new_file_knows_nothing(path: Path) -> None:
    with closing(HistoryFile(path)) as opened:
        assert (opened.last_id, opened.told) == (0, ())


def test_an_empty_file_becomes_a_history(path: Path) -> None:
    path.touch()
    filled(path)


def test_an_id_is_never_given_again_also_when_lines_were_deleted(path: Path) -> None:
    with closing(sqlite3.connect(filled(path))) as other:
        other.execute("DELETE FROM line")
        other.commit()
    with closing(HistoryFile(path)) as opened:
        assert opened.last_id == 3


def test_only_the_latest_lines_are_searched_for_what_sessions_said(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(HistoryFile(path)) as opened:
        opened.keep([saying(1, session="old", number=9), saying(2, session="a", number=5)])
        opened.keep([saying(3, session="a", number=4), saying(4)])
    monkeypatch.setattr(file, "HISTORY_TOLD_LINES_MAX", 3)
    with closing(HistoryFile(path)) as opened:
        assert opened.told == (Told("a", 5, 2),)


def test_the_file_and_its_folder_are_for_their_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "share" / "enchufe" / "plaza.db"
    with closing(HistoryFile(path)) as opened:
        opened.keep([saying(1)])
        files = list(path.parent.iterdir())
        assert len(files) == 2  # the log lies beside it
        assert {stat.S_IMODE(kept.stat().st_mode) for kept in files} == {0o600}
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_every_commit_waits_for_the_disk(path: Path) -> None:
    """SQLite's number for FULL is 2 (sqlite.org/pragma.html#pragma_synchronous)."""
    with closing(HistoryFile(path)) as opened:
        answers = opened._connection.execute
        assert answers("PRAGMA synchronous").fetchone() == (2,)
        assert answers("PRAGMA journal_mode").fetchone() == ("wal",)


def test_of_lines_that_cannot_be_kept_together_none_is(path: Path) -> None:
    with closing(HistoryFile(path)) as opened:
        opened.keep([saying(1)])
        with pytest.raises(sqlite3.IntegrityError) as caught:
            opened.keep([saying(2), saying(1)])
        assert why(caught.value) == (
            "UNIQUE constraint failed: line.id (SQLITE_CONSTRAINT_PRIMARYKEY)"
        )
        opened.keep([saying(2)])
        assert [line.id for line in answer(opened, everything())] == [1, 2]


# What cannot be used


def test_a_file_another_server_holds_is_refused(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file, "HISTORY_LOCK_S_MAX", 0.0)
    with closing(HistoryFile(path)):
        error = refused(path)
        assert isinstance(error, DeniedError)
        assert "in use by another program" in str(error)
    HistoryFile(path).close()


def test_while_it_is_held_no_other_program_can_get_in_the_way(path: Path) -> None:
    with closing(HistoryFile(path)) as opened, closing(sqlite3.connect(path, timeout=0)) as other:
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")
        opened.keep([saying(1)])


def test_what_is_no_database_is_refused_and_left_as_it_was(path: Path) -> None:
    path.write_text("buy bread\n" * 100)
    error = refused(path)
    assert isinstance(error, UsageError)
    assert "not a SQLite file (1000 bytes)" in str(error)
    assert path.read_text() == "buy bread\n" * 100


def test_another_programs_database_is_refused_and_left_as_it_was(path: Path) -> None:
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE recipe (text)")
    before = path.read_bytes()
    error = refused(path)
    assert isinstance(error, UsageError)
    assert "belongs to another program" in str(error)
    assert path.read_bytes() == before


def test_a_file_from_a_newer_version_is_refused(path: Path) -> None:
    with closing(sqlite3.connect(filled(path))) as other:
        other.execute(f"PRAGMA user_version = {VERSION + 1}")
    error = refused(path)
    assert isinstance(error, UsageError)
    assert f"version {VERSION + 1}; this enchufe knows versions up to {VERSION}" in str(error)


def test_a_file_says_whose_it_is_and_its_version(path: Path) -> None:
    with closing(sqlite3.connect(filled(path))) as other:
        assert other.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)
        assert other.execute("PRAGMA user_version").fetchone() == (VERSION,)


def spoil(path: Path, first_byte: int) -> None:
    """Overwrite a file from a byte on."""
    size_bytes = path.stat().st_size
    with path.open("r+b") as opened:
        opened.seek(first_byte)
        opened.write(b"\xa5" * (size_bytes - first_byte))


def test_a_damaged_file_is_refused(path: Path) -> None:
    spoil(filled(path, 1000), 4096)  # all but the first page
    error = refused(path)
    assert isinstance(error, UsageError)
    assert "damaged: database disk image is malformed (SQLITE_CORRUPT)" in str(error)


@pytest.mark.parametrize(
    ("column", "value"),
    [("attachment", "{"), ("attachment", "[]"), ("text", b"\xff\xff"), ("name", b"\xc3")],
)
def test_a_damaged_row_is_a_fault_of_the_file(path: Path, column: str, value: object) -> None:
    with closing(HistoryFile(path)) as opened:
        opened.keep([saying(1), saying(2)])
        opened._connection.execute(f"UPDATE line SET {column} = ? WHERE id = 1", (value,))
        found = opened.found(everything())
        assert [next(found)] == lines_of([saying(2)])
        with pytest.raises(FAULTS):
            next(found)


def test_a_folder_is_refused(tmp_path: Path) -> None:
    assert "exists and is not a file" in str(refused(tmp_path))


def test_a_path_that_leads_through_a_file_is_refused(path: Path) -> None:
    path.touch()
    assert "Not a directory" in str(refused(path / "plaza.db"))


def test_a_name_too_long_is_refused(tmp_path: Path) -> None:
    assert "File name too long" in str(refused(tmp_path / ("x" * 300)))


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")
def test_where_no_file_can_be_made_the_system_says_why() -> None:
    error = refused(Path("/proc/self/plaza.db"))
    assert isinstance(error, DeniedError)
    assert error.fields["why"] == "No such file or directory"
