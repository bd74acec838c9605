"""The wire as it happens: what a viewer is told, and that nothing is made while nobody looks."""

import asyncio
import itertools
import json
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from tests.net.recording import Recorder, on_loop, until
from tests.web.browser import Browser
from tests.web.test_link import answer

from enchufe.clients.converting import captured
from enchufe.core.events import MessageReceived, PeerOpened
from enchufe.core.notices import Notice, NoticesLeftOut, Ready
from enchufe.core.peer import Peer, Transport
from enchufe.core.traffic import BytesReceived, BytesSent, PeerMet
from enchufe.host import Host
from enchufe.net.watched_driver import WatchedDriver
from enchufe.record.header import Connected, RecordedService
from enchufe.record.reading import RecordedRun
from enchufe.record.recording import header_now
from enchufe.web import live
from enchufe.web.link import WebLink
from enchufe.web.live import LiveWire, Viewer


class Room:
    """A service that answers, who talks with it, and who looks."""

    def __init__(self) -> None:
        self.notices: list[Notice] = []
        self.host = Host(Recorder(answer))
        self.driver = WatchedDriver(
            "echo",
            self.host,
            numbers=itertools.count(1),
            notify=self.notices.append,
            show=lambda _peer, _message: None,
            stop=lambda _code: None,
        )
        self.live = LiveWire(
            partial(
                header_now, "serve", (RecordedService("echo", Connected(None, half_close=True)),)
            )
        )
        self.live.begin([self.driver])

    async def comes(self, tasks: asyncio.TaskGroup, number: int = 1) -> Browser:
        """Let somebody come in."""
        browser = Browser()
        peer = Peer(number, Transport.WEBSOCKET, "127.0.0.1", 50_000 + number)
        link = WebLink(self.driver, peer, await browser.accepted())
        tasks.create_task(link.run())
        await until(lambda: number in self.driver.links)
        return browser


def seen(play: Callable[[Room, asyncio.TaskGroup], Awaitable[None]]) -> None:
    """Let a scene play on an event loop."""

    async def main() -> None:
        async with asyncio.timeout(10), asyncio.TaskGroup() as tasks:
            await play(Room(), tasks)

    on_loop(main())


async def told(viewer: Viewer) -> list[dict[str, Any]]:
    """Return what a viewer is told next, line by line."""
    return [json.loads(line) for line in (await viewer.next()).split("\n")]


def kinds(lines: list[dict[str, Any]]) -> list[str]:
    return [line["fact"]["type"] for line in lines if "fact" in line]


def test_nothing_is_made_while_nobody_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    async def play(room: Room, tasks: asyncio.TaskGroup) -> None:
        def assert_unwatched() -> None:
            assert room.host._witness is None
            assert room.host._is_unwatched_raw
            assert room.driver._tap is None
            assert room.driver._host_received == room.host.received

        assert_unwatched()
        first, second = room.live.join(), room.live.join()
        assert room.host._witness is not None
        assert room.driver._host_received != room.host.received
        room.live.leave(first)
        assert room.host._witness is not None
        room.live.leave(second)
        assert_unwatched()
        monkeypatch.setattr(room.live, "_keep", None)
        browser = await room.comes(tasks)
        browser.say(b"x")
        await until(lambda: browser.heard == [b"x"])
        room.live.notice(Ready(1))
        browser.leave(1000)

    seen(play)


def test_a_viewer_is_told_the_header_then_who_is_inside_then_what_happens() -> None:
    async def play(room: Room, tasks: asyncio.TaskGroup) -> None:
        browsers = [await room.comes(tasks, number) for number in (1, 2)]
        viewer = room.live.join()
        header, *inside = await told(viewer)
        assert header["format"] == 1
        assert [service["name"] for service in header["services"]] == ["echo"]
        assert kinds(inside) == ["PeerMet", "PeerOpened"] * 2
        assert [line["fact"]["peer"]["id"] for line in inside] == [1, 1, 2, 2]
        assert inside[0]["fact"]["port"] == 7080
        browsers[1].say(b"hola")
        lines = await told(viewer)
        assert kinds(lines) == ["BytesReceived", "MessageReceived", "Send", "BytesSent"]
        browsers[0].leave(1000)
        assert kinds(await told(viewer)) == ["PeerFinished", "PeerClosed"]
        browsers[1].leave(1000)

    seen(play)


def test_what_befalls_the_run_is_told_in_its_order() -> None:
    async def play(room: Room, tasks: asyncio.TaskGroup) -> None:
        viewer = room.live.join()
        await told(viewer)
        browser = await room.comes(tasks)
        room.live.notice(NoticesLeftOut(1, 7))
        browser.leave(1000)
        lines = await told(viewer)
        at = next(number for number, line in enumerate(lines) if "notice" in line)
        assert lines[at]["notice"]["count"] == 7
        assert kinds(lines[:at]) == ["PeerMet", "PeerOpened"]

    seen(play)


def test_beyond_what_is_told_facts_are_counted_and_cost_no_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(live, "FLUSH_FACTS_MAX", 10)

    async def play(room: Room, _tasks: asyncio.TaskGroup) -> None:
        viewer = room.live.join()
        await told(viewer)
        encoded = 0
        real = room.live._encode

        def counting(fact: object) -> bytes:
            nonlocal encoded
            encoded += 1
            return real(fact)

        monkeypatch.setattr(room.live, "_encode", counting)
        for number in range(25):
            room.live.notice(NoticesLeftOut(1, number))
        lines = await told(viewer)
        assert [line["notice"]["count"] for line in lines[:-1]] == list(range(10))
        assert lines[-1] == {"left_out": 15}
        assert encoded == 10

    seen(play)


def test_large_facts_are_counted_sooner(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "FLUSH_BYTES_MAX", 100)

    async def play(room: Room, _tasks: asyncio.TaskGroup) -> None:
        viewer = room.live.join()
        await told(viewer)
        for _notice in range(20):
            room.live.notice(NoticesLeftOut(1, 1))
        lines = await told(viewer)
        assert 1 < len(lines) < 20
        assert lines[-1] == {"left_out": 20 - len(lines) + 1}

    seen(play)


def test_for_a_viewer_that_does_not_read_little_is_kept_and_all_is_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(live, "FLUSH_FACTS_MAX", 5)
    monkeypatch.setattr(live, "VIEWER_BYTES_MAX", 300)

    async def play(room: Room, _tasks: asyncio.TaskGroup) -> None:
        deaf, hearing = room.live.join(), room.live.join()
        await told(deaf)
        heard = 0
        for _flush in range(10):
            for _notice in range(7):
                room.live.notice(NoticesLeftOut(1, 1))
            heard += facts(await told(hearing))
        assert heard == 70
        assert sum(map(len, deaf._waiting)) < 1000
        lines = await told(deaf)
        assert "left_out" in lines[-1]
        assert facts(lines) == 70
        room.live.notice(NoticesLeftOut(1, 1))
        assert facts(await told(deaf)) == 1

    def facts(lines: list[dict[str, Any]]) -> int:
        """How many are told, or said to be missing."""
        return sum(line.get("left_out", 1) for line in lines if "format" not in line)

    seen(play)


def test_who_comes_to_look_is_told_nothing_of_before() -> None:
    async def play(room: Room, _tasks: asyncio.TaskGroup) -> None:
        first = room.live.join()
        await told(first)
        room.live.notice(NoticesLeftOut(1, 1))
        second = room.live.join()  # before it was told to anybody
        assert len(await told(first)) == 1
        assert len(await told(second)) == 1  # the header
        room.live.notice(NoticesLeftOut(1, 2))
        for viewer in (first, second):
            assert [line["notice"]["count"] for line in await told(viewer)] == [2]

    seen(play)


def test_what_json_cannot_hold_is_counted_and_breaks_nothing() -> None:
    async def play(room: Room, _tasks: asyncio.TaskGroup) -> None:
        odd = Peer(9, Transport.UNIX, path="/tmp/\udcff.sock")
        viewer = room.live.join()
        await told(viewer)
        assert room.driver._tap is not None
        room.driver._tap(BytesReceived(1, odd, b"x"))
        assert await told(viewer) == [{"left_out": 1}]

    seen(play)


def test_what_a_viewer_keeps_is_a_recording(tmp_path: Path) -> None:
    kept: list[str] = []

    async def play(room: Room, tasks: asyncio.TaskGroup) -> None:
        before = await room.comes(tasks, 1)
        viewer = room.live.join()
        kept.append(await viewer.next())
        after = await room.comes(tasks, 2)
        for browser in (before, after):
            browser.say(b"hola")
            await until(partial(_has_heard, browser))
        before.leave(1000)
        after.leave(1001)
        while "".join(kept).count('"PeerClosed"') < 2:
            kept.append(await viewer.next())

    seen(play)
    path = tmp_path / "kept.enchufe"
    path.write_text("\n".join(kept) + "\n")
    run = RecordedRun(path)
    facts = [numbered.entry.fact for numbered in run.entries()]
    run.close()
    assert [type(fact) for fact in facts[:2]] == [PeerMet, PeerOpened]
    assert [fact.message for fact in facts if isinstance(fact, MessageReceived)] == [b"hola"] * 2
    assert sum(isinstance(fact, BytesSent) for fact in facts) == 2
    capture = captured(path.read_bytes())
    assert capture[:4] == b"\x0a\x0d\x0d\x0a"  # a section header block (pcapng, 4.1)
    assert capture.count(b"hola") == 4  # twice there, twice back


def _has_heard(browser: Browser) -> bool:
    return browser.heard == [b"hola"]
