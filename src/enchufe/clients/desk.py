"""The desk: where a service's orders about files are carried out, and shown to the person."""

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path
from time import time_ns

from enchufe.clients.language import explain
from enchufe.clients.transfers import Transfers
from enchufe.core.errors import EnchufeError
from enchufe.core.events import Event
from enchufe.core.files import (
    AskFile,
    CheckFile,
    ChooseAgain,
    FileEvent,
    FileFailed,
    FileOrder,
    FileRead,
    FileWritten,
    KeepFile,
    LeaveFile,
    Objection,
    OpenFile,
    PrepareFile,
    ReadFile,
    Stage,
    StartFile,
    TellFile,
    WriteFile,
)
from enchufe.store.inbox import Inbox
from enchufe.store.outbox import Outbox


class FileDesk:
    """Sends and receives files for one service.

    Args:
        transfers: shows how far they are.
        folder: where files that come are kept; None where none are taken.
        is_made_late: whether the folder is made, and may be found to be of no use, only when
            the first file comes.
        ask: asks the person about a file, or forgets the question at `LeaveFile`.
        arrived: told where a file that came is kept.

    Raises:
        EnchufeError: the folder cannot be used.
    """

    def __init__(
        self,
        transfers: Transfers,
        *,
        folder: Path | None = None,
        is_made_late: bool = False,
        ask: Callable[[AskFile | LeaveFile], None] | None = None,
        arrived: Callable[[Path], None] | None = None,
    ) -> None:
        self.outbox = Outbox(self._answer)
        self._folder = folder
        self._inbox: Inbox | None = None
        if folder is not None and not is_made_late:
            self._inbox = Inbox(folder, self._answer)
        self._transfers = transfers
        self._ask = ask
        self._arrived = arrived
        self._loop: asyncio.AbstractEventLoop | None = None
        self._happened: Callable[[Event], None] | None = None

    def open(self, happened: Callable[[Event], None]) -> None:
        """Tell ``happened`` what comes of orders, in the event loop that runs now."""
        self._loop = asyncio.get_running_loop()
        self._happened = happened

    def close(self) -> None:
        """Let go of all files; what has come of them stays."""
        self._happened = None
        self.outbox.close()
        if self._inbox is not None:
            self._inbox.close()
        self._transfers.close()

    def perform(self, order: FileOrder) -> None:
        """Do what the service orders."""
        match order:
            case CheckFile() | ReadFile() | ChooseAgain() | OpenFile():
                self.outbox.perform(order)
            case PrepareFile():
                self._prepare(order)
            case StartFile() | WriteFile() | KeepFile():
                assert self._inbox is not None
                self._inbox.perform(order)
            case AskFile():
                assert self._ask is not None
                self._ask(order)
            case LeaveFile():
                self._leave(order)
            case TellFile():
                self._tell(order)

    def _prepare(self, order: PrepareFile) -> None:
        assert self._folder is not None
        try:
            self._inbox = self._inbox or Inbox(self._folder, self._answer)
        except EnchufeError as error:
            failed = FileFailed(time_ns(), order.file, Objection.FAILED, explain(error))
            self._answer(failed)
            return
        self._inbox.perform(order)

    def _leave(self, order: LeaveFile) -> None:
        self.outbox.perform(order)
        if self._inbox is not None:
            self._inbox.perform(order)
        if self._ask is not None:
            self._ask(order)

    def _tell(self, told: TellFile) -> None:
        self._transfers.tell(told)
        is_here = told.is_coming and told.stage is Stage.KEPT
        if is_here and self._inbox is not None and self._arrived is not None:
            self._arrived(self._inbox.folder / told.name)

    def _answer(self, event: FileEvent) -> None:
        """Hand ``event`` over to the event loop; called in other threads."""
        assert self._loop is not None
        with contextlib.suppress(RuntimeError):  # the run is over
            self._loop.call_soon_threadsafe(self._answered, event)

    def _answered(self, event: FileEvent) -> None:
        if isinstance(event, FileRead):
            self._transfers.moved(event.file, len(event.data))
        elif isinstance(event, FileWritten):
            self._transfers.moved(event.file, event.size_bytes)
        if self._happened is not None:
            self._happened(event)
