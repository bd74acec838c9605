"""Reorder: a datagram is held back, so that those sent after it overtake it."""

from msgspec import Struct

from enchufe.core.chance import Chance
from enchufe.faults.fate import Fate


class Reorder(Struct, frozen=True):
    """Holds some datagrams back.

    Args:
        probability: how likely one is held back, from 0 to 1.
        hold_s_max: for how many seconds at most.
    """

    probability: float = 0.0
    hold_s_max: float = 0.0

    def befall(self, fate: Fate, chance: Chance) -> Fate:
        """Return ``fate`` with some copies held back."""
        return tuple(after_s + self._hold_s(chance) for after_s in fate)

    def _hold_s(self, chance: Chance) -> float:
        return chance.seconds(0.0, self.hold_s_max) if chance.happens(self.probability) else 0.0
