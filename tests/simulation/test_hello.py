"""Hello over a stream: what a greeting is does not depend on how it was cut."""

from tests.simulation.people import CLIENT, SERVER, Script, call, is_over, serve

from enchufe.core.exits import ExitCode
from enchufe.core.limits import TEXT_QUIET_S
from enchufe.core.peer import Transport
from enchufe.faults.delay import Delay
from enchufe.sim.conditions import Conditions, rough
from enchufe.sim.world import World

GREETINGS = [b"hello", b"", "¿qué tal?".encode(), b"a\rb", b"goodbye"]
ENDS = [b"\n", b"\r\n"]


def prompt(world: World) -> Conditions:
    """Return a bad network on which no piece is as late as the quiet rule waits."""
    bad = rough(world.chance)
    return Conditions(
        delay=Delay(0.0, TEXT_QUIET_S / 2),
        slice=bad.slice,
        read=bad.read,
        window_bytes=bad.window_bytes,
    )


def lines_to_say(world: World) -> tuple[list[bytes], bytes]:
    """Return some lines, and how a peer writes them: the last perhaps without its end."""
    lines = [GREETINGS[world.chance.between(0, 4)] for _ in range(world.chance.between(1, 9))]
    written = b"".join(line + ENDS[world.chance.between(0, 1)] for line in lines)
    if world.chance.happens(0.5):
        return [*lines, b"last"], written + b"last"
    return lines, written


def test_each_line_is_shown_and_answered_once_whatever_the_cuts(seed: int) -> None:
    world = World(seed)
    world.network.conditions = prompt(world)
    server = serve(world.machine(SERVER), "hello", 12345)
    lines, written = lines_to_say(world)
    caller = call(world, 12345)
    caller.type([written])
    world.run_until(lambda: is_over(caller))
    assert [message for _peer, message in server.shown] == lines
    assert caller.shown_bytes == b"hi there\n" * len(lines)
    assert caller.exit_code is ExitCode.DONE


def test_however_late_the_pieces_nothing_is_lost_and_each_message_is_answered(seed: int) -> None:
    world = World(seed)
    world.roughen()
    server = serve(world.machine(SERVER), "hello", 12345)
    lines, written = lines_to_say(world)
    caller = call(world, 12345)
    caller.type([written[i : i + 7] for i in range(0, len(written), 7)], every_s=0.2)
    world.run_until(lambda: is_over(caller))
    shown = [message for _peer, message in server.shown]
    assert b"".join(shown).replace(b"\r", b"") == b"".join(lines).replace(b"\r", b"")
    assert len(shown) >= len(lines)
    assert caller.shown_bytes == b"hi there\n" * len(shown)


def test_a_greeting_without_an_end_is_answered_once_nothing_follows(seed: int) -> None:
    world = World(seed)
    world.network.conditions = prompt(world)
    server = serve(world.machine(SERVER), "hello", 12345)
    script = Script()
    caller = world.machine(CLIENT).call(Transport.TCP, (SERVER, 12345), script)
    caller.type([b"hello"], ends=False)
    world.run_until(lambda: bool(server.shown))
    shown_s = world.elapsed_s
    last_piece = [e for e in world.trace.entries if e.who == server.name and "received" in e.what]
    assert world.network.clock.now_ns - last_piece[-1].at_ns == TEXT_QUIET_S * 1e9
    world.run_for(5.0)
    assert [message for _peer, message in server.shown] == [b"hello"]
    assert b"".join(script.heard) == b"hi there\n"
    assert shown_s < 5.0
