"""Files in a room on a bad network: what is said to be here is here, identical, and said once."""

from collections.abc import Sequence
from functools import partial

from tests.simulation.disks import Desk, Disk, chosen, sha256
from tests.simulation.people import CLIENT, SERVER
from tests.simulation.test_chat import PORT, TIDY_S

from enchufe.core.commands import Tell
from enchufe.core.exits import ExitCode
from enchufe.core.files import Stage
from enchufe.core.peer import Transport
from enchufe.core.service import Framing
from enchufe.faults.delay import Delay
from enchufe.services.chat import Chat
from enchufe.services.visitor import Visitor
from enchufe.sim.driver import Driver
from enchufe.sim.history import History
from enchufe.sim.world import World

FILE_BYTES_MAX = 20_000
"""Many files, over networks that may cut them into single bytes, each of which is a step."""

BIG_BYTES = 300_000
PICTURE = "image/png"


class Room:
    """A server that is killed and comes back, its history, and its files."""

    def __init__(self, world: World) -> None:
        self.history = History(world.network, Delay(0.0, world.chance.seconds(0.001, 0.2)))
        self.disk = Disk(world, is_shelf=True)
        self._world = world
        self.driver = self._serve()

    def _serve(self) -> Driver:
        driver = self._world.machine(SERVER).serve(
            "chat", Chat(), PORT, Framing.FRAMES, history=self.history
        )
        self.disk.open(driver)
        return driver

    def is_killed_and_comes_back(self, after_s: float) -> None:
        self._world.machine(SERVER).kill(PORT)
        self.history.crash()
        self._world.run_for(after_s)
        self.driver = self._serve()

    @property
    def said_files(self) -> list[str]:
        return [line.attachment.name for line in self.history.lines if line.attachment]

    @property
    def said_texts(self) -> list[str]:
        return [line.text for line in self.history.lines if not line.attachment]


class Person:
    """A visitor with a disk, who wants every picture."""

    def __init__(self, world: World, number: int) -> None:
        self.name = f"p{number}"
        self.files: dict[str, bytes] = {}
        self.texts: list[str] = []
        self._world = world
        self.disk = Disk(world)
        service = Visitor(self.name, f"session {number}", auto_fetch_bytes=BIG_BYTES)
        self.driver = world.machine(CLIENT).call(
            Transport.TCP, (SERVER, PORT), service, Framing.FRAMES
        )
        self.desk: Desk = self.disk.open(self.driver, self.files)
        self.desk.media_type = PICTURE
        self.sent: dict[str, bytes] = {}

    def sends(self, count: int) -> None:
        chance = self._world.chance
        for number in range(count):
            name = f"{self.name} file {number}"
            data = chance.data(chance.between(0, FILE_BYTES_MAX))
            after_s = chance.seconds(0.0, 5.0)
            self._world.network.clock.after(after_s, partial(self.chooses, name, data))

    def chooses(self, name: str, data: bytes, media_type: str = PICTURE) -> None:
        """Choose a file to be sent."""
        self.files[name] = self.sent[name] = data
        self.driver.happened(chosen(name, name, data, media_type))

    def says(self, count: int, every_s: float) -> None:
        self.texts = [f"{self.name} says {i}" for i in range(count)]
        self.driver.type([text.encode() for text in self.texts], every_s=every_s, ends=False)

    @property
    def heard_files(self) -> list[str]:
        """Whose lines were told about files, and which."""
        told = [tell for tell in self.driver.told if tell.by and tell.text.startswith("[")]
        return [_name_in(tell) for tell in told]


def _name_in(tell: Tell) -> str:
    return tell.text.removeprefix("[").partition(",")[0]


def are_all_in(everybody: Sequence[Person]) -> bool:
    return all(any("You are" in told.text for told in p.driver.told) for p in everybody)


def assert_all_files_are_everywhere(room: Room, everybody: Sequence[Person]) -> None:
    sent = {name: data for person in everybody for name, data in person.sent.items()}
    assert sorted(room.said_files) == sorted(sent), "not said, or not once"
    for person in everybody:
        assert person.heard_files == room.said_files, f"{person.name} heard otherwise"
        own = [text for text in room.said_texts if text in set(person.texts)]
        assert own == person.texts
        got = dict(person.disk.kept)
        others = {name: data for name, data in sent.items() if name not in person.sent}
        assert set(got) == set(others), f"{person.name} does not have them all"
        assert got == others, f"{person.name} has others"
    for line in room.history.lines:
        if line.attachment is not None:
            data = room.disk.shelf[line.attachment.sha256]
            assert sha256(data) == line.attachment.sha256


def test_every_file_is_said_once_and_reaches_everybody(seed: int) -> None:
    world = World(seed)
    room = Room(world)
    everybody = [Person(world, number) for number in range(world.chance.between(2, 4))]
    world.run_until(lambda: are_all_in(everybody))
    world.roughen(resets=True)
    for person in everybody:
        person.sends(world.chance.between(0, 2))
        person.says(world.chance.between(0, 4), world.chance.seconds(0.0, 2.0))
    world.run_for(world.chance.seconds(5.0, 30.0))
    world.heal()
    world.run_for(TIDY_S)
    assert_all_files_are_everywhere(room, everybody)


def test_a_server_killed_again_and_again_loses_no_file_and_doubles_none(seed: int) -> None:
    world = World(seed)
    room = Room(world)
    everybody = [Person(world, number) for number in range(world.chance.between(2, 3))]
    world.run_until(lambda: are_all_in(everybody))
    world.roughen(resets=True)
    for person in everybody:
        person.sends(world.chance.between(1, 2))
        person.says(world.chance.between(0, 4), world.chance.seconds(0.0, 2.0))
    for _ in range(world.chance.between(1, 4)):
        world.run_for(world.chance.seconds(0.0, 4.0))
        room.is_killed_and_comes_back(world.chance.seconds(0.0, 3.0))
    world.run_for(5.0)
    world.heal()
    world.run_for(TIDY_S)
    assert_all_files_are_everywhere(room, everybody)


def test_whoever_leaves_has_sent_all_before(seed: int) -> None:
    world = World(seed)
    room = Room(world)
    leaver, stayer = Person(world, 0), Person(world, 1)
    world.run_until(lambda: are_all_in([leaver, stayer]))
    world.roughen(resets=True)
    name, data = "p0 file", world.chance.data(BIG_BYTES)
    leaver.chooses(name, data)
    leaver.driver.type([b"bye"])
    world.run_for(5.0)
    world.heal()
    world.run_until(lambda: leaver.driver.exit_code is not None)
    assert leaver.driver.exit_code is ExitCode.DONE
    world.run_for(TIDY_S)
    assert room.said_files == [name]
    assert stayer.disk.kept == [(name, data)]


def test_a_text_overtakes_a_file(seed: int) -> None:
    world = World(seed)
    room = Room(world)
    ana, luis = Person(world, 0), Person(world, 1)
    world.run_until(lambda: are_all_in([ana, luis]))
    data = bytes(16 * 1024 * 1024)
    ana.chooses("big", data, "")
    world.run_until(lambda: any(told.stage is Stage.MOVING for told in ana.desk.told))
    ana.says(1, 0.0)
    world.run_until(lambda: room.said_texts == ana.texts and bool(luis.driver.told[-1].by))
    assert room.said_files == []
