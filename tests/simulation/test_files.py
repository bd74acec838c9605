"""Files over networks that cut, slow down and break: what is said to be kept is identical."""

from collections.abc import Sequence

from tests.simulation.disks import Desk, Disk, chosen
from tests.simulation.people import CLIENT, SERVER, is_over

from enchufe.core.commands import Command, Send
from enchufe.core.events import Event, InputTyped, PeerOpened
from enchufe.core.exits import ExitCode
from enchufe.core.files import FileChosen, Stage, TellFile
from enchufe.core.limits import FILE_PIECE_BYTES, FILE_PIECE_BYTES_MAX, UNWRITTEN_BYTES_MAX
from enchufe.core.peer import Peer, Transport
from enchufe.core.service import Framing
from enchufe.core.transfer.incoming import Policy
from enchufe.faults.delay import Delay
from enchufe.services.receiver import Receiver
from enchufe.services.sender import Item, Sender
from enchufe.sim.conditions import Conditions
from enchufe.sim.driver import Driver
from enchufe.sim.world import World

PORT = 9000
TRIES_MAX = 60


def receive(world: World, disk: Disk, policy: Policy | None = None) -> tuple[Driver, Desk]:
    server = world.machine(SERVER).serve("receive", Receiver(policy), PORT, Framing.FRAMES)
    return server, disk.open(server)


def send(world: World, items: Sequence[Item], sources: dict[str, bytes]) -> tuple[Driver, Desk]:
    client = world.machine(CLIENT).call(
        Transport.TCP, (SERVER, PORT), Sender(items), Framing.FRAMES
    )
    return client, Disk(world).open(client, sources)


def files_of(world: World, count: int, size_bytes_max: int) -> tuple[list[Item], dict[str, bytes]]:
    """Return texts and files to send, and what is in the files."""
    chance = world.chance
    items: list[Item] = []
    sources: dict[str, bytes] = {}
    for number in range(count):
        file, data = f"out-{number}", chance.data(chance.between(0, size_bytes_max))
        sources[file] = data
        items += [f"text {number}", chosen(file, f"file {number}", data)]
    return items, sources


def names_and_data(items: Sequence[Item], sources: dict[str, bytes]) -> list[tuple[str, bytes]]:
    files = [item for item in items if isinstance(item, FileChosen)]
    return [(file.attachment.name, sources[file.file]) for file in files]


def kept(told: Sequence[TellFile]) -> list[str]:
    return [tell.attachment.name for tell in told if tell.stage is Stage.KEPT]


def test_all_arrives_in_order_whatever_the_network_does_to_a_stream(seed: int) -> None:
    world = World(seed)
    world.roughen()
    disk = Disk(world)
    server, there = receive(world, disk)
    items, sources = files_of(world, world.chance.between(1, 4), 20_000)
    client, here = send(world, items, sources)
    world.run_until(lambda: is_over(client))
    assert client.exit_code is ExitCode.DONE
    assert disk.kept == names_and_data(items, sources)
    assert kept(here.told) == kept(there.told) == [name for name, _data in disk.kept]
    world.run_until_quiet()
    texts = [message.decode() for _peer, message in server.shown]
    assert texts == [item for item in items if isinstance(item, str)]


def test_what_breaks_off_goes_on_until_all_is_kept_and_identical(seed: int) -> None:
    world = World(seed)
    disk = Disk(world)
    _server, there = receive(world, disk)
    data = world.chance.data(world.chance.between(1, 400_000))
    item = chosen("out-1", "big", data)
    for _attempt in range(TRIES_MAX):
        world.roughen(resets=True)
        client, here = send(world, [item], {"out-1": data})
        world.run_until(lambda client=client: is_over(client))  # type: ignore[misc]
        assert client.exit_code in (ExitCode.DONE, ExitCode.LOST)
        if kept(here.told):  # whatever was said to be kept is
            break
        world.heal()
        world.run_until_quiet()
    assert disk.kept
    assert {content for _name, content in disk.kept} == {data}
    assert kept(there.told) == [name for name, _data in disk.kept]


def test_what_breaks_off_is_not_sent_again_from_the_beginning(seed: int) -> None:
    world = World(seed)
    disk = Disk(world)
    server, _there = receive(world, disk)
    data = world.chance.data(6 * FILE_PIECE_BYTES_MAX)
    item = chosen("out-1", "big", data)
    client, _here = send(world, [item], {"out-1": data})
    came = world.chance.between(1, 5 * FILE_PIECE_BYTES_MAX)
    world.run_until(lambda: received_bytes(server, world) >= came)
    (link,) = client.links.values()
    link.break_off()  # type: ignore[attr-defined]
    world.run_until(lambda: is_over(client))
    assert client.exit_code is ExitCode.LOST
    world.run_until_quiet()
    (part,) = disk.parts.values()
    assert data.startswith(part)
    there_bytes = len(part)
    client, here = send(world, [item], {"out-1": data})
    world.run_until(lambda: is_over(client))
    assert disk.kept == [("big", data)]
    (moving,) = [tell for tell in here.told if tell.stage is Stage.MOVING]
    assert moving.offset_bytes == there_bytes


def received_bytes(driver: Driver, world: World) -> int:
    return sum(
        len(entry.data)
        for entry in world.trace.entries
        if entry.who == driver.name and "received" in entry.what
    )


def test_a_part_of_another_file_is_no_beginning(seed: int) -> None:
    world = World(seed)
    world.roughen()
    disk = Disk(world)
    receive(world, disk)
    data = world.chance.data(5000)
    item = chosen("out-1", "big", data)
    part = world.chance.data(world.chance.between(1, 5000))
    disk.parts["big", item.modified_ns] = bytearray(part)
    client, here = send(world, [item], {"out-1": data})
    world.run_until(lambda: is_over(client))
    assert disk.kept == [("big", data)]
    assert kept(here.told) == ["big"]


def test_several_senders_at_once_do_not_disturb_each_other(seed: int) -> None:
    world = World(seed)
    world.roughen()
    disk = Disk(world)
    receive(world, disk, Policy(size_bytes_max=10_000))
    sent: list[tuple[str, bytes]] = []
    clients: list[Driver] = []
    for number in range(world.chance.between(2, 6)):
        data = world.chance.data(world.chance.between(0, 20_000))
        item = chosen("out-1", f"of {number}", data)
        client, _here = send(world, [item], {"out-1": data})
        clients.append(client)
        if len(data) <= 10_000:
            sent.append((f"of {number}", data))
    world.run_until(lambda: is_over(*clients))
    assert sorted(disk.kept) == sorted(sent)
    taken = [client.exit_code is ExitCode.DONE for client in clients]
    assert sum(taken) == len(sent)
    assert {client.exit_code for client in clients} <= {ExitCode.DONE, ExitCode.OVER_LIMIT}


class Talker:
    """Sends a file, and says what is typed meanwhile."""

    def __init__(self, file: FileChosen) -> None:
        self._sender = Sender([file])
        self._peer: Peer | None = None

    def handle(self, event: Event) -> Sequence[Command]:
        if isinstance(event, InputTyped):
            assert self._peer is not None
            return (Send(self._peer, event.data),)
        if isinstance(event, PeerOpened):
            self._peer = event.peer
        return self._sender.handle(event)


def test_what_is_said_while_a_large_file_travels_waits_behind_one_piece_at_most(seed: int) -> None:
    world = World(seed, Conditions(delay=Delay(0.01, 0.01), window_bytes=20_000))
    disk = Disk(world)
    server, _there = receive(world, disk)
    data = world.chance.data(3_000_000)
    item = chosen("out-1", "big", data)
    client = world.machine(CLIENT).call(Transport.TCP, (SERVER, PORT), Talker(item), Framing.FRAMES)
    Disk(world).open(client, {"out-1": data})
    world.run_until(lambda: received_bytes(server, world) > 100_000)
    before = received_bytes(server, world)
    client.type([b"look at that"], ends=False)
    world.run_until(lambda: bool(server.shown))
    assert server.shown_bytes == b"look at that"
    behind = received_bytes(server, world) - before
    assert behind < 2 * FILE_PIECE_BYTES + 2 * world.network.conditions.window_bytes
    world.run_until(lambda: is_over(client))
    assert disk.kept == [("big", data)]


def test_a_disk_slower_than_the_network_holds_its_sender_back_and_nothing_in_memory(
    seed: int,
) -> None:
    world = World(seed)
    disk = Disk(world)
    disk.order_s_max = 1.0
    _server, there = receive(world, disk)
    data = world.chance.data(3 * UNWRITTEN_BYTES_MAX)
    client, _here = send(world, [chosen("out-1", "big", data)], {"out-1": data})
    world.run_until(lambda: is_over(client))
    assert disk.kept == [("big", data)]
    assert there.unwritten_bytes_peak > UNWRITTEN_BYTES_MAX
    assert there.unwritten_bytes_peak < UNWRITTEN_BYTES_MAX + 2 * FILE_PIECE_BYTES_MAX
