"""The files of a visit to a room, as the person sends them, gets them and sees them."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from rich.console import Console

from enchufe.clients.chosen_path import chosen_path
from enchufe.clients.desk import FileDesk
from enchufe.clients.language import _, explain
from enchufe.clients.pictures import show_picture
from enchufe.clients.sending import check_stream
from enchufe.clients.status_line import StatusLine
from enchufe.clients.transfers import Transfers
from enchufe.core.endpoint import Endpoint
from enchufe.core.errors import EnchufeError
from enchufe.core.events import Event
from enchufe.core.exits import ExitCode
from enchufe.core.files import FileOrder, TellFile
from enchufe.core.text import safe_text
from enchufe.services.sender import exit_code_of

SEND = "/send"

FOLDER = "enchufe"
"""Beside what a browser has downloaded, and not among it."""


class VisitFiles:
    """Sends the files that a person names, and keeps those that come.

    Args:
        endpoint: where the room is.
        folder: where files that come are kept; made when the first one comes.
        tell: tells the person something.
        interactive: whether a person types at a terminal.
    """

    def __init__(
        self, endpoint: Endpoint, folder: Path, tell: Callable[[str], None], *, interactive: bool
    ) -> None:
        self.status = StatusLine() if interactive else None
        self.exit_code: ExitCode | None = None  # of the first thing that went wrong
        self._endpoint = endpoint
        self._folder = folder
        self._tell = tell
        self._console = Console(highlight=False, markup=False, soft_wrap=True)
        self._happened: Callable[[Event], None] = _nobody
        self._desk = FileDesk(
            Transfers(self._say, bars=self.status, kept=self._kept),
            folder=folder,
            is_made_late=True,
            arrived=self._arrived if interactive else None,
        )

    def open(self, happened: Callable[[Event], None]) -> None:
        """Tell ``happened`` what comes of orders, and what the person wants."""
        self._happened = happened
        self._desk.open(happened)

    def close(self) -> None:
        """Let go of all files; what has come of them stays."""
        self._desk.close()

    def perform(self, order: FileOrder) -> None:
        """Do what the visitor orders."""
        self._desk.perform(order)
        if isinstance(order, TellFile):
            self.exit_code = self.exit_code or exit_code_of(order)

    def obey(self, line: bytes) -> bool:
        """Send the file that ``line`` names; return whether it is about that."""
        words = os.fsdecode(line).split(maxsplit=1)
        if not words or words[0].lower() != SEND:
            return False
        self._send(words[1] if len(words) > 1 else "")
        return True

    def _send(self, typed: str) -> None:
        path = chosen_path(typed)
        if path is None:
            self._say(_("Which file? /send FILE"))
            return
        try:
            check_stream(self._endpoint)
            chosen = self._desk.outbox.choose(path)
        except EnchufeError as error:
            self._say(explain(error))
            self.exit_code = self.exit_code or error.exit_code
            return
        self._happened(chosen)

    def _say(self, text: str, _style: str = "") -> None:
        self._tell(f"* {safe_text(text)}")

    def _kept(self, told: TellFile, figures: str) -> str:
        """Say where a file is that came; one that went is said by its line."""
        if not told.is_coming:
            return ""
        path = self._folder / told.name
        text = _("{name} is here: {path}, {figures}")
        name = safe_text(told.attachment.name)
        return text.format(name=name, path=path, figures=figures)

    def _arrived(self, path: Path) -> None:
        show_picture(path, self._console, dict(os.environ))


def downloads_folder(environment: Mapping[str, str], home: Path) -> Path:
    """Return where files go that the person did not choose a place for.

    Desktops say where downloads are, in a file of shell assignments (xdg-user-dirs).
    """
    configuration = environment.get("XDG_CONFIG_HOME") or str(home / ".config")
    downloads = environment.get("XDG_DOWNLOAD_DIR") or _named(
        Path(configuration) / "user-dirs.dirs", "XDG_DOWNLOAD_DIR"
    )
    if not downloads:
        return home / "Downloads" / FOLDER
    return Path(downloads.replace("$HOME", str(home), 1)) / FOLDER


def _named(path: Path, name: str) -> str:
    """Return what a file of shell assignments gives a name, or ""."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return ""
    values = [line.partition("=")[2].strip() for line in lines if line.startswith(f"{name}=")]
    return values[-1].strip('"') if values else ""


def _nobody(_event: Event) -> None:
    """Do nothing: there is no visit yet."""
