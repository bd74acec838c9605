"""The page of a run: its sockets, from the first browser to the end of the run.

The web server is heavy and most runs are never looked at. So it is loaded when the first
browser knocks, who waits in the kernel's queue until then.
"""

import asyncio
from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING

from enchufe.net.driver import Driver
from enchufe.net.listen import BoundSocket
from enchufe.net.lobby import Lobby
from enchufe.web.house import Furniture, House
from enchufe.web.live import LiveWire

if TYPE_CHECKING:  # heavy: loaded when the first browser comes
    from enchufe.web.page_server import PageServer


class Page:
    """Serves the page.

    Args:
        bound: its sockets, which listen already.
        house: where it is.
        furniture: what it shows that is not its own.
        live: the wire as it happens.
        url: its address, token and all.
    """

    def __init__(
        self,
        bound: Sequence[BoundSocket],
        house: House,
        furniture: Furniture,
        live: LiveWire,
        url: str,
    ) -> None:
        self.url = url
        self._sockets = [each.sock for each in bound]
        self._house = house
        self._furniture = furniture
        self._live = live
        self._server: PageServer | None = None
        self._is_closed = False
        self._loop = asyncio.get_running_loop()

    def open(self, drivers: Sequence[Driver], lobby: Lobby, tasks: asyncio.TaskGroup) -> None:
        """Wait for browsers."""
        self._live.begin(drivers)

        def knocked() -> None:
            self._look_away()
            tasks.create_task(self._serve(drivers, lobby))

        for sock in self._sockets:
            self._loop.add_reader(sock, knocked)

    def close(self) -> None:
        """Let nobody else in, and end what is open."""
        self._look_away()
        self._is_closed = True
        if self._server is not None:
            self._server.should_exit = True
            return
        for sock in self._sockets:
            sock.close()

    def hurry(self) -> None:
        """End at once."""
        if self._server is not None:
            self._server.cut_off()

    def _look_away(self) -> None:
        for sock in self._sockets:
            if sock.fileno() >= 0:
                self._loop.remove_reader(sock)

    async def _serve(self, drivers: Sequence[Driver], lobby: Lobby) -> None:
        await asyncio.to_thread(_load)  # peers go on talking meanwhile
        if self._is_closed:
            return
        from enchufe.web.page_server import PageServer
        from enchufe.web.site import Site

        services = {driver.name: driver for driver in drivers}
        site = Site(self._house, self._furniture, services, lobby, self._live)
        self._server = PageServer(site.app)
        await self._server.serve(self._sockets)


def _load() -> None:
    """Load what the web server needs, which takes a while."""
    for module in ("enchufe.web.page_server", "enchufe.web.site"):
        import_module(module)
