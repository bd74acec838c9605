"""Datagrams under way: each finds its own fate, and its destination or nobody."""

from functools import partial
from typing import Protocol, TypeAlias

from msgspec import Struct

from enchufe.faults.fate import fate_of
from enchufe.sim.network import Network

Address: TypeAlias = tuple[str, int]
"""A host and a port."""


class Datagram(Struct, frozen=True):
    """A datagram.

    Args:
        source: where it says it comes from; whoever sends it may lie.
        destination: where it goes.
        data: what it carries.
        mark: its type-of-service byte (`enchufe.core.loops`).
    """

    source: Address
    destination: Address
    data: bytes
    mark: int = 0


class DatagramSocket(Protocol):
    """Whoever is bound to an address."""

    def arrived(self, datagram: Datagram) -> None:
        """Take a datagram."""

    def refused(self, destination: Address) -> None:
        """Learn that nobody is bound to ``destination`` (ICMP port unreachable)."""


class DatagramNetwork:
    """Carries datagrams.

    Args:
        network: its time, its chance, its conditions.
    """

    def __init__(self, network: Network) -> None:
        self._network = network
        self._sockets: dict[Address, DatagramSocket] = {}
        self.arrived: list[Datagram] = []

    def bind(self, address: Address, socket: DatagramSocket) -> None:
        """Give ``socket`` what is sent to ``address``."""
        assert address not in self._sockets, f"{address} is in use"
        self._sockets[address] = socket

    def unbind(self, address: Address) -> None:
        """Give what is sent to ``address`` to nobody."""
        self._sockets.pop(address, None)

    def send(self, datagram: Datagram) -> None:
        """Send a datagram into whatever awaits it."""
        network = self._network
        fate = fate_of(network.conditions.datagram_faults, network.chance)
        if len(fate) != 1:
            network.trace.note("network", f"{len(fate)} copies", datagram.data)
        for after_s in fate:
            network.clock.after(after_s, partial(self._arrive, datagram))

    def _arrive(self, datagram: Datagram) -> None:
        socket = self._sockets.get(datagram.destination)
        if socket is not None:
            self.arrived.append(datagram)
            socket.arrived(datagram)
            return
        sender = self._sockets.get(datagram.source)
        if sender is not None:
            self._network.later(partial(sender.refused, datagram.destination))
