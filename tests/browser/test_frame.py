"""The frame of the page: languages, light and dark, keyboard, narrow screens, weight."""

import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect
from tests.browser.windows import Window, plain, port_of, serving_page

Open = Callable[..., Window]
STATIC = Path(__file__).parents[2] / "src" / "enchufe" / "web" / "static"
WEIGHT_BYTES_MAX = 100_000
PLACES = ("plaza", "cachipun", "wire")
SERVED = ("chat@tcp://:0", "cachipun@tcp://:0", "echo@tcp://:0")


def test_all_scripts_and_styles_together_are_light() -> None:
    weights = [path.stat().st_size for kind in ("js", "css") for path in STATIC.rglob(f"*.{kind}")]
    assert sum(weights) < WEIGHT_BYTES_MAX


def test_every_script_is_asked_for_at_once() -> None:
    page = (STATIC / "index.html").read_text(encoding="utf-8")
    preloaded = set(re.findall(r'<link rel="modulepreload" href="([^"]+)">', page))
    assert preloaded == {str(path.relative_to(STATIC)) for path in STATIC.rglob("*.js")}


def test_nothing_is_loaded_from_elsewhere_and_no_script_stands_in_the_page(
    open_window: Open, home: Path
) -> None:
    with serving_page(*SERVED) as (_server, url):
        window = open_window(url)
        for place in PLACES:
            window.page.goto(f"{url}#{place}")
            window.find(f"#{place}").wait_for()
        assert {urlsplit(asked).netloc for asked in window.asked} == {urlsplit(url).netloc}
        assert window.page.evaluate("[...document.scripts].filter((each) => each.text).length") == 0


def test_the_language_is_a_button_and_is_remembered(open_window: Open, home: Path) -> None:
    with serving_page(*SERVED) as (_server, url):
        window = open_window(f"{url}#wire")
        window.says("Nothing passes")
        window.page.get_by_role("button", name="Español").click()
        window.says("No pasa nada")
        assert window.page.evaluate("document.documentElement.lang") == "es"
        window.page.reload()
        window.says("No pasa nada")
        window.page.goto(f"{url}#cachipun")
        window.says("piedra")
        window.page.get_by_role("button", name="English").click()
        window.says("rock")


def test_it_speaks_the_language_of_the_run_first(open_window: Open, home: Path) -> None:
    with serving_page(*SERVED, env={"LC_ALL": "es_ES.UTF-8"}) as (_server, url):
        window = open_window(url)
        window.says("Decir")


NAMELESS = """(all) => all
    .filter((one) => one.offsetParent)
    .filter((one) => !(one.ariaLabel || one.textContent || one.labels?.[0]?.textContent).trim())
    .map((one) => one.outerHTML)"""


@pytest.mark.parametrize("language", ["English", "Español"])
def test_no_place_says_anything_without_words(open_window: Open, home: Path, language: str) -> None:
    with serving_page(*SERVED) as (_server, url):
        window = open_window(url)
        if language == "Español":
            window.page.get_by_role("button", name="Español").click()
            window.says("Decir")
        for place in PLACES:
            window.page.goto(f"{url}#{place}")
            window.find(f"#{place}").wait_for()
            worded = window.find("[data-word]").evaluate_all(
                "(all) => all.map((one) => one.textContent)"
            )
            labelled = window.find("[data-label]").evaluate_all(
                "(all) => all.map((one) => one.ariaLabel)"
            )
            assert all([*worded, *labelled])
            nameless = window.find("button, a, input, select").evaluate_all(NAMELESS)
            assert nameless == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_peers_colour_can_be_read(open_window: Open, home: Path, scheme: str) -> None:
    with serving_page(*SERVED) as (_server, url):
        window = open_window(url, color_scheme=scheme)
        contrasts = window.page.evaluate(
            """() => {
                const options = { willReadFrequently: true };
                const canvas = document.createElement("canvas").getContext("2d", options);
                const light = (colour) => {
                    canvas.fillStyle = colour;
                    canvas.fillRect(0, 0, 1, 1);
                    const linear = (value) =>
                        value <= 10 ? value / 3294.6 : ((value / 255 + 0.055) / 1.055) ** 2.4;
                    const [r, g, b] = [...canvas.getImageData(0, 0, 1, 1).data].map(linear);
                    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
                };
                const probe = document.createElement("b");
                probe.className = "who hued";
                document.querySelector("#plaza").append(probe);
                const paper = light(getComputedStyle(document.body).backgroundColor);
                return Array.from({ length: 360 }, (_, hue) => {
                    probe.style.setProperty("--hue", hue);
                    const ink = light(getComputedStyle(probe).color);
                    return (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05);
                });
            }"""
        )
        assert min(contrasts) >= 4.5  # WCAG 2.2, 1.4.3, AA


@pytest.mark.parametrize("zoom", [1, 2])
def test_on_a_phone_and_zoomed_nothing_is_cut_off(open_window: Open, home: Path, zoom: int) -> None:
    size = {"width": 360 if zoom == 1 else 640, "height": 740 if zoom == 1 else 400}
    overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    with serving_page(*SERVED) as (server, url), plain(port_of(server, "chat")) as luis:
        luis.say(f"{'long' * 60}\n")
        window = open_window(url, viewport=size, device_scale_factor=zoom)
        for place in PLACES:
            window.page.goto(f"{url}#{place}")
            window.find(f"#{place}").wait_for()
            assert window.page.evaluate(overflow) <= 0
        for target in window.find("nav a:visible, nav button:visible").all():
            box = target.bounding_box()
            assert box is not None
            assert min(box["width"], box["height"]) >= 44


def test_every_place_is_reached_with_keys_alone(open_window: Open, home: Path) -> None:
    with serving_page(*SERVED) as (_server, url):
        window = open_window(url)
        focused = "document.activeElement.getAttribute('href') ?? document.activeElement.id"
        reached = []
        window.find("nav img").evaluate("() => document.activeElement.blur()")
        for _ in range(30):
            window.page.keyboard.press("Tab")
            reached.append(window.page.evaluate(focused))
        assert {"#plaza", "#cachipun", "#wire", "send"} <= set(reached)
        window.find('nav a[href="#wire"]').focus()
        window.page.keyboard.press("Enter")
        window.find("#wire").wait_for()
        window.find("#wire .rows").focus()
        window.page.keyboard.press("s")
        expect(window.find("#drawer")).to_be_visible()
        window.page.keyboard.press("Escape")
        expect(window.find("#drawer")).to_be_hidden()


def test_nothing_jumps_while_the_page_fills(open_window: Open, home: Path) -> None:
    with serving_page(*SERVED) as (server, url), plain(port_of(server, "chat")) as luis:
        window = open_window("about:blank")
        window.page.add_init_script(
            """window.shift = 0;
            new PerformanceObserver((list) => {
                for (const { hadRecentInput, value } of list.getEntries()) {
                    if (!hadRecentInput) window.shift += value;
                }
            }).observe({ type: "layout-shift", buffered: true });"""
        )
        window.page.goto(f"{url}#wire")
        window.says("Nothing passes")
        luis.say("hola\nhola\n")
        window.says("hola")
        assert window.page.evaluate("window.shift") < 0.1  # what browsers call good


def test_a_server_without_a_room_or_a_game_has_the_wire(open_window: Open, home: Path) -> None:
    with serving_page("echo@tcp://:0") as (_server, url):
        window = open_window(url)
        window.find("#wire").wait_for()
        assert window.find("nav a:visible").count() == 1


def test_what_listens_stands_on_top_with_the_command_to_reach_it(
    open_window: Open, home: Path
) -> None:
    with serving_page(*SERVED) as (server, url):
        window = open_window(url, permissions=["clipboard-read", "clipboard-write"])
        command = f"ncat localhost {port_of(server, 'echo')}"
        expect(window.find("#listening")).to_contain_text(command)
        window.page.get_by_label(f"copy: {command}", exact=True).click()
        assert window.page.evaluate("navigator.clipboard.readText()") == command


def words_of(page: Page) -> str:
    return re.sub(r"\s+", " ", page.locator("body").inner_text())


def called(open_window: Open, name: str, url: str) -> Window:
    """Open a window at the game for somebody who has a name."""
    window = open_window(
        "about:blank", viewport={"width": 1000, "height": 560}, color_scheme="dark"
    )
    window.page.add_init_script(f"localStorage.setItem('enchufe.name', '{name}')")
    window.page.goto(f"{url}#cachipun")
    expect(window.find("#cachipun .name")).to_have_value(name)
    return window


def test_the_pictures_of_the_readme(
    open_window: Open, home: Path, picture: Callable[[Page, str], None]
) -> None:
    with serving_page("chat@tcp://:0", "cachipun@tcp://:0", "echo@tcp://:0") as (server, url):
        window = open_window(f"{url}#wire", viewport={"width": 1200, "height": 760})
        window.says("Nothing passes")
        with plain(port_of(server, "chat")) as luis, plain(port_of(server, "chat")) as eva:
            luis.until("Welcome")
            eva.until("Welcome")
            luis.say("/name luis\n")
            eva.say("/name eva\n")
            luis.until("is now eva")
            for said, heard in (
                ("three lines\nin t", "three lines"),
                ("wo reads\nwhat di", "in two reads"),
                ("d it mean?\n", "what did it mean?"),
            ):
                luis.say(said)
                eva.until(heard)
            window.find("#wire .rows").get_by_text("wo reads␊what di").click()
            window.says("messages.")
            expect(window.find("#wire .count")).to_have_text(re.compile(r"^1\d of "))
            assert "in two reads" in words_of(window.page)
            picture(window.page, "wire")
        ana, other = (called(open_window, name, url) for name in ("ana", "luis"))
        ana.find("#cachipun .choice:not(:disabled)").first.wait_for()
        other.find("#cachipun .choice:not(:disabled)").first.wait_for()
        ana.page.keyboard.press("1")
        other.page.keyboard.press("3")
        expect(ana.find("#cachipun .status")).to_have_text("You win")
        picture(ana.page, "cachipun")
