"""Who may ask the page for what, by what a browser says of itself."""

import asyncio
from typing import Any

import pytest
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocketDisconnect

from enchufe.web.guard import HEADERS, TRUSTED, Guard
from enchufe.web.house import GuardWords, House

TOKEN = "aB3-_xyz"
WORDS = GuardWords()
LOOPBACK = House(TOKEN, is_on_loopback=True)
EVERYWHERE = House(TOKEN, is_on_loopback=False)


class Asked:
    """A request, and what became of it: what reached the site, and what was answered."""

    def __init__(self, path: str = "/", kind: str = "http", **headers: str) -> None:
        self.reached: Scope | None = None
        self.answers: list[Any] = []
        self.scope = {
            "type": kind,
            "method": "GET",
            "path": path,
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        }

    async def _site(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.reached = scope
        if scope["type"] == "http":
            await PlainTextResponse("well")(scope, receive, send)

    async def _receive(self) -> Any:
        return {"type": f"{self.scope['type']}.connect"}

    async def _send(self, message: Any) -> None:
        self.answers.append(message)

    def at(self, house: House) -> "Asked":
        asyncio.run(Guard(self._site, house)(self.scope, self._receive, self._send))
        return self

    @property
    def status(self) -> int:
        status: int = self.answers[0]["status"]
        return status

    @property
    def text(self) -> str:
        body: bytes = self.answers[1]["body"]
        return body.decode()


@pytest.mark.parametrize(
    "host",
    [
        "localhost:7080",
        "localhost",
        "LOCALHOST:7080",
        "127.0.0.1:7080",
        "127.0.0.2:7080",
        "[::1]:7080",
    ],
)
def test_loopback_is_reached_by_its_own_names(host: str) -> None:
    assert Asked(host=host).at(LOOPBACK).status == 200


@pytest.mark.parametrize(
    "host",
    [
        "",
        "evil.example",
        "evil.example:7080",
        "localhost.evil.example:7080",
        "127.0.0.1.nip.io:7080",
        "localhost.",
        "192.168.1.4:7080",
        "0.0.0.0:7080",
        "[::1",
        "localhost@evil.example",
        "evil.example/localhost",
        "2130706433:7080",
        "127.1:7080",
    ],
)
@pytest.mark.parametrize("token", ["", f"/{TOKEN}"])
def test_a_name_that_only_happens_to_lead_here_is_refused_even_with_the_token(
    host: str, token: str
) -> None:
    asked = Asked(f"{token}/", host=host).at(LOOPBACK)
    assert (asked.status, asked.reached) == (403, None)
    assert asked.text == f"enchufe: {WORDS.host}\n"


def test_the_name_by_which_the_person_wants_it_reached_is_its_own() -> None:
    house = House(TOKEN, is_on_loopback=True, name="workshop.lan")
    assert Asked(host="workshop.lan:7080").at(house).status == 200
    assert Asked(host="other.lan:7080").at(house).status == 403


@pytest.mark.parametrize("kind", ["http", "websocket"])
@pytest.mark.parametrize(
    "origin",
    [
        "null",
        "http://evil.example",
        "https://localhost:7080",
        "http://localhost:3000",
        "http://localhost",
        "http://127.0.0.1:7080",  # another name is another page
        "http://localhost:7080.evil.example",
        "http://localhost:7080/",
        "HTTP://localhost:7080",
        "",
    ],
)
def test_another_page_has_no_business_here(origin: str, kind: str) -> None:
    asked = Asked(f"/{TOKEN}/wire", kind, host="localhost:7080", origin=origin).at(LOOPBACK)
    assert asked.reached is None
    if kind == "http":
        assert (asked.status, asked.text) == (403, f"enchufe: {WORDS.origin}\n")
    else:
        assert asked.answers == [{"type": "websocket.close", "code": 1008, "reason": WORDS.origin}]


@pytest.mark.parametrize("house", [LOOPBACK, EVERYWHERE])
def test_our_own_page_and_who_is_no_page_may_ask(house: House) -> None:
    for headers in ({}, {"origin": "http://localhost:7080"}):
        asked = Asked(f"/{TOKEN}/wire", "websocket", host="localhost:7080", **headers).at(house)
        assert asked.reached is not None


@pytest.mark.parametrize(
    ("path", "inner", "is_trusted"),
    [
        ("/", "/", False),
        (f"/{TOKEN}/", "/", True),
        (f"/{TOKEN}/wire", "/wire", True),
        (f"/{TOKEN}/a/b", "/a/b", True),
        (f"/{TOKEN}/{TOKEN}/", f"/{TOKEN}/", True),
        (f"/{TOKEN.lower()}/wire", f"/{TOKEN.lower()}/wire", False),
        (f"/{TOKEN[:-1]}/wire", f"/{TOKEN[:-1]}/wire", False),
        (f"/{TOKEN}x/wire", f"/{TOKEN}x/wire", False),
        (f"//{TOKEN}/wire", f"//{TOKEN}/wire", False),
        (f"/wire/{TOKEN}/", f"/wire/{TOKEN}/", False),
        ("/wire", "/wire", False),
        ("/ñ�/wire", "/ñ�/wire", False),
    ],
)
def test_the_token_is_the_first_part_of_the_path_to_the_letter(
    path: str, inner: str, is_trusted: bool
) -> None:
    asked = Asked(path, host="localhost").at(LOOPBACK)
    assert asked.reached is not None
    assert (asked.reached["path"], asked.reached["raw_path"]) == (inner, inner.encode())
    assert asked.reached[TRUSTED] is is_trusted
    elsewhere = Asked(path, host="192.168.1.4").at(EVERYWHERE)
    assert (elsewhere.reached is not None) is is_trusted
    if not is_trusted:
        assert (elsewhere.status, elsewhere.text) == (403, f"enchufe: {WORDS.token}\n")


@pytest.mark.parametrize("house", [LOOPBACK, EVERYWHERE])
def test_an_address_without_its_last_slash_keeps_its_token(house: House) -> None:
    asked = Asked(f"/{TOKEN}", host="localhost").at(house)
    assert (asked.status, asked.reached) == (307, None)
    assert dict(asked.answers[0]["headers"])[b"location"] == f"/{TOKEN}/".encode()


@pytest.mark.parametrize(
    "asked",
    [
        Asked(host="localhost"),
        Asked(host="evil.example"),
        Asked(f"/{TOKEN}", host="localhost"),
    ],
)
def test_every_answer_says_what_a_browser_may_do_with_it(asked: Asked) -> None:
    told = {
        name.decode(): value.decode() for name, value in asked.at(LOOPBACK).answers[0]["headers"]
    }
    assert HEADERS.items() <= told.items()
    policy = told["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; ")
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert told["cache-control"] == "no-store"
    assert told["x-content-type-options"] == "nosniff"


def test_who_leaves_while_we_speak_is_no_fault_and_a_fault_is_loud() -> None:
    async def left(_scope: Scope, _receive: Receive, _send: Send) -> None:
        raise WebSocketDisconnect(1006)

    async def faulty(_scope: Scope, _receive: Receive, _send: Send) -> None:
        raise LookupError("our fault")

    asked = Asked(host="localhost")
    asyncio.run(Guard(left, LOOPBACK)(asked.scope, asked._receive, asked._send))
    with pytest.raises(LookupError):
        asyncio.run(Guard(faulty, LOOPBACK)(asked.scope, asked._receive, asked._send))
