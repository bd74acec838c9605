"""What a network is like."""

from enchufe.core.chance import Chance
from enchufe.faults.fate import fate_of
from enchufe.faults.reset import Reset
from enchufe.sim.conditions import CALM, rough


def test_a_calm_network_delivers_everything_once_in_a_tenth_of_a_millisecond() -> None:
    chance = Chance(1)
    fates = {fate_of(CALM.datagram_faults, chance) for _ in range(100)}
    assert fates == {(0.0001,)}
    assert not any(CALM.reset.strikes(chance) for _ in range(1000))
    assert CALM.slice.size_bytes(10**6, chance) == CALM.read.size_bytes(10**6, chance) == 10**6


def test_bad_networks_differ_and_each_fault_is_absent_from_some() -> None:
    bad = [rough(Chance(seed), resets=True) for seed in range(100)]
    for name in CALM.__struct_fields__:
        values = {getattr(conditions, name) for conditions in bad}
        assert getattr(CALM, name) in values, name
        assert len(values) > 30, name
    assert rough(Chance(7)) == rough(Chance(7))


def test_connections_break_only_where_they_may() -> None:
    assert {rough(Chance(seed)).reset for seed in range(100)} == {Reset()}
