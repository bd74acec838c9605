"""Character generator (RFC 864): lines of a turning pattern, as fast as the peer reads them.

Over a stream it goes on until the peer leaves; a datagram is answered by one datagram
of 0 to 512 characters (here the lines that fit), whatever it says.
"""

from collections.abc import Sequence

from enchufe.core.commands import AwaitDrained, Command, Send
from enchufe.core.events import (
    Event,
    MessageReceived,
    PeerClosed,
    PeerDrained,
    PeerOpened,
)
from enchufe.core.peer import Peer

PRINTABLE = bytes(range(0x20, 0x7F))
LINE_CHARACTERS = 72
LINES_PER_SEND = len(PRINTABLE)
DATAGRAM_BYTES_MAX = 512


def line(number: int) -> bytes:
    """Return line ``number`` of the pattern: each begins one character further on."""
    start = number % len(PRINTABLE)
    return (PRINTABLE * 2)[start : start + LINE_CHARACTERS] + b"\r\n"


ROUND = b"".join(line(number) for number in range(LINES_PER_SEND))
"""After as many lines as there are printable characters the pattern is where it began."""


class Chargen:
    """Sends one round of the pattern after another, each when the last one has left."""

    def __init__(self) -> None:
        self._datagrams_answered: dict[int, int] = {}

    def handle(self, event: Event) -> Sequence[Command]:
        """Return the answer to ``event``."""
        match event:
            case PeerOpened(peer=peer) | PeerDrained(peer=peer) if peer.is_stream:
                return (Send(peer, ROUND), AwaitDrained(peer))
            case MessageReceived(peer=peer) if not peer.is_stream:
                return (Send(peer, self._datagram(peer)),)
            case PeerClosed(peer=peer):
                self._datagrams_answered.pop(peer.id, None)
            case _:
                pass
        return ()

    def _datagram(self, peer: Peer) -> bytes:
        answered = self._datagrams_answered.get(peer.id, 0)
        self._datagrams_answered[peer.id] = answered + 1
        lines = DATAGRAM_BYTES_MAX // len(line(0))
        return b"".join(line(answered * lines + i) for i in range(lines))
