"""Duplicate: a datagram arrives more than once, as a retransmitting link may make it."""

from msgspec import Struct

from enchufe.core.chance import Chance
from enchufe.faults.fate import Fate


class Duplicate(Struct, frozen=True):
    """Makes copies of a datagram.

    Args:
        probability: how likely a datagram is copied, from 0 to 1.
        copies_max: how many arrive at most in place of one.
    """

    probability: float = 0.0
    copies_max: int = 2

    def befall(self, fate: Fate, chance: Chance) -> Fate:
        """Return ``fate`` with every copy there is, copied or not."""
        return tuple(after_s for after_s in fate for _ in range(self._copies(chance)))

    def _copies(self, chance: Chance) -> int:
        return chance.between(2, self.copies_max) if chance.happens(self.probability) else 1
