"""A caller always stops, and its exit code says how it went."""

import pytest
from tests.simulation.people import (
    PATIENCE_AFTER_HEALING_S,
    SERVER,
    Hurried,
    Mute,
    call,
    call_by_datagrams,
    is_over,
    our_end,
    serve,
    things_to_say,
)

from enchufe.core.events import Reason
from enchufe.core.exits import ExitCode
from enchufe.core.limits import SEND_STALL_S_MAX
from enchufe.core.notices import Refusal
from enchufe.core.refusals import refusal_line
from enchufe.sim.world import World

SERVICES = ["echo", "hello", "greet", "discard", "daytime", "time"]


@pytest.mark.parametrize("name", SERVICES)
def test_it_stops_whatever_the_network_does(seed: int, name: str) -> None:
    world = World(seed)
    world.roughen(resets=True)
    serve(world.machine(SERVER), name, 3500)
    wait_s = world.chance.seconds(0.0, 4.0) if world.chance.happens(0.5) else None
    callers = [call(world, 3500, wait_s), call_by_datagrams(world, 3500, wait_s)]
    for caller in callers:
        caller.type(things_to_say(world.chance), every_s=world.chance.seconds(0.0, 0.5))
    world.run_until(lambda: is_over(*callers))
    stream, datagrams = callers
    assert stream.exit_code in (ExitCode.DONE, ExitCode.LOST, ExitCode.TIMED_OUT)
    assert wait_s is not None or stream.exit_code is not ExitCode.TIMED_OUT
    assert datagrams.exit_code in (ExitCode.DONE, ExitCode.TIMED_OUT)


def test_it_stops_within_seconds_once_the_network_heals(seed: int) -> None:
    world = World(seed)
    world.roughen()
    serve(world.machine(SERVER), "echo", 3500)
    callers = [call(world, 3500), call_by_datagrams(world, 3500)]
    for caller in callers:
        caller.type(things_to_say(world.chance), every_s=0.1)
    world.run_for(world.chance.seconds(0.0, 2.0))
    world.heal()
    healed_s = world.elapsed_s
    world.run_until(lambda: is_over(*callers))
    assert world.elapsed_s - healed_s < PATIENCE_AFTER_HEALING_S


def test_where_nobody_listens_it_is_refused(seed: int) -> None:
    world = World(seed)
    callers = [call(world, 3500), call_by_datagrams(world, 3500)]
    for caller in callers:
        caller.type([b"anybody there?"])
    world.run_until(lambda: is_over(*callers))
    assert [caller.exit_code for caller in callers] == [ExitCode.REFUSED] * 2


def test_where_nobody_listens_datagrams_that_are_lost_time_out(seed: int) -> None:
    world = World(seed)
    world.roughen()
    caller = call_by_datagrams(world, 3500)
    caller.type([b"anybody there?"])
    world.run_until(lambda: is_over(caller))
    lost = any(e.what == "0 copies" for e in world.trace.entries)
    assert caller.exit_code is ExitCode.REFUSED or lost or _late(world)


def _late(world: World) -> bool:
    """Whether the network may take longer than a caller waits for an answer."""
    conditions = world.network.conditions
    return 2 * conditions.delay.high_s + conditions.reorder.hold_s_max > 2.0


@pytest.mark.parametrize("wait_s", [0.0, 0.5, 30.0])
def test_a_server_that_never_answers_times_out_after_the_wait(seed: int, wait_s: float) -> None:
    world = World(seed)
    world.machine(SERVER).serve("mute", Mute(), 3500)
    callers = [call(world, 3500, wait_s), call_by_datagrams(world, 3500, wait_s)]
    for caller in callers:
        caller.type([b"hello?"])
    world.run_until(lambda: all(caller.exit_code is not None for caller in callers))
    assert [caller.exit_code for caller in callers] == [ExitCode.TIMED_OUT] * 2
    assert wait_s <= world.elapsed_s < wait_s + 0.1
    world.run_until(lambda: is_over(*callers))


@pytest.mark.parametrize(
    ("refusal", "exit_code"),
    [(Refusal.DENIED, ExitCode.DENIED), (Refusal.FULL, ExitCode.OVER_LIMIT)],
)
def test_a_refusal_at_the_door_is_understood(
    seed: int, refusal: Refusal, exit_code: ExitCode
) -> None:
    world = World(seed)
    world.roughen()
    word = refusal_line(refusal, "come back tomorrow")
    world.machine(SERVER).serve("door", Hurried(word), 3500)
    caller = call(world, 3500)
    caller.type([])
    world.run_until(lambda: is_over(caller))
    assert caller.shown_bytes == word
    assert caller.exit_code is exit_code


def test_a_connection_that_breaks_is_lost(seed: int) -> None:
    world = World(seed)
    world.roughen()
    server = serve(world.machine(SERVER), "echo", 3500)
    caller = call(world, 3500)
    caller.type([b"hello"], ends=False)
    world.run_until(lambda: bool(server.links and caller.links))
    world.run_for(world.chance.seconds(0.0, 3.0))
    our_end(caller).break_off()
    world.run_until(lambda: is_over(caller))
    assert caller.exit_code is ExitCode.LOST
    world.run_until_quiet()
    assert list(server.closed_for.values()) == [Reason.RESET]


def test_a_server_that_leaves_without_taking_what_we_said_is_lost(seed: int) -> None:
    world = World(seed)
    server = world.machine(SERVER).serve("hurried", Hurried(b"bye\n"), 3500)
    caller = call(world, 3500)
    world.run_until(lambda: bool(server.links))
    our_end(server).stop_reading()
    caller.type([bytes(200_000)] * world.chance.between(1, 9), every_s=0.0001)
    world.run_until(lambda: is_over(caller))
    assert caller.exit_code is ExitCode.LOST
    assert world.elapsed_s < SEND_STALL_S_MAX + PATIENCE_AFTER_HEALING_S
