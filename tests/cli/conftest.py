"""Where the programs under test keep what is theirs."""

from pathlib import Path

import pytest
from tests.cli.programs import run


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
