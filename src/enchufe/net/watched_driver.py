"""A driver that shows what passes through it: for a recording, and for who looks at the page.

`Driver` itself knows nothing of this; and this one spends next to nothing while nobody looks.
"""

from collections.abc import Callable, Iterable, Sequence
from time import time_ns
from typing import Any, Protocol, TypeAlias, runtime_checkable

from enchufe.core.commands import Close, Finish, Order, Send, Spread
from enchufe.core.peer import Peer
from enchufe.core.traffic import BytesReceived, BytesSent, EndQueued, PeerMet, Traffic
from enchufe.host import Witness, together
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
        tap: shown it, before the service hears of it and before it is queued; None for nobody.
        arguments: as for `Driver`.
    """

    def __init__(self, *arguments: Any, tap: Tap | None = None, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._own_tap = tap
        self._tell_tap(tap)

    def watch(self, witness: Witness | None, tap: Tap | None) -> None:
        """Show these two too what happens from now on; with None only who was there before."""
        self._host.watch(witness)
        self._tell_tap(together(self._own_tap, tap))

    def _tell_tap(self, tap: Tap | None) -> None:
        """Show somebody what passes, or nobody: then `received` is that of any driver."""
        self._tap = tap
        self._host_received = self._host.received if tap is None else self._shown_received

    def meetings(self) -> list[PeerMet]:
        """Return who is inside now, as if each had come at this moment."""
        met = (_meeting(link) for link in list(self.links.values()))
        return [meeting for meeting in met if meeting is not None]

    def opened(self, link: Link) -> None:
        """Take in a new peer."""
        meeting = None if self._tap is None else _meeting(link)
        if self._tap is not None and meeting is not None:
            self._tap(meeting)
        super().opened(link)

    def _shown_received(self, peer: Peer, data: bytes, at_ns: int) -> Sequence[Order]:
        """Hand over what arrived from a peer; return what the service says, both shown."""
        self._came_by(BytesReceived(at_ns, peer, data))
        orders = self._host.received(peer, data, at_ns)
        self._show_orders(orders)
        return orders

    def received_batch(self, arrivals: Iterable[tuple[Peer, bytes]], at_ns: int) -> None:
        """Hand over datagrams that arrived together."""
        if self._tap is None:
            super().received_batch(arrivals, at_ns)
            return
        kept = list(arrivals)
        for peer, data in kept:
            self._came_by(BytesReceived(at_ns, peer, data))
        super().received_batch(kept, at_ns)

    def perform(self, orders: Sequence[Order]) -> None:
        """Do what the service says, in order."""
        if self._tap is not None:
            self._show_orders(orders)
        super().perform(orders)

    def _show_orders(self, orders: Sequence[Order]) -> None:
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

    def _came_by(self, fact: Traffic) -> None:
        """Show it, unless the peer has left, or is the person at our own screen."""
        if self._tap is not None and fact.peer.is_elsewhere and fact.peer.id in self.links:
            self._tap(fact)


def _meeting(link: Link) -> PeerMet | None:
    """Return where a peer reached us, or we it; None for who has no socket."""
    if not isinstance(link, SocketLink):
        return None
    here = peer_at(0, link.peer.transport, link.local_address())
    return PeerMet(time_ns(), link.peer, here.host, here.port, here.path)
