"""What becomes of a datagram: when its copies arrive, if any does."""

from collections.abc import Iterable
from typing import Protocol, TypeAlias

from enchufe.core.chance import Chance

Fate: TypeAlias = tuple[float, ...]
"""After how many seconds each copy arrives; empty for a datagram that is lost."""

AT_ONCE: Fate = (0.0,)
"""The fate of a datagram on a network without faults."""


class DatagramFault(Protocol):
    """Something a network does to a datagram under way."""

    def befall(self, fate: Fate, chance: Chance) -> Fate:
        """Return what becomes of a datagram that would have had ``fate``."""
        ...


def fate_of(faults: Iterable[DatagramFault], chance: Chance) -> Fate:
    """Return what becomes of one datagram that passes through ``faults``, in that order."""
    fate = AT_ONCE
    for fault in faults:
        fate = fault.befall(fate, chance)
    return fate
