"""Delay: whatever is sent arrives later."""

from msgspec import Struct

from enchufe.core.chance import Chance
from enchufe.faults.fate import Fate


class Delay(Struct, frozen=True):
    """Makes a datagram, or a piece of a stream, take its time.

    Args:
        low_s: the least it takes, in seconds.
        high_s: the most it takes, in seconds.
    """

    low_s: float = 0.0
    high_s: float = 0.0

    def seconds(self, chance: Chance) -> float:
        """Return how many seconds this one takes."""
        return chance.seconds(self.low_s, self.high_s)

    def befall(self, fate: Fate, chance: Chance) -> Fate:
        """Return ``fate`` with each copy delayed on its own."""
        return tuple(after_s + self.seconds(chance) for after_s in fate)
