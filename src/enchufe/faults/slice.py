"""Slice: a stream has no marks between messages, so it may be cut anywhere (RFC 9293, 3.7)."""

from msgspec import Struct

from enchufe.core.chance import Chance


class Slice(Struct, frozen=True):
    """Cuts a stream into pieces.

    Args:
        bytes_max: the longest piece; None for as much as there is.
        whole_probability: how likely a piece is as long as it may be, from 0 to 1.
    """

    bytes_max: int | None = None
    whole_probability: float = 0.0

    def size_bytes(self, there_bytes: int, chance: Chance) -> int:
        """Return how many of ``there_bytes``, which are at least 1, make the next piece."""
        most = there_bytes if self.bytes_max is None else min(there_bytes, self.bytes_max)
        return most if chance.happens(self.whole_probability) else chance.between(1, most)


WHOLE = Slice(whole_probability=1.0)
"""Cuts nothing."""
