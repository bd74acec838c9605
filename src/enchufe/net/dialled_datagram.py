"""The caller's datagram socket: connected to one address of the server, then the next.

A name may stand for two addresses and the server listen on one. A refused stream shows
that before anything is said; a datagram shows it only by the ICMP message that answers
it, so what was said is kept until an answer proves that somebody is there.
"""

import asyncio
import socket
from collections.abc import Callable
from typing import Any

from enchufe.core.errors import EnchufeError
from enchufe.core.events import Reason
from enchufe.core.limits import DATAGRAM_BATCH_MAX, DATAGRAM_BYTES_MAX, DATAGRAM_QUEUE_MAX
from enchufe.core.peer import Peer
from enchufe.net.addresses import peer_at
from enchufe.net.dial import Dialling, addresses_of, connect, explained
from enchufe.net.driver import Driver


class DialledDatagram:
    """Our end of a conversation by datagrams.

    Args:
        dialling: where the server is.
        driver: told of the peer and of what it answers.
        left: called once the conversation is over.
        tasks: where a change of address lives.
        cut: called with the kept and the whole size, in bytes, of a datagram longer
            than the buffer.
    """

    def __init__(
        self,
        dialling: Dialling,
        driver: Driver,
        left: Callable[[], None],
        tasks: asyncio.TaskGroup,
        cut: Callable[[int, int], None],
    ) -> None:
        self.opened_ns = 0
        self.received_bytes = 0
        self.sent_bytes = 0
        self.failure: EnchufeError | None = None
        self._dialling = dialling
        self._driver = driver
        self._left = left
        self._tasks = tasks
        self._cut = cut
        self._loop = asyncio.get_running_loop()
        self._tried: list[str] = []
        self._unproven: list[bytes] = []
        self._proven = False
        self._outgoing: list[bytes] = []

    async def open(self) -> None:
        """Choose the server's first address.

        Raises:
            EnchufeError: as `enchufe.net.dial.dial_stream`.
        """
        self._addresses = list(await addresses_of(self._dialling))
        await self._connect_next()
        value = self._sock.getpeername()
        self.peer: Peer = peer_at(
            self._driver.next_number(), self._dialling.endpoint.transport, value
        )
        self._driver.opened(self)

    async def _connect_next(self) -> None:
        while self._addresses:
            address = self._addresses.pop(0)
            self._tried.append(address.shown)
            try:
                self._sock: socket.socket = await connect(self._dialling, address)
            except OSError as error:
                failure = explained(error, self._dialling, self._tried)
            else:
                self._loop.add_reader(self._sock, self._readable)
                return
        raise failure

    # What arrives

    def _readable(self) -> None:
        """Take all that waits, so that many answers at once do not overflow the socket."""
        for _ in range(DATAGRAM_BATCH_MAX):
            if not self._receive():
                return

    def _receive(self) -> bool:
        """Take one datagram; return whether there may be another."""
        if self._sock.fileno() < 0:
            return False
        size_bytes = self._dialling.buffer_bytes or DATAGRAM_BYTES_MAX
        try:
            data, _control, flags, _address = self._sock.recvmsg(size_bytes)
        except (BlockingIOError, InterruptedError):
            return False
        except ConnectionRefusedError as error:
            self._refused(error)
            return False
        except OSError as error:
            self._end(Reason.FAILED, error)
            return False
        self._proven = True
        self._unproven.clear()
        self.received_bytes += len(data)
        if flags & socket.MSG_TRUNC:
            self._cut(len(data), len(data) + 1)
        self._driver.received(self, data)
        return True

    def _refused(self, error: OSError) -> None:
        if self._proven or not self._addresses:
            self._end(Reason.REFUSED, error)
            return
        self._loop.remove_reader(self._sock)
        self._sock.close()
        self._tasks.create_task(self._try_next(error))

    async def _try_next(self, refusal: OSError) -> None:
        try:
            await self._connect_next()
        except EnchufeError:
            self._end(Reason.REFUSED, refusal)
            return
        again, self._unproven = self._unproven, []
        for message in again:
            self._transmit(message)

    # What leaves

    def send(self, message: bytes) -> None:
        """Send one datagram."""
        self.sent_bytes += len(message)
        self._transmit(message)

    def _transmit(self, message: bytes) -> None:
        if not self._proven and len(self._unproven) < DATAGRAM_QUEUE_MAX:
            self._unproven.append(message)
        if self._sock.fileno() < 0:  # between two addresses: it is sent to the next one
            return
        try:
            self._sock.send(message)
        except BlockingIOError:
            self._outgoing.append(message)
            self._loop.add_writer(self._sock, self._writable)
        except ConnectionRefusedError as error:
            self._refused(error)
        except OSError as error:
            self._end(Reason.FAILED, error)

    def _writable(self) -> None:
        self._loop.remove_writer(self._sock)
        waiting, self._outgoing = self._outgoing, []
        for message in waiting:
            self._transmit(message)

    def finish(self) -> None:
        """Do nothing: datagrams have no end."""

    def await_drained(self) -> None:
        """Report at once: a datagram is handed to the system whole or not at all."""
        self._loop.call_soon(self._driver.drained, self.peer)

    def rest(self) -> None:
        """Do nothing: there is no stream to leave unread."""

    def read_on(self) -> None:
        """Do nothing: nothing was left unread."""

    def local_address(self) -> Any:
        """Return our own address, as `socket.getsockname` would."""
        return self._sock.getsockname()

    def queued_bytes(self) -> int:
        """Return 0: what waits is kept elsewhere, until an answer comes."""
        return 0

    def activity(self) -> int:
        """Return how many bytes have moved."""
        return self.received_bytes + self.sent_bytes

    def close(self, reason: Reason = Reason.OURS) -> None:
        """End the conversation, once the driver has done what it is doing."""
        self._loop.call_soon(self._end, reason, None)

    def abort(self, reason: Reason) -> None:
        """End the conversation, for ``reason``."""
        self._end(reason, None)

    def _end(self, reason: Reason, error: OSError | None) -> None:
        if error is not None:
            self.failure = explained(error, self._dialling, self._tried)
        if self._sock.fileno() >= 0:
            self._loop.remove_reader(self._sock)
            self._loop.remove_writer(self._sock)
            self._sock.close()
        self._driver.closed(self, reason)
        self._left()
