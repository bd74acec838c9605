"""The files of a talk, as the person at this end sends them, is asked about them and sees them."""

import os
from collections import deque
from collections.abc import Callable
from pathlib import Path
from time import time_ns

from msgspec import Struct
from rich.console import Console

from enchufe.clients.chosen_path import chosen_path
from enchufe.clients.desk import FileDesk
from enchufe.clients.language import _
from enchufe.clients.pictures import show_picture
from enchufe.clients.saying import say, say_error
from enchufe.clients.status_line import StatusLine
from enchufe.clients.transfers import Transfers
from enchufe.core.errors import EnchufeError
from enchufe.core.events import Event
from enchufe.core.figures import size
from enchufe.core.files import AskFile, FileDecided, FileOrder, LeaveFile, Stage, TellFile
from enchufe.core.limits import FILE_BYTES_MAX
from enchufe.core.text import safe_text
from enchufe.core.transfer.incoming import Policy

SEND = "/send"
TAKE = "/take"
REFUSE = "/refuse"


class Taking(Struct, frozen=True):
    """What becomes of files that come.

    Args:
        folder: where they are kept; None to be asked about each, and to keep them in the
            current folder. Without a terminal nobody can be asked, and none are taken.
        size_bytes_max: no larger ones are taken.
        pictures: whether pictures are shown, where the terminal can.
    """

    folder: Path | None = None
    size_bytes_max: int = FILE_BYTES_MAX
    pictures: bool = True


class TalkFiles:
    """Sends the files that a person names, and takes those that come.

    Args:
        taking: which ones, and where to.
        interactive: whether a person types at a terminal.

    Raises:
        EnchufeError: the folder that was named cannot be used.
    """

    def __init__(self, taking: Taking, *, interactive: bool) -> None:
        self.status = StatusLine() if interactive else None
        self._interactive = interactive
        self._folder, asks = taking.folder, False
        if taking.folder is None and interactive and os.access(Path(), os.W_OK | os.X_OK):
            self._folder, asks = Path(), True
        takes = self._folder is not None
        self.policy = Policy(taking.size_bytes_max, asks=asks, takes=takes)
        self._console = Console(highlight=False, markup=False, soft_wrap=True)
        self._shows_pictures = interactive and taking.pictures
        self._asked: deque[AskFile] = deque()
        self._happened: Callable[[Event], None] = _nobody
        self._desk = FileDesk(
            Transfers(_say, bars=self.status),
            folder=self._folder,
            ask=self._ask if asks else None,
            arrived=self._arrived,
        )

    def open(self, happened: Callable[[Event], None]) -> None:
        """Tell ``happened`` what comes of orders, and what the person wants."""
        self._happened = happened
        self._desk.open(happened)

    def close(self) -> None:
        """Let go of all files; what has come of them stays."""
        self._desk.close()

    def perform(self, order: FileOrder) -> None:
        """Do what the service orders."""
        self._desk.perform(order)
        if isinstance(order, TellFile):
            self._explain(order)

    def obey(self, line: bytes) -> bool:
        """Do what ``line`` says, if it is about files; return whether it is."""
        words = os.fsdecode(line).split(maxsplit=1)
        match words[0].lower() if words else "":
            case "/send":
                self._send(words[1] if len(words) > 1 else "")
            case "/take" | "/refuse" as word:
                self._decide(is_wanted=word == TAKE)
            case _:
                return False
        return True

    def refuse_all(self) -> None:
        """Take nothing of what was asked about: the person is leaving."""
        while self._asked:
            self._decide(is_wanted=False)

    def _send(self, typed: str) -> None:
        path = chosen_path(typed)
        if path is None:
            say(_("Which file? /send FILE"))
            return
        try:
            chosen = self._desk.outbox.choose(path)
        except EnchufeError as error:
            say_error(error)
            return
        self._happened(chosen)

    # Questions

    def _ask(self, order: AskFile | LeaveFile) -> None:
        """Ask about a file, or ask no more about it."""
        first = self._asked[0] if self._asked else None
        if isinstance(order, AskFile):
            self._asked.append(order)
        else:
            self._asked = deque(asked for asked in self._asked if asked.file != order.file)
        if self._asked and self._asked[0] is not first:
            self._put(self._asked[0])

    def _put(self, asked: AskFile) -> None:
        text = _("{address} wants to send {name} ({size}). Type /take or /refuse.")
        say(
            text.format(
                address=safe_text(asked.peer.address),
                name=safe_text(asked.attachment.name),
                size=size(asked.attachment.size_bytes),
            )
        )

    def _decide(self, *, is_wanted: bool) -> None:
        if not self._asked:
            say(_("Nobody wants to send anything."))
            return
        asked = self._asked.popleft()
        self._happened(FileDecided(time_ns(), asked.file, is_wanted))
        if self._asked:
            self._put(self._asked[0])

    # What is shown

    def _explain(self, told: TellFile) -> None:
        """Say what `Transfers` does not: it knows of no talk."""
        if told.is_coming and told.stage is Stage.NOT_TAKEN and not self.policy.takes:
            say(_("Files are taken with --into FOLDER."))
        elif not told.is_coming and told.stage is Stage.OFFERED and self._interactive:
            text = _("{name} ({size}) is offered to {address}.")
            attachment = told.attachment
            say(
                text.format(
                    name=safe_text(attachment.name),
                    size=size(attachment.size_bytes),
                    address=safe_text(told.peer.address),
                )
            )

    def _arrived(self, path: Path) -> None:
        if self._shows_pictures:
            show_picture(path, self._console, dict(os.environ))


def _say(text: str, _style: str) -> None:
    say(text)


def _nobody(_event: Event) -> None:
    """Do nothing: there is no talk yet."""
