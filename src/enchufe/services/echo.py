"""Echo (RFC 862): whatever comes goes back, byte for byte, datagram for datagram."""

from collections.abc import Sequence

from enchufe.core.commands import Close, Command, Send
from enchufe.core.events import Event, MessageReceived, PeerFinished


class Echo:
    """Sends back what it is sent; ends a conversation only after the last byte went back."""

    def handle(self, event: Event) -> Sequence[Command]:
        """Return the answer to ``event``."""
        if isinstance(event, MessageReceived):
            return (Send(event.peer, event.message),)
        if isinstance(event, PeerFinished):
            return (Close(event.peer),)
        return ()
