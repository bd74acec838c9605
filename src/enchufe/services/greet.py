"""Greet: over a stream, a greeting and goodbye; a datagram is answered by its sender's name."""

from collections.abc import Sequence

from enchufe.core.asking import addressed, answer, asker
from enchufe.core.commands import Command
from enchufe.core.events import Event


class Greet:
    """Greets whoever comes.

    Args:
        stream_text: sent to each stream peer, which is then left.
        datagram_text: the answer to each datagram.

    In both, ``{host}``, ``{port}`` and ``{address}`` stand for the peer's own.
    """

    def __init__(self, stream_text: str, datagram_text: str) -> None:
        self._stream_text = stream_text
        self._datagram_text = datagram_text

    def handle(self, event: Event) -> Sequence[Command]:
        """Return the answer to ``event``."""
        peer = asker(event)
        if peer is None:
            return ()
        text = self._stream_text if peer.is_stream else self._datagram_text
        return answer(peer, addressed(text, peer))
