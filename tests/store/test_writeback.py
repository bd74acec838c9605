"""Writing early: it changes nothing but the time."""

import os
from pathlib import Path

from enchufe.store.writeback import begin_writing


def test_what_is_begun_early_is_the_same_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"all that matters")
    descriptor = os.open(path, os.O_RDWR)
    begin_writing(descriptor, 0, 16)
    os.close(descriptor)
    assert path.read_bytes() == b"all that matters"


def test_where_it_cannot_be_begun_nothing_is_lost(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    begin_writing(writing, 0, 16)  # a pipe has no disk
    begin_writing(-1, 0, 16)
    os.close(reading)
    os.close(writing)
