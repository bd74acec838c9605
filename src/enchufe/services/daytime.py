"""Daytime (RFC 867): the date and time as text, to whoever asks, whatever they say.

The text is ISO 8601 in universal time: RFC 867 leaves the form open, and this one
reads the same everywhere.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

from enchufe.core.asking import answer, asker
from enchufe.core.commands import Command
from enchufe.core.events import Event


class Daytime:
    """Says what time it is."""

    def handle(self, event: Event) -> Sequence[Command]:
        """Return the answer to ``event``."""
        peer = asker(event)
        return () if peer is None else answer(peer, _text(event.at_ns))


def _text(at_ns: int) -> bytes:
    moment = datetime.fromtimestamp(at_ns // 1_000_000_000, UTC)
    return f"{moment:%A, %Y-%m-%d %H:%M:%S} UTC\r\n".encode()
