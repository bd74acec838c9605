"""A driver that shows what passes through it: for a recording.

`Driver` itself knows nothing of this, so that whoever does not record spends nothing.
"""

from collections.abc import Callable, Iterable, Sequence
from time import time_ns
from typing import Any, Protocol, TypeAlias, runtime_checkable

from enchufe.core.commands import Close, Finish, Order, Send, Spread
from enchufe.core.peer import Peer
from enchufe.core.traffic import BytesReceived, BytesSent, EndQueued, PeerMet, Traffic
from enchufe.net.addresses import peer_at
from enchufe.net.driver import Driver, Link

Tap: TypeAlias = Callable[[Traffic], None]
"""Sees every read and every write."""


@runtime_checkable
class SocketLink(Protocol):
    """A link with a socket; the screen of whoever runs a room has none."""

    def local_address(self) -> Any:
        """Return our own address, as `socket.getsockname` would."""
        ...


class WatchedDriver(Driver):
    """Performs the commands of one host, and shows what comes and leaves.

    Args:
        tap: shown it, before the service hears of it and before it is queued.
        arguments: as for `Driver`.
    """

    def __init__(self, *arguments: Any, tap: Tap, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._tap = tap

    def opened(self, link: Link) -> None:
        """Take in a new peer."""
        if isinstance(link, SocketLink):
            here = peer_at(0, link.peer.transport, link.local_address())
            self._tap(PeerMet(time_ns(), link.peer, here.host, here.port, here.path))
        super().opened(link)

    def received(self, link: Link, data: bytes) -> None:
        """Hand over what arrived from a peer and do what the service says."""
        at_ns = time_ns()
        self._came_by(BytesReceived(at_ns, link.peer, data))
        self.perform(self._host_received(link.peer, data, at_ns))

    def received_batch(self, arrivals: Iterable[tuple[Peer, bytes]], at_ns: int) -> None:
        """Hand over datagrams that arrived together."""
        kept = list(arrivals)
        for peer, data in kept:
            self._came_by(BytesReceived(at_ns, peer, data))
        super().received_batch(kept, at_ns)

    def perform(self, orders: Sequence[Order]) -> None:
        """Do what the service says, in order."""
        at_ns = time_ns()
        for order in orders:
            if isinstance(order, Send):
                self._came_by(BytesSent(at_ns, order.peer, order.message))
            elif isinstance(order, Spread):
                for peer in order.peers:
                    if peer is not order.but:
                        self._came_by(BytesSent(at_ns, peer, order.message))
            elif isinstance(order, Finish | Close):
                self._came_by(EndQueued(at_ns, order.peer))
        super().perform(orders)

    def _came_by(self, fact: Traffic) -> None:
        """Show it, unless the peer has left, or is the person at our own screen."""
        if fact.peer.is_elsewhere and fact.peer.id in self.links:
            self._tap(fact)
