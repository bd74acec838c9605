"""Talk: a bye ends both, nothing is lost that need not be, and nobody answers for ever."""

from collections.abc import Sequence

import pytest
from tests.simulation.people import CLIENT, SERVER, is_over, sent_by
from tests.simulation.test_hello import prompt

from enchufe.core.commands import Close, Command, Send
from enchufe.core.events import Event, MessageReceived, PeerFinished
from enchufe.core.exits import ExitCode
from enchufe.core.peer import Transport
from enchufe.core.service import Framing
from enchufe.services.talk import Talk
from enchufe.services.talk.bye import is_bye
from enchufe.sim.driver import Driver
from enchufe.sim.world import World

PORT = 12345
TRANSPORTS = pytest.mark.parametrize("transport", [Transport.TCP, Transport.UDP])


class AnswersEveryBye:
    """A chat that answers each `bye` it hears, and goes on."""

    def handle(self, event: Event) -> Sequence[Command]:
        if isinstance(event, MessageReceived) and is_bye(event.message):
            return (Send(event.peer, b"bye"),)
        return (Close(event.peer),) if isinstance(event, PeerFinished) else ()


class AnswersNoBye:
    """A chat that says something when spoken to, and nothing to a `bye`."""

    def handle(self, event: Event) -> Sequence[Command]:
        if isinstance(event, MessageReceived) and not is_bye(event.message):
            return (Send(event.peer, b"I see"),)
        return ()


def listener(world: World, *, turns: bool = False) -> Driver:
    service = Talk(calling=False, turns=turns)
    return world.machine(SERVER).serve("talk", service, PORT, Framing.FRAMES)


def caller(
    world: World, transport: Transport, *, turns: bool = False, host: str = CLIENT
) -> Driver:
    service = Talk(calling=True, turns=turns)
    return world.machine(host).call(transport, (SERVER, PORT), service, Framing.FRAMES)


def lines(world: World, who: str) -> list[bytes]:
    """Return some lines, no two alike; short and long ones, and empty ones."""
    chance = world.chance
    return [
        f"{who} {number} {'ñ' * chance.between(0, 400)}".encode()
        for number in range(chance.between(0, 9))
    ]


def heard(driver: Driver) -> list[bytes]:
    return [message for _peer, message in driver.shown]


def byes(world: World, *drivers: Driver) -> int:
    """Return how many byes left the ends of a talk."""
    return sum(is_bye(message) for driver in drivers for message in sent_by(world, driver))


@TRANSPORTS
@pytest.mark.parametrize("listener_says_it", [False, True])
def test_on_a_calm_network_bye_ends_both_and_nothing_is_lost(
    seed: int, transport: Transport, listener_says_it: bool
) -> None:
    world = World(seed)
    waits, calls = listener(world), caller(world, transport)
    said = [*lines(world, "listener"), b"last"], [b"first", *lines(world, "caller")]
    ends = [b"bye"], list[bytes]()
    for end, (driver, words) in enumerate(zip((waits, calls), said, strict=True)):
        last = ends[end != (not listener_says_it)]
        driver.type([*words, *last], every_s=0.001, ends=False)
    world.run_until(lambda: is_over(waits, calls))
    assert waits.exit_code is ExitCode.DONE
    assert calls.exit_code is ExitCode.DONE
    says, hears = (waits, calls) if listener_says_it else (calls, waits)
    said_first = said[0] if listener_says_it else said[1]
    assert heard(hears) == [*said_first, b"bye"]
    others = [*said[1 if listener_says_it else 0], b"bye"]
    assert heard(says)[:-1] == others[: len(heard(says)) - 1]
    assert byes(world, waits, calls) == 2


@pytest.mark.parametrize("turns", [False, True])
def test_over_a_stream_all_that_was_said_before_a_bye_arrives_in_order(
    seed: int, turns: bool
) -> None:
    world = World(seed)
    world.network.conditions = prompt(world)
    waits = listener(world, turns=turns)
    calls = caller(world, Transport.TCP, turns=turns)
    ours, theirs = [b"first", *lines(world, "caller")], lines(world, "listener")
    if turns:  # each line but the last needs an answer
        theirs += [b"%d" % number for number in range(len(ours))]
    waits.type(theirs, every_s=world.chance.seconds(0.0, 0.2), ends=False)
    calls.type([*ours, b"bye"], every_s=world.chance.seconds(0.0, 0.2), ends=False)
    world.run_until(lambda: is_over(waits, calls))
    assert heard(waits) == [*ours, b"bye"]
    answers = [message for message in heard(calls) if not is_bye(message)]
    assert b"\n".join(theirs).startswith(b"\n".join(answers))  # a bye may cut the last one
    if turns:
        assert len(answers) == len(ours)
    assert byes(world, waits, calls) <= 2
    assert (waits.exit_code, calls.exit_code) == (ExitCode.DONE, ExitCode.DONE)


def test_by_turns_each_waits_for_the_other(seed: int) -> None:
    world = World(seed)
    world.network.conditions = prompt(world)
    waits, calls = listener(world, turns=True), caller(world, Transport.TCP, turns=True)
    waits.type([b"%d" % number for number in range(9)], ends=False)
    calls.type([*lines(world, "caller"), b"bye"], ends=False)
    world.run_until(lambda: is_over(waits, calls))
    speakers = [entry.who for entry in world.trace.entries if "sends" in entry.what]
    assert speakers == [(calls, waits)[turn % 2].name for turn in range(len(speakers))]


@pytest.mark.parametrize("turns", [False, True])
def test_datagrams_lost_doubled_or_late_never_make_an_endless_exchange(
    seed: int, turns: bool
) -> None:
    world = World(seed)
    world.roughen()
    waits, calls = listener(world, turns=turns), caller(world, Transport.UDP, turns=turns)
    ours, theirs = [*lines(world, "caller"), b"bye"], [*lines(world, "listener"), b"/bye"]
    waits.type(theirs, every_s=world.chance.seconds(0.0, 2.0), ends=world.chance.happens(0.5))
    calls.type(ours, every_s=world.chance.seconds(0.0, 2.0), ends=False)
    world.run_for(60.0)
    assert byes(world, waits, calls) <= 2
    assert set(heard(waits)) <= set(ours)
    assert set(heard(calls)) <= {*theirs, b"bye"}
    for driver in (waits, calls):
        assert not any(is_bye(message) for message in heard(driver)) or driver.exit_code == 0
    if not turns:
        assert calls.exit_code in (ExitCode.DONE, ExitCode.LOST)


@TRANSPORTS
@pytest.mark.parametrize("habit", [AnswersEveryBye, AnswersNoBye])
def test_it_ends_soon_whatever_the_other_side_does_about_a_bye(
    seed: int, transport: Transport, habit: type[AnswersEveryBye | AnswersNoBye]
) -> None:
    world = World(seed)
    other = world.machine(SERVER).serve("habit", habit(), PORT, Framing.TEXT)
    calls = caller(world, transport)
    calls.type([b"hola", b"bye"], ends=world.chance.happens(0.5))
    world.run_until(lambda: is_over(calls))
    assert calls.exit_code is ExitCode.DONE
    assert world.elapsed_s < 3.0
    assert byes(world, calls) == 1
    assert byes(world, other) <= 1


def test_a_talk_with_itself_by_a_forged_address_stays_quiet(seed: int) -> None:
    world = World(seed)
    waits = listener(world)
    other = world.machine("192.0.2.3").serve("talk", Talk(calling=False), 54321, Framing.FRAMES)
    world.forge(("192.0.2.3", 54321), (SERVER, PORT), b"bye")
    world.run_until_quiet()
    assert byes(world, waits, other) == 1
    assert waits.exit_code is ExitCode.DONE
    assert other.exit_code is None


def test_strangers_are_never_mixed_in(seed: int) -> None:
    world = World(seed)
    waits = listener(world)
    partner = caller(world, Transport.UDP)
    partner.type([b"first"], ends=False)
    world.run_until(lambda: heard(waits) == [b"first"])
    strangers = [
        caller(world, (Transport.TCP, Transport.UDP)[number % 2], host=f"198.51.100.{number}")
        for number in range(1, 5)
    ]
    for stranger in strangers:
        stranger.type([b"let me in", b"please", b"bye"], every_s=0.01)
    world.run_until(lambda: is_over(*strangers))
    assert [stranger.exit_code for stranger in strangers] == [ExitCode.OVER_LIMIT] * 4
    partner.type([b"still me", b"bye"], ends=False)
    world.run_until(lambda: is_over(waits, partner))
    assert heard(waits) == [b"first", b"still me", b"bye"]
    assert sum("busy" in told.text for told in waits.told) == 4
