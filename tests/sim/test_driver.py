"""The simulated driver performs every command."""

from typing import get_args

import pytest
from tests.playbook import ANA, LUIS
from tests.sim.people import Obedient

from enchufe.core import commands
from enchufe.core.chance import Chance
from enchufe.core.commands import (
    AwaitDrained,
    CancelTimer,
    Close,
    Dial,
    Finish,
    HoldInput,
    Order,
    ReadOn,
    Recall,
    Remember,
    Report,
    Rest,
    Send,
    SetTimer,
    Show,
    ShowError,
    Spread,
    Stop,
    Tell,
)
from enchufe.core.control import Action, Verdict
from enchufe.core.events import InputEnded, InputTyped, Reason, TimerFired
from enchufe.core.exits import ExitCode
from enchufe.core.files import FileOrder, KeepFile, ReadFile
from enchufe.core.history import Saying
from enchufe.core.limits import STOP_S_MAX
from enchufe.core.notices import ControlAsked
from enchufe.core.peer import Peer
from enchufe.core.programs import (
    EndProgramInput,
    FeedProgram,
    HoldProgram,
    KillProgram,
    ProgramOrder,
    RunProgram,
)
from enchufe.core.scores import AskScores, KeepScore, ScoreOrder
from enchufe.host import Host
from enchufe.sim.conditions import CALM
from enchufe.sim.driver import Driver
from enchufe.sim.network import Network


class Link:
    """A link that notes its orders."""

    def __init__(self, peer: Peer) -> None:
        self.peer = peer
        self.orders: list[object] = []

    def send(self, message: bytes) -> None:
        self.orders.append(message)

    def finish(self) -> None:
        self.orders.append("finish")

    def close(self, reason: Reason = Reason.OURS) -> None:
        self.orders.append("close" if reason is Reason.OURS else f"close: {reason}")

    def abort(self, reason: Reason) -> None:
        self.orders.append(reason)

    def await_drained(self) -> None:
        self.orders.append("await drained")

    def rest(self) -> None:
        self.orders.append("rest")

    def read_on(self) -> None:
        self.orders.append("read on")


def driven() -> tuple[Network, Driver, Obedient, Link]:
    network, service = Network(Chance(1), CALM), Obedient()
    driver = Driver("test", Host(service), network)
    link = Link(ANA)
    driver.opened(link)
    return network, driver, service, link


def run(network: Network) -> None:
    while network.clock.step():
        pass


KEPT: list[Order] = [Remember(Saying(1, 0, "plaza", "ana", ("hola",))), Recall("x", "plaza", 0, 20)]
FILES: list[FileOrder] = [ReadFile("1", 1), KeepFile("1", "ab")]
PROGRAMS: list[ProgramOrder] = [
    RunProgram("1", ("ls",)),
    FeedProgram("1", b"x"),
    EndProgramInput("1"),
    HoldProgram("1", hold=True),
    KillProgram("1"),
]
SCORES: list[ScoreOrder] = [KeepScore(1, "ana", "luis"), AskScores("x", 10)]
STOPPED = ControlAsked(0, ANA, Action.STOP, Verdict.ALLOWED)
ON_LINKS = [
    (Send(ANA, b"x"), b"x"),
    (Spread((LUIS, ANA), b"x"), b"x"),
    (Finish(ANA), "finish"),
    (Close(ANA), "close"),
    (Close(ANA, Reason.PROTOCOL), "close: protocol"),
    (AwaitDrained(ANA), "await drained"),
    (Rest(ANA), "rest"),
    (ReadOn(ANA), "read on"),
]


@pytest.mark.parametrize(("order", "done"), ON_LINKS)
def test_what_concerns_a_peer_is_done_on_its_link(order: Order, done: object) -> None:
    _network, driver, _service, link = driven()
    driver.perform([order])
    assert link.orders == [done]
    driver.closed(link, Reason.RESET)
    driver.perform([order])
    assert link.orders == [done]


def test_what_is_spread_reaches_all_but_one() -> None:
    _network, driver, _service, link = driven()
    other = Link(LUIS)
    driver.opened(other)
    driver.perform([Spread((ANA, LUIS), b"x", but=ANA)])
    assert (link.orders, other.orders) == ([], [b"x"])


def test_what_is_not_about_the_network_is_done_by_what_the_world_gave() -> None:
    _network, driver, _service, _link = driven()
    done: list[object] = []
    driver.dial = lambda: done.append("dials")
    driver.history = done.append
    driver.files = done.append
    driver.programs = done.append
    driver.scores = done.append
    orders: list[Order] = [Dial(), *KEPT, *FILES, *PROGRAMS, *SCORES, Tell("hola", "ana")]
    driver.perform([*orders, Report(STOPPED), ShowError(ANA, b"oh")])
    assert done == ["dials", *KEPT, *FILES, *PROGRAMS, *SCORES]
    assert driver.told == [Tell("hola", "ana")]
    assert driver.reported == [STOPPED]
    assert driver.shown_errors == [(ANA, b"oh")]


def test_input_that_is_held_is_typed_once_it_may_be() -> None:
    network, driver, service, _link = driven()
    driver.perform([HoldInput(True)])
    driver.type([b"hola"])
    run(network)
    assert service.heard == ["PeerOpened"]
    driver.perform([HoldInput(False)])
    run(network)
    assert service.heard == ["PeerOpened", "InputTyped", "InputEnded"]


def test_what_is_shown_is_kept_with_its_sender() -> None:
    _network, driver, _service, _link = driven()
    driver.perform([Show(ANA, b"ho"), Show(LUIS, b"la")])
    assert driver.shown == [(ANA, b"ho"), (LUIS, b"la")]
    assert driver.shown_bytes == b"hola"


def test_a_timer_fires_once_when_it_is_due() -> None:
    network, driver, service, _link = driven()
    driver.perform([SetTimer("tea", 3.0)])
    run(network)
    assert service.told[1:] == [TimerFired(network.clock.now_ns, "tea")]
    assert network.clock.elapsed_s == 3.0


def test_a_timer_of_the_same_name_replaces_the_other() -> None:
    network, driver, service, _link = driven()
    driver.perform([SetTimer("tea", 3.0), SetTimer("cake", 1.0), SetTimer("tea", 0.5)])
    run(network)
    names = [event.name for event in service.told if isinstance(event, TimerFired)]
    assert names == ["tea", "cake"]


def test_a_cancelled_timer_does_not_fire_and_cancelling_none_is_nothing() -> None:
    network, driver, service, _link = driven()
    driver.perform([SetTimer("tea", 3.0), CancelTimer("tea"), CancelTimer("cake")])
    run(network)
    assert service.heard == ["PeerOpened"]


def test_a_run_that_went_well_ends_in_good_order() -> None:
    network, driver, _service, link = driven()
    driver.perform([Stop(ExitCode.DONE), Stop(ExitCode.LOST)])
    assert (driver.exit_code, link.orders) == (ExitCode.DONE, ["close"])
    run(network)
    assert link.orders == ["close", Reason.STOPPING]
    assert network.clock.elapsed_s == STOP_S_MAX


def test_a_run_that_failed_ends_at_once() -> None:
    _network, driver, _service, link = driven()
    driver.perform([Stop(ExitCode.LOST)])
    assert (driver.exit_code, link.orders) == (ExitCode.LOST, [Reason.STOPPING])


def test_every_command_there_is_is_tried_here() -> None:
    tried = {type(order) for order, _done in [*ON_LINKS]} | {type(order) for order in KEPT}
    tried |= {Show, ShowError, SetTimer, CancelTimer, Stop, Dial, Tell, HoldInput, Report}
    assert {type(order) for order in PROGRAMS} == set(get_args(ProgramOrder))
    assert {type(order) for order in SCORES} == set(get_args(ScoreOrder))
    kinds = set(get_args(commands.Order)) - set(get_args(FileOrder)) - set(get_args(ProgramOrder))
    kinds -= set(get_args(ScoreOrder))
    assert tried == kinds


def test_a_conversation_ends_once() -> None:
    _network, driver, service, link = driven()
    driver.closed(link, Reason.RESET)
    driver.closed(link, Reason.OURS)
    driver.drained(ANA)
    assert service.heard == ["PeerOpened", "PeerClosed"]
    assert driver.closed_for == {ANA.id: Reason.RESET}


def test_typing_takes_its_time_and_then_ends() -> None:
    network, driver, service, _link = driven()
    driver.type([b"ho", b"la"], every_s=0.5)
    run(network)
    told = service.told[1:]
    assert [type(event) for event in told] == [InputTyped, InputTyped, InputEnded]
    assert [(event.at_ns - service.told[0].at_ns) / 1e9 for event in told] == [0.5, 1.0, 1.5]


def test_typing_waits_for_the_call_to_be_answered_and_while_it_is_held() -> None:
    network, service = Network(Chance(1), CALM), Obedient()
    driver = Driver("test", Host(service), network)
    driver.type([b"hola"], ends=False)
    run(network)
    assert service.heard == []
    driver.opened(Link(ANA))
    driver.hold_input(True)
    run(network)
    assert service.heard == ["PeerOpened"]
    driver.hold_input(False)
    run(network)
    assert service.heard == ["PeerOpened", "InputTyped"]


def test_nothing_is_typed_once_the_run_is_over() -> None:
    network, driver, service, _link = driven()
    driver.type([b"ho", b"la"], every_s=0.5)
    driver.perform([Stop(ExitCode.DONE)])
    run(network)
    assert service.heard == ["PeerOpened", "RunStopping"]
