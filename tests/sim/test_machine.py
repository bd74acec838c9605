"""Machines: what they serve and whom they call."""

import pytest
from tests.sim.people import Obedient

from enchufe.core.commands import Send, SetTimer
from enchufe.core.exits import ExitCode
from enchufe.core.peer import Transport
from enchufe.core.service import Framing
from enchufe.services.echo import Echo
from enchufe.sim.world import World

SERVER = ("192.0.2.1", 3500)


def test_a_service_is_reached_by_streams_and_by_datagrams() -> None:
    world, client = World(1), [Obedient(), Obedient()]
    server = world.machine(SERVER[0]).serve("echo", Echo(), SERVER[1])
    for transport, service in zip((Transport.TCP, Transport.UDP), client, strict=True):
        driver = world.machine("192.0.2.2").call(transport, SERVER, service)
        world.run_until(lambda driver=driver: bool(driver.links))  # type: ignore[misc]
    assert [service.heard for service in client] == [["PeerOpened"]] * 2
    assert [peer.transport for peer in server.peers] == [Transport.TCP]


def test_a_stream_call_to_nobody_is_refused_at_once() -> None:
    world = World(1)
    driver = world.machine("192.0.2.2").call(Transport.TCP, SERVER, Obedient())
    assert driver.exit_code is ExitCode.REFUSED
    assert not driver.links


def test_two_calls_come_from_two_ports() -> None:
    world = World(1)
    server = world.machine(SERVER[0]).serve("echo", Echo(), SERVER[1])
    for _ in range(3):
        world.machine("192.0.2.2").call(Transport.TCP, SERVER, Obedient())
    world.run_until_quiet()
    assert len({peer.port for peer in server.peers}) == 3


def test_two_services_cannot_have_one_port() -> None:
    machine = World(1).machine(SERVER[0])
    machine.serve("echo", Echo(), SERVER[1])
    with pytest.raises(AssertionError, match="in use"):
        machine.serve("echo", Echo(), SERVER[1])


def test_a_service_gets_its_framing() -> None:
    world, service, client = World(1), Obedient(), Obedient()
    world.machine(SERVER[0]).serve("text", service, SERVER[1], Framing.TEXT)
    driver = world.machine("192.0.2.2").call(Transport.TCP, SERVER, client)
    world.run_until(lambda: bool(driver.links))
    (link,) = driver.links.values()
    link.send(b"one\ntwo\n")
    world.run_until_quiet()
    assert service.heard == ["PeerOpened", "MessageReceived", "MessageReceived"]


def test_a_killed_service_learns_nothing_and_its_peers_find_the_connection_closed() -> None:
    world, service, client = World(1), Obedient(), Obedient()
    server = world.machine(SERVER[0]).serve("echo", service, SERVER[1])
    driver = world.machine("192.0.2.2").call(Transport.TCP, SERVER, client)
    world.run_until(lambda: bool(driver.links) and bool(server.links))
    server.perform([SetTimer("late", 1.0)])
    heard = list(service.heard)
    world.machine(SERVER[0]).kill(SERVER[1])
    world.run_until_quiet()
    assert service.heard == heard == ["PeerOpened"]
    assert client.heard[-1] == "PeerFinished"
    assert not server.links


def test_whoever_calls_while_the_service_is_killed_is_sent_away() -> None:
    world, service, client = World(1), Obedient(), Obedient()
    world.machine(SERVER[0]).serve("echo", service, SERVER[1])
    world.machine("192.0.2.2").call(Transport.TCP, SERVER, client)
    world.machine(SERVER[0]).kill(SERVER[1])
    world.run_until_quiet()
    assert service.heard == []
    assert "PeerFinished" in client.heard


def test_a_port_can_be_served_again_after_a_kill() -> None:
    world, service = World(1), Obedient()
    machine = world.machine(SERVER[0])
    machine.serve("echo", Obedient(), SERVER[1])
    machine.kill(SERVER[1])
    refused = world.machine("192.0.2.2").call(Transport.TCP, SERVER, Obedient())
    assert refused.exit_code is ExitCode.REFUSED
    machine.serve("echo", service, SERVER[1])
    for transport in (Transport.TCP, Transport.UDP):
        caller = world.machine("192.0.2.2").call(transport, SERVER, Obedient())
        world.run_until(lambda caller=caller: bool(caller.links))  # type: ignore[misc]
        caller.perform([Send(peer, b"hola") for peer in caller.peers])
    world.run_until(lambda: service.heard.count("MessageReceived") == 2)


def test_a_killed_services_port_counts_no_more_as_one_of_our_own() -> None:
    world = World(1)
    machine = world.machine(SERVER[0])
    for port in (3500, 3501):
        machine.serve("echo", Obedient(), port)
    machine.kill(3501)
    world.forge((SERVER[0], 3501), SERVER, b"hola")
    world.run_for(1.0)
    assert machine.endpoints[0].avoided == []
