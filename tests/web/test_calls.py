"""A conversation with any endpoint, held from the page."""

import asyncio
import contextlib
import json
import socket
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from tests.net.recording import on_loop, until
from tests.web.browser import Browser

from enchufe.core.endpoint import Endpoint
from enchufe.web import calls
from enchufe.web.calls import Call
from enchufe.web.house import CallWords

WORDS = CallWords(
    explain=lambda error, language: f"{language}: {type(error).__name__}",
    not_allowed=lambda language: f"{language}: not allowed",
)


READ_BYTES_MAX = 256 * 1024
"""What one read of either event loop takes at most."""


class Far:
    """A server somewhere, that does what the test says."""

    def __init__(self) -> None:
        self.connected: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = (
            asyncio.Queue()
        )
        self.url = ""
        self.writers: list[asyncio.StreamWriter] = []

    async def _met(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.append(writer)
        self.connected.put_nowait((reader, writer))


@contextlib.asynccontextmanager
async def far() -> AsyncIterator[Far]:
    there = Far()
    server = await asyncio.start_server(there._met, "127.0.0.1", 0)
    there.url = f"tcp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield there
    finally:
        server.close()
        for writer in there.writers:
            if not writer.is_closing():
                writer.transport.abort()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()


class Page(Browser):
    """A browser that calls."""

    @property
    def facts(self) -> list[dict[str, Any]]:
        return [json.loads(text) for text in self.heard]

    @property
    def received(self) -> bytes:
        return b"".join(b64decode(fact["received"]) for fact in self.facts if "received" in fact)

    def ask(self, **words: object) -> None:
        self.say(json.dumps(words))

    def write(self, data: bytes) -> None:
        self.ask(send=b64encode(data).decode())

    def kinds(self) -> list[str]:
        return [next(iter(fact)) for fact in self.facts]


def called(
    play: Callable[[Page], Awaitable[None]],
    may_call: Callable[[Endpoint], bool] = lambda _endpoint: True,
) -> Page:
    """Let a page hold a call to its end, on either event loop."""

    async def main() -> Page:
        page = Page()
        call = Call(await page.accepted(), WORDS, may_call)
        async with asyncio.timeout(10), asyncio.TaskGroup() as tasks:
            tasks.create_task(call.run())
            await play(page)
        assert call._driver.links == {}
        return page

    on_loop(main(), plain=True)
    return on_loop(main())


def test_a_conversation_is_told_from_its_beginning_to_its_end() -> None:
    async def play(page: Page) -> None:
        async with far() as there:
            page.ask(endpoint=there.url)
            page.write(b"\x00\xffhola")  # before anybody is there
            reader, writer = await there.connected.get()
            assert await reader.readexactly(6) == b"\x00\xffhola"
            writer.write(b"\xfe")
            await until(lambda: page.received == b"\xfe")
            page.ask(finish=True)
            assert await reader.read() == b""
            writer.write(b"last")
            writer.close()
            await until(lambda: page.code is not None)

    page = called(play)
    assert page.kinds() == ["opened", "received", "received", "finished", "closed"]
    assert page.facts[0]["transport"] == "tcp"
    assert (page.received, page.facts[-1]["closed"], page.code) == (b"\xfelast", "finished", 1000)
    assert all(int(fact["at_ns"]) > 10**18 for fact in page.facts)


@pytest.mark.parametrize(
    ("endpoint", "failed"),
    [
        ("tcp://", "es: EndpointError"),
        ("nope://x:1", "es: EndpointError"),
        ("", "es: EndpointError"),
    ],
)
def test_what_names_no_endpoint_is_explained(endpoint: str, failed: str) -> None:
    async def play(page: Page) -> None:
        page.ask(endpoint=endpoint, language="es")
        await until(lambda: page.code is not None)

    page = called(play)
    assert [fact["failed"] for fact in page.facts] == [failed]
    assert page.code == 1000


def test_where_nobody_listens_is_explained() -> None:
    async def play(page: Page) -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))  # and does not listen
            page.ask(endpoint=f"tcp://127.0.0.1:{taken.getsockname()[1]}")
            await until(lambda: page.code is not None)

    assert [fact["failed"] for fact in called(play).facts] == ["en: UnreachableError"]


def test_what_may_not_be_called_is_not_reached() -> None:
    async def play(page: Page) -> None:
        async with far() as there:
            page.ask(endpoint=there.url, language="es")
            await until(lambda: page.code is not None)
            assert there.connected.empty()

    page = called(play, lambda _endpoint: False)
    assert [fact["failed"] for fact in page.facts] == ["es: not allowed"]


@pytest.mark.parametrize(
    "first", [b"\x00", "", "no", "[]", "{}", '{"endpoint": 1}', '{"endpoint": "x"', "[" * 100_000]
)
def test_who_begins_with_something_else_is_closed(first: bytes | str) -> None:
    async def play(page: Page) -> None:
        page.say(first)
        await until(lambda: page.code is not None)

    assert called(play).code == 1003


@pytest.mark.parametrize("later", [b"\x00", "", '{"send": "no base64!"}', "[]", '{"send": 5}'])
def test_who_goes_on_with_something_else_is_closed(later: bytes | str) -> None:
    async def play(page: Page) -> None:
        async with far() as there:
            page.ask(endpoint=there.url)
            reader, _writer = await there.connected.get()
            await until(lambda: page.kinds() == ["opened"])
            page.say(later)
            with contextlib.suppress(ConnectionError):
                assert await reader.read() == b""
            await until(lambda: page.code is not None)

    assert called(play).kinds() == ["opened", "closed"]


@pytest.mark.parametrize("when", ["before it asks", "while it rings", "in the middle"])
@pytest.mark.parametrize("politely", [True, False])
def test_a_page_that_leaves_ends_its_call(
    when: str, politely: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    rings = asyncio.Event()

    async def never(*_arguments: object) -> None:
        rings.set()
        await asyncio.Event().wait()

    if when == "while it rings":
        monkeypatch.setattr(calls, "dial_stream", never)

    async def play(page: Page) -> None:
        async with far() as there:
            if when != "before it asks":
                page.ask(endpoint=there.url)
            if when == "while it rings":
                await until(rings.is_set)
                rings.clear()
                page.write(b"hello?")  # waits, so that nobody hears the goodbye
            if when == "in the middle":
                reader, _writer = await there.connected.get()
            if politely and when != "while it rings":
                page.leave(1000)
            else:
                page.vanish()
            if when == "in the middle":
                with contextlib.suppress(ConnectionError):
                    assert await reader.read() == b""

    async def main() -> None:
        page = Page()
        call = Call(await page.accepted(), WORDS, lambda _endpoint: True)
        async with asyncio.timeout(10), asyncio.TaskGroup() as tasks:
            running = tasks.create_task(_left(call))
            await play(page)
            await running

    on_loop(main())


async def _left(call: Call) -> None:
    from starlette.websockets import WebSocketDisconnect

    with contextlib.suppress(WebSocketDisconnect):  # what the guard expects of those who leave
        await call.run()


def test_a_flood_for_a_page_that_does_not_read_is_left_with_whoever_sends_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(calls, "WAITING_BYTES_MAX", 128 * 1024)
    flood = 8 * 1024 * 1024

    async def main() -> None:
        page = Page()
        call = Call(await page.accepted(), WORDS, lambda _endpoint: True)
        async with asyncio.timeout(20), asyncio.TaskGroup() as tasks, far() as there:
            tasks.create_task(call.run())
            page.ask(endpoint=there.url)
            _reader, writer = await there.connected.get()
            await until(lambda: page.kinds() == ["opened"])
            page.reads.clear()
            writer.write(bytes(flood))
            await until(call._is_much)
            for _turn in range(100):
                await asyncio.sleep(0)
            assert call._waiting_bytes < 128 * 1024 + 2 * READ_BYTES_MAX
            page.reads.set()
            writer.close()
            await until(lambda: page.code is not None)
            assert len(page.received) == flood  # nothing of a stream is lost

    on_loop(main(), plain=True)
    on_loop(main())


def test_a_page_that_floods_somebody_who_does_not_read_is_not_read_itself() -> None:
    async def play(page: Page) -> None:
        async with far() as there:
            page.ask(endpoint=there.url)
            reader, _writer = await there.connected.get()
            for _piece in range(40):
                page.write(bytes(512 * 1024))
            await until(lambda: bool(page.unread) and page.unread < 40)
            for _turn in range(200):
                await asyncio.sleep(0)
            assert page.unread > 20
            assert len(await reader.readexactly(40 * 512 * 1024)) == 40 * 512 * 1024
            page.vanish()

    called(play)


def test_datagrams_are_told_too() -> None:
    async def main() -> None:
        page = Page()
        call = Call(await page.accepted(), WORDS, lambda _endpoint: True)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as there:
            there.bind(("127.0.0.1", 0))
            there.setblocking(False)
            async with asyncio.timeout(10), asyncio.TaskGroup() as tasks:
                tasks.create_task(call.run())
                page.ask(endpoint=f"udp://127.0.0.1:{there.getsockname()[1]}")
                page.write(b"hola")
                came: list[Any] = []

                def has_come() -> bool:
                    with contextlib.suppress(BlockingIOError):
                        came.append(there.recvfrom(100))
                    return bool(came)

                await until(has_come)
                data, address = came[0]
                assert data == b"hola"
                there.sendto(b"answer", address)
                await until(lambda: page.received == b"answer")
                page.leave(1000)
        assert call._driver.links == {}

    on_loop(main(), plain=True)
    on_loop(main())
