"""A caller's simulated datagram socket."""

from tests.sim.people import Obedient

from enchufe.core.commands import AwaitDrained, Close, Finish, Send, Stop
from enchufe.core.events import MessageReceived, PeerClosed, Reason
from enchufe.core.exits import ExitCode
from enchufe.core.peer import Transport
from enchufe.services.echo import Echo
from enchufe.sim.driver import Driver
from enchufe.sim.world import World

SERVER, CLIENT = ("192.0.2.1", 3500), ("192.0.2.2", 40_001)


def dialled(*, is_served: bool = True) -> tuple[World, Driver, Obedient]:
    world, service = World(1), Obedient()
    if is_served:
        world.machine(SERVER[0]).serve("echo", Echo(), SERVER[1])
    driver = world.machine(CLIENT[0]).call(Transport.UDP, SERVER, service)
    world.run_until(lambda: bool(driver.links))
    return world, driver, service


def test_what_is_sent_is_answered() -> None:
    world, driver, service = dialled()
    driver.perform([Send(driver.peers[0], b"hola"), Finish(driver.peers[0])])
    world.run_for(1.0)
    assert service.heard == ["PeerOpened", "MessageReceived"]


def test_a_strangers_datagram_is_dropped() -> None:
    world, driver, service = dialled()
    world.forge(("192.0.2.9", 3500), CLIENT, b"I am not your server")
    world.forge(SERVER, CLIENT, b"and I say I am")
    world.run_for(1.0)
    said = [event.message for event in service.told if isinstance(event, MessageReceived)]
    assert said == [b"and I say I am"]
    assert len(driver.links) == 1


def test_where_nobody_listens_it_is_over_with_the_first_datagram() -> None:
    world, driver, service = dialled(is_served=False)
    driver.perform([Send(driver.peers[0], b"anybody?")])
    world.run_until_quiet()
    assert isinstance(service.told[-1], PeerClosed)
    assert service.told[-1].reason is Reason.REFUSED
    assert not driver.links


def test_a_close_is_told_after_the_order_and_frees_the_address() -> None:
    world, driver, service = dialled()
    driver.perform([Close(driver.peers[0]), Stop(ExitCode.TIMED_OUT)])
    assert driver.exit_code is ExitCode.TIMED_OUT
    assert service.heard == ["PeerOpened", "PeerClosed"]
    world.run_until_quiet()
    assert service.heard == ["PeerOpened", "PeerClosed"]
    assert CLIENT not in world._lines.datagrams._sockets


def test_a_stop_after_a_close_is_what_counts() -> None:
    world, driver, service = dialled()
    service.orders = []
    driver.perform([Close(driver.peers[0])])
    assert service.heard == ["PeerOpened"]
    world.run_until_quiet()
    assert service.heard == ["PeerOpened", "PeerClosed"]


def test_drained_is_told_at_once() -> None:
    world, driver, service = dialled()
    driver.perform([AwaitDrained(driver.peers[0])])
    world.run_for(0.0)
    assert service.heard == ["PeerOpened", "PeerDrained"]
