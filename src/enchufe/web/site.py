"""What the page's addresses lead to: its files, what there is, and the WebSockets behind it."""

import asyncio
import time
from collections.abc import Mapping
from pathlib import Path

import msgspec
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp
from starlette.websockets import WebSocket, WebSocketDisconnect

from enchufe.core.endpoint import Endpoint, parse_endpoint
from enchufe.core.errors import EnchufeError
from enchufe.core.notices import PeerRefused
from enchufe.core.peer import Transport
from enchufe.net.addresses import peer_at
from enchufe.net.driver import Driver
from enchufe.net.lobby import Lobby
from enchufe.web.calls import Call
from enchufe.web.guard import TRUSTED, Guard
from enchufe.web.house import Furniture, House
from enchufe.web.link import WebLink
from enchufe.web.live import LiveWire, Viewer

STATIC = Path(__file__).resolve().parent / "static"

CONVERTED_BYTES_MAX = 64 * 1024 * 1024
"""No page keeps more of what it has seen. One recording is converted at a time."""

VIEWERS_MAX = 32
"""Pages that are told what passes: for one that does not read much is kept."""

NO_SUCH_SERVICE, REFUSED = 4404, 4403
"""Codes of our own with which a WebSocket is closed (RFC 6455, 7.4.2)."""


class Site:
    """The page's site.

    Args:
        house: where it is.
        furniture: what it shows that is not its own.
        drivers: the services, by their names.
        lobby: says who may come in.
        live: the wire as it happens.
    """

    def __init__(
        self,
        house: House,
        furniture: Furniture,
        drivers: Mapping[str, Driver],
        lobby: Lobby,
        live: LiveWire,
    ) -> None:
        self._furniture = furniture
        self._token_needed = house.words.token
        self._converting = asyncio.Lock()
        self._drivers = drivers
        self._lobby = lobby
        self._live = live
        self.app: ASGIApp = Guard(
            Starlette(
                routes=[
                    Route("/", self._index),
                    Route("/about.json", self._about),
                    Route("/words/{language}.json", self._words),
                    Route("/pcapng", self._pcapng, methods=["POST"]),
                    WebSocketRoute("/ws/{service}", self._service),
                    WebSocketRoute("/wire", self._wire),
                    WebSocketRoute("/call", self._call),
                    Route("/{path:path}", StaticFiles(directory=STATIC)),
                ],
            ),
            house,
        )

    async def _index(self, _request: Request) -> Response:
        return FileResponse(STATIC / "index.html")

    async def _about(self, request: Request) -> Response:
        """Say what there is, and what this browser may do."""
        furniture = self._furniture
        about = {
            "version": furniture.version,
            "is_trusted": bool(request.scope[TRUSTED]),
            "languages": furniture.languages,
            "services": list(self._drivers),
            "listed": furniture.listed(),
        }
        return _json(msgspec.json.encode(about))

    async def _words(self, request: Request) -> Response:
        language = request.path_params["language"]
        if language not in self._furniture.languages:
            return PlainTextResponse("", status_code=404)
        return _json(self._furniture.words(language))

    async def _pcapng(self, request: Request) -> Response:
        """Make a capture file of what the page has kept, which is a recording."""
        async with self._converting:
            recording = await _body_of(request)
            if recording is None:
                return PlainTextResponse("", status_code=413)
            try:
                capture = await asyncio.to_thread(self._furniture.pcapng, recording)
            except EnchufeError as error:
                why = self._furniture.call.explain(error, request.query_params.get("language", ""))
                return PlainTextResponse(why, status_code=422)
        return Response(capture, media_type="application/x-pcapng")

    async def _service(self, websocket: WebSocket) -> None:
        """Let a browser talk with a service, as a peer like any other."""
        await websocket.accept()
        driver = self._drivers.get(websocket.path_params["service"])
        if driver is None:
            await websocket.close(NO_SUCH_SERVICE)
            return
        if not websocket.scope[TRUSTED] and not self._furniture.is_public(driver.name):
            await websocket.close(REFUSED, self._token_needed)
            return
        if not self._lobby.is_open or self._lobby.serves_left == 0:
            await websocket.close(REFUSED)
            return
        address = websocket.client or ("", 0)
        peer = peer_at(driver.next_number(), Transport.WEBSOCKET, tuple(address))
        refusal = self._lobby.refusal(peer.host)
        if refusal is not None:
            refused = PeerRefused(time.time_ns(), peer.transport, peer.address, refusal)
            self._lobby.troubles.tell(refused)
            await websocket.close(REFUSED, self._lobby.reason(refusal))
            return
        self._lobby.enter(peer.host)
        self._lobby.serve()
        try:
            await WebLink(driver, peer, websocket).run()
        finally:
            self._lobby.leave(peer.host)

    async def _wire(self, websocket: WebSocket) -> None:
        """Tell a browser what passes, until it leaves."""
        await websocket.accept()
        if self._live.viewers >= VIEWERS_MAX:
            await websocket.close(REFUSED)
            return
        viewer = self._live.join()
        try:
            async with asyncio.TaskGroup() as tasks:
                telling = tasks.create_task(_tell(viewer, websocket))
                while (await websocket.receive())["type"] != "websocket.disconnect":
                    pass
                telling.cancel()
        finally:
            self._live.leave(viewer)

    async def _call(self, websocket: WebSocket) -> None:
        """Let a browser talk with any endpoint; without the token, with our own ones only."""
        await websocket.accept()
        may_call_any = bool(websocket.scope[TRUSTED])

        def may_call(endpoint: Endpoint) -> bool:
            if may_call_any:
                return True
            ours = {str(parse_endpoint(listed.url)) for listed in self._furniture.listed()}
            # A path's permissions are its door, and what comes through it from us has our name.
            return endpoint.transport.is_internet and str(endpoint) in ours

        await Call(websocket, self._furniture.call, may_call).run()


async def _tell(viewer: Viewer, websocket: WebSocket) -> None:
    try:
        while True:
            await websocket.send_text(await viewer.next())
    except (WebSocketDisconnect, RuntimeError):  # it has left
        return


async def _body_of(request: Request) -> bytes | None:
    """Return what was sent, or None if it is too much, or whoever sent it has left."""
    body = bytearray()
    try:
        async for part in request.stream():
            body += part
            if len(body) > CONVERTED_BYTES_MAX:
                return None
    except ClientDisconnect:
        return None
    return bytes(body)


def _json(data: bytes) -> Response:
    return Response(data, media_type="application/json")
