"""Discard (RFC 863): takes everything, answers nothing."""

from collections.abc import Sequence

from enchufe.core.commands import Close, Command
from enchufe.core.events import Event, PeerFinished


class Discard:
    """Throws away what it is sent, until the peer has sent it all."""

    def handle(self, event: Event) -> Sequence[Command]:
        """Return the answer to ``event``."""
        return (Close(event.peer),) if isinstance(event, PeerFinished) else ()
