"""What a network is like: every fault it has, and how much of each."""

from typing import TypeVar

from msgspec import Struct

from enchufe.core.chance import Chance
from enchufe.faults.delay import Delay
from enchufe.faults.duplicate import Duplicate
from enchufe.faults.fate import DatagramFault
from enchufe.faults.loss import Loss
from enchufe.faults.reorder import Reorder
from enchufe.faults.reset import Reset
from enchufe.faults.slice import WHOLE, Slice

_Knob = TypeVar("_Knob")


class Conditions(Struct, frozen=True):
    """The faults of a network.

    Args:
        delay: of whatever is under way.
        loss: of datagrams.
        duplicate: of datagrams.
        reorder: of datagrams.
        slice: how streams are cut under way.
        read: how much of what has arrived one read takes, of streams.
        reset: of streams.
        window_bytes: how much of a stream is under way or unread at once.
    """

    delay: Delay = Delay(0.0001, 0.0001)
    loss: Loss = Loss()
    duplicate: Duplicate = Duplicate()
    reorder: Reorder = Reorder()
    slice: Slice = WHOLE
    read: Slice = WHOLE
    reset: Reset = Reset()
    window_bytes: int = 64 * 1024

    @property
    def datagram_faults(self) -> tuple[DatagramFault, ...]:
        """The faults a datagram passes through, in order."""
        return (self.duplicate, self.loss, self.delay, self.reorder)


CALM = Conditions()
"""A network that only takes a tenth of a millisecond."""


def rough(chance: Chance, *, resets: bool = False) -> Conditions:
    """Return a bad network, bad in another way for each seed.

    Each fault is quite absent from some worlds: a fault that is always there hides
    what only happens without it.

    Args:
        chance: chooses.
        resets: whether connections may break off.
    """
    reset = Reset(chance.seconds(0.0, 0.1)) if resets else Reset()
    return Conditions(
        delay=_one_of(chance, CALM.delay, Delay(0.0, chance.seconds(0.001, 2.0))),
        loss=_one_of(chance, Loss(), Loss(chance.seconds(0.0, 0.6))),
        duplicate=_one_of(chance, Duplicate(), Duplicate(chance.seconds(0.0, 0.5), 3)),
        reorder=_one_of(chance, Reorder(), Reorder(chance.seconds(0.0, 0.5), 1.0)),
        slice=_one_of(chance, WHOLE, Slice(chance.between(1, 1500), chance.seconds(0.0, 1.0))),
        read=_one_of(chance, WHOLE, Slice(chance.between(1, 1500), chance.seconds(0.0, 1.0))),
        reset=_one_of(chance, Reset(), reset),
        window_bytes=_one_of(chance, CALM.window_bytes, chance.between(1, 4096)),
    )


def _one_of(chance: Chance, calm: _Knob, bad: _Knob) -> _Knob:
    return bad if chance.happens(0.6) else calm
