"""No forged datagram makes two of our servers talk to each other for ever (CERT CA-1996-01)."""

import pytest
from tests.simulation.people import SERVER, sent_by, serve

from enchufe.core.loops import ANSWERING_PORTS
from enchufe.sim.driver import Driver
from enchufe.sim.world import World

OTHER = "192.0.2.2"
PAIRS = [("echo", "echo"), ("echo", "hello"), ("chargen", "echo"), ("hello", "hello")]
PAIRS += [("chargen", "chargen"), ("greet", "daytime"), ("time", "greet"), ("chargen", "hello")]


def any_port(world: World, *, answered: bool) -> int:
    """Return a port, one that may be answered or one of those that never are."""
    if not answered:
        ports = sorted(ANSWERING_PORTS)
        return ports[world.chance.between(0, len(ports) - 1)]
    return world.chance.between(1024, 39_999)


def answers(world: World, server: Driver) -> int:
    return len(sent_by(world, server))


@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
def test_two_servers_pointed_at_each_other_go_quiet_on_any_ports(
    seed: int, pair: tuple[str, str]
) -> None:
    world = World(seed, steps_max=5_000)
    world.roughen()
    port = any_port(world, answered=world.chance.happens(0.8))
    other_port = any_port(world, answered=world.chance.happens(0.8))
    one = serve(world.machine(SERVER), pair[0], port)
    other = serve(world.machine(OTHER), pair[1], other_port)
    forged = world.chance.between(1, 5)
    for _ in range(forged):
        world.forge((OTHER, other_port), (SERVER, port), b"hello\n")
        world.run_for(world.chance.seconds(0.0, 1.0))
    world.run_until_quiet()
    assert answers(world, one) <= forged * world.network.conditions.duplicate.copies_max
    assert answers(world, other) == 0


def test_a_forged_datagram_is_answered_once_and_the_answer_not_at_all(seed: int) -> None:
    world = World(seed, steps_max=100)
    port, other_port = any_port(world, answered=True), any_port(world, answered=True)
    if port == other_port:
        other_port += 1
    one = serve(world.machine(SERVER), "echo", port)
    other = serve(world.machine(OTHER), "echo", other_port)
    world.forge((OTHER, other_port), (SERVER, port), b"ping")
    world.run_until_quiet()
    assert (answers(world, one), answers(world, other)) == (1, 0)
    assert world.machine(OTHER).endpoints[0].avoided == [(SERVER, port)]


@pytest.mark.parametrize("name", ["echo", "hello", "greet", "chargen", "daytime", "time"])
def test_nobody_is_answered_at_a_port_that_is_no_clients(seed: int, name: str) -> None:
    world = World(seed, steps_max=5_000)
    port = any_port(world, answered=True)
    server = serve(world.machine(SERVER), name, port)
    second = serve(world.machine(SERVER), "echo", port + 1)
    for host in (SERVER, OTHER):
        for source_port in (0, port, port + 1, *sorted(ANSWERING_PORTS)):
            world.forge((host, source_port), (SERVER, port), b"hello\n")
    world.run_until_quiet()
    assert answers(world, server) == answers(world, second) == 0
    assert len(world.machine(SERVER).endpoints[0].avoided) == 16


def test_a_server_pointed_at_itself_goes_quiet(seed: int) -> None:
    world = World(seed, steps_max=1_000)
    world.roughen()
    port = any_port(world, answered=world.chance.happens(0.5))
    server = serve(world.machine(SERVER), "echo", port)
    world.forge((SERVER, port), (SERVER, port), b"ping")
    world.run_until_quiet()
    assert answers(world, server) == 0


def test_a_marked_datagram_of_a_known_peer_is_not_answered_either(seed: int) -> None:
    world = World(seed, steps_max=1_000)
    port, other_port = 3500, any_port(world, answered=True) | 1
    one = serve(world.machine(SERVER), "echo", port)
    world.forge((OTHER, other_port), (SERVER, port), b"I am a client")
    world.run_for(1.0)
    assert len(one.links) == 1
    other = serve(world.machine(OTHER), "echo", other_port)
    world.forge((SERVER, port), (OTHER, other_port), b"now I am a server")
    world.run_until_quiet()
    assert (answers(world, one), answers(world, other)) == (1, 0 if port == other_port else 1)
