"""Reset: a connection breaks off in the middle (a RST, RFC 9293, 3.5.2)."""

from msgspec import Struct

from enchufe.core.chance import Chance


class Reset(Struct, frozen=True):
    """Breaks off a connection.

    Args:
        probability: how likely it is with each piece under way, from 0 to 1.
    """

    probability: float = 0.0

    def strikes(self, chance: Chance) -> bool:
        """Return whether the connection breaks with this piece."""
        return chance.happens(self.probability)
