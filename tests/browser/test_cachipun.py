"""The game in a browser: two windows, or a window and anybody else, play to the end."""

import json
import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, WebSocket, expect
from tests.browser.windows import Window, plain, port_of, serving_page
from tests.cli.programs import running

Open = Callable[..., Window]


def sit(open_window: Open, url: str, **options: object) -> Window:
    """Open a window at the game, and wait until it has a seat."""
    window = open_window(f"{url}#cachipun", **options)
    expect(window.find("#cachipun .name")).not_to_have_value("")
    return window


def status(window: Window, text: str) -> None:
    expect(window.find("#cachipun .status")).to_have_text(text)


def may_choose(window: Window) -> None:
    window.find("#cachipun .choice:not(:disabled)").first.wait_for()


def seats(window: Window) -> list[str]:
    """Return whose seats there are, and how many rounds each has won."""
    names = window.find("#cachipun .seat b").all_inner_texts()
    wins = [seat.locator(".strokes i").count() for seat in window.find("#cachipun .seat").all()]
    return [f"{name} {won}" for name, won in zip(names, wins, strict=True)]


def test_two_windows_play_a_match_to_the_end_with_keys_alone(open_window: Open, home: Path) -> None:
    with serving_page("cachipun@tcp://:0") as (_server, url):
        ana, luis = sit(open_window, url), sit(open_window, url)
        for own, other in (("1", "3"), ("2", "1")):  # rock and scissors, paper and rock
            may_choose(ana)
            may_choose(luis)
            ana.page.keyboard.press(own)
            status(ana, "You have chosen")
            luis.says("has chosen")
            luis.page.keyboard.press(other)
        expect(ana.find("#cachipun .status")).to_have_text(re.compile("wins the match, 2 to 0"))
        expect(luis.find("#cachipun .status")).to_have_text(re.compile("wins the match, 2 to 0"))
        names = ana.find("#cachipun .seat b.hued")
        colours = names.evaluate_all("(all) => all.map((one) => getComputedStyle(one).color)")
        assert len(set(colours)) == 2
        assert seats(ana)[0] == "You 2"
        assert seats(luis)[0] == "You 0"
        ana.page.get_by_role("button", name="Again").click()
        luis.page.get_by_role("button", name="Again").click()
        may_choose(ana)
        assert seats(ana)[0] == "You 0"


def test_both_hands_are_shown_at_once_and_who_won_is_said(open_window: Open, home: Path) -> None:
    with serving_page("cachipun@tcp://:0") as (_server, url):
        ana, luis = sit(open_window, url), sit(open_window, url)
        may_choose(ana)
        may_choose(luis)
        ana.find("#cachipun .choice").get_by_text("rock").click()
        luis.find("#cachipun .choice").get_by_text("scissors").click()
        status(ana, "You win")
        status(luis, "You lose")
        ana.says("rock beats scissors")
        shown = [svg.get_attribute("aria-label") for svg in ana.find(".shown svg").all()]
        assert shown == ["rock", "scissors"]
        shown = [svg.get_attribute("aria-label") for svg in luis.find(".shown svg").all()]
        assert shown == ["scissors", "rock"]


class Heard:
    """All that a window's game was told over its WebSocket, and all it said."""

    def __init__(self) -> None:
        self.told = b""
        self.said = b""

    def listen(self, page: Page) -> None:
        page.on("websocket", self._opened)

    def _opened(self, websocket: WebSocket) -> None:
        if websocket.url.endswith("/ws/cachipun"):
            websocket.on("framereceived", lambda data: self._add("told", data))
            websocket.on("framesent", lambda data: self._add("said", data))

    def _add(self, where: str, data: str | bytes) -> None:
        more = data.encode() if isinstance(data, str) else data
        setattr(self, where, getattr(self, where) + more)


def test_nobody_can_see_a_choice_before_both_are_made(open_window: Open, home: Path) -> None:
    with serving_page("cachipun@tcp://:0") as (_server, url):
        ana, luis = open_window("about:blank"), open_window("about:blank")
        heard_by_luis, heard_of_ana = Heard(), Heard()
        heard_of_ana.listen(ana.page)
        heard_by_luis.listen(luis.page)
        for window in (ana, luis):
            window.page.goto(f"{url}#cachipun")
            expect(window.find("#cachipun .name")).not_to_have_value("")
        may_choose(ana)
        may_choose(luis)
        ana.page.keyboard.press("2")
        luis.says("has chosen")
        assert b"paper" not in heard_of_ana.said  # not even the server knows it
        assert b"paper" not in heard_by_luis.told
        luis.page.keyboard.press("3")
        status(luis, "You win")
        assert b'"choice":"paper"' in heard_by_luis.told
        promised = re.findall(rb'{"match":1,"round":1,"digest":"(\w{64})"', heard_of_ana.said)
        revealed = json.loads(
            re.findall(rb'{"match":1,"round":1,"choice".*?}', heard_of_ana.said)[0]
        )
        own = sum(1 for _ in promised)
        assert own >= 1
        text = f"1/1/{revealed['seat']}/{revealed['choice']}/{revealed['nonce']}"
        digest = ana.page.evaluate(
            """async (text) => {
                const { sha256 } = await import(new URL("shared/sha256.js", location.href));
                return sha256(new TextEncoder().encode(text));
            }""",
            text,
        )
        assert digest.encode() in promised


def test_a_window_ncat_and_a_terminal_meet(open_window: Open, home: Path) -> None:
    with serving_page("cachipun@tcp://:0") as (server, url):
        port = port_of(server, "cachipun")
        window = sit(open_window, url)
        with plain(port) as luis:
            luis.say("/name luis\n/play\n")
            may_choose(window)
            expect(window.find("#cachipun .seat b").last).to_have_text("luis")
            luis.say("/who\n")
            window.page.keyboard.press("1")
            luis.until("has chosen")
            luis.say("papel\n")
            status(window, "You lose")
            luis.until("paper beats rock: luis wins")
            luis.say("bye\n")
            expect(window.find("#cachipun .status")).to_have_text(re.compile("wins the match"))
        window.page.get_by_role("button", name="Play whoever comes").click()
        status(window, "Waiting for somebody")
        with running("play", f"tcp://:{port}", "--name", "ana") as ana:
            may_choose(window)
            window.page.keyboard.press("1")
            ana.out.until("has chosen")
            ana.say(b"scissors\n")
            status(window, "You win")
            ana.out.until("rock beats scissors")


def test_a_window_that_is_loaded_anew_still_has_its_seat_and_its_choice(
    open_window: Open, home: Path
) -> None:
    with serving_page("cachipun@tcp://:0") as (_server, url):
        ana, luis = sit(open_window, url), sit(open_window, url)
        may_choose(ana)
        may_choose(luis)
        ana.page.keyboard.press("1")
        status(ana, "You have chosen")
        ana.page.reload()
        expect(ana.find("#cachipun .seat b").first).to_have_text("You")
        luis.page.keyboard.press("3")
        status(luis, "You lose")
        status(ana, "You win")


def beat_or_lose_to_the_house(window: Window) -> None:
    """Play one round that counts; a draw is played again."""
    status(window, "Waiting for somebody")
    window.find("#cachipun [data-part=best]").select_option("1")
    window.page.get_by_role("button", name="Play the house").click()
    again = window.page.get_by_role("button", name="Again")
    for _ in range(30):
        may_choose(window)
        window.page.keyboard.press("1")
        window.find("#cachipun .choice:not(:disabled)").first.or_(again).first.wait_for()
        if again.is_visible():
            break
    expect(again).to_be_visible()


def test_alone_one_plays_the_house(open_window: Open, home: Path) -> None:
    with serving_page("cachipun@tcp://:0") as (_server, url):
        window = sit(open_window, url)
        beat_or_lose_to_the_house(window)
        assert re.search("house|guest", window.find("#cachipun .status").inner_text())


def test_whoever_waits_or_invites_is_one_button_away(open_window: Open, home: Path) -> None:
    with serving_page("cachipun@tcp://:0") as (server, url):
        window = sit(open_window, url)
        beat_or_lose_to_the_house(window)
        name = window.find("#cachipun .name").input_value()
        with plain(port_of(server, "cachipun")) as eva:
            eva.say("/name eva\n")
            window.page.get_by_role("button", name="play eva").click()
            expect(window.find("#cachipun .seat b").last).to_have_text("eva")
            eva.say("bye\n")
            expect(window.find("#cachipun .status")).to_have_text(re.compile("wins the match"))
        with plain(port_of(server, "cachipun")) as luis:
            luis.say(f"/name luis\n/play {name}\n")
            window.says("luis wants to play with you")
            window.page.get_by_role("button", name="Play", exact=True).click()
            expect(window.find("#cachipun .seat b").last).to_have_text("luis")


def test_a_third_window_watches_and_sees_no_choice_early(open_window: Open, home: Path) -> None:
    with serving_page("cachipun@tcp://:0") as (_server, url):
        ana, luis, eva = (sit(open_window, url) for _ in range(3))
        may_choose(ana)
        may_choose(luis)
        eva.page.get_by_role("button", name="watch").click()
        expect(eva.find("#cachipun .seat b").first).not_to_have_text("")
        ana.page.keyboard.press("2")
        eva.says("has chosen")
        assert eva.find("#cachipun .shown svg").count() == 0
        luis.page.keyboard.press("1")
        eva.says("paper beats rock")
