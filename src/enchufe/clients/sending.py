"""A person sends texts and files: from what was named to the exit code."""

import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.text import Text

from enchufe.clients.calling import Calling
from enchufe.clients.desk import FileDesk
from enchufe.clients.language import _
from enchufe.clients.saying import say
from enchufe.clients.standard_streams import OutputGuard
from enchufe.clients.transfers import Transfers
from enchufe.clients.words import why_over
from enchufe.core.endpoint import Endpoint
from enchufe.core.errors import N_, UsageError
from enchufe.core.exits import ExitCode
from enchufe.core.figures import size
from enchufe.core.notices import Notice, PeerLeft
from enchufe.core.peer import Peer
from enchufe.core.service import Framing
from enchufe.core.text import safe_bytes
from enchufe.host import Host
from enchufe.net.dial import Dialling
from enchufe.net.driver import Equipment
from enchufe.services.sender import Item, Sender


def check_stream(endpoint: Endpoint) -> None:
    """Raise an error unless files can travel there.

    Raises:
        UsageError: it takes datagrams.
    """
    if not endpoint.transport.is_stream:
        raise UsageError(
            N_("files need a stream: a datagram may be lost, and is too small for most of them"),
            hint=N_("Use tcp:// or unix://"),
        )


class Sending:
    """Sends texts and files to one receiver.

    Args:
        dialling: whom to.
        items: texts, and the paths of files, in order.

    Raises:
        EnchufeError: a file cannot be sent, or nothing can be sent there.
    """

    def __init__(self, dialling: Dialling, items: Sequence[str | Path]) -> None:
        check_stream(dialling.endpoint)
        self._dialling = dialling
        self._console = Console(highlight=False, markup=False, soft_wrap=True)
        self._output = OutputGuard()
        self._print = self._output.guard(self._print_line)
        terminal = self._console if sys.stdout.isatty() else None
        self._transfers = Transfers(self._print, terminal)
        self._desk = FileDesk(self._transfers)
        self._items: list[Item] = [
            self._desk.outbox.choose(item) if isinstance(item, Path) else item for item in items
        ]
        self._sender = Sender(self._items)
        self._left: PeerLeft | None = None

    async def run(self) -> ExitCode:
        """Send all there is; return how it ended, having said why it did not end well.

        Raises:
            EnchufeError: the receiver could not be reached.
        """
        calling = Calling(
            "send",
            self._dialling,
            Host(self._sender, Framing.FRAMES),
            notify=self._notice,
            show=self._show,
            cut=_never_cut,
            equipment=Equipment(files=self._desk.perform),
        )
        self._output.end_run = lambda: calling.stop(ExitCode.OUTPUT_CLOSED)
        self._desk.open(calling.driver.happened)
        try:
            exit_code = await calling.run(_say_nothing)
        finally:
            self._desk.close()
        if summary := self._transfers.summary():
            self._print(summary, "")
        self._say_end(exit_code)
        return exit_code

    def _print_line(self, text: str, style: str) -> None:
        self._console.print(Text(text, style=style))

    def _show(self, _peer: Peer, message: bytes) -> None:
        self._print(safe_bytes(message), "")

    def _notice(self, notice: Notice) -> None:
        if isinstance(notice, PeerLeft):
            self._left = notice

    def _say_end(self, exit_code: ExitCode) -> None:
        endpoint = self._dialling.endpoint
        if exit_code is ExitCode.PROTOCOL:
            text = _("{endpoint} does not understand frames. Is it: enchufe receive?")
            say(text.format(endpoint=endpoint))
        elif exit_code is ExitCode.LOST and self._left is not None and self._sender.was_cut_off:
            text = _("{endpoint}: {why} after {sent} sent and {received} received")
            why = why_over(self._left.reason) or _("closed while we still had something to say")
            sent, received = size(self._left.sent_bytes), size(self._left.received_bytes)
            said = text.format(endpoint=endpoint, why=why, sent=sent, received=received)
            say(f"{said}.")


async def _say_nothing() -> None:
    """Do nothing: the service knows all there is to say."""


def _never_cut(_kept_bytes: int, _whole_bytes: int) -> None:
    """Do nothing: only datagrams are cut."""
