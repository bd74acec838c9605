"""A recording may come from anybody: what is no recording is said, with the line at fault."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.record.facts import ANA, echo_events, read, recorded

from enchufe.core.errors import DeniedError, EnchufeError, UsageError
from enchufe.core.events import PeerOpened
from enchufe.record.reading import RecordedRun


def lines_of(tmp_path: Path) -> list[bytes]:
    return recorded(tmp_path / "run.enchufe", echo_events()).read_bytes().splitlines(keepends=True)


@pytest.mark.parametrize(
    "data",
    [b"", b"\n", b"hello\n", b"{}\n", b'{"type":"PeerOpened"}\n', b"\xff" * 100, b"[" * 9999],
)
def test_what_does_not_begin_like_a_recording_is_none(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "no.enchufe"
    path.write_bytes(data)
    with pytest.raises(UsageError, match=r"no\.enchufe is no recording"):
        RecordedRun(path)


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(DeniedError, match="No such file"):
        RecordedRun(tmp_path / "nowhere.enchufe")


def test_a_later_format_is_not_guessed_at(tmp_path: Path) -> None:
    path = tmp_path / "late.enchufe"
    first = lines_of(tmp_path)[0]
    path.write_bytes(first.replace(b'"format":1', b'"format":2'))
    with pytest.raises(UsageError, match="format 2, and this program reads 1"):
        RecordedRun(path)


@pytest.mark.parametrize(
    ("number", "old", "new"),
    [
        (4, b"BytesReceived", b"BytesEaten"),
        (6, b'"message":"aGVsbG8="', b'"message":"not base64"'),
        (6, b'"service":"echo"', b'"service":"ohce"'),
        (6, b'"port":50000', b'"port":50001'),
        (8, b"{", b"["),
    ],
)
def test_a_line_that_is_wrong_is_named(tmp_path: Path, number: int, old: bytes, new: bytes) -> None:
    lines = lines_of(tmp_path)
    changed = [
        line.replace(old, new, 1) if i == number else line for i, line in enumerate(lines, 1)
    ]
    assert changed != lines
    path = tmp_path / "changed.enchufe"
    path.write_bytes(b"".join(changed))
    with pytest.raises(UsageError, match=f"line {number}, "):
        read(path)


def test_nobody_comes_twice(tmp_path: Path) -> None:
    path = recorded(tmp_path / "run.enchufe", [*echo_events(), PeerOpened(9, ANA)])
    with pytest.raises(UsageError, match=r"line 11, .*peer 1 twice"):
        read(path)


def test_one_cut_anywhere_is_read_as_far_as_its_last_whole_line(tmp_path: Path) -> None:
    whole = b"".join(lines_of(tmp_path))
    first = whole.index(b"\n") + 1
    path = tmp_path / "cut.enchufe"
    for end in range(first, len(whole), 7):
        path.write_bytes(whole[:end])
        run, entries = read(path)
        assert len(entries) == whole[:end].count(b"\n") - 1
        assert run.ending is None


def test_a_peer_is_one_object_as_it_was_in_the_run(tmp_path: Path) -> None:
    _run, entries = read(recorded(tmp_path / "run.enchufe", echo_events()))
    peers = {id(getattr(numbered.entry.fact, "peer", None)) for numbered in entries}
    assert len(peers) == 1


@given(rest=st.binary(max_size=200))
def test_rubbish_is_refused_or_cut_short_and_never_a_fault_of_ours(
    tmp_path_factory: pytest.TempPathFactory, rest: bytes
) -> None:
    folder = tmp_path_factory.mktemp("rubbish")
    path = recorded(folder / "run.enchufe", echo_events()[:2])
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:-1]) + rest)
    try:
        run, entries = read(path)
    except EnchufeError:
        return
    assert len(entries) == 2
    assert run.ending is None
