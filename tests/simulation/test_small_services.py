"""The small standard services, and greet, in the world."""

import pytest
from tests.simulation.people import (
    CLIENT,
    SERVER,
    Listener,
    call,
    call_by_datagrams,
    is_over,
    serve,
)

from enchufe.core.exits import ExitCode
from enchufe.core.peer import Transport
from enchufe.services.chargen import ROUND
from enchufe.sim.clock import START_NS
from enchufe.sim.world import World

ANSWERS = [
    ("greet", b"Thank you for connecting\n"),
    ("daytime", b"Thursday, 2026-01-01 00:00:%02d UTC\r\n"),
    ("time", b""),
]


@pytest.mark.parametrize(("name", "text"), ANSWERS)
def test_who_connects_is_told_once_and_left(seed: int, name: str, text: bytes) -> None:
    world = World(seed)
    world.roughen()
    server = serve(world.machine(SERVER), name, 9001)
    caller = call(world, 9001)
    caller.type([], every_s=world.chance.seconds(0.0, 0.5))
    world.run_until(lambda: is_over(caller))
    opened = next(e for e in world.trace.entries if e.who == server.name and "opened" in e.what)
    elapsed_s = (opened.at_ns - START_NS) // 10**9
    since_1900 = (opened.at_ns // 10**9 + 2_208_988_800).to_bytes(4, "big")
    assert caller.shown_bytes == ((text % elapsed_s if b"%" in text else text) or since_1900)
    assert caller.exit_code is ExitCode.DONE
    world.run_until_quiet()
    assert not server.links


def test_a_greeting_reaches_also_who_speaks_without_listening_first(seed: int) -> None:
    world = World(seed)
    server = serve(world.machine(SERVER), "greet", 9001)
    caller = call(world, 9001)
    caller.type([b"x" * world.chance.between(1, 5_000)], every_s=world.chance.seconds(0.0, 0.01))
    world.run_until(lambda: is_over(caller))
    assert caller.shown_bytes == b"Thank you for connecting\n"
    assert caller.exit_code is ExitCode.DONE
    world.run_until_quiet()
    assert not server.links


def test_each_datagram_is_answered_by_a_text_that_names_its_sender(seed: int) -> None:
    world = World(seed)
    serve(world.machine(SERVER), "greet", 15000)
    caller = call_by_datagrams(world, 15000)
    caller.type([b"hello"] * world.chance.between(1, 5))
    world.run_until(lambda: is_over(caller))
    assert {message for _peer, message in caller.shown} == {b"Here is my answer for 192.0.2.2."}
    assert caller.exit_code is ExitCode.DONE


def test_chargen_goes_on_as_long_as_it_is_read(seed: int) -> None:
    world = World(seed)
    world.roughen()
    server = serve(world.machine(SERVER), "chargen", 19)
    listener = Listener(world.chance.between(1, 3 * len(ROUND)))
    caller = world.machine(CLIENT).call(Transport.TCP, (SERVER, 19), listener)
    world.run_until(lambda: is_over(caller))
    rounds = len(listener.heard) // len(ROUND) + 1
    assert listener.heard == (ROUND * rounds)[: len(listener.heard)]
    world.run_until_quiet()
    assert not server.links


def test_chargen_holds_one_round_for_who_does_not_read(seed: int) -> None:
    world = World(seed, steps_max=10_000)
    server = serve(world.machine(SERVER), "chargen", 19)
    listener = Listener(world.chance.between(10**6, 10**7))
    caller = world.machine(CLIENT).call(Transport.TCP, (SERVER, 19), listener)
    world.run_until(lambda: bool(caller.links))
    (link,) = caller.links.values()
    link.stop_reading()  # type: ignore[attr-defined]
    world.run_until_quiet()
    (theirs,) = server.links.values()
    assert 0 < theirs.queued_bytes_peak <= len(ROUND)  # type: ignore[attr-defined]


def test_discard_takes_everything_and_leaves_with_the_peer(seed: int) -> None:
    world = World(seed)
    world.roughen()
    server = serve(world.machine(SERVER), "discard", 9)
    caller = call(world, 9)
    caller.type([world.chance.data(world.chance.between(0, 2_000)) for _ in range(3)])
    world.run_until(lambda: is_over(caller))
    assert caller.shown == []
    assert caller.exit_code is ExitCode.DONE
    received = [e for e in world.trace.entries if e.who == server.name and "received" in e.what]
    sent = [e for e in world.trace.entries if e.who == caller.name and "sends" in e.what]
    assert b"".join(e.data for e in received) == b"".join(e.data for e in sent)
