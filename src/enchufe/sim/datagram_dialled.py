"""A caller's datagram socket: connected to one address, and told when nobody is there."""

from functools import partial

from enchufe.core.events import Reason
from enchufe.core.peer import Peer
from enchufe.sim.datagram_network import Address, Datagram, DatagramNetwork
from enchufe.sim.driver import Driver
from enchufe.sim.network import Network


class DialledDatagram:
    """Our end of a conversation by datagrams.

    Args:
        network: the world around.
        datagrams: carries what is sent.
        driver: told of the peer and of what it answers.
        address: our own.
        peer: whom we call.
    """

    def __init__(
        self,
        network: Network,
        datagrams: DatagramNetwork,
        driver: Driver,
        address: Address,
        peer: Peer,
    ) -> None:
        self.peer = peer
        self._network = network
        self._datagrams = datagrams
        self._driver = driver
        self._address = address
        self._server = (peer.host, peer.port)
        datagrams.bind(address, self)

    def open(self) -> None:
        """Begin the conversation: nothing is sent for that."""
        self._driver.opened(self)

    def arrived(self, datagram: Datagram) -> None:
        """Take what the peer sent; what strangers send the system drops (udp(7))."""
        if datagram.source == self._server:
            self._driver.received(self.peer, datagram.data)

    def refused(self, destination: Address) -> None:
        """Learn that nobody listens there."""
        if destination == self._server:
            self.abort(Reason.REFUSED)

    def send(self, message: bytes) -> None:
        """Send one datagram."""
        self._datagrams.send(Datagram(self._address, self._server, message))

    def finish(self) -> None:
        """Do nothing: datagrams have no end."""

    def close(self, reason: Reason = Reason.OURS) -> None:
        """End the conversation, once the driver has done what it is doing."""
        self._network.clock.after(0.0, partial(self.abort, reason))

    def abort(self, reason: Reason) -> None:
        """End the conversation, for ``reason``."""
        self._datagrams.unbind(self._address)
        self._driver.closed(self, reason)

    def await_drained(self) -> None:
        """Report at once: a datagram leaves whole or not at all."""
        self._network.clock.after(0.0, partial(self._driver.drained, self.peer))

    def rest(self) -> None:
        """Do nothing: there is no stream to leave unread."""

    def read_on(self) -> None:
        """Do nothing: nothing was left unread."""
