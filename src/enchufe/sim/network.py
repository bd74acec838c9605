"""What everything in a simulated world shares: its time, its chance, its conditions."""

from collections.abc import Callable

from enchufe.core.chance import Chance
from enchufe.sim.clock import Clock
from enchufe.sim.conditions import CALM, Conditions
from enchufe.sim.trace import Trace


class Network:
    """The network between all machines of a world.

    Args:
        chance: decides whatever the conditions leave open.
        conditions: what the network is like, until it is healed.
    """

    def __init__(self, chance: Chance, conditions: Conditions) -> None:
        self.chance = chance
        self.conditions = conditions
        self.clock = Clock()
        self.trace = Trace(self.clock)
        self._numbers = 0

    def next_number(self) -> int:
        """Return a number never used before in this world."""
        self._numbers += 1
        return self._numbers

    def later(self, action: Callable[[], None], not_before_ns: int = 0) -> int:
        """Do ``action`` at the other side of the network; return when.

        Args:
            action: what happens there.
            not_before_ns: when what it must not overtake arrives.
        """
        delay_ns = round(self.conditions.delay.seconds(self.chance) * 1e9)
        at_ns = max(self.clock.now_ns + delay_ns, not_before_ns)
        self.clock.at(at_ns, action)
        return at_ns

    def heal(self) -> None:
        """Take every fault away; whatever can make progress now must."""
        self.trace.note("network", "healed")
        self.conditions = CALM
