"""Datagram peers, UDP and Unix: one socket, and a peer for every source that speaks.

A source is a peer until it has been silent too long. What arrived together is handed
to the host together, and the answers leave together.
"""

import asyncio
import errno
import os
import time
from collections.abc import Sequence
from typing import Any

from enchufe.core.events import Reason
from enchufe.core.limits import (
    DATAGRAM_BATCH_MAX,
    DATAGRAM_BYTES_MAX,
    DATAGRAM_PEERS_MAX,
    DATAGRAM_QUEUE_MAX,
    REFUSED_REMEMBERED_MAX,
)
from enchufe.core.loops import may_answer
from enchufe.core.notices import AnswerLost, DatagramCut, LoopAvoided, PeerRefused
from enchufe.core.peer import Peer
from enchufe.net.addresses import peer_at
from enchufe.net.datagram_batch import BatchSocket, is_supported
from enchufe.net.datagram_socket import Arrival, DatagramSocket, PlainSocket, Route
from enchufe.net.driver import Driver
from enchufe.net.listen import BoundSocket
from enchufe.net.lobby import Lobby
from enchufe.net.refusals import hear_refusals, take_refusals

_TRY_AGAIN = frozenset({errno.EAGAIN, errno.ENOBUFS, errno.EINTR})


class DatagramLink:
    """One source of datagrams.

    Args:
        endpoint: the socket it speaks to.
        peer: who it is.
        route: how the socket answers it.
    """

    __slots__ = (
        "_endpoint",
        "heard_ns",
        "opened_ns",
        "peer",
        "received_bytes",
        "route",
        "sent_bytes",
    )

    def __init__(self, endpoint: "DatagramEndpoint", peer: Peer, route: Route) -> None:
        self.peer = peer
        self.route = route
        self.opened_ns = 0
        self.heard_ns = 0
        self.received_bytes = 0
        self.sent_bytes = 0
        self._endpoint = endpoint

    def send(self, message: bytes) -> None:
        """Queue a datagram."""
        self.sent_bytes += len(message)
        endpoint = self._endpoint
        if endpoint.is_gathering:
            endpoint.outgoing.append((self.route, message))
        else:
            endpoint.queue(self.route, message)

    def finish(self) -> None:
        """Do nothing: a datagram peer has no end of its own."""

    def close(self, reason: Reason = Reason.OURS) -> None:
        """Forget the peer, once the service's other commands are done; it may come anew."""
        asyncio.get_running_loop().call_soon(self._endpoint.forget, self, reason)

    def abort(self, reason: Reason) -> None:
        """Forget the peer, for ``reason``."""
        self._endpoint.forget(self, reason)

    def await_drained(self) -> None:
        """Report at once: a datagram is handed to the system whole or not at all."""
        self._endpoint.report_drained(self)

    def rest(self) -> None:
        """Do nothing: there is no stream to leave unread."""

    def read_on(self) -> None:
        """Do nothing: nothing was left unread."""

    def local_address(self) -> Any:
        """Return the address at which the peer spoke to us."""
        return self._endpoint.local_address(self.route)

    def queued_bytes(self) -> int:
        """Return 0: what waits is the socket's, and `DATAGRAM_QUEUE_MAX` bounds it."""
        return 0

    def activity(self) -> int:
        """Return when it last spoke: an empty datagram is a sign of life too."""
        return self.heard_ns


class DatagramEndpoint:
    """One bound datagram socket.

    Args:
        bound: the socket; closed with the endpoint.
        driver: told of what arrives.
        lobby: says who may come in.
        own_ports: the ports this run listens on, never answered (`enchufe.core.loops`).
        buffer_bytes: how much of each datagram is read; None for all of it.
        hears_refusals: whether a peer ends when its port turns out to be closed, where the
            system tells. Each wake-up then takes a call more.
    """

    def __init__(
        self,
        bound: BoundSocket,
        driver: Driver,
        lobby: Lobby,
        own_ports: frozenset[int],
        buffer_bytes: int | None,
        *,
        hears_refusals: bool = False,
    ) -> None:
        self._transport_kind = bound.endpoint.transport
        self._sock = bound.sock
        self._driver = driver
        self._lobby = lobby
        self._own_ports = own_ports
        self._loop = asyncio.get_running_loop()
        self._links: dict[Route, DatagramLink] = {}
        self._reported: set[Route] = set()
        self.outgoing: list[tuple[Route, bytes]] = []
        self.is_gathering = False  # within a wake-up, whose answers leave together
        self._flush_planned = False
        self._is_blocked = False  # the system takes no more for the moment
        make: type[BatchSocket | PlainSocket] = BatchSocket if is_supported() else PlainSocket
        self._socket: DatagramSocket = make(bound.sock, buffer_bytes or DATAGRAM_BYTES_MAX)
        self._hears_refusals = hears_refusals and hear_refusals(bound.sock)
        self._wake_up = self._readable_or_refused if self._hears_refusals else self._readable
        self._loop.add_reader(self._sock, self._wake_up)

    def close(self) -> None:
        """Send what is queued as far as the system takes it, then forget every peer."""
        if self._sock.fileno() < 0:
            return
        self._flush()
        for link in list(self._links.values()):
            self.forget(link, Reason.OURS)
        self._loop.remove_reader(self._sock)
        self._loop.remove_writer(self._sock)
        self._sock.close()

    # What arrives

    def _readable(self) -> None:
        try:
            arrivals = self._socket.receive()
        except OSError as error:
            self._lose(0, "", error.errno or errno.EIO)
            return
        if not arrivals:
            return
        at_ns = time.time_ns()
        admitted = self._admit(arrivals, at_ns)
        self.is_gathering = not self._flush_planned  # else they queue behind what is blocked
        self._driver.received_batch(admitted, at_ns)
        self.is_gathering = False
        if self.outgoing and not self._flush_planned:
            self._flush()
        if admitted:
            self._lobby.serve(len(admitted))

    def _readable_or_refused(self) -> None:
        """Take what arrived, then end those who are gone: what they said came before.

        After an error uvloop's loop watches the socket no more (uv_poll_start), so it is
        asked to anew.
        """
        refusing = take_refusals(self._sock)
        self._readable()
        for link in list(self._links.values()) if refusing else ():
            if (link.peer.host, link.peer.port) in refusing:
                self.forget(link, Reason.REFUSED)
        if self._sock.fileno() >= 0:
            self._loop.remove_reader(self._sock)
            self._loop.add_reader(self._sock, self._wake_up)

    def _admit(self, arrivals: Sequence[Arrival], at_ns: int) -> list[tuple[Peer, bytes]]:
        links = self._links
        admitted: list[tuple[Peer, bytes]] = []
        serves_left = self._lobby.serves_left
        for route, data, whole_bytes, marked in arrivals:
            if len(admitted) == serves_left:
                break
            link = links.get(route)
            if marked or link is None:
                link = self._stranger(route, at_ns, marked=marked)
                if link is None:
                    continue
            link.heard_ns = at_ns
            link.received_bytes += len(data)
            admitted.append((link.peer, data))
            if whole_bytes > len(data):
                self._lobby.notify(DatagramCut(at_ns, link.peer, len(data), whole_bytes))
        return admitted

    def _stranger(self, route: Route, at_ns: int, *, marked: bool) -> DatagramLink | None:
        """Take in a new source, unless it may not come in or may not be answered."""
        peer = peer_at(
            self._driver.next_number(), self._transport_kind, self._socket.address_of(route)
        )
        refusal = self._lobby.refusal(peer.host, is_stream=False)
        if refusal is not None:
            self._report(route, PeerRefused(at_ns, peer.transport, peer.address, refusal))
            return None
        if marked or (peer.transport.is_internet and not may_answer(peer.port, self._own_ports)):
            self._report(route, LoopAvoided(at_ns, peer.address))
            return None
        if len(self._links) >= DATAGRAM_PEERS_MAX:
            self._forget_most_silent()
        link = DatagramLink(self, peer, route)
        self._links[route] = link
        self._lobby.enter()
        self._driver.opened(link)
        return link

    def _report(self, route: Route, notice: PeerRefused | LoopAvoided) -> None:
        """Report each source once, not once per datagram, lest a flood fill the log too."""
        if len(self._reported) >= REFUSED_REMEMBERED_MAX:
            self._reported.clear()
        if route not in self._reported:
            self._reported.add(route)
            self._lobby.troubles.tell(notice)

    def _forget_most_silent(self) -> None:
        """Make room for many newcomers at once, so that a flood of them stays cheap."""
        by_silence = sorted(self._links.values(), key=lambda link: link.heard_ns)
        for link in by_silence[: DATAGRAM_PEERS_MAX // 10]:
            self.forget(link, Reason.SILENT)

    # What leaves

    def queue(self, route: Route, message: bytes) -> None:
        """Send a datagram soon, with others if they come; not more than can wait."""
        if len(self.outgoing) >= DATAGRAM_QUEUE_MAX and not self._is_blocked:
            self._flush()
        if len(self.outgoing) >= DATAGRAM_QUEUE_MAX:
            self._lose(len(message), self._shown(route), errno.ENOBUFS)
            return
        self.outgoing.append((route, message))
        if not self._flush_planned:
            self._flush_planned = True
            self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        self._flush_planned = False
        if self._sock.fileno() < 0:
            return
        outgoing = self.outgoing
        is_tried_again = False
        while outgoing:
            sent, code = self._socket.send(outgoing[:DATAGRAM_BATCH_MAX])
            del outgoing[:sent]
            if code in _TRY_AGAIN:
                self._flush_planned = self._is_blocked = True
                self._loop.add_writer(self._sock, self._writable)
                return
            if code and self._hears_refusals:
                # Perhaps of a datagram sent earlier, and gone with the call it made fail.
                is_tried_again = sent == 0 and not is_tried_again
                if is_tried_again or sent:
                    continue
            if code:
                route, message = outgoing.pop(0)
                self._lose(len(message), self._shown(route), code)

    def _writable(self) -> None:
        self._loop.remove_writer(self._sock)
        self._is_blocked = False
        self._flush()

    def _lose(self, size_bytes: int, address: str, code: int) -> None:
        lost = AnswerLost(time.time_ns(), address, size_bytes, os.strerror(code))
        self._lobby.troubles.tell(lost)

    def _shown(self, route: Route) -> str:
        link = self._links.get(route)
        return "" if link is None else link.peer.address

    # Who is forgotten

    def forget(self, link: DatagramLink, reason: Reason) -> None:
        """End a peer; its datagrams in the queue still leave."""
        if self._links.pop(link.route, None) is not None:
            self._lobby.leave()
            self._driver.closed(link, reason)

    def local_address(self, route: Route) -> Any:
        """Return which of our addresses a peer speaks to."""
        bound = self._sock.getsockname()
        asked = self._socket.asked_at(route)
        return (asked, *bound[1:]) if asked else bound

    def report_drained(self, link: DatagramLink) -> None:
        """Tell the driver, once it has done what it is doing."""
        self._loop.call_soon(self._driver.drained, link.peer)
