"""Time (RFC 868): the seconds since 1900 as four bytes, the most significant first."""

from collections.abc import Sequence

from enchufe.core.asking import answer, asker
from enchufe.core.commands import Command
from enchufe.core.events import Event

SECONDS_1900_TO_1970 = 2_208_988_800
"""RFC 868: "the time 2,208,988,800 corresponds to 00:00 1 Jan 1970 GMT"."""


class Time:
    """Says how many seconds have passed since 1900."""

    def handle(self, event: Event) -> Sequence[Command]:
        """Return the answer to ``event``."""
        peer = asker(event)
        return () if peer is None else answer(peer, _since_1900(event.at_ns))


def _since_1900(at_ns: int) -> bytes:
    """Return the four bytes; in 2036 they begin again at zero, as the RFC's field must."""
    seconds = at_ns // 1_000_000_000 + SECONDS_1900_TO_1970
    return (seconds % 2**32).to_bytes(4, "big")
