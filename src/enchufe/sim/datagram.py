"""A served datagram socket: what `enchufe.net.datagram` is on a real one."""

from collections.abc import Container
from functools import partial

from enchufe.core.events import Reason
from enchufe.core.limits import (
    DATAGRAM_BATCH_MAX,
    DATAGRAM_PEER_IDLE_S_MAX,
    DATAGRAM_PEERS_MAX,
)
from enchufe.core.loops import ANSWER_MARK, may_answer
from enchufe.core.peer import Peer, Transport
from enchufe.sim.clock import NS_PER_S
from enchufe.sim.datagram_network import Address, Datagram, DatagramNetwork
from enchufe.sim.driver import Driver
from enchufe.sim.network import Network


class DatagramLink:
    """One source of datagrams.

    Args:
        endpoint: the socket it speaks to.
        peer: who it is.
        heard_ns: when it spoke last.
    """

    def __init__(self, endpoint: "DatagramEndpoint", peer: Peer, heard_ns: int) -> None:
        self.peer = peer
        self.heard_ns = heard_ns
        self._endpoint = endpoint

    def send(self, message: bytes) -> None:
        """Send a datagram."""
        self._endpoint.send(self, message)

    def finish(self) -> None:
        """Do nothing: a datagram peer has no end of its own."""

    def close(self, reason: Reason = Reason.OURS) -> None:
        """Forget the peer in a moment; its next datagram makes it a new one."""
        self._endpoint.forget_soon(self, reason)

    def abort(self, reason: Reason) -> None:
        """Forget the peer, for ``reason``."""
        self._endpoint.forget(self, reason)

    def await_drained(self) -> None:
        """Report at once: a datagram leaves whole or not at all."""
        self._endpoint.report_drained(self)

    def rest(self) -> None:
        """Do nothing: there is no stream to leave unread."""

    def read_on(self) -> None:
        """Do nothing: nothing was left unread."""


class DatagramEndpoint:
    """One bound datagram socket.

    Args:
        network: the world around.
        datagrams: carries what is sent.
        driver: told of what arrives.
        address: where it is bound.
        own_ports: the ports this run listens on, never answered (`enchufe.core.loops`).
    """

    def __init__(
        self,
        network: Network,
        datagrams: DatagramNetwork,
        driver: Driver,
        address: Address,
        own_ports: Container[int],
    ) -> None:
        self.avoided: list[Address] = []
        self._network = network
        self._datagrams = datagrams
        self._driver = driver
        self._address = address
        self._own_ports = own_ports
        self._links: dict[Address, DatagramLink] = {}
        self._waiting: list[Datagram] = []
        datagrams.bind(address, self)

    # What arrives

    def arrived(self, datagram: Datagram) -> None:
        """Let a datagram wait for the next wake-up."""
        self._waiting.append(datagram)
        if len(self._waiting) == 1:
            self._network.clock.after(0.0, self._wake_up)

    def refused(self, destination: Address) -> None:
        """Do nothing: a socket that is not connected is not told (udp(7))."""

    def _wake_up(self) -> None:
        together = self._waiting[:DATAGRAM_BATCH_MAX]
        del self._waiting[:DATAGRAM_BATCH_MAX]
        if self._waiting:
            self._network.clock.after(0.0, self._wake_up)
        links = [(self._admit(datagram), datagram.data) for datagram in together]
        self._driver.received_batch([(link.peer, data) for link, data in links if link])

    def _admit(self, datagram: Datagram) -> DatagramLink | None:
        """Return the link of whoever sent it, unless it may not be answered."""
        marked = datagram.mark == ANSWER_MARK
        link = self._links.get(datagram.source)
        if marked or (link is None and not may_answer(datagram.source[1], self._own_ports)):
            self._network.trace.note(self._driver.name, f"avoids {datagram.source}")
            self.avoided.append(datagram.source)
            return None
        if link is None:
            link = self._take_in(datagram.source)
        link.heard_ns = self._network.clock.now_ns
        return link

    def _take_in(self, source: Address) -> DatagramLink:
        if len(self._links) >= DATAGRAM_PEERS_MAX:
            self.forget(min(self._links.values(), key=lambda link: link.heard_ns), Reason.SILENT)
        peer = Peer(self._network.next_number(), Transport.UDP, *source, is_stream=False)
        link = DatagramLink(self, peer, self._network.clock.now_ns)
        self._links[source] = link
        self._driver.opened(link)
        self._watch(link)
        return link

    # What leaves

    def send(self, link: DatagramLink, message: bytes) -> None:
        """Send a datagram that says it is an answer."""
        destination = (link.peer.host, link.peer.port)
        self._datagrams.send(Datagram(self._address, destination, message, ANSWER_MARK))

    def report_drained(self, link: DatagramLink) -> None:
        """Tell the driver, once it has done what it is doing."""
        self._network.clock.after(0.0, partial(self._driver.drained, link.peer))

    # Who is forgotten

    def forget(self, link: DatagramLink, reason: Reason) -> None:
        """End a peer; its datagrams under way still arrive."""
        if self._links.pop((link.peer.host, link.peer.port), None) is not None:
            self._driver.closed(link, reason)

    def forget_soon(self, link: DatagramLink, reason: Reason) -> None:
        """End a peer, once the driver has done what it is doing."""
        self._network.clock.after(0.0, partial(self.forget, link, reason))

    def _watch(self, link: DatagramLink) -> None:
        """Forget a peer once it has been silent too long."""
        silent_ns = self._network.clock.now_ns - link.heard_ns
        left_s = DATAGRAM_PEER_IDLE_S_MAX - silent_ns / NS_PER_S
        if left_s <= 0:
            self.forget(link, Reason.SILENT)
        elif link.peer.id in self._driver.links:
            self._network.clock.after(left_s, partial(self._watch, link))
