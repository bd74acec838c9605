"""The far end of a WebSocket, as a test plays it: it speaks, reads or does not, and leaves."""

import asyncio
from typing import Any

from starlette.websockets import WebSocket

from enchufe.web.protocols import CONNECTION, LOST


class Browser:
    """A browser that does what the test says.

    Attributes:
        heard: the messages that reached it.
        code: the code with which it was closed; None if it was not.
        reads: set while it reads.
    """

    def __init__(self) -> None:
        self.heard: list[Any] = []
        self.code: int | None = None
        self.is_aborted = False
        self.reads = asyncio.Event()
        self.reads.set()
        self.lost = asyncio.Event()
        self._said: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        scope = {
            "type": "websocket",
            "client": ("127.0.0.1", 50_000),
            "server": ("127.0.0.1", 7080),
            CONNECTION: self,
        }
        self.websocket = WebSocket(scope, self._said.get, self._send)

    async def accepted(self) -> WebSocket:
        """Return its WebSocket, accepted."""
        self._said.put_nowait({"type": "websocket.connect"})
        await self.websocket.accept()
        return self.websocket

    async def _send(self, message: Any) -> None:
        await self.reads.wait()
        if self.lost.is_set():
            raise OSError
        if message["type"] == "websocket.close":
            self.code = message["code"]
        elif message["type"] == "websocket.send":
            self.heard.append(message.get("bytes") or message.get("text"))

    def abort(self) -> None:
        """Be cut off."""
        self.is_aborted = True
        self.vanish()

    def vanish(self) -> None:
        """Be gone without a goodbye."""
        self.lost.set()
        self.reads.set()
        self.leave(LOST)

    def say(self, data: bytes | str) -> None:
        kind = "bytes" if isinstance(data, bytes) else "text"
        self._said.put_nowait({"type": "websocket.receive", kind: data})

    def leave(self, code: int) -> None:
        self._said.put_nowait({"type": "websocket.disconnect", "code": code})

    @property
    def unread(self) -> int:
        """How many of the messages that it said nobody has taken."""
        return self._said.qsize()
