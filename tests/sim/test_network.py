"""What everything in a simulated world shares."""

from enchufe.core.chance import Chance
from enchufe.faults.delay import Delay
from enchufe.sim.clock import START_NS
from enchufe.sim.conditions import CALM, Conditions
from enchufe.sim.network import Network


def test_numbers_are_never_used_twice() -> None:
    network = Network(Chance(1), CALM)
    assert [network.next_number() for _ in range(3)] == [1, 2, 3]


def test_what_happens_at_the_other_side_happens_after_the_delay() -> None:
    network, happened = Network(Chance(1), Conditions(delay=Delay(1.0, 2.0))), list[int]()
    at_ns = network.later(lambda: happened.append(network.clock.now_ns))
    assert 1e9 <= at_ns - START_NS <= 2e9
    network.clock.step()
    assert happened == [at_ns]


def test_what_must_not_be_overtaken_is_not() -> None:
    network, happened = Network(Chance(1), CALM), list[str]()
    first_ns = START_NS + 10**12
    network.clock.at(first_ns, lambda: happened.append("first"))
    assert network.later(lambda: happened.append("second"), first_ns) == first_ns
    while network.clock.step():
        pass
    assert happened == ["first", "second"]


def test_healing_takes_every_fault_away() -> None:
    network = Network(Chance(1), Conditions(window_bytes=1))
    network.heal()
    assert network.conditions == CALM
    assert network.trace.entries[-1].what == "healed"
