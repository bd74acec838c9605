"""A browser as a peer: a stream of bytes, carried by the messages of a WebSocket (RFC 6455).

Where the messages are cut means nothing, as with any stream; but a message in text is a line,
so that any WebSocket client can talk to a service that takes lines.
"""

import asyncio
from collections.abc import Awaitable
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from enchufe.core.events import Reason
from enchufe.core.limits import PEER_QUEUE_BYTES_MAX, SEND_QUEUE_BYTES_MAX, SEND_STALL_S_MAX
from enchufe.core.peer import Peer
from enchufe.net.driver import Driver
from enchufe.web.protocols import connection_of

MESSAGE_BYTES = 256 * 1024
"""What waits is sent in messages of at most this size."""

GOODBYE = 1000
"""The code with which a conversation that is over is closed (RFC 6455, 7.4.1)."""

LEFT_WELL = frozenset({GOODBYE, 1005})
"""The codes of a browser that leaves on purpose; 1005 stands for none."""

WENT_AWAY = 1001
"""The code of a browser whose tab is closed or reloaded: it may come back."""


class WebLink:
    """One browser's conversation with a service.

    Args:
        driver: told what happens.
        peer: who it is.
        websocket: accepted already.
    """

    def __init__(self, driver: Driver, peer: Peer, websocket: WebSocket) -> None:
        self.peer = peer
        self.opened_ns = 0
        self.received_bytes = 0
        self.sent_bytes = 0
        self._driver = driver
        self._websocket = websocket
        self._connection = connection_of(websocket.scope)
        self._queue = bytearray()
        self._leaving_bytes = 0
        self._reason: Reason | None = None
        self._closing = False
        self._is_aborted = False
        self._is_gone = False
        self._is_behind = False
        self._awaiting_drained = False
        self._stall: asyncio.TimerHandle | None = None
        self._something_queued = asyncio.Event()
        self._may_read = asyncio.Event()
        self._may_read.set()
        self._over = asyncio.Event()

    async def run(self) -> None:
        """Hold the conversation until one side ends it."""
        try:
            self._driver.opened(self)
            await self._talk()
            if self._is_aborted:
                await self._cut_off()
        finally:
            if self._stall is not None:
                self._stall.cancel()
            self._closing = True
            self._driver.closed(self, self._reason or Reason.FAILED, self.queued_bytes())

    async def _talk(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            working = [tasks.create_task(work()) for work in (self._read, self._write)]
            await self._over.wait()
            for task in working:
                task.cancel()

    async def _read(self) -> None:
        while not self._over.is_set():
            await self._may_read.wait()
            message = await self._websocket.receive()
            if message["type"] == "websocket.disconnect":
                self._left(message.get("code", 0))
                return
            data = _data_of(message)
            self.received_bytes += len(data)
            if not self._closing:
                self._driver.received(self, data)
            await asyncio.sleep(0)  # the others' turn, however much came at once

    def _left(self, code: int) -> None:
        """Note that the browser is gone, for good or not."""
        if code in LEFT_WELL:
            self._reason = self._reason or Reason.FINISHED
            if not self._closing:
                self._driver.finished(self.peer)
        self._end(Reason.AWAY if code == WENT_AWAY else Reason.RESET)

    async def _write(self) -> None:
        while self._queue or not self._closing:
            await self._something_queued.wait()
            self._something_queued.clear()
            while self._queue:
                await self._send_some()
            self._caught_up()
        await self._unless_it_left(self._websocket.close(GOODBYE))
        self._end(Reason.OURS)

    async def _send_some(self) -> None:
        """Send the first of what waits as one message."""
        message = bytes(self._queue[:MESSAGE_BYTES])
        del self._queue[:MESSAGE_BYTES]
        self._leaving_bytes = len(message)
        await self._unless_it_left(self._websocket.send_bytes(message))
        self._leaving_bytes = 0
        await asyncio.sleep(0)  # the others' turn, however fast the browser reads

    async def _unless_it_left(self, sending: Awaitable[None]) -> None:
        """Send something; if the browser has left, how it did is what is read last."""
        try:
            await sending
        except (WebSocketDisconnect, RuntimeError):
            self._is_gone = True
            self._may_read.set()
            await self._over.wait()

    def _caught_up(self) -> None:
        """Go on with who was behind, and report that all has left if that was awaited."""
        if self._is_behind:
            self._is_behind = False
            self.read_on()
        if self._awaiting_drained and not self._closing:
            self._awaiting_drained = False
            self._driver.drained(self.peer)

    async def _cut_off(self) -> None:
        """End at once, with a goodbye if it can leave at once."""
        try:
            async with asyncio.timeout(0):
                await self._websocket.close(GOODBYE)
        except (TimeoutError, RuntimeError, WebSocketDisconnect):
            self._connection.abort()

    def _end(self, reason: Reason) -> None:
        self._reason = self._reason or reason
        self._closing = True
        self._over.set()

    # What the driver orders

    def send(self, message: bytes) -> None:
        """Queue ``message``; nothing follows our last byte."""
        if self._closing:
            return
        if self._is_behind and self.queued_bytes() > PEER_QUEUE_BYTES_MAX:
            self.abort(Reason.SLOW)
            return
        self.sent_bytes += len(message)
        self._queue += message
        self._something_queued.set()
        if self.queued_bytes() > SEND_QUEUE_BYTES_MAX and not self._is_behind:
            self._fall_behind()

    def _fall_behind(self) -> None:
        """Read nothing from a browser that does not read, and say so."""
        self._is_behind = True
        self.rest()
        asyncio.get_running_loop().call_soon(self._driver.behind, self.peer)

    def finish(self) -> None:
        """Do nothing: a WebSocket cannot half-close, so our side just stays open."""

    def close(self, reason: Reason = Reason.OURS) -> None:
        """Close after what is queued; who takes nothing of it is cut off after a while."""
        if self._closing:
            return
        self._closing = True
        if reason is not Reason.OURS:
            self._reason = reason
        self._something_queued.set()
        self._await_progress()

    def _await_progress(self) -> None:
        loop, queued_bytes = asyncio.get_running_loop(), self.queued_bytes()
        self._stall = loop.call_later(SEND_STALL_S_MAX, self._look_at_progress, queued_bytes)

    def _look_at_progress(self, queued_before_bytes: int) -> None:
        if self.queued_bytes() == queued_before_bytes:
            self.abort(Reason.SILENT)
        else:
            self._await_progress()

    def abort(self, reason: Reason) -> None:
        """Close now; what is queued is lost."""
        self._is_aborted = True
        self._end(reason)

    def await_drained(self) -> None:
        """Report once the queue is empty, unless this is the end anyway."""
        if self._closing:
            return
        self._awaiting_drained = True
        self._something_queued.set()

    def rest(self) -> None:
        """Read nothing more for now."""
        if not self._closing and not self._is_gone:
            self._may_read.clear()

    def read_on(self) -> None:
        """Read again, unless the browser does not read itself."""
        if not self._is_behind:
            self._may_read.set()

    def local_address(self) -> Any:
        """Return our own address, as `socket.getsockname` would."""
        return tuple(self._websocket.scope["server"])

    def queued_bytes(self) -> int:
        """Return how much waits for the browser to read."""
        return len(self._queue) + self._leaving_bytes

    def activity(self) -> int:
        """Return how many bytes have moved."""
        return self.received_bytes + self.sent_bytes - self.queued_bytes()


def _data_of(message: Any) -> bytes:
    """Return the bytes of a message; one in text is a line."""
    data: bytes | None = message.get("bytes")
    if data is not None:
        return data
    line: str = message["text"]
    return (line if line.endswith("\n") else line + "\n").encode("utf-8", "surrogatepass")
