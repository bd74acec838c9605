"""Who may ask the page for what.

A browser sends requests for every page it shows, wherever that comes from. So a page elsewhere
could reach a server on somebody's loopback, by its address or by a name that suddenly leads
there (DNS rebinding), unless we look at what the browser says of itself (`Host`, RFC 9110,
7.2; `Origin`, RFC 6454). The token stands in the path of the address that is printed: whoever
has it was given it, and what the page loads by relative addresses carries it along.
"""

import asyncio
from hmac import compare_digest
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse, RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocketDisconnect

from enchufe.web.house import House

TRUSTED = "enchufe.trusted"
"""The key of a scope that says whether the token was shown."""

HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}
"""What a browser is told: it is to load nothing from elsewhere, to run no script but our files,
to show us in nobody else's frame, and to keep nothing, neither what was said nor an older page."""


class Guard:
    """Stands before the site: lets through what may come in, the token taken out of its path.

    Args:
        site: what it stands before.
        house: where that is.
    """

    def __init__(self, site: ASGIApp, house: House) -> None:
        self._site = site
        self._house = house
        self._names = {"localhost", house.name} - {""}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or refuse it."""
        if scope["type"] not in ("http", "websocket"):  # the server's own beginning and end
            await self._site(scope, receive, send)
            return
        path, is_trusted = self._without_token(scope["path"])
        why = self._objection(scope, is_trusted=is_trusted)
        send = _with_headers(send)
        try:
            if why:
                await _refuse(why, scope, receive, send)
            elif not path:  # its relative addresses begin where a folder does
                await _lead_to(f"{scope['path']}/", scope, receive, send)
            else:
                asked = {**scope, "path": path, "raw_path": path.encode(), TRUSTED: is_trusted}
                await self._site(asked, receive, send)
        except WebSocketDisconnect:
            return  # it left while we were speaking
        except asyncio.CancelledError:
            return  # only the end of the run cancels us, and there nobody waits for more

    def _without_token(self, path: str) -> tuple[str, bool]:
        first, slash, rest = path.removeprefix("/").partition("/")
        if compare_digest(first.encode(), self._house.token.encode()):
            return (f"/{rest}" if slash else "", True)
        return path, False

    def _objection(self, scope: Scope, *, is_trusted: bool) -> str:
        """Return why a request is refused, or "" if it is not."""
        if not is_trusted and not self._house.is_on_loopback:
            return self._house.words.token
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if self._house.is_on_loopback and not self._is_ours(_name_of(host)):
            return self._house.words.host
        origin = headers.get("origin")
        if origin is not None and origin != f"http://{host}":
            return self._house.words.origin
        return ""

    def _is_ours(self, name: str) -> bool:
        """Return whether a name leads here and nowhere else, whatever anybody's DNS says."""
        try:
            return name in self._names or ip_address(name).is_loopback
        except ValueError:
            return False


def _name_of(host: str) -> str:
    """Return the name or address in a `Host` header, "" where there is none."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _with_headers(send: Send) -> Send:
    async def with_headers(message: Any) -> None:
        if message["type"] == "http.response.start":
            ours = [(name.encode(), value.encode()) for name, value in HEADERS.items()]
            message = {**message, "headers": [*message.get("headers", []), *ours]}
        await send(message)

    return with_headers


async def _lead_to(where: str, scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await _refuse("", scope, receive, send)
    else:
        await RedirectResponse(where)(scope, receive, send)


async def _refuse(why: str, scope: Scope, receive: Receive, send: Send) -> None:
    """Say no: to a WebSocket before it is accepted, which a browser sees as status 403."""
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1008, "reason": why})
        return
    await PlainTextResponse(f"enchufe: {why}\n", status_code=403)(scope, receive, send)
