"""Loss: a datagram never arrives (RFC 768 promises nothing)."""

from msgspec import Struct

from enchufe.core.chance import Chance
from enchufe.faults.fate import Fate


class Loss(Struct, frozen=True):
    """Loses a datagram, or each of its copies on its own.

    Args:
        probability: from 0, never, to 1, always.
    """

    probability: float = 0.0

    def befall(self, fate: Fate, chance: Chance) -> Fate:
        """Return ``fate`` without the copies that are lost."""
        return tuple(after_s for after_s in fate if not chance.happens(self.probability))
