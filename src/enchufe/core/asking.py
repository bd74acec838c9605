"""Services that answer one thing to whoever asks, whatever is said (RFC 867, RFC 868)."""

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
