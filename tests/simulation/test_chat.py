"""A room on a bad network: everybody who stays hears everything once, in one order.

Whatever is cut, lost, doubled or overtaken, whoever breaks off or does not read, and
however often the server is killed and its disk loses what was not safe yet.
"""

from collections.abc import Sequence

import pytest
from tests.simulation.people import CLIENT, PATIENCE_AFTER_HEALING_S, SERVER, Script
from tests.simulation.test_hello import prompt

from enchufe.core.chance import Chance
from enchufe.core.exits import ExitCode
from enchufe.core.peer import Transport
from enchufe.core.service import Framing
from enchufe.faults.delay import Delay
from enchufe.services.chat import Chat, Slow
from enchufe.services.visitor import REDIAL_S_MAX, Visitor
from enchufe.sim.driver import Driver
from enchufe.sim.history import History
from enchufe.sim.stream import StreamEnd
from enchufe.sim.world import World

PORT = 12_345
TIDY_S = 4 * REDIAL_S_MAX + PATIENCE_AFTER_HEALING_S
"""In so long on a healed network everybody has come back and said all they had to say."""


class Person:
    """A visitor, what it is to say, and what it heard."""

    def __init__(self, world: World, number: int, transport: Transport) -> None:
        self.name = f"p{number}"
        self._world = world
        service = Visitor(self.name, f"session {number}")
        self.driver = world.machine(CLIENT).call(transport, (SERVER, PORT), service, Framing.FRAMES)
        self.lines: list[str] = []

    def says(self, count: int, every_s: float) -> None:
        self.lines = [f"{self.name} says {i}" for i in range(count)]
        self.driver.type([line.encode() for line in self.lines], every_s=every_s, ends=False)

    @property
    def heard(self) -> list[str]:
        """What was said, by whomever, in the order it was told."""
        return [told.text for told in self.driver.told if told.by]


class Room:
    """A server that is killed and comes back, and its history."""

    def __init__(self, world: World, slow: Slow = Slow.DROP) -> None:
        self.history = History(world.network, Delay(0.0, world.chance.seconds(0.001, 0.2)))
        self._world = world
        self._slow = slow
        self.driver = self._serve()

    def _serve(self) -> Driver:
        return self._world.machine(SERVER).serve(
            "chat", Chat(slow=self._slow), PORT, Framing.FRAMES, history=self.history
        )

    def is_killed_and_comes_back(self, after_s: float) -> None:
        self._world.machine(SERVER).kill(PORT)
        self.history.crash()
        self._world.run_for(after_s)
        self.driver = self._serve()

    @property
    def said(self) -> list[str]:
        return [line.text for line in self.history.lines]


def people(world: World, count: int) -> list[Person]:
    chance = world.chance
    kinds = [Transport.UDP if chance.happens(0.3) else Transport.TCP for _ in range(count)]
    return [Person(world, number, kind) for number, kind in enumerate(kinds)]


def are_all_in(everybody: Sequence[Person]) -> bool:
    return all(any("You are" in told.text for told in p.driver.told) for p in everybody)


def assert_all_heard_all(room: Room, everybody: Sequence[Person]) -> None:
    said = room.said
    for person in everybody:
        own = [text for text in said if text in set(person.lines)]
        assert own == person.lines, f"{person.name}: not once, or not in order"
        heard = person.heard
        assert heard == said[len(said) - len(heard) :], f"{person.name}: heard otherwise"
        assert set(heard) >= set(said), f"{person.name}: missed something"


def test_everybody_hears_everything_once_and_in_one_order(seed: int) -> None:
    world = World(seed)
    room = Room(world)
    everybody = people(world, world.chance.between(2, 12))
    world.run_until(lambda: are_all_in(everybody))
    world.roughen(resets=True)
    for person in everybody:
        person.says(world.chance.between(0, 6), world.chance.seconds(0.0, 3.0))
    world.run_for(world.chance.seconds(1.0, 30.0))
    world.heal()
    world.run_for(TIDY_S)
    assert_all_heard_all(room, everybody)


def test_a_server_killed_again_and_again_loses_nothing_it_took_and_doubles_nothing(
    seed: int,
) -> None:
    world = World(seed)
    room = Room(world)
    everybody = people(world, world.chance.between(2, 8))
    world.run_until(lambda: are_all_in(everybody))
    world.roughen(resets=True)
    for person in everybody:
        person.says(world.chance.between(1, 8), world.chance.seconds(0.0, 2.0))
    for _ in range(world.chance.between(1, 5)):
        world.run_for(world.chance.seconds(0.0, 4.0))
        room.is_killed_and_comes_back(world.chance.seconds(0.0, 5.0))
    world.heal()
    world.run_for(TIDY_S)
    assert_all_heard_all(room, everybody)


@pytest.mark.parametrize("size", [50])
def test_a_full_room(seed: int, size: int) -> None:
    if seed % 10:  # a full room takes as long as ten small ones
        return
    world = World(seed)
    room = Room(world)
    everybody = people(world, size)
    world.run_until(lambda: are_all_in(everybody))
    world.roughen(resets=True)
    for person in everybody:
        person.says(2, world.chance.seconds(0.0, 3.0))
    world.run_for(10.0)
    world.heal()
    world.run_for(TIDY_S)
    assert_all_heard_all(room, everybody)


def test_whoever_leaves_has_said_all_before(seed: int) -> None:
    world = World(seed)
    room = Room(world)
    leaver, stayer = people(world, 2)
    world.run_until(lambda: are_all_in([leaver, stayer]))
    world.roughen(resets=True)
    leaver.lines = [f"last words {i}" for i in range(world.chance.between(1, 5))]
    leaver.driver.type([line.encode() for line in leaver.lines])
    world.run_for(5.0)
    world.heal()
    world.run_until(lambda: leaver.driver.exit_code is not None)
    world.run_for(TIDY_S)
    assert leaver.driver.exit_code is ExitCode.DONE
    assert room.said == stayer.heard == leaver.lines


def test_who_does_not_read_slows_nobody(seed: int) -> None:
    world = World(seed)
    slow = Slow.DISCONNECT if world.chance.happens(0.5) else Slow.DROP
    room = Room(world, slow)
    script = Script()
    silent = world.machine(CLIENT).call(Transport.TCP, (SERVER, PORT), script)
    everybody = people(world, 3)
    world.run_until(lambda: are_all_in(everybody) and bool(silent.links))
    (link,) = silent.links.values()
    assert isinstance(link, StreamEnd)
    link.stop_reading()
    speaker = everybody[0]
    speaker.lines = [f"{i} " + "x" * 4000 for i in range(400)]
    speaker.driver.type([line.encode() for line in speaker.lines], every_s=0.001, ends=False)
    listeners = [person for person in everybody if person.driver is not silent]
    world.run_until(lambda: all(len(person.heard) == 400 for person in listeners))
    assert_all_heard_all(room, listeners)
    assert world.elapsed_s < 60.0, "somebody waited for the one who does not read"


def test_lines_of_those_who_speak_plain_text_are_heard_whole_whatever_the_cuts(seed: int) -> None:
    world = World(seed)
    room = Room(world)
    chance: Chance = world.chance
    (listener,) = people(world, 1)
    world.run_until(lambda: are_all_in([listener]))
    world.network.conditions = prompt(world)
    script = world.machine(CLIENT).call(Transport.TCP, (SERVER, PORT), Script())
    lines = [f"línea {i} ñandú" for i in range(chance.between(1, 9))]
    written = "".join(line + "\n" for line in lines).encode()
    size = chance.between(1, 9)
    script.type([written[i : i + size] for i in range(0, len(written), size)], ends=False)
    world.run_for(60.0)
    world.heal()
    world.run_for(TIDY_S)
    assert room.said == lines
    assert listener.heard == lines
