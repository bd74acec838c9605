"""What becomes of a datagram that passes through several faults."""

from enchufe.core.chance import Chance
from enchufe.faults.delay import Delay
from enchufe.faults.duplicate import Duplicate
from enchufe.faults.fate import AT_ONCE, fate_of
from enchufe.faults.loss import Loss
from enchufe.faults.reorder import Reorder


def test_without_faults_it_arrives_once_and_at_once() -> None:
    assert fate_of((), Chance(1)) == AT_ONCE == (0.0,)


def test_faults_compose_in_their_order() -> None:
    always, delay = Duplicate(1.0, 2), Delay(1.0, 1.0)
    assert fate_of((always, delay), Chance(1)) == (1.0, 1.0)
    assert fate_of((delay, always, delay), Chance(1)) == (2.0, 2.0)
    assert fate_of((always, always), Chance(1)) == (0.0,) * 4
    assert fate_of((always, Loss(1.0), delay), Chance(1)) == ()
    copied_then_delayed = fate_of((always, Delay(0.0, 1.0)), Chance(1))
    delayed_then_copied = fate_of((Delay(0.0, 1.0), always), Chance(1))
    assert len(set(copied_then_delayed)) == 2
    assert len(set(delayed_then_copied)) == 1


def test_equal_seeds_give_equal_fates() -> None:
    faults = (Duplicate(0.5, 3), Loss(0.3), Delay(0.0, 1.0), Reorder(0.5, 1.0))
    fates = [[fate_of(faults, chance) for _ in range(50)] for chance in (Chance(5), Chance(5))]
    assert fates[0] == fates[1]
    assert len(set(fates[0])) > 10
