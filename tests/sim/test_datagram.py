"""Simulated datagram sockets behave as those of `enchufe.net.datagram`."""

import pytest
from tests.sim.people import Obedient

from enchufe.core.commands import AwaitDrained, Close, Finish, Send
from enchufe.core.events import MessageReceived, PeerClosed, PeerOpened, Reason
from enchufe.core.limits import DATAGRAM_BATCH_MAX, DATAGRAM_PEER_IDLE_S_MAX
from enchufe.core.loops import ANSWER_MARK
from enchufe.sim import datagram as datagram_module
from enchufe.sim.driver import Driver
from enchufe.sim.world import World

SERVER, CLIENT = ("192.0.2.1", 3500), ("192.0.2.2", 40_000)


def served() -> tuple[World, Driver, Obedient]:
    world, service = World(1), Obedient()
    return world, world.machine(SERVER[0]).serve("test", service, SERVER[1]), service


def test_a_source_is_a_peer_from_its_first_datagram_on() -> None:
    world, driver, service = served()
    for data in (b"one", b"", b"three"):
        world.forge(CLIENT, SERVER, data)
    world.run_for(1.0)
    assert service.heard == ["PeerOpened"] + ["MessageReceived"] * 3
    (peer,) = driver.peers
    assert (peer.address, peer.is_stream) == ("192.0.2.2:40000", False)


def test_its_answers_carry_the_mark() -> None:
    world, driver, _service = served()
    world.forge(CLIENT, SERVER, b"x")
    world.machine(CLIENT[0]).serve("listens", Obedient(), CLIENT[1])
    world.run_for(1.0)
    driver.perform([Send(driver.peers[0], b"answer")])
    world.run_for(1.0)
    answer = world.datagrams_arrived[-1]
    assert (answer.source, answer.data, answer.mark) == (SERVER, b"answer", ANSWER_MARK)


def test_what_arrives_together_is_told_in_batches_and_all_of_it() -> None:
    world, driver, service = served()
    count = 3 * DATAGRAM_BATCH_MAX + 1
    for number in range(count):
        world.forge(CLIENT, SERVER, b"%d" % number)
    told = list[int]()
    while len(told) < 4:
        world.run_until(lambda: len(service.told) > sum(told) + 1)
        told.append(len(service.told) - sum(told) - 1)
    assert told == [DATAGRAM_BATCH_MAX] * 3 + [1]
    said = [event.message for event in service.told if isinstance(event, MessageReceived)]
    assert said == [b"%d" % number for number in range(count)]
    assert len(driver.peers) == 1


def test_a_silent_peer_is_forgotten_and_one_that_speaks_is_not() -> None:
    world, driver, service = served()
    for _ in range(4):
        world.forge(CLIENT, SERVER, b"still here")
        world.run_for(DATAGRAM_PEER_IDLE_S_MAX * 0.9)
    assert len(driver.links) == 1
    world.run_until_quiet()
    assert not driver.links
    (closed,) = [event for event in service.told if isinstance(event, PeerClosed)]
    last = [event for event in service.told if isinstance(event, MessageReceived)][-1]
    assert closed.reason is Reason.SILENT
    assert closed.at_ns - last.at_ns == DATAGRAM_PEER_IDLE_S_MAX * 1e9


def test_a_closed_peer_may_come_again_as_a_new_one() -> None:
    world, driver, service = served()
    world.forge(CLIENT, SERVER, b"one")
    world.run_for(1.0)
    driver.perform([Finish(driver.peers[0]), Close(driver.peers[0])])
    assert len(driver.links) == 1  # not before the driver has done what it is doing
    world.run_for(1.0)
    assert service.heard[-1] == "PeerClosed"
    world.forge(CLIENT, SERVER, b"two")
    world.run_for(1.0)
    assert [type(event) for event in service.told][-2:] == [PeerOpened, MessageReceived]
    assert driver.peers[0].id != driver.peers[1].id


def test_drained_is_told_at_once_but_not_within_the_same_order() -> None:
    world, driver, service = served()
    world.forge(CLIENT, SERVER, b"x")
    world.run_for(1.0)
    driver.perform([AwaitDrained(driver.peers[0])])
    assert service.heard[-1] == "MessageReceived"
    world.run_for(0.0)
    assert service.heard[-1] == "PeerDrained"


def test_never_more_peers_are_remembered_than_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datagram_module, "DATAGRAM_PEERS_MAX", 10)
    world, driver, service = served()
    for number in range(30):
        world.forge(("192.0.2.2", 40_000 + number), SERVER, b"x")
        world.run_for(0.1)
        assert len(driver.links) <= 10
    reasons = [event.reason for event in service.told if isinstance(event, PeerClosed)]
    assert reasons == [Reason.SILENT] * 20
    assert min(peer.port for peer in driver.peers if peer.id in driver.links) == 40_020
