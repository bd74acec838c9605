"""The same seed is the same run."""

from tests.simulation.people import (
    CLIENT,
    SERVER,
    Listener,
    call,
    call_by_datagrams,
    serve,
    things_to_say,
)

from enchufe.core.peer import Transport
from enchufe.sim.trace import Entry
from enchufe.sim.world import World


def everything(seed: int) -> list[Entry]:
    """Return the trace of a world in which everything happens."""
    world = World(seed)
    world.roughen(resets=True)
    for port, name in enumerate(("echo", "hello", "greet", "time", "daytime", "discard"), 3500):
        serve(world.machine(SERVER), name, port)
        for caller in (call(world, port), call_by_datagrams(world, port)):
            caller.type(things_to_say(world.chance), every_s=world.chance.seconds(0.0, 0.3))
        world.forge((CLIENT, 3500), (SERVER, port), world.chance.data(10))
    serve(world.machine(CLIENT), "chargen", 19)
    world.machine(SERVER).call(Transport.TCP, (CLIENT, 19), Listener(20_000))
    world.run_for(3.0)
    world.heal()
    world.run_until_quiet()
    return world.trace.entries


def test_the_same_seed_gives_the_identical_trace(seed: int) -> None:
    first = everything(seed)
    assert everything(seed) == first
    assert len(first) > 50


def test_another_seed_gives_another_trace(seed: int) -> None:
    assert everything(seed) != everything(seed + 1)
