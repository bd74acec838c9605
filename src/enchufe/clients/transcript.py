"""Transcripts in the very lines of the course guides, read by read.

English prints what the guide to the TCP echo in English prints (its message has two
spaces after the first stop, which decides where its sixteen-byte reads fall). Spanish
prints what the programs of the guide in Spanish print. They are two programs' outputs,
not translations of each other, so a line of one may have no counterpart in the other.
"""

import sys
from collections.abc import Callable

from msgspec import Struct

from enchufe.core.commands import Command, Send
from enchufe.core.events import Event, MessageReceived, PeerClosed, PeerFinished, PeerOpened
from enchufe.core.notices import Listening, Notice, PeerCame, PeerLeft, Ready
from enchufe.core.peer import Peer, Transport
from enchufe.core.text import safe_bytes


class ServerLines(Struct, frozen=True):
    """What a server prints; "" where it prints nothing.

    ``{host}`` and ``{port}`` are the server's as they were asked for, ``{tuple}`` and
    ``{address}`` the peer's as Python and as people write it, ``{data}`` what was read.
    """

    listening: str
    waiting: str
    waiting_datagram: str
    came: str
    received: str
    sending: str
    ended: str


class CallerLines(Struct, frozen=True):
    """What a caller prints, with the same names."""

    connecting: str
    sending: str
    received: str
    received_datagram: str
    closing: str


SERVER_LINES = {
    "en": ServerLines(
        listening="starting up on {host} port {port}",
        waiting="waiting for a connection",
        waiting_datagram="waiting for a datagram",
        came="connection from {tuple}",
        received='received "{data}"',
        sending="sending data back to the client",
        ended='received ""\nno more data from {tuple}',
    ),
    "es": ServerLines(
        listening="Socket creado, escuchando en {host}:{port}",
        waiting="",
        waiting_datagram="Esperando clientes...",
        came="Conexion desde: {address}",
        received="Recibi: {data}",
        sending="",
        ended="",
    ),
}

CALLER_LINES = {
    "en": CallerLines(
        connecting="connecting to {host} port {port}",
        sending='sending "{data}"',
        received='received "{data}"',
        received_datagram='received "{data}"',
        closing="closing socket",
    ),
    "es": CallerLines(
        connecting="",
        sending="",
        received="Recibido:  {data}",
        received_datagram="--> {data}",
        closing="",
    ),
}

Print = Callable[[str], None]


def print_line(line: str) -> None:
    """Write one line to standard output at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _python_tuple(peer: Peer) -> str:
    """Return the address as Python's `socket` gives it: four parts for IPv6."""
    if not peer.transport.is_internet:
        return repr(peer.path)
    return repr((peer.host, peer.port, 0, 0) if ":" in peer.host else (peer.host, peer.port))


class ServerTranscript:
    """Prints what a server of the guides would print.

    Args:
        language: "en" or "es".
        show: prints one line.
    """

    def __init__(self, language: str, show: Print) -> None:
        self._lines = SERVER_LINES[language]
        self._show = show
        self._announced: set[tuple[str, str, int]] = set()
        self._streams = self._datagrams = False

    def notice(self, notice: Notice) -> None:
        """Print where the server listens, and that it waits."""
        match notice:
            case Listening(transport=transport, asked=asked, port=port):
                self._announce(transport, notice.path or asked, port)
            case Ready():
                if self._streams:
                    self._print(self._lines.waiting)
                if self._datagrams:
                    self._print(self._lines.waiting_datagram)
            case PeerLeft(peer=peer) if peer.is_stream:
                self._print(self._lines.waiting)
            case _:
                pass

    def _announce(self, transport: Transport, host: str, port: int) -> None:
        """Print an endpoint once, whatever the number of families it listens in."""
        self._streams = self._streams or transport.is_stream
        self._datagrams = self._datagrams or not transport.is_stream
        if (transport, host, port) not in self._announced:
            self._announced.add((transport, host, port))
            self._print(self._lines.listening, host=host, port=port)

    def witness(self, fact: Event | Command) -> None:
        """Print what was said."""
        match fact:
            case PeerOpened(peer=peer) if peer.is_stream:
                self._came(peer)
            case MessageReceived(peer=peer, message=message):
                if not peer.is_stream:
                    self._came(peer)
                self._print(self._lines.received, data=safe_bytes(message))
                if not peer.is_stream:
                    self._print(self._lines.waiting_datagram)
            case Send(peer=peer) if peer.is_stream:
                self._print(self._lines.sending)
            case PeerFinished(peer=peer):
                self._print(self._lines.ended, tuple=_python_tuple(peer))
            case _:
                pass

    def _came(self, peer: Peer) -> None:
        self._print(self._lines.came, tuple=_python_tuple(peer), address=peer.address)

    def _print(self, line: str, **fields: object) -> None:
        if line:
            self._show(line.format(**fields))


class CallerTranscript:
    """Prints what a client of the guides would print.

    Args:
        language: "en" or "es".
        show: prints one line.
    """

    def __init__(self, language: str, show: Print) -> None:
        self._lines = CALLER_LINES[language]
        self._show = show

    def connecting(self, host: str, port: int) -> None:
        """Print where we are about to connect."""
        self._print(self._lines.connecting, host=host, port=port)

    def witness(self, fact: Event | Command) -> None:
        """Print what was said."""
        match fact:
            case Send(message=message):
                self._print(self._lines.sending, data=safe_bytes(message))
            case MessageReceived(peer=peer, message=message):
                line = self._lines.received if peer.is_stream else self._lines.received_datagram
                self._print(line, data=safe_bytes(message))
            case PeerClosed():
                self._print(self._lines.closing)
            case _:
                pass

    def _print(self, line: str, **fields: object) -> None:
        if line:
            self._show(line.format(**fields))


def is_traffic(notice: Notice) -> bool:
    """Return whether a transcript already shows what ``notice`` says."""
    return isinstance(notice, Listening | Ready | PeerCame | PeerLeft)
