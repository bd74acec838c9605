"""A person receives files: from what was asked for to a running receiver and its screen."""

import asyncio
import os
import sys
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from time import time_ns

from msgspec import Struct

from enchufe.clients.console import RECEIVE, ServerConsole
from enchufe.clients.desk import FileDesk
from enchufe.clients.language import _
from enchufe.clients.pictures import show_picture
from enchufe.clients.sending import check_stream
from enchufe.clients.standard_streams import OutputGuard
from enchufe.clients.transfers import Transfers
from enchufe.clients.words import refusal_reason
from enchufe.core.endpoint import Endpoint
from enchufe.core.errors import N_, UsageError
from enchufe.core.events import Event
from enchufe.core.exits import ExitCode
from enchufe.core.figures import size
from enchufe.core.files import AskFile, FileDecided, LeaveFile
from enchufe.core.service import Framing
from enchufe.core.text import safe_text
from enchufe.core.transfer.incoming import Policy
from enchufe.host import Host
from enchufe.machine.descriptors import raise_limit
from enchufe.net.door import Door
from enchufe.net.driver import Driver, Equipment
from enchufe.net.listen import BoundSocket, listen
from enchufe.net.server import Rules, Server, Serving
from enchufe.net.tls import TlsSettings, check_needed, serving_tls
from enchufe.services.receiver import Receiver


class Choices(Struct, frozen=True):
    """What the person asked for.

    Args:
        endpoints: where to listen.
        folder: where files are kept.
        policy: which files are taken.
        allow: as in `enchufe.net.door.Door`.
        deny: as in `enchufe.net.door.Door`.
        serve_max: as in `enchufe.net.server.Rules`.
        pictures: whether pictures are shown, where the terminal can.
        tls: who we are at encrypted endpoints, and which clients may come.
    """

    endpoints: Sequence[Endpoint]
    folder: Path
    policy: Policy
    allow: Sequence[str] = ()
    deny: Sequence[str] = ()
    serve_max: int | None = None
    pictures: bool = True
    tls: TlsSettings = TlsSettings()


async def receive(choices: Choices) -> ExitCode:
    """Receive until stopped; return how it ended.

    Raises:
        EnchufeError: what was asked for cannot be done.
    """
    for endpoint in choices.endpoints:
        check_stream(endpoint)
    raise_limit()
    return await _Receiving(choices).run()


class _Receiving:
    def __init__(self, choices: Choices) -> None:
        is_encrypted = check_needed(choices.tls, choices.endpoints)
        self._choices = choices
        self._output = OutputGuard()
        guard = self._output.guard
        self._screen = ServerConsole()
        is_terminal = sys.stdout.isatty()
        terminal = self._screen.console if is_terminal else None
        self._shows_pictures = is_terminal and choices.pictures
        self._transfers = Transfers(guard(self._screen.say), terminal)
        self._questions = _Questions(guard(self._screen.say)) if choices.policy.asks else None
        self._desk = FileDesk(
            self._transfers,
            folder=choices.folder,
            ask=None if self._questions is None else self._questions.ask,
            arrived=guard(self._arrived),
        )
        rules = Rules(
            door=Door(choices.allow, choices.deny, guard(self._screen.notice)),
            reason=refusal_reason,
            serve_max=choices.serve_max,
            tls=serving_tls(choices.tls) if is_encrypted else None,
        )
        self._server = Server(rules, guard(self._screen.notice))

    async def run(self) -> ExitCode:
        sockets: list[BoundSocket] = []
        for endpoint in self._choices.endpoints:
            sockets += await listen(endpoint)
        self._output.end_run = lambda: self._server.stop(ExitCode.OUTPUT_CLOSED)
        serving = Serving(
            RECEIVE,
            Host(Receiver(self._choices.policy), Framing.FRAMES),
            sockets,
            self._output.guard(self._screen.show),
            equipment=Equipment(files=self._desk.perform),
            begin=self._begin,
        )
        try:
            return await self._server.run([serving])
        finally:
            self._desk.close()

    def _begin(self, driver: Driver) -> None:
        self._desk.open(driver.happened)
        if self._questions is not None:
            self._questions.open(driver.happened)

    def _arrived(self, path: Path) -> None:
        if self._shows_pictures:
            with self._transfers.out_of_sight():
                show_picture(path, self._screen.console, dict(os.environ))


class _Questions:
    """Asks the person at the terminal about one file after another.

    Args:
        say: shows a line.

    Raises:
        UsageError: there is no person at a terminal.
    """

    def __init__(self, say: Callable[[str, str], None]) -> None:
        if not sys.stdin.isatty():
            raise UsageError(
                N_("--ask needs a terminal to answer at"),
                hint=N_("Leave it out to take every file up to --max-size"),
            )
        self._say = say
        self._asked: deque[AskFile] = deque()
        self._happened: Callable[[Event], None] = _nobody

    def open(self, happened: Callable[[Event], None]) -> None:
        """Listen to what is typed, and tell ``happened`` what was decided."""
        self._happened = happened
        asyncio.get_running_loop().add_reader(sys.stdin.fileno(), self._typed)

    def ask(self, order: AskFile | LeaveFile) -> None:
        """Ask about a file, or ask no more about it."""
        if isinstance(order, AskFile):
            self._asked.append(order)
            if len(self._asked) == 1:
                self._put()
            return
        first = self._asked[0].file if self._asked else ""
        self._asked = deque(asked for asked in self._asked if asked.file != order.file)
        if self._asked and first == order.file:
            self._put()

    def _put(self) -> None:
        asked = self._asked[0]
        text = _("{address} wants to send {name} ({size}). Take it? [y/n]").format(
            address=safe_text(asked.peer.address),
            name=safe_text(asked.attachment.name),
            size=size(asked.attachment.size_bytes),
        )
        self._say(text, "bold")

    def _typed(self) -> None:
        line = os.read(sys.stdin.fileno(), 1024)
        if not line:  # Ctrl-D: nobody answers any more
            asyncio.get_running_loop().remove_reader(sys.stdin.fileno())
        word = line.decode("utf-8", "replace").strip().lower()
        is_yes = word in ("y", "yes", "s", "si", "sí")
        if not self._asked:
            return
        if not (is_yes or word in ("n", "no") or not line):
            self._put()
            return
        asked = self._asked.popleft()
        self._happened(FileDecided(time_ns(), asked.file, is_yes))
        if self._asked:
            self._put()


def _nobody(_event: Event) -> None:
    """Do nothing: nobody listens yet."""
