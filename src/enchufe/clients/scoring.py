"""What a game needs beside its sockets: scores that survive the run."""

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path
from time import time_ns

from enchufe.clients.language import explain
from enchufe.core.errors import EnchufeError
from enchufe.core.events import Event
from enchufe.core.notices import Notice, ScoresNotKept
from enchufe.machine.folders import data_folder
from enchufe.net.driver import Driver, Equipment
from enchufe.store.file import why
from enchufe.store.scores import ScoreBook


def scores_path(asked: Path | None) -> Path:
    """Return the file scores are kept in: the one asked for, or the usual one."""
    return data_folder() / "scores.db" if asked is None else asked


class Scoring:
    """Equips the service of a game.

    Args:
        path: the file in which scores are kept.
        notify: told when it is of no use.
    """

    def __init__(self, path: Path, notify: Callable[[Notice], None]) -> None:
        self._path = path
        self._notify = notify
        self._loop = asyncio.get_running_loop()
        self._driver: Driver | None = None
        self._book = ScoreBook(
            path,
            lambda event: self._soon(lambda: self._happened(event)),
            lambda error: self._soon(lambda: self._failed(error)),
        )
        self.equipment = Equipment(scores=self._book.perform)

    def begin(self, driver: Driver) -> None:
        """Take note of whom to tell what came of orders."""
        self._driver = driver

    def close(self) -> None:
        """Keep what is still to be kept."""
        self._book.close()

    def _soon(self, told: Callable[[], None]) -> None:
        """Hand over to the event loop; called in another thread."""
        with contextlib.suppress(RuntimeError):  # the run is over
            self._loop.call_soon_threadsafe(told)

    def _happened(self, event: Event) -> None:
        if self._driver is not None:
            self._driver.happened(event)

    def _failed(self, error: Exception) -> None:
        cause = explain(error) if isinstance(error, EnchufeError) else why(error)
        self._notify(ScoresNotKept(time_ns(), str(self._path), cause))
