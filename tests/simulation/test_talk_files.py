"""Files in a talk over networks that cut, slow down and break, while both go on talking."""

from collections.abc import Sequence

import pytest
from msgspec import structs
from tests.simulation.disks import Desk, Disk, chosen
from tests.simulation.people import CLIENT, SERVER, Script, is_over, sent_by
from tests.simulation.test_files import kept, received_bytes
from tests.simulation.test_hello import prompt
from tests.simulation.test_talk import heard, lines

from enchufe.core.exits import ExitCode
from enchufe.core.files import FileChosen, Stage
from enchufe.core.limits import FILE_PIECE_BYTES, FILE_PIECE_BYTES_MAX
from enchufe.core.peer import Transport
from enchufe.core.service import Framing
from enchufe.core.transfer.incoming import Policy
from enchufe.faults.delay import Delay
from enchufe.services.talk import Talk
from enchufe.services.talk.exchange import INVITATION
from enchufe.sim.conditions import Conditions
from enchufe.sim.driver import Driver
from enchufe.sim.world import World
from enchufe.wire.frames import PREFACE

PORT = 12345


class End:
    """One end of a talk, with a disk and files to send."""

    def __init__(self, driver: Driver, disk: Disk, sources: dict[str, bytes]) -> None:
        self.driver = driver
        self.disk = disk
        self.sources = sources
        self.desk: Desk = disk.open(driver, sources)

    def send(self, *files: FileChosen) -> None:
        for file in files:
            self.driver.happened(file)

    @property
    def files(self) -> Sequence[FileChosen]:
        return [chosen(file, f"of {file}", data) for file, data in self.sources.items()]

    @property
    def sent(self) -> list[tuple[str, bytes]]:
        return [(f"of {file}", data) for file, data in self.sources.items()]


def some_files(world: World, size_bytes_max: int) -> dict[str, bytes]:
    chance = world.chance
    count = chance.between(0, 3)
    return {
        f"out-{number}": chance.data(chance.between(0, size_bytes_max)) for number in range(count)
    }


def ends(
    world: World,
    theirs: dict[str, bytes],
    ours: dict[str, bytes],
    *,
    policy: Policy | None = None,
    disk: Disk | None = None,
) -> tuple[End, End]:
    """Return two people who have just met: one who was called, and one who called."""
    waits = world.machine(SERVER).serve(
        "talk", Talk(calling=False, policy=policy), PORT, Framing.FRAMES
    )
    calls = call(world)
    listener = End(waits, disk or Disk(world), theirs)
    caller = End(calls, Disk(world), ours)
    world.run_until(lambda: bool(waits.peers and calls.peers))
    return listener, caller


def call(world: World) -> Driver:
    service = Talk(calling=True)
    return world.machine(CLIENT).call(Transport.TCP, (SERVER, PORT), service, Framing.FRAMES)


def test_both_send_at_once_and_talk_meanwhile_and_all_arrives_whole_and_in_order(
    seed: int,
) -> None:
    world = World(seed)
    conditions = prompt(world)  # but not so slow that answers are behind seconds of text
    world.network.conditions = structs.replace(conditions, window_bytes=20_000)
    listener, caller = ends(world, some_files(world, 100_000), some_files(world, 100_000))
    said = lines(world, "listener"), lines(world, "caller")
    for end, words in zip((listener, caller), said, strict=True):
        end.driver.type(words, every_s=world.chance.seconds(0.0, 0.1), ends=False)
        end.send(*end.files)
    both = (listener, caller)
    world.run_until(lambda: all(len(kept(end.desk.told)) == files_in(*both) for end in both))
    world.run_until(
        lambda: (len(heard(listener.driver)), len(heard(caller.driver))) == counts(said)
    )
    assert (listener.disk.kept, caller.disk.kept) == (caller.sent, listener.sent)
    assert (heard(caller.driver), heard(listener.driver)) == said
    caller.driver.type([b"bye"], ends=False)
    world.run_until(lambda: is_over(listener.driver, caller.driver))
    assert listener.driver.exit_code is caller.driver.exit_code is ExitCode.DONE


def files_in(*both: End) -> int:
    """Return how many files each end is told of: its own, and the other's."""
    return sum(len(end.sources) for end in both)


def counts(said: tuple[list[bytes], list[bytes]]) -> tuple[int, int]:
    return len(said[1]), len(said[0])


@pytest.mark.parametrize("they_say_it", [False, True])
def test_a_bye_lets_what_is_on_its_way_arrive(seed: int, they_say_it: bool) -> None:
    world = World(seed)
    world.network.conditions = prompt(world)
    data = world.chance.data(world.chance.between(0, 200_000))
    listener, caller = ends(world, {}, {"out-1": data})
    caller.send(*caller.files)
    sayer = caller
    if they_say_it:
        world.run_until(lambda: any(tell.stage is Stage.MOVING for tell in listener.desk.told))
        sayer = listener
    sayer.driver.type([b"bye"], ends=world.chance.happens(0.5))
    world.run_until(lambda: is_over(listener.driver, caller.driver))
    assert listener.disk.kept == caller.sent
    assert listener.driver.exit_code is caller.driver.exit_code is ExitCode.DONE


def test_what_is_said_while_a_large_file_travels_waits_behind_one_piece_at_most(
    seed: int,
) -> None:
    world = World(seed, Conditions(delay=Delay(0.01, 0.01), window_bytes=20_000))
    listener, caller = ends(world, {}, {"out-1": world.chance.data(1_500_000)})
    caller.send(*caller.files)
    world.run_until(lambda: received_bytes(listener.driver, world) > 100_000)
    before = received_bytes(listener.driver, world)
    caller.driver.type([b"look at that"], ends=False)
    world.run_until(lambda: bool(heard(listener.driver)))
    behind = received_bytes(listener.driver, world) - before
    assert behind < 2 * FILE_PIECE_BYTES + 2 * world.network.conditions.window_bytes
    listener.driver.type([b"I see"], ends=False)
    world.run_until(lambda: heard(caller.driver) == [b"I see"])
    assert not listener.disk.kept  # it did not wait for the file either
    world.run_until(lambda: listener.disk.kept == caller.sent)


def test_what_broke_off_goes_on_where_it_was_when_it_is_sent_again(seed: int) -> None:
    world = World(seed)
    data = {"out-1": world.chance.data(6 * FILE_PIECE_BYTES_MAX)}
    disk = Disk(world)
    listener, caller = ends(world, {}, data, disk=disk)
    caller.send(*caller.files)
    came = world.chance.between(1, 5 * FILE_PIECE_BYTES_MAX)
    world.run_until(lambda: received_bytes(listener.driver, world) >= came)
    (link,) = caller.driver.links.values()
    link.break_off()  # type: ignore[attr-defined]
    world.run_until(lambda: is_over(listener.driver, caller.driver))
    assert listener.driver.exit_code is caller.driver.exit_code is ExitCode.LOST
    world.run_until_quiet()
    (part,) = disk.parts.values()
    there_bytes = len(part)
    again = World(seed + 1)
    disk_again = Disk(again)
    disk_again.parts.update(disk.parts)
    listener, caller = ends(again, {}, data, disk=disk_again)
    caller.send(*caller.files)
    again.run_until(lambda: bool(kept(caller.desk.told)))
    assert disk_again.kept == caller.sent
    (moving,) = [tell for tell in caller.desk.told if tell.stage is Stage.MOVING]
    assert moving.offset_bytes == there_bytes


@pytest.mark.parametrize("they_call", [False, True])
def test_a_script_sees_nothing_but_lines_and_the_talk_goes_on(seed: int, they_call: bool) -> None:
    world = World(seed)
    world.network.conditions = prompt(world)
    script, framing = Script(), Framing.TEXT
    talk = Talk(calling=not they_call)
    if they_call:
        us = world.machine(SERVER).serve("talk", talk, PORT, Framing.FRAMES)
        world.machine(CLIENT).call(Transport.TCP, (SERVER, PORT), script, framing)
    else:
        world.machine(SERVER).serve("script", script, PORT, framing)
        us = world.machine(CLIENT).call(Transport.TCP, (SERVER, PORT), talk, Framing.FRAMES)
    end = End(us, Disk(world), {"out-1": b"picture"})
    world.run_until(lambda: bool(us.peers))
    end.send(*end.files)
    us.type([b"did you get it?"], ends=False)
    world.run_until(lambda: any("takes no files" in told.text for told in us.told))
    us.type([b"well", b"bye"], ends=False)
    world.run_until(lambda: us.exit_code is not None)
    assert INVITATION.fullmatch(script.heard[0])
    assert script.heard[1:] == [b"did you get it?", b"well", b"bye"]
    assert not any(PREFACE in sent for sent in sent_by(world, us))


def test_who_says_the_line_by_hand_gets_one_preface_and_no_harm_is_done(seed: int) -> None:
    world = World(seed)
    world.network.conditions = prompt(world)
    waits = world.machine(SERVER).serve("talk", Talk(calling=False), PORT, Framing.FRAMES)
    friend = world.machine(CLIENT).call(Transport.TCP, (SERVER, PORT), Script(), Framing.RAW)
    line = b"enchufe/1 would like to send x (3 bytes)"
    friend.type([line + b"\n", b"hola\n", line + b"\n", b"bye\n"], ends=False)
    world.run_until(lambda: waits.exit_code is not None)
    assert sorted(heard(waits)[:-1]) == [line, line, b"hola"]
    assert heard(waits)[-1] == b"bye"
    assert sum(PREFACE in sent for sent in sent_by(world, waits)) == 1
    assert waits.exit_code is ExitCode.DONE
