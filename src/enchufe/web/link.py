"""A browser as a peer: a stream of bytes, carried by the messages of a WebSocket (RFC 6455).

Where the messages are cut means nothing, as with any stream; but a message in text is a line,
so that any WebSocket client can talk to a service that takes lines.
"""

import asyncio
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from enchufe.core.events import Reason
from enchufe.core.limits import LINGER_S_MAX, PEER_QUEUE_BYTES_MAX, SEND_QUEUE_BYTES_MAX
from enchufe.core.peer import Peer
from enchufe.net.driver import Driver

MESSAGE_BYTES = 256 * 1024
"""What waits is sent in messages of about this size."""

LEFT_WELL = 1000
"""The code of a browser that leaves on purpose; one whose tab is closed or reloaded may come back
(RFC 6455, 7.4.1)."""


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
        self._queue: list[bytes] = []
        self._queued_bytes = 0
        self._reason: Reason | None = None
        self._closing = False
        self._is_behind = False
        self._awaiting_drained = False
        self._something_queued = asyncio.Event()
        self._may_read = asyncio.Event()
        self._may_read.set()
        self._over = asyncio.Event()

    async def run(self) -> None:
        """Hold the conversation until one side ends it."""
        self._driver.opened(self)
        async with asyncio.TaskGroup() as tasks:
            working = [tasks.create_task(work()) for work in (self._read, self._write)]
            await self._over.wait()
            for task in working:
                task.cancel()
        unsent_bytes = self._queued_bytes
        self._queue.clear()
        await self._hang_up()
        self._driver.closed(self, self._reason or Reason.OURS, unsent_bytes)

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

    def _left(self, code: int) -> None:
        """Note that the browser is gone, for good or not."""
        if code == LEFT_WELL:
            self._reason = self._reason or Reason.FINISHED
            if not self._closing:
                self._driver.finished(self.peer)
        self._end(Reason.RESET)

    async def _write(self) -> None:
        while not (self._closing and not self._queue):
            await self._something_queued.wait()
            self._something_queued.clear()
            while self._queue:
                await self._send_some()
            self._caught_up()
        self._end(Reason.OURS)

    async def _send_some(self) -> None:
        """Send the first of what waits as one message."""
        count, size_bytes = 0, 0
        while count < len(self._queue) and size_bytes < MESSAGE_BYTES:
            size_bytes += len(self._queue[count])
            count += 1
        together = b"".join(self._queue[:count])
        del self._queue[:count]
        try:
            await self._websocket.send_bytes(together)
        except (WebSocketDisconnect, RuntimeError):  # it left while we were writing
            self._end(Reason.RESET)
            self._queue.clear()
        self._queued_bytes -= size_bytes

    def _caught_up(self) -> None:
        """Go on with who was behind, and report that all has left if that was awaited."""
        if self._is_behind:
            self._is_behind = False
            self.read_on()
        if self._awaiting_drained and not self._closing:
            self._awaiting_drained = False
            self._driver.drained(self.peer)

    async def _hang_up(self) -> None:
        if self._websocket.client_state is not WebSocketState.CONNECTED:
            return
        try:
            async with asyncio.timeout(LINGER_S_MAX):
                await self._websocket.close(LEFT_WELL)
        except (TimeoutError, RuntimeError, WebSocketDisconnect):
            return

    def _end(self, reason: Reason) -> None:
        self._reason = self._reason or reason
        self._closing = True
        self._over.set()

    # What the driver orders

    def send(self, message: bytes) -> None:
        """Queue ``message``; nothing follows our last byte."""
        if self._closing:
            return
        if self._is_behind and self._queued_bytes > PEER_QUEUE_BYTES_MAX:
            self.abort(Reason.SLOW)
            return
        self.sent_bytes += len(message)
        self._queue.append(message)
        self._queued_bytes += len(message)
        self._something_queued.set()
        if self._queued_bytes > SEND_QUEUE_BYTES_MAX and not self._is_behind:
            self._fall_behind()

    def _fall_behind(self) -> None:
        """Read nothing from a browser that does not read, and say so."""
        self._is_behind = True
        self._may_read.clear()
        asyncio.get_running_loop().call_soon(self._driver.behind, self.peer)

    def finish(self) -> None:
        """Do nothing: a WebSocket cannot half-close, so our side just stays open."""

    def close(self, reason: Reason = Reason.OURS) -> None:
        """Close after what is queued."""
        if self._closing:
            return
        self._closing = True
        if reason is not Reason.OURS:
            self._reason = reason
        self._something_queued.set()

    def abort(self, reason: Reason) -> None:
        """Close now; what is queued is lost."""
        self._end(reason)

    def await_drained(self) -> None:
        """Report once the queue is empty, unless this is the end anyway."""
        if self._closing:
            return
        self._awaiting_drained = True
        self._something_queued.set()

    def rest(self) -> None:
        """Read nothing more for now."""
        if not self._closing:
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
        return self._queued_bytes

    def activity(self) -> int:
        """Return how many bytes have moved."""
        return self.received_bytes + self.sent_bytes - self._queued_bytes


def _data_of(message: Any) -> bytes:
    """Return the bytes of a message; one in text is a line."""
    data: bytes | None = message.get("bytes")
    if data is not None:
        return data
    line: str = message["text"]
    return (line if line.endswith("\n") else line + "\n").encode("utf-8", "surrogatepass")
