"""What a room needs beside its sockets: a history, and the person who runs it."""

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path

from enchufe.clients.room_console import RoomConsole, converse
from enchufe.clients.standard_streams import OutputGuard
from enchufe.core.commands import Recall, Remember
from enchufe.core.events import Event, Remembered
from enchufe.net.driver import Driver, Equipment
from enchufe.store.memory import MemoryHistory
from enchufe.store.sqlite import SqliteHistory

WRITER_TURN_S = 0.0005
"""How soon Python lets the history's writer have its turn while the room is busy: with the usual
5 ms a line waits longer for the interpreter than for the disk (8 ms against 1 ms, measured)."""


class Rooms:
    """Equips the service of a room.

    Args:
        path: the file in which it keeps what was said; None to forget it at the end.
        stop: stops the server.
        output: guards the server's own screen, if that shows the room.

    Raises:
        EnchufeError: the file cannot be used.
    """

    def __init__(
        self, path: Path | None, stop: Callable[[], None], output: OutputGuard | None
    ) -> None:
        self._stop = stop
        self._output = output
        self._loop = asyncio.get_running_loop()
        self._driver: Driver | None = None
        self._console: RoomConsole | None = None
        self._remembered: list[Remembered] = []
        self._history = self._open(path)
        self.equipment = Equipment(history=self._perform)

    def _open(self, path: Path | None) -> MemoryHistory | SqliteHistory:
        if path is None:
            return MemoryHistory(self._deliver)
        sys.setswitchinterval(WRITER_TURN_S)
        return SqliteHistory(
            path, lambda event: self._loop.call_soon_threadsafe(self._deliver, event)
        )

    def begin(self, driver: Driver) -> None:
        """Remember what earlier runs kept, before anybody comes in."""
        self._driver = driver
        driver.happened(self._history.opened())
        if self._output is not None:
            self._console = RoomConsole(driver, self._output)
            driver.opened(self._console)

    async def speak(self, _driver: Driver) -> None:
        """Let the person who runs the server speak in the room."""
        if self._console is not None:
            await converse(self._console, self._stop)

    def close(self) -> None:
        """Keep what is still to be kept."""
        self._history.close()

    def _perform(self, order: Remember | Recall) -> None:
        self._history.perform(order)

    def _deliver(self, event: Event) -> None:
        """Tell the service soon, in order; of lines that become safe in a row the last counts."""
        if not isinstance(event, Remembered):
            self._remembered = []  # what becomes safe from now on is told after this
            self._loop.call_soon(self._happened, event)
        elif self._remembered:
            self._remembered[0] = event
        else:
            self._remembered = [event]
            self._loop.call_soon(self._all_remembered, self._remembered)

    def _all_remembered(self, last: list[Remembered]) -> None:
        self._happened(last.pop())

    def _happened(self, event: Event) -> None:
        if self._driver is not None:
            self._driver.happened(event)
