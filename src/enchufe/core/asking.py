"""What services say to whoever asks, and how they fill in who that is (RFC 867, RFC 868)."""

from collections.abc import Sequence

from enchufe.core.commands import Close, Command, Send
from enchufe.core.events import Event, MessageReceived, PeerOpened
from enchufe.core.peer import Peer


def asker(event: Event) -> Peer | None:
    """Return the peer who asks: over a stream by connecting, else by sending a datagram."""
    if isinstance(event, PeerOpened) and event.peer.is_stream:
        return event.peer
    if isinstance(event, MessageReceived) and not event.peer.is_stream:
        return event.peer
    return None


def answer(peer: Peer, message: bytes) -> Sequence[Command]:
    """Return the commands that give ``message`` to the one who asked; a stream ends with it."""
    return (Send(peer, message), Close(peer)) if peer.is_stream else (Send(peer, message),)


def addressed(text: str, peer: Peer) -> bytes:
    """Return ``text`` with ``{host}``, ``{port}`` and ``{address}`` as the peer's own.

    Only these three are filled in, so that a text cannot reach anything else.
    """
    for name, value in (
        ("{host}", peer.host or peer.address),
        ("{port}", str(peer.port)),
        ("{address}", peer.address),
    ):
        text = text.replace(name, value)
    return text.encode("utf-8", "surrogateescape")  # what was typed, even if it is no UTF-8
