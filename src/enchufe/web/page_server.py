"""The web server: uvicorn, set up for a page that is part of a longer run."""

import asyncio
import contextlib
import socket

import uvicorn
from starlette.types import ASGIApp

from enchufe.web.protocols import REQUESTS_MAX, PageHttp, PageWebSocket

MESSAGE_BYTES_MAX = 2 * 1024 * 1024
"""No message of a browser is longer: a frame has a megabyte at most, a text to send no more."""

STOP_S_MAX = 1.0
"""How long browsers may take to close what they have open when the run ends."""


class PageServer(uvicorn.Server):
    """A server that leaves signals to the run, and ends when that does.

    Args:
        site: what it serves.
    """

    def __init__(self, site: ASGIApp) -> None:
        super().__init__(
            uvicorn.Config(
                site,
                http=PageHttp,
                ws=PageWebSocket,
                ws_max_size=MESSAGE_BYTES_MAX,
                ws_per_message_deflate=False,  # a few bytes would stand for megabytes
                lifespan="off",
                proxy_headers=False,  # who comes is who the socket says
                log_config=None,
                log_level="error",  # our own faults; what browsers do wrong is no news
                access_log=False,
                server_header=False,
                date_header=False,
                limit_concurrency=REQUESTS_MAX,
            )
        )

    def capture_signals(self) -> contextlib.AbstractContextManager[None]:  # type: ignore[override]
        """Leave them to the run."""
        return contextlib.nullcontext()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Let browsers close what they have open, but not for long."""
        cutting = asyncio.get_running_loop().call_later(STOP_S_MAX, self.cut_off)
        try:
            await super().shutdown(sockets)
        finally:
            cutting.cancel()

    def cut_off(self) -> None:
        """End every conversation now."""
        self.should_exit = True
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        for task in self.server_state.tasks:
            task.cancel()
