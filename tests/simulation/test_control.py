"""Control over bad networks: what is asked runs once and is answered; nobody else asks."""

from collections.abc import Callable
from itertools import count

from msgspec.structs import replace
from tests.services.control.people import KEY
from tests.simulation.people import CLIENT, SERVER, is_over
from tests.simulation.programs import Workshop, said

from enchufe.core.control import Action, Run, Status, StopServer, Verdict
from enchufe.core.exits import ExitCode
from enchufe.core.notices import ControlAsked
from enchufe.core.peer import Transport
from enchufe.core.seal import KEY_BYTES
from enchufe.core.service import Framing
from enchufe.services.control import Control, Permissions
from enchufe.services.requester import Requester
from enchufe.sim.driver import Driver
from enchufe.sim.world import World

PORT = 3501
PERMISSIONS = Permissions(
    key=KEY,
    may_stop=True,
    programs=(("say", "*", "*"), ("echo",), ("forever",), ("missing",)),
    run_s_max=30.0,
    runs_max=50,
)


def nonces(first: int) -> Callable[[], bytes]:
    numbers = count(first)
    return lambda: next(numbers).to_bytes(32, "big")


SLOWLY = replace(PERMISSIONS, run_s_max=1e6)
"""For networks on which everything takes its time."""


def control(world: World, permissions: Permissions = PERMISSIONS) -> tuple[Driver, Workshop]:
    service = Control(permissions, nonces(1_000_000))
    server = world.machine(SERVER).serve("control", service, PORT, Framing.FRAMES)
    return server, Workshop(world, server)


def request(number: int, *arguments: str, has_input: bool = False) -> Run:
    return Run(f"{number:032x}", arguments, has_input)


def ask(
    world: World, asked: Run | StopServer, transport: Transport, number: int = 1, key: bytes = KEY
) -> tuple[Driver, Requester]:
    requester = Requester(asked, key, nonces(number * 1000))
    client = world.machine(CLIENT).call(transport, (SERVER, PORT), requester, Framing.FRAMES)
    return client, requester


def test_over_a_stream_all_a_program_says_arrives_with_its_status(seed: int) -> None:
    world = World(seed)
    world.roughen()
    _server, workshop = control(world, SLOWLY)
    size, code = str(world.chance.between(0, 300_000)), world.chance.between(0, 255)
    client, requester = ask(world, request(1, "say", size, str(code)), Transport.TCP)
    world.run_until(lambda: is_over(client))
    assert client.exit_code is ExitCode.DONE
    assert requester.status == Status("exited", code)
    assert client.shown_bytes == said(size)
    assert workshop.running == {}


def test_over_a_stream_input_comes_back(seed: int) -> None:
    world = World(seed)
    world.roughen()
    control(world, SLOWLY)
    client, requester = ask(world, request(1, "echo", has_input=True), Transport.TCP)
    typed = [world.chance.data(world.chance.between(1, 5000)) for _ in range(20)]
    client.type(typed)
    world.run_until(lambda: is_over(client))
    assert requester.status == Status("exited")
    assert client.shown_bytes == b"".join(typed)


def test_over_datagrams_it_runs_once_and_the_answer_is_whole_however_many_get_lost(
    seed: int,
) -> None:
    world = World(seed)
    world.roughen()
    server, workshop = control(world)
    size = str(world.chance.between(0, 10_000))
    client, requester = ask(world, request(1, "say", size, "7"), Transport.UDP)
    world.run_for(3.0)
    world.heal()
    world.run_until(lambda: client.exit_code is not None)
    assert len(workshop.started) <= 1
    if client.exit_code is ExitCode.DONE:
        assert workshop.started == [("say", size, "7")]
        assert requester.status is not None
        assert (requester.status.code, client.shown_bytes) == (7, said(size))
    else:
        assert client.exit_code in (ExitCode.TIMED_OUT, ExitCode.DENIED)
    assert not any(isinstance(n, ControlAsked) and n.action is Action.STOP for n in server.reported)


def test_on_a_calm_network_datagrams_always_get_their_answer(seed: int) -> None:
    world = World(seed)
    _server, workshop = control(world)
    clients = [
        ask(world, request(number, "say", str(number), "0"), Transport.UDP, number)
        for number in range(1, 6)
    ]
    world.run_until(lambda: all(client.exit_code is not None for client, _requester in clients))
    assert [client.shown_bytes for client, _requester in clients] == [
        said(str(number)) for number in range(1, 6)
    ]
    assert len(workshop.started) == 5


def test_a_program_never_outlives_whoever_asked_for_it(seed: int) -> None:
    world = World(seed)
    world.roughen(resets=True)
    _server, workshop = control(world)
    clients = [
        ask(world, request(number, "forever"), Transport.TCP, number)[0] for number in range(1, 6)
    ]
    world.run_for(world.chance.seconds(0.0, 2.0))
    for client in clients:
        client.stop(ExitCode.INTERRUPTED)
    world.heal()
    world.run_for(60.0)
    assert workshop.running == {}


def test_a_program_is_ended_when_its_time_is_over(seed: int) -> None:
    world = World(seed)
    _server, workshop = control(world)
    client, requester = ask(world, request(1, "forever"), Transport.TCP)
    world.run_until(lambda: is_over(client))
    assert requester.status == Status("timed out", 0, "30 s")
    assert workshop.running == {}


def test_nobody_without_the_key_gets_anything_to_run(seed: int) -> None:
    world = World(seed)
    world.roughen(resets=True)
    server, workshop = control(world)
    transports = (Transport.TCP, Transport.UDP)
    for number in range(1, 9):
        wrong = world.chance.data(KEY_BYTES)
        asked = StopServer(f"{number:032x}") if number % 3 == 0 else request(number, "forever")
        ask(world, asked, transports[number % 2], number, wrong)
    world.run_for(60.0)
    assert workshop.started == []
    assert server.exit_code is None
    asked_for = [notice for notice in server.reported if isinstance(notice, ControlAsked)]
    assert all(notice.verdict is Verdict.WRONG_KEY for notice in asked_for)


def test_a_stop_is_answered_and_ends_the_server_and_all_that_runs_is_told(seed: int) -> None:
    world = World(seed)
    server, _workshop = control(world)
    running, requester = ask(world, request(1, "forever"), Transport.TCP, 1)
    world.run_for(1.0)
    stopper, stopping = ask(world, StopServer("f" * 32), Transport.TCP, 2)
    world.run_until(lambda: is_over(stopper) and is_over(running))
    assert server.exit_code is ExitCode.DONE
    assert stopping.status == Status("done")
    assert requester.status == Status("stopping")


def test_no_more_run_at_once_than_may(seed: int) -> None:
    world = World(seed)
    _server, workshop = control(world, replace(PERMISSIONS, runs_max=2, run_s_max=2.0))
    clients = [
        ask(world, request(number, "forever"), Transport.TCP, number) for number in range(1, 6)
    ]
    most = 0
    for _ in range(40):
        world.run_for(0.1)
        most = max(most, len(workshop.running))
    outcomes = [r.status.outcome for _client, r in clients if r.status is not None]
    assert most == 2
    assert sorted(outcomes) == ["busy"] * 3 + ["timed out"] * 2
