"""The page's own modules against the same tables and rules as the program's."""

import hashlib
import json
import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from enchufe.core.cachipun import Choice, commitment, winner
from enchufe.core.commands import Command
from enchufe.core.events import Event
from enchufe.core.frames import Frame, Kind
from enchufe.core.peer import Peer, Transport
from enchufe.core.service import Framing
from enchufe.core.text import safe_text
from enchufe.core.traffic import BytesReceived, PeerMet
from enchufe.host import Host
from enchufe.record.entries import Entry, tap_of, witness_of
from enchufe.services.discard import Discard
from enchufe.wire.frames import PREFACE, encoded
from playwright.sync_api import Page
from tests.browser.windows import Window, serving_page

Open = Callable[..., Window]
SPECIFICATION = Path(__file__).parents[2] / "docs" / "en" / "frames.md"


@pytest.fixture(scope="module")
def modules(chromium: Any) -> Any:
    """A window with the page's files at hand."""
    with serving_page("discard@tcp://:0") as (_server, url):
        context = chromium.new_context()
        page = context.new_page()
        page.goto(url)
        yield page
        context.close()


def call(page: Page, module: str, expression: str, argument: object = None) -> Any:
    """Evaluate an expression in which ``m`` is a module and ``a`` the argument."""
    return page.evaluate(
        f"async (a) => {{ const m = await import(new URL('{module}', location.href)); return {expression}; }}",
        argument,
    )


def vectors() -> list[dict[str, Any]]:
    """Return the streams of the specification that a program of ours is told."""
    found = re.search(r"```json vectors\.json\n(.*?)```", SPECIFICATION.read_text(), re.DOTALL)
    assert found is not None
    streams: list[dict[str, Any]] = json.loads(found[1])["streams"]
    return [each for each in streams if "preface" in each["means"] and "error" not in each["means"]]


@pytest.mark.parametrize("vector", vectors(), ids=lambda vector: vector["bytes"][:60])
def test_frames_are_read_as_the_specification_says_whole_and_byte_by_byte(
    modules: Page, vector: dict[str, Any]
) -> None:
    frames = [part for part in vector["means"] if isinstance(part, dict) and "kind" in part]
    for size in (1, 2, 7, 10_000):
        read = call(
            modules,
            "shared/frames.js",
            """(() => {
                const decoder = new m.FrameDecoder();
                const bytes = Uint8Array.from(a.bytes.match(/../g), (pair) => parseInt(pair, 16));
                const hex = (all) => [...all].map((byte) => byte.toString(16).padStart(2, "0")).join("");
                const read = [];
                for (let at = 0; at < bytes.length; at += a.size) read.push(...decoder.feed(bytes.slice(at, at + a.size)));
                return read.map(({ kind, stream, payload }) => ({ kind, stream, payload: hex(payload) }));
            })()""",
            {"bytes": vector["bytes"], "size": size},
        )
        assert read == frames


def test_kinds_have_the_numbers_of_the_specification(modules: Page) -> None:
    kinds = call(modules, "shared/frames.js", "m.Kind")
    ours = {kind.name: int(kind) for kind in Kind}
    assert {name: ours[name] for name in kinds} == kinds


def test_a_frame_that_promises_too_much_is_an_error(modules: Page) -> None:
    said = PREFACE.hex() + "ffffffff0100000000"
    fault = call(
        modules,
        "shared/frames.js",
        """(() => { try { [...new m.FrameDecoder().feed(Uint8Array.from(a.match(/../g), (pair) => parseInt(pair, 16)))]; } catch (error) { return String(error); } })()""",
        said,
    )
    assert "4294967295" in fault


def test_digests_are_those_of_the_standard_whatever_the_pieces(modules: Page) -> None:
    chance = random.Random(1)
    for size in (0, 1, 3, 55, 56, 63, 64, 65, 119, 120, 1000, 70_000):
        data = chance.randbytes(size)
        digest = call(
            modules,
            "shared/sha256.js",
            """(() => {
                const bytes = Uint8Array.from(atob(a.data), (character) => character.charCodeAt(0));
                const digest = new m.Sha256();
                for (let at = 0; at < bytes.length; at += a.piece) digest.feed(bytes.subarray(at, at + a.piece));
                return digest.hex();
            })()""",
            {"data": msgspec.json.decode(msgspec.json.encode(data)), "piece": chance.randint(1, 200)},
        )
        assert digest == hashlib.sha256(data).hexdigest()


def test_the_game_binds_and_judges_as_the_server_does(modules: Page) -> None:
    said = call(modules, "cachipun/game.js", "m.commitment(3, 2, 1, 'paper', 'ab'.repeat(16))")
    assert said == commitment(3, 2, 1, "paper", "ab" * 16)
    for one in Choice:
        for other in Choice:
            judged = call(modules, "cachipun/game.js", "m.winnerOf(a)", [one.value, other.value])
            assert judged == winner([one, other])


def test_nothing_that_acts_on_a_screen_is_left_in_visible_text(modules: Page) -> None:
    every = [chr(code) for code in range(0x3000) if not 0xD800 <= code < 0xE000]
    shown = call(modules, "shared/bytes.js", "a.map((each) => m.visible(each))", every)
    acting = [each for each in every if safe_text(each) != each and each != "\ufeff"]
    left = [f"{ord(each):04x}" for each in acting if shown[ord(each)] == each and each.isprintable() is False]
    kept = [each for each in every if each.isalnum() and shown[ord(each)] != each]
    assert [code for code in left if int(code, 16) < 0xA0 or 0x2028 <= int(code, 16) <= 0x202E] == []
    assert kept == []


LINES = (b"/name luis", b"", b"hola", "ñandú ✓".encode(), b"x" * 40, b"hola", b"tres")


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("spoken", ["lines", "frames"])
def test_the_rulers_are_right_wherever_a_stream_is_cut(
    modules: Page, seed: int, spoken: str
) -> None:
    if spoken == "lines":
        parts = [line + b"\n" for line in LINES]
    else:
        parts = [PREFACE, *(encoded(Frame(Kind.TEXT, 0, line)) for line in LINES)]
    chance, whole = random.Random(seed), b"".join(parts)
    cuts = sorted(chance.sample(range(1, len(whole)), 5))
    reads = [whole[start:end] for start, end in zip([0, *cuts], [*cuts, len(whole)], strict=True)]
    told = call(
        modules,
        "wire/cuts.js",
        """(async () => {
            const { Store } = await import(new URL("wire/store.js", location.href));
            const store = new Store();
            store._add(a);
            const at = store.records.findIndex(({ type }) => type === "BytesReceived");
            const { bytes, reads, messages } = m.stretchOf(store, at);
            return { size: bytes.length, reads: reads.map(({ start, end }) => [start, end]), messages: messages.map(({ start, end, isPart }) => [start, end, isPart]) };
        })()""",
        entries(reads),
    )
    ends = [sum(map(len, parts[: count + 1])) for count in range(len(parts))]
    assert told["size"] == len(whole)
    assert told["reads"] == [[0, cuts[0]], *map(list, zip(cuts, [*cuts[1:], len(whole)], strict=True))]
    assert told["messages"] == [
        [start, end, False] for start, end in zip([0, *ends[:-1]], ends, strict=True)
    ]


def entries(reads: list[bytes]) -> list[str]:
    """Return what a page is told of a peer that says this, read by read."""
    peer = Peer(1, Transport.TCP, "127.0.0.1", 5000)
    kept: list[Entry] = []
    witness: Callable[[Event | Command], None] = witness_of("discard", kept.append)
    tap = tap_of("discard", kept.append)
    host = Host(Discard(), Framing.FRAMES, witness)
    tap(PeerMet(1, peer, "127.0.0.1", 3500))
    host.opened(peer, 1)
    for number, data in enumerate(reads, 2):
        tap(BytesReceived(number, peer, data))
        host.received(peer, data, number)
    return [msgspec.json.encode(entry).decode() for entry in kept]
