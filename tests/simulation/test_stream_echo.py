"""Echo over a stream, on networks of every kind."""

from tests.simulation.people import (
    CLIENT,
    PATIENCE_AFTER_HEALING_S,
    SERVER,
    Script,
    call,
    is_over,
    our_end,
    serve,
    things_to_say,
)

from enchufe.core.events import Reason
from enchufe.core.exits import ExitCode
from enchufe.core.limits import SEND_QUEUE_BYTES_MAX
from enchufe.core.peer import Transport
from enchufe.services.echo import Echo
from enchufe.sim.world import World

MEBIBYTE = 1024 * 1024


def test_every_byte_comes_back_in_order_also_after_half_close(seed: int) -> None:
    world = World(seed)
    world.roughen()
    server = serve(world.machine(SERVER), "echo", 3500)
    said = things_to_say(world.chance)
    caller = call(world, 3500)
    caller.type(said, every_s=world.chance.seconds(0.0, 0.5))
    world.run_until(lambda: is_over(caller))
    assert caller.shown_bytes == b"".join(said)
    assert caller.exit_code is ExitCode.DONE
    world.run_until_quiet()
    assert not server.links
    assert set(server.closed_for.values()) == {Reason.FINISHED}


def test_many_at_once_hear_only_themselves(seed: int) -> None:
    world = World(seed)
    world.roughen()
    serve(world.machine(SERVER), "echo", 3500)
    says = [things_to_say(world.chance) for _ in range(8)]
    callers = [call(world, 3500) for _ in says]
    for caller, said in zip(callers, says, strict=True):
        caller.type(said, every_s=world.chance.seconds(0.0, 0.2))
    world.run_until(lambda: is_over(*callers))
    assert [caller.shown_bytes for caller in callers] == [b"".join(said) for said in says]


def test_more_than_any_buffer_holds_comes_back_whole(seed: int) -> None:
    world = World(seed)
    serve(world.machine(SERVER), "echo", 3500)
    said = [world.chance.data(MEBIBYTE) for _ in range(3)]
    caller = call(world, 3500)
    caller.type(said)
    world.run_until(lambda: is_over(caller))
    assert caller.shown_bytes == b"".join(said)


def test_a_reset_ends_only_that_conversation(seed: int) -> None:
    world = World(seed)
    world.roughen()
    server = serve(world.machine(SERVER), "echo", 3500)
    says = [things_to_say(world.chance) for _ in range(4)]
    callers = [call(world, 3500) for _ in says]
    victim, *others = callers
    for caller, said in zip(callers, says, strict=True):
        ends = caller is not victim
        caller.type(said, every_s=world.chance.seconds(0.1, 0.3), ends=ends)
    world.run_until(lambda: bool(victim.links))
    world.run_for(world.chance.seconds(0.0, 2.0))
    our_end(victim).break_off()
    world.run_until(lambda: is_over(*callers))
    assert victim.exit_code is ExitCode.LOST
    assert b"".join(says[0]).startswith(victim.shown_bytes)
    assert [caller.exit_code for caller in others] == [ExitCode.DONE] * 3
    assert [caller.shown_bytes for caller in others] == [b"".join(said) for said in says[1:]]
    world.run_until_quiet()
    assert not server.links
    assert sorted(server.closed_for.values()) == [Reason.FINISHED] * 3 + [Reason.RESET]


def test_resets_in_the_middle_lose_the_end_and_invent_nothing(seed: int) -> None:
    world = World(seed)
    world.roughen(resets=True)
    serve(world.machine(SERVER), "echo", 3500)
    says = [things_to_say(world.chance) for _ in range(6)]
    callers = [call(world, 3500) for _ in says]
    for caller, said in zip(callers, says, strict=True):
        caller.type(said, every_s=world.chance.seconds(0.0, 0.3))
    world.run_until(lambda: is_over(*callers))
    for caller, said in zip(callers, says, strict=True):
        whole = b"".join(said)
        assert whole.startswith(caller.shown_bytes)
        assert caller.exit_code in (ExitCode.DONE, ExitCode.LOST)
        assert caller.exit_code is ExitCode.LOST or caller.shown_bytes == whole


def test_a_healed_network_makes_progress(seed: int) -> None:
    world = World(seed)
    world.roughen(resets=True)
    server = serve(world.machine(SERVER), "echo", 3500)
    before = [call(world, 3500) for _ in range(4)]
    for caller in before:
        caller.type(things_to_say(world.chance), every_s=0.1)
    world.run_for(world.chance.seconds(0.0, 3.0))
    world.heal()
    healed_s = world.elapsed_s
    after = call(world, 3500)
    after.type([b"are you ", b"still there?"])
    world.run_until(lambda: is_over(*before, after))
    assert after.shown_bytes == b"are you still there?"
    assert after.exit_code is ExitCode.DONE
    assert world.elapsed_s - healed_s < PATIENCE_AFTER_HEALING_S
    world.run_until_quiet()
    assert not server.links


def test_a_peer_that_does_not_read_delays_no_other_by_a_nanosecond(seed: int) -> None:
    alone, beside = (_conversation(seed, with_sluggard=flag) for flag in (False, True))
    assert alone == beside
    assert any("received" in what for _at_ns, what in alone)


def _conversation(seed: int, *, with_sluggard: bool) -> list[tuple[int, str]]:
    """Return what a caller lives through, and when, with or without a sluggard beside it."""
    world = World(seed)
    serve(world.machine(SERVER), "echo", 3500)
    said = [b"hello", *things_to_say(world.chance, 100_000)]
    caller = call(world, 3500)
    caller.type(said, every_s=0.01)
    if with_sluggard:
        sluggard = world.machine("192.0.2.9").call(Transport.TCP, (SERVER, 3500), Script())
        sluggard.type([bytes(MEBIBYTE)] * 4, ends=False)
        world.run_until(lambda: bool(sluggard.links))
        our_end(sluggard).stop_reading()
    world.run_until(lambda: is_over(caller))
    mine = [entry for entry in world.trace.entries if entry.who == caller.name]
    return [(entry.at_ns, entry.what.partition(" ")[2] or entry.what) for entry in mine]


def test_a_peer_that_does_not_read_cannot_make_us_hold_more_than_the_limit(seed: int) -> None:
    world = World(seed)
    server = world.machine(SERVER).serve("echo", Echo(), 3500)
    sluggard = world.machine(CLIENT).call(Transport.TCP, (SERVER, 3500), Script())
    sluggard.type([bytes(world.chance.between(1, MEBIBYTE)) for _ in range(12)], ends=False)
    world.run_until(lambda: bool(sluggard.links and server.links))
    our_end(sluggard).stop_reading()
    world.run_until_quiet()
    one_read_bytes = world.network.conditions.window_bytes
    assert our_end(server).queued_bytes_peak <= SEND_QUEUE_BYTES_MAX + one_read_bytes
    assert our_end(sluggard).queued_bytes_peak <= SEND_QUEUE_BYTES_MAX + MEBIBYTE
