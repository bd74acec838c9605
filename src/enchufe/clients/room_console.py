"""The person who runs a server, as one more member of its room."""

import time
from collections.abc import Callable

from rich.text import Text

from enchufe.clients.console import PipedConsole
from enchufe.clients.keyboard import is_typed_at
from enchufe.clients.room_screen import line_of
from enchufe.clients.standard_streams import OutputGuard
from enchufe.core.events import Reason
from enchufe.core.peer import Peer, Transport
from enchufe.net.driver import Driver


class RoomConsole:
    """The server's own screen and keyboard as a peer that speaks text.

    Args:
        driver: of the room.
        output: guards the screen.
    """

    def __init__(self, driver: Driver, output: OutputGuard) -> None:
        self.peer = Peer(driver.next_number(), Transport.CONSOLE)
        self.opened_ns = 0
        self.received_bytes = 0
        self.sent_bytes = 0
        self._driver = driver
        self._show = output.guard(self._print)
        self._console = PipedConsole(highlight=False, markup=False, soft_wrap=True)

    def speak(self, line: str) -> None:
        """Say a line in the room."""
        data = line.encode("utf-8", "surrogateescape") + b"\n"
        self.received_bytes += len(data)
        self._driver.received(self, data)

    def send(self, message: bytes) -> None:
        """Show what is said; whoever said it is in front of the first colon."""
        self.sent_bytes += len(message)
        self._show(message.decode())

    def _print(self, text: str) -> None:
        clock = Text(time.strftime("%H:%M:%S"), style="dim")
        for line in text.splitlines():
            self._console.print(clock, _shown(line))

    def finish(self) -> None:
        """Do nothing: a screen has no end."""

    def close(self, reason: Reason = Reason.OURS) -> None:
        """Leave the room."""
        self.abort(reason)

    def abort(self, reason: Reason) -> None:
        """Leave the room."""
        self._driver.closed(self, reason)

    def await_drained(self) -> None:
        """Do nothing: a screen is never behind."""

    def rest(self) -> None:
        """Do nothing: nobody types that fast."""

    def read_on(self) -> None:
        """Do nothing: nothing was left unread."""

    def queued_bytes(self) -> int:
        """Return 0: a screen is never behind."""
        return 0

    def activity(self) -> int:
        """Return how many bytes have moved."""
        return self.received_bytes + self.sent_bytes


def _shown(line: str) -> Text:
    name, colon, text = line.partition(": ")
    is_said = bool(colon) and not line.startswith(("*", "("))
    return line_of(text, name) if is_said else line_of(line, "")


async def converse(console: RoomConsole, stop: Callable[[], None]) -> None:
    """Let the person type until Ctrl-D, or Ctrl-C, which stops the server.

    Where there is no terminal to type at, the room is shown only.
    """
    if not is_typed_at():
        return
    from enchufe.clients.prompt import lines

    try:
        async for line in lines("> "):
            if line.strip():
                console.speak(line)
    except KeyboardInterrupt:
        stop()
