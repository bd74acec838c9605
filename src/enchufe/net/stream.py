"""Stream peers, TCP, TLS and Unix: one connection, read as it comes, written in order."""

import asyncio
import errno
import socket
import ssl
from collections.abc import Callable
from typing import Any, cast

from enchufe.core.events import Reason
from enchufe.core.limits import (
    LINGER_S_MAX,
    PEER_QUEUE_BYTES_MAX,
    SEND_QUEUE_BYTES_MAX,
    SEND_STALL_S_MAX,
    UNSENT_BYTES_MAX,
)
from enchufe.core.peer import Peer
from enchufe.net.driver import Driver

_PEER_GONE = frozenset({errno.ECONNRESET, errno.EPIPE, errno.ECONNABORTED, errno.ENOTCONN})

_NOTSENT_LOWAT: int | None = getattr(socket, "TCP_NOTSENT_LOWAT", None)


class StreamLink(asyncio.BaseProtocol):
    """One connection.

    Reading stops while more than `SEND_QUEUE_BYTES_MAX` waits to be written, so that a
    peer that does not read cannot make us hold more, and slows nobody but itself.

    Args:
        driver: told what happens.
        peer: who is at the other end.
        left: called once the connection is gone.
        hold_input: called with True when too much waits to be written and with False
            when it has left. A caller holds back what feeds it and goes on reading;
            where it is None, the peer itself is not read from, as its bytes are what
            the answers are made of.
    """

    __slots__ = (
        "_awaiting_drained",
        "_closing",
        "_driver",
        "_hold_input",
        "_is_behind",
        "_is_paced",
        "_left",
        "_linger",
        "_peer_finished",
        "_reason",
        "_transport",
        "_unsent_bytes",
        "_write",
        "opened_ns",
        "peer",
        "received_bytes",
        "sent_bytes",
    )

    _transport: asyncio.Transport
    _write: Callable[[bytes], None]

    def __init__(
        self,
        driver: Driver,
        peer: Peer,
        left: Callable[[], None],
        hold_input: Callable[[bool], None] | None = None,
    ) -> None:
        self.peer = peer
        self.opened_ns = 0
        self.received_bytes = 0
        self.sent_bytes = 0
        self._driver = driver
        self._left = left
        self._hold_input = hold_input
        self._closing = False
        self._peer_finished = False
        self._awaiting_drained = False
        self._is_behind = False
        self._is_paced = False
        self._reason: Reason | None = None
        self._unsent_bytes = 0
        self._linger: asyncio.TimerHandle | None = None

    # What the transport tells us

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take in the peer."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's has no common base
        self._write = self._transport.write
        self._transport.set_write_buffer_limits(high=SEND_QUEUE_BYTES_MAX)
        self._driver.opened(self)

    def data_received(self, data: bytes) -> None:
        """Hand over what came; what comes after our close is thrown away."""
        if self._closing:
            return
        self.received_bytes += len(data)
        self._driver.received(self, data)

    def eof_received(self) -> bool:
        """Note the peer's half-close, and keep our half open."""
        self._peer_finished = True
        if self._closing:
            self._transport.close()
        else:
            self._driver.finished(self.peer)
        return True

    def pause_writing(self) -> None:
        """Stop what makes more to write, unless only what was to be awaited waits."""
        if not self._awaiting_drained:
            self._fall_behind()

    def resume_writing(self) -> None:
        """Go on, and report that all has left if that was awaited."""
        self._catch_up()
        if self._awaiting_drained:
            self._drained()

    def _fall_behind(self) -> None:
        if self._is_behind:
            return
        self._is_behind = True
        if self._hold_input is not None:
            self._hold_input(True)
            return
        if not self._peer_finished:
            self._transport.pause_reading()
        asyncio.get_running_loop().call_soon(self._driver.behind, self.peer)

    def _catch_up(self) -> None:
        if not self._is_behind:
            return
        self._is_behind = False
        if self._hold_input is not None:
            self._hold_input(False)
        else:
            self.read_on()
        self._drained()

    def connection_lost(self, error: Exception | None) -> None:
        """Say that it is over, and why."""
        if self._linger is not None:
            self._linger.cancel()
        self._awaiting_drained = False
        self._left()
        unsent_bytes = self._transport.get_write_buffer_size() or self._unsent_bytes
        self._driver.closed(self, self._reason or self._reason_for(error), unsent_bytes)

    def _reason_for(self, error: Exception | None) -> Reason:
        if error is None:
            return Reason.FINISHED if self._peer_finished else Reason.OURS
        if isinstance(error, ssl.SSLError):
            return Reason.PROTOCOL
        if isinstance(error, OSError) and error.errno in _PEER_GONE:
            return Reason.RESET
        return Reason.FAILED

    # What the driver orders

    def send(self, message: bytes) -> None:
        """Queue ``message``; nothing follows our last byte."""
        if self._closing or (self._is_behind and self._is_given_up()):
            return
        self.sent_bytes += len(message)
        self._write(message)
        if self._awaiting_drained and self._queue_is_full():
            self._fall_behind()  # what paces itself is not all that is said

    def _is_given_up(self) -> bool:
        """Let a peer go that does not read and for which there is ever more; say whether it was."""
        if self._hold_input is not None or self.queued_bytes() <= PEER_QUEUE_BYTES_MAX:
            return False
        self._closing = True
        self.abort(Reason.SLOW)
        return True

    def finish(self) -> None:
        """Half-close after what is queued.

        TLS before 1.3 cannot: its goodbye ends both directions, and would cost us the
        rest of the answer (RFC 5246, 7.2.1). There our side just stays open.
        """
        if not self._transport.is_closing() and self._transport.can_write_eof():
            self._transport.write_eof()

    def close(self, reason: Reason = Reason.OURS) -> None:
        """Close after what is queued.

        Closing while bytes of the peer are unread would make the system send a reset,
        which may destroy what we just sent before the peer has read it (RFC 1122,
        4.2.2.13). So we half-close, throw away what still comes, and close when the
        peer does, or after `LINGER_S_MAX`. A peer that takes nothing of what is queued
        is cut off after `SEND_STALL_S_MAX`.
        """
        if self._closing:
            return
        self._closing = True
        if reason is not Reason.OURS:
            self._reason = reason
        if self._peer_finished or self._transport.is_closing():
            self._transport.close()
        else:
            self._transport.write_eof()
            self._transport.resume_reading()
        self._linger_on(self._transport.get_write_buffer_size(), 0.0)

    def abort(self, reason: Reason) -> None:
        """Close now; what is queued is lost."""
        self._reason = self._reason or reason
        self._unsent_bytes = self._transport.get_write_buffer_size()  # asyncio's own forgets it
        self._transport.abort()

    def await_drained(self) -> None:
        """Report once the queue is empty, unless this is the end anyway."""
        if self._closing:
            return
        self._awaiting_drained = True
        self._pace()
        if self._queue_is_full():
            self._fall_behind()
        self._transport.set_write_buffer_limits(high=0)
        if self._transport.get_write_buffer_size() == 0:
            asyncio.get_running_loop().call_soon(self._drained)

    def _queue_is_full(self) -> bool:
        """Return whether a peer that is served does not read what it is sent.

        A caller paces itself while it awaits the end of its queue; what a person types
        meanwhile must get through.
        """
        return self._hold_input is None and self.queued_bytes() > SEND_QUEUE_BYTES_MAX

    def rest(self) -> None:
        """Read nothing more for now: whoever takes in what came needs a moment."""
        if not self._closing and not self._peer_finished and not self._transport.is_closing():
            self._transport.pause_reading()

    def read_on(self) -> None:
        """Read again, unless the peer does not read itself."""
        if not (self._is_behind or self._peer_finished or self._transport.is_closing()):
            self._transport.resume_reading()

    def _pace(self) -> None:
        """Let little wait unsent in the system too, for a service that paces itself."""
        if self._is_paced:
            return
        self._is_paced = True
        if self.peer.transport.is_internet and _NOTSENT_LOWAT is not None:
            sock = self._transport.get_extra_info("socket")
            sock.setsockopt(socket.IPPROTO_TCP, _NOTSENT_LOWAT, UNSENT_BYTES_MAX)

    def local_address(self) -> Any:
        """Return our own address, as `socket.getsockname` would."""
        return self._transport.get_extra_info("sockname")

    def queued_bytes(self) -> int:
        """Return how much waits for the peer to read."""
        return self._transport.get_write_buffer_size()

    def activity(self) -> int:
        """Return how many bytes have moved."""
        return self.received_bytes + self.sent_bytes - self._transport.get_write_buffer_size()

    def _drained(self) -> None:
        if self._awaiting_drained and not self._closing:
            self._awaiting_drained = False
            self._transport.set_write_buffer_limits(high=SEND_QUEUE_BYTES_MAX)
            self._driver.drained(self.peer)

    def _linger_on(self, queued_bytes: int, stalled_s: float) -> None:
        loop = asyncio.get_running_loop()
        self._linger = loop.call_later(LINGER_S_MAX, self._lingered, queued_bytes, stalled_s)

    def _lingered(self, queued_before_bytes: int, stalled_s: float) -> None:
        """Close a peer that has taken all we had for it, or takes nothing any more."""
        queued_bytes = self._transport.get_write_buffer_size()
        stalled_s = stalled_s + LINGER_S_MAX if queued_bytes == queued_before_bytes else 0.0
        if queued_bytes == 0 or stalled_s >= SEND_STALL_S_MAX:
            self.abort(Reason.OURS if queued_bytes == 0 else Reason.SILENT)
        else:
            self._linger_on(queued_bytes, stalled_s)


class SmallReadsLink(StreamLink, asyncio.BufferedProtocol):
    """One connection, read so many bytes at a time and no more: ``recv(16)`` made visible.

    Args:
        driver: told what happens.
        peer: who is at the other end.
        left: called once the connection is gone.
        hold_input: as in `StreamLink`.
        buffer_bytes: the most that one read takes.
    """

    __slots__ = ("_buffer",)

    def __init__(
        self,
        driver: Driver,
        peer: Peer,
        left: Callable[[], None],
        hold_input: Callable[[bool], None] | None = None,
        *,
        buffer_bytes: int,
    ) -> None:
        super().__init__(driver, peer, left, hold_input)
        self._buffer = bytearray(buffer_bytes)

    def get_buffer(self, sizehint: int) -> bytearray:  # noqa: ARG002 -- asyncio's signature
        """Lend the event loop the buffer to read into."""
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Hand over what was read into it."""
        self.data_received(bytes(self._buffer[:nbytes]))
