"""HTTP and WebSockets as uvicorn speaks them, with the limits that it leaves to others.

What is bounded here is what a browser never does: to connect and ask for nothing, to cut a
message into pieces without end, to say a thousand things in one breath, to be cut off and
not to notice.
"""

import asyncio
from collections.abc import MutableMapping
from typing import Any, Protocol

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame
from websockets.http11 import Request

REQUESTS_MAX = 256
"""Connections the page has open at once; more are told that it is busy."""

CONNECTIONS_MAX = 2 * REQUESTS_MAX
"""Beyond these nobody is told anything any more."""

REQUEST_S_MAX = 30.0
"""Whoever asks for nothing new between two looks so far apart is let go: a browser's request takes
milliseconds."""

FRAGMENTS_MAX = 1_024
"""Pieces of one message (RFC 6455, 5.4): empty ones would never add up to its largest size."""

PARSED_BYTES = 4 * 1024
"""So much is understood at once, of all that one read brought: tiny messages take a hundred times
the memory of their bytes, and time in which nobody else is heard."""

NOT_UTF_8, TOO_LARGE, LOST = 1007, 1009, 1006
"""Why a WebSocket ends (RFC 6455, 7.4.1)."""

CONNECTION = "enchufe.connection"
"""The key of a scope that leads to its `Connection`."""

_BUSY = (
    b"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\n"
    b"Content-Type: text/plain; charset=utf-8\r\nContent-Length: 19\r\n\r\nService Unavailable"
)


class Connection(Protocol):
    """What is below a WebSocket, for those who cannot wait for its goodbye."""

    lost: asyncio.Event

    def abort(self) -> None:
        """End it now; what is queued is lost."""


def connection_of(scope: MutableMapping[str, Any]) -> Connection:
    """Return what is below a WebSocket."""
    connection: Connection = scope[CONNECTION]
    return connection


class PageHttp(H11Protocol):
    """HTTP with somebody who must ask for something within a while."""

    _looking: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a browser in, unless there are far too many."""
        super().connection_made(transport)
        if len(self.connections) > CONNECTIONS_MAX:
            transport.abort()
            return
        self._look_again()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        self._look_away()
        super().connection_lost(exc)

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        """Let it talk on over a WebSocket; those count as well."""
        self._look_away()
        if len(self.connections) > REQUESTS_MAX:
            self.transport.write(_BUSY)
            self.transport.close()
            return
        super().handle_websocket_upgrade(event)

    def _look_again(self) -> None:
        self._looking = self.loop.call_later(REQUEST_S_MAX, self._look, self.cycle)

    def _look(self, before: object) -> None:
        """Let go of whoever has taken up a connection, and asked for nothing since."""
        if self.cycle is before:
            self.transport.abort()
        else:
            self._look_again()

    def _look_away(self) -> None:
        if self._looking is not None:
            self._looking.cancel()
            self._looking = None


class PageWebSocket(WebSocketsSansIOProtocol):
    """A WebSocket that bounds what a message costs, and says when it is gone."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.lost = asyncio.Event()
        self._unread = bytearray()

    def abort(self) -> None:
        """End it now; what is queued is lost."""
        self.transport.abort()

    def handle_connect(self, event: Request) -> None:
        """Let whoever is told of it reach us."""
        super().handle_connect(event)
        if not self.close_sent:
            self.scope[CONNECTION] = self  # type: ignore[literal-required]  # a key of ours

    def data_received(self, data: bytes) -> None:
        """Keep what came, and understand as much as is wanted now."""
        self._unread += data
        self._understand()

    async def receive(self) -> Any:
        """Return the next message, and understand the next piece of what came."""
        message = await super().receive()
        self._understand()
        return message

    def _understand(self) -> None:
        while self._unread and not self.transport.is_closing():
            if not self.queue.empty() and not self.close_sent:
                return
            piece = bytes(self._unread[:PARSED_BYTES])
            del self._unread[:PARSED_BYTES]
            super().data_received(piece)
            if self.conn.eof_sent and not self.handshake_complete:
                self._never_begin()  # a header too long, of which nobody is told

    def handle_cont(self, event: Frame) -> None:
        """Keep a piece of a message, unless it has too many."""
        if len(self.frames) >= FRAGMENTS_MAX:
            self._give_up(TOO_LARGE)
        elif not self.close_sent:
            super().handle_cont(event)

    def send_receive_event_to_app(self) -> None:
        """Hand a whole message over; text that is none is its sender's fault, not ours."""
        if self.curr_msg_data_type == "text" and not _is_text(self.frames):
            self._give_up(NOT_UTF_8)
        else:
            super().send_receive_event_to_app()

    def _give_up(self, code: int) -> None:
        self.frames = []
        if not self.close_sent:
            self.conn.send_close(code)
            self.handle_parser_exception()

    def handle_parser_exception(self) -> None:
        """End a conversation that breaks the rules, or that never began by them."""
        if self.conn.close_sent is not None:
            super().handle_parser_exception()
            return
        self._never_begin()

    def _never_begin(self) -> None:
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.handshake_complete = self.close_sent = True
        self.transport.close()

    def shutdown(self) -> None:
        """Say goodbye as the run ends, to whoever has not said it yet."""
        if not self.transport.is_closing():
            super().shutdown()

    def connection_lost(self, exc: Exception | None) -> None:
        """Say that it is gone; without a goodbye nobody knows whether for good."""
        self.queue.put_nowait({"type": "websocket.disconnect", "code": LOST})
        super().connection_lost(exc)
        self.lost.set()


def _is_text(pieces: list[bytes]) -> bool:
    try:
        b"".join(pieces).decode()
    except UnicodeDecodeError:
        return False
    return True
