"""Echo over datagrams, on networks of every kind."""

from tests.simulation.people import (
    SERVER,
    call_by_datagrams,
    is_over,
    sent_by,
    serve,
    things_to_say,
)

from enchufe.core.exits import ExitCode
from enchufe.core.limits import DATAGRAM_PEER_IDLE_S_MAX
from enchufe.sim.world import World


def test_each_datagram_that_arrives_is_answered_once_with_its_bytes(seed: int) -> None:
    world = World(seed)
    world.roughen()
    server = serve(world.machine(SERVER), "echo", 3500)
    callers = [call_by_datagrams(world, 3500) for _ in range(4)]
    for caller in callers:
        caller.type(things_to_say(world.chance), every_s=world.chance.seconds(0.0, 0.5))
    world.run_until_quiet()
    arrived = [d.data for d in world.datagrams_arrived if d.destination == (SERVER, 3500)]
    assert sent_by(world, server) == arrived
    assert is_over(*callers)


def test_every_answer_goes_to_the_one_who_asked(seed: int) -> None:
    world = World(seed)
    world.roughen()
    serve(world.machine(SERVER), "echo", 3500)
    callers = [call_by_datagrams(world, 3500) for _ in range(5)]
    for number, caller in enumerate(callers):
        caller.type([b"%d: %d" % (number, i) for i in range(5)], every_s=0.1)
    world.run_until_quiet()
    for number, caller in enumerate(callers):
        own = {b"%d: %d" % (number, i) for i in range(5)}
        assert {message for _peer, message in caller.shown} <= own
        shown = bool(caller.shown)
        assert caller.exit_code is (ExitCode.DONE if shown else ExitCode.TIMED_OUT)


def test_on_a_healed_network_every_datagram_comes_back(seed: int) -> None:
    world = World(seed)
    world.roughen()
    serve(world.machine(SERVER), "echo", 3500)
    lossy = call_by_datagrams(world, 3500)
    lossy.type(things_to_say(world.chance), every_s=0.1)
    world.run_for(world.chance.seconds(0.0, 2.0))
    world.heal()
    said = [*things_to_say(world.chance), b"", b"last"]
    caller = call_by_datagrams(world, 3500)
    caller.type(said)
    world.run_until(lambda: is_over(lossy, caller))
    assert [message for _peer, message in caller.shown] == said
    assert caller.exit_code is ExitCode.DONE


def test_a_peer_silent_too_long_is_forgotten_and_is_welcome_again(seed: int) -> None:
    world = World(seed)
    server = serve(world.machine(SERVER), "echo", 3500)
    caller = call_by_datagrams(world, 3500)
    caller.type([b"one"], ends=False)
    world.run_for(DATAGRAM_PEER_IDLE_S_MAX - 1)
    assert len(server.links) == 1
    world.run_for(world.chance.seconds(2, 100))
    assert not server.links
    caller.type([b"two"])
    world.run_until(lambda: is_over(caller))
    assert caller.shown_bytes == b"onetwo"
    assert len(server.peers) == 2
