"""The line a person types, with editing and history; what arrives never breaks it."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

from prompt_toolkit import PromptSession
from prompt_toolkit.history import FileHistory, History, InMemoryHistory
from prompt_toolkit.patch_stdout import patch_stdout


def history_path(environment: dict[str, str]) -> Path:
    """Return where typed lines are remembered (XDG Base Directory: state)."""
    state = environment.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(state) / "enchufe" / "history"


def _history() -> History:
    path = history_path(dict(os.environ))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600, exist_ok=True)
    except OSError:  # a home that cannot be written to: remember for this run only
        return InMemoryHistory()
    return FileHistory(str(path))


async def lines(prompt: str) -> AsyncIterator[str]:
    """Yield each line typed, until Ctrl-D.

    Args:
        prompt: shown before the line.

    Raises:
        KeyboardInterrupt: Ctrl-C.
    """
    session: PromptSession[str] = PromptSession(history=_history())
    with patch_stdout(raw=True):
        while True:
            try:
                yield await session.prompt_async(prompt)
            except EOFError:
                return
