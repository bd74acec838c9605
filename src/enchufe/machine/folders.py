"""Where a person's things are kept (XDG Base Directory Specification)."""

import os
from pathlib import Path


def data_folder() -> Path:
    """Return where certificates, keys and the like are kept."""
    return _folder("XDG_DATA_HOME", Path(".local", "share"))


def state_folder() -> Path:
    """Return where logs are kept."""
    return _folder("XDG_STATE_HOME", Path(".local", "state"))


def _folder(variable: str, usual: Path) -> Path:
    named = os.environ.get(variable)
    return (Path(named) if named else Path.home() / usual) / "enchufe"
