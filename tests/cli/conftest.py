"""Where the programs under test keep what is theirs, and what they send each other."""

import os
from pathlib import Path

import pytest
from tests.cli.programs import run

BIG_BYTES = 64 * 1024 * 1024
"""Enough for a transfer to last until it is broken off."""


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Give the programs a home of their own."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path


@pytest.fixture
def key(home: Path) -> Path:
    """Make the key that control looks for."""
    assert run("key", "new").code == 0
    return home / "data" / "enchufe" / "control.key"


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    return tmp_path / "inbox"


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + os.urandom(300_000))
    return path


@pytest.fixture
def big(tmp_path: Path) -> Path:
    path = tmp_path / "big.bin"
    path.write_bytes(os.urandom(1024 * 1024) * (BIG_BYTES // 1024 // 1024))
    return path
