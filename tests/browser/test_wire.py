"""The wire in a browser: what passes is seen, byte by byte, and how it was understood."""

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect
from tests.browser.windows import Plain, Window, plain, port_of, serving_page
from tests.cli.programs import run

Open = Callable[..., Window]


def at_the_wire(open_window: Open, url: str, **options: object) -> Window:
    """Open a window at the wire, and wait until it is told what passes."""
    window = open_window("about:blank", **options)
    with window.page.expect_websocket(lambda websocket: websocket.url.endswith("/wire")) as opened:
        window.page.goto(f"{url}#wire")
    assert opened.value.url.startswith("ws://localhost")
    window.find("#wire .rows").wait_for()
    window.says("Nothing passes")
    return window


def rows(window: Window) -> list[str]:
    """Return what the rows in sight say, in order, without their times."""
    drawn = window.find("#wire .rows .row:not([hidden])").evaluate_all(
        """(rows) => rows
            .map((row) => {
                const cells = [...row.querySelectorAll("span")].slice(2);
                const shown = cells.map((cell) => cell.textContent).join("|");
                return [Number(row.getAttribute("aria-rowindex")), shown];
            })
            .sort((one, other) => one[0] - other[0])
            .map(([, text]) => text)"""
    )
    return [str(row) for row in drawn]


def one_by_one(peer: Plain, *pieces: str) -> None:
    """Say each piece alone: the next once the one before has come back."""
    for piece in pieces:
        peer.say(piece)
        peer.until(piece)


def in_sight(window: Window, text: str = "") -> Locator:
    """Return the rows that are drawn, with some text in them."""
    return window.find("#wire .rows .row:not([hidden])").filter(has_text=text)


def segments(window: Window, ruler: str) -> list[str]:
    return window.find(f"#wire .{ruler} .segment").all_inner_texts()


def test_the_wire_shows_what_was_sent_and_how_it_was_read(open_window: Open, home: Path) -> None:
    with serving_page("echo@tcp://:0") as (server, url):
        window = at_the_wire(open_window, url)
        with plain(port_of(server, "echo")) as peer:
            one_by_one(peer, "This is the mess", "age.  It will be", " repeated.")
            peer.finish()
            window.says("left: both had said all")
        shown = rows(window)
        assert [re.sub("127.0.0.1:.*", "…", row) for row in shown] == [
            "came||#1 tcp …",
            "read|16 B|This is the mess",
            "written|16 B|This is the mess",
            "read|16 B|age.  It will be",
            "written|16 B|age.  It will be",
            "read|10 B|repeated.",
            "written|10 B|repeated.",
            "half-closed||#1 tcp …",
            "closes||#1 tcp …",
            "left: both had said all||#1 tcp …",
        ]


def test_two_rulers_say_how_bytes_came_and_how_they_were_understood(
    open_window: Open, home: Path
) -> None:
    with serving_page("chat@tcp://:0") as (server, url):
        window = at_the_wire(open_window, url)
        with plain(port_of(server, "chat")) as luis, plain(port_of(server, "chat")) as eva:
            eva.until("Welcome")
            luis.say("/name luis\n")
            eva.until("is now luis")
            for said, heard in (
                ("uno\ndo", "luis: uno"),
                ("s\ntres\nñ", "luis: tres"),
                ("andú\n", "ñandú"),
            ):
                luis.say(said)
                eva.until(heard)
            window.find("#wire .rows").get_by_text("andú␊", exact=True).click()
        window.says("32 bytes came in 4 reads and meant 5 messages.")
        assert segments(window, "reads") == ["11 B", "6 B", "9 B", "6 B"]
        assert segments(window, "messages") == ["/name luis", "uno", "dos", "tres", "ñandú"]
        starts = window.find("#wire .messages .segment").evaluate_all(
            "(all) => all.map((each) => [Number(each.dataset.start), Number(each.dataset.end)])"
        )
        assert starts == [[0, 11], [11, 15], [15, 19], [19, 24], [24, 32]]
        window.find("#wire .reads .segment").nth(1).click()
        expect(window.find("#wire .rows .selected .what")).to_have_text("uno␊do")


def test_frames_are_named_on_the_ruler(open_window: Open, home: Path) -> None:
    with serving_page("chat@tcp://:0") as (_server, url):
        window = at_the_wire(open_window, url)
        other = open_window(url)
        other.page.get_by_label("Say something").fill("hola")
        other.page.keyboard.press("Enter")
        window.find("#wire .rows").get_by_text("SAY hola").first.click()
        labels = segments(window, "messages")
        assert labels[0] == "preface"
        assert labels[1].startswith("JOIN {")
        assert "SAY hola" in labels


def test_what_is_not_finished_is_shown_so(open_window: Open, home: Path) -> None:
    with serving_page("chat@tcp://:0") as (server, url):
        window = at_the_wire(open_window, url)
        with plain(port_of(server, "chat")) as luis:
            luis.say("/name luis\n")
            luis.until("is now luis")
            luis.say("one\ntw")
            window.find("#wire .rows").get_by_text("one␊tw", exact=True).click()
            expect(window.find("#wire .messages .segment.part")).to_have_count(1)


def test_filters_search_pause_and_following_with_the_keyboard(
    open_window: Open, home: Path
) -> None:
    with serving_page("echo@tcp://:0", "discard@tcp://:0") as (server, url):
        window = at_the_wire(open_window, url)
        press = window.page.keyboard.press
        with plain(port_of(server, "echo")) as one, plain(port_of(server, "discard")) as other:
            one_by_one(one, "hello")
            other.say("goodbye")
            window.says("goodbye")
            window.find("#wire .rows").focus()
            press("/")
            window.page.keyboard.type("hello")
            expect(in_sight(window)).to_have_count(2)
            window.find("#wire .search").fill("")
            press("Escape")
            window.find("#wire .service").select_option("discard")
            expect(in_sight(window)).to_have_count(2)
            window.find("#wire .service").select_option("")
            in_sight(window, "hello").first.click()
            window.find("#wire .rows").focus()
            press("f")
            expect(in_sight(window, "goodbye")).to_have_count(0)
            expect(in_sight(window, "hello")).to_have_count(2)
            press("f")
            expect(in_sight(window, "goodbye")).to_have_count(1)
            press(" ")
            window.says("Go on")
            one_by_one(one, "meanwhile")
            window.says("wait")
            expect(in_sight(window, "meanwhile")).to_have_count(0)
            press(" ")
            expect(in_sight(window, "meanwhile")).to_have_count(2)
            window.page.get_by_role("button", name="bytes").click()
            expect(in_sight(window, "meanwhile")).to_have_count(0)
            window.page.get_by_role("button", name="messages").click()
            expect(in_sight(window, "meanwhile")).to_have_count(2)


def test_new_rows_never_move_what_is_being_read(open_window: Open, home: Path) -> None:
    with serving_page("echo@tcp://:0") as (server, url):
        window = at_the_wire(open_window, url)
        with plain(port_of(server, "echo")) as peer:
            one_by_one(peer, *(f"line {number:03}" for number in range(60)))
            window.says("line 059")
            window.find("#wire .rows").evaluate("(rows) => { rows.scrollTop = 220; }")
            seen = window.find("#wire .rows").get_by_text("line 010").first
            seen.wait_for()
            before = seen.bounding_box()
            one_by_one(peer, *(f"more {number:03}" for number in range(10)))
            window.says("20 new")
            assert seen.bounding_box() == before
            window.find("#wire .pill").click()
            window.says("more 009")
            expect(window.find("#wire .pill")).to_be_hidden()


def test_a_stranger_who_is_refused_is_seen(open_window: Open, home: Path) -> None:
    with serving_page("echo@tcp://127.0.0.1:0", "--deny", "127.0.0.0/8") as (server, url):
        window = at_the_wire(open_window, url)
        with plain(port_of(server, "echo")) as peer:
            peer.until("denied")
        window.says("refused: denied")


def test_what_is_kept_is_a_recording_and_a_capture(open_window: Open, home: Path) -> None:
    with serving_page("echo@tcp://:0") as (server, url):
        window = at_the_wire(open_window, url)
        with plain(port_of(server, "echo")) as peer:
            one_by_one(peer, "hola", "<&>\x00\x1b")
            peer.finish()
            window.says("left: both had said all")
        with window.page.expect_download() as lines:
            window.page.get_by_role("button", name="JSON Lines").click()
        kept = home / "wire.enchufe"
        lines.value.save_as(kept)
        types = [json.loads(line).get("fact", {}).get("type") for line in kept.open()]
        assert types[1:5] == ["PeerMet", "PeerOpened", "BytesReceived", "MessageReceived"]
        assert run("convert", str(kept), str(home / "ours.pcapng")).code == 0
        with window.page.expect_download() as capture:
            window.page.get_by_role("button", name="pcapng").click()
        capture.value.save_as(home / "theirs.pcapng")
        for name in ("ours", "theirs"):
            told = subprocess.run(
                ["tshark", "-r", home / f"{name}.pcapng", "-q", "-z", "follow,tcp,raw,0"],
                capture_output=True,
                text=True,
                check=True,
            ).stdout
            assert "686f6c61" in told
            assert b"<&>\x00\x1b".hex() in told


MANY = 100_000


@pytest.fixture
def flooded(open_window: Open, home: Path) -> Window:
    """Open a window in which a hundred thousand events and more were seen."""
    with serving_page("echo@tcp://:0") as (_server, url):
        window = at_the_wire(open_window, url)
        window.page.evaluate(
            """async (count) => {
                const { Store } = await import(new URL("wire/store.js", location.href));
                const peerOf = (id) => ({
                    id, transport: "tcp", host: "127.0.0.1", port: 5000 + id, path: "",
                    is_stream: true, user: "",
                });
                const line = (at) => {
                    const at_ns = `${1795704223607803182n + BigInt(at) * 1000n}`;
                    const type = at % 2 ? "BytesSent" : "BytesReceived";
                    const data = btoa(`event ${at}`);
                    const fact = { type, at_ns: 0, peer: peerOf(at % 50 + 1), data };
                    const entry = JSON.stringify({ at_ns: 0, service: "echo", fact });
                    return entry.replace('"at_ns":0', `"at_ns":${at_ns}`);
                };
                const store = window.enchufe.store;
                const batch = 250;
                window.spent = [];
                for (let at = 0; at < count; at += batch) {
                    const lines = Array.from({ length: batch }, (_, more) => line(at + more));
                    const began = performance.now();
                    store._add(lines);
                    window.spent.push(performance.now() - began);
                    if (at % 5000 === 0) await new Promise(requestAnimationFrame);
                }
            }""",
            MANY + 5_000,
        )
        return window


def test_a_hundred_thousand_events_are_kept_and_only_those_in_sight_are_drawn(
    flooded: Window,
) -> None:
    flooded.says(f"event {MANY + 4_999}")
    kept = flooded.page.evaluate("window.enchufe.store.records.length")
    assert MANY - 10_000 <= kept <= MANY
    flooded.says("the oldest 10,000 are forgotten")
    assert flooded.find("#wire .rows .row").count() < 100
    flooded.find("#wire .rows").evaluate("(rows) => { rows.scrollTop = rows.scrollHeight / 2; }")
    flooded.find("#wire .rows .row:not([hidden])").nth(5).click()
    flooded.find("#wire .rulers").wait_for()
