"""Datagrams under way."""

import pytest

from enchufe.core.chance import Chance
from enchufe.faults.duplicate import Duplicate
from enchufe.faults.loss import Loss
from enchufe.faults.reorder import Reorder
from enchufe.sim.conditions import CALM, Conditions
from enchufe.sim.datagram_network import Address, Datagram, DatagramNetwork
from enchufe.sim.network import Network

HERE, THERE = ("192.0.2.1", 1), ("192.0.2.2", 2)


class Socket:
    """A socket that notes what comes."""

    def __init__(self) -> None:
        self.came: list[Datagram | Address] = []

    def arrived(self, datagram: Datagram) -> None:
        self.came.append(datagram)

    def refused(self, destination: Address) -> None:
        self.came.append(destination)


def connected(conditions: Conditions = CALM) -> tuple[Network, DatagramNetwork, Socket, Socket]:
    network = Network(Chance(1), conditions)
    datagrams, here, there = DatagramNetwork(network), Socket(), Socket()
    datagrams.bind(HERE, here)
    datagrams.bind(THERE, there)
    return network, datagrams, here, there


def run(network: Network) -> None:
    while network.clock.step():
        pass


def test_a_datagram_arrives_whole_at_its_destination() -> None:
    network, datagrams, here, there = connected()
    datagram = Datagram(HERE, THERE, bytes(65_507), 4)
    datagrams.send(datagram)
    assert there.came == []
    run(network)
    assert (here.came, there.came, datagrams.arrived) == ([], [datagram], [datagram])


def test_it_may_be_lost_copied_or_overtaken() -> None:
    sent = [Datagram(HERE, THERE, b"%d" % number) for number in range(20)]
    for conditions, arrive in [
        (Conditions(loss=Loss(1.0)), 0),
        (Conditions(duplicate=Duplicate(1.0, 2)), 40),
        (Conditions(reorder=Reorder(0.5, 1.0)), 20),
    ]:
        network, datagrams, _here, there = connected(conditions)
        for datagram in sent:
            datagrams.send(datagram)
        run(network)
        assert len(there.came) == arrive
        assert (there.came == sent) is False
        assert arrive == 0 or set(map(str, there.came)) == set(map(str, sent))


def test_who_sends_where_nobody_is_bound_is_told() -> None:
    network, datagrams, here, there = connected()
    datagrams.unbind(THERE)
    datagrams.send(Datagram(HERE, THERE, b"anybody?"))
    run(network)
    assert (here.came, there.came, datagrams.arrived) == ([THERE], [], [])
    datagrams.unbind(HERE)
    datagrams.send(Datagram(HERE, THERE, b"forged"))
    run(network)
    assert here.came == [THERE]


def test_an_address_is_bound_once() -> None:
    _network, datagrams, _here, _there = connected()
    with pytest.raises(AssertionError, match="in use"):
        datagrams.bind(HERE, Socket())
    datagrams.unbind(HERE)
    datagrams.bind(HERE, Socket())
