"""What a room needs beside its sockets: a history, files, and the person who runs it."""

import asyncio
import contextlib
import shutil
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from time import time_ns

from enchufe.clients.language import explain
from enchufe.clients.room_console import RoomConsole, converse
from enchufe.clients.standard_streams import OutputGuard
from enchufe.core.commands import Recall, Remember
from enchufe.core.errors import EnchufeError
from enchufe.core.events import Event
from enchufe.core.files import FileFailed, FileOrder, Objection, PrepareFile
from enchufe.net.driver import Driver, Equipment
from enchufe.store.memory import MemoryHistory
from enchufe.store.shelf import Shelf
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
        self._orders: list[Remember | Recall] = []  # of this turn of the event loop
        self._history = self._open(path)
        self._is_closed = False
        self._files = _LateShelf(path, partial(self._soon, self._file_happened))
        self.equipment = Equipment(history=self._perform, files=self._files.perform)

    def _open(self, path: Path | None) -> MemoryHistory | SqliteHistory:
        if path is None:
            return MemoryHistory(self._happened)
        sys.setswitchinterval(WRITER_TURN_S)
        return SqliteHistory(path, partial(self._soon, self._happened))

    def _soon(self, told: Callable[[Event], None], event: Event) -> None:
        """Hand ``event`` over to the event loop; called in other threads."""
        with contextlib.suppress(RuntimeError):  # the run is over
            self._loop.call_soon_threadsafe(told, event)

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
        self._is_closed = True
        self._files.close()
        self._hand_over()
        self._history.close()

    def _perform(self, order: Remember | Recall) -> None:
        """Take an order; the history gets those of one turn of the event loop together."""
        if not self._orders:
            self._loop.call_soon(self._hand_over)
        self._orders.append(order)

    def _hand_over(self) -> None:
        orders, self._orders = self._orders, []
        if orders:
            self._history.perform(orders)

    def _file_happened(self, event: Event) -> None:
        """Tell the service what came of a file, unless nothing more can be done about it."""
        if not self._is_closed:
            self._happened(event)

    def _happened(self, event: Event) -> None:
        if self._driver is not None:
            self._driver.happened(event)


class _LateShelf:
    """The files of a room: beside its history, or for as long as the run if it has none.

    Args:
        history: where that is, or None.
        answer: told what came of each order.
    """

    def __init__(self, history: Path | None, answer: Callable[[Event], None]) -> None:
        self._history = history
        self._answer = answer
        self._shelf: Shelf | None = None
        self._forgotten: Path | None = None  # a folder that ends with the run

    def perform(self, order: FileOrder) -> None:
        """Do what the room orders; the folder is made when it is first needed."""
        try:
            shelf = self._shelf = self._shelf or Shelf(self._folder(), self._answer)
        except EnchufeError as error:
            if isinstance(order, PrepareFile):
                failed = FileFailed(time_ns(), order.file, Objection.FAILED, explain(error))
                self._answer(failed)
            return
        shelf.perform(order)

    def _folder(self) -> Path:
        if self._history is not None:
            return self._history.with_name(f"{self._history.name}.files")
        self._forgotten = self._forgotten or Path(tempfile.mkdtemp(prefix="enchufe-"))
        return self._forgotten

    def close(self) -> None:
        """Let go of all files."""
        if self._shelf is not None:
            self._shelf.close()
        if self._forgotten is not None:
            shutil.rmtree(self._forgotten, ignore_errors=True)
