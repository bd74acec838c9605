"""A browser for the page's tests: Debian's Chromium, driven by Playwright."""

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright
from tests.browser.windows import ARGUMENTS, Window

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let one worker have the browser: many at once slow each other down."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.xdist_group("the browser"))


@pytest.fixture(scope="module")  # while it runs, so does an event loop, which others cannot bear
def chromium() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("there is no Chromium; Debian's package is called chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def open_window(chromium: Browser) -> Iterator[Callable[..., Window]]:
    """Open windows, each somebody else's browser; at the end nothing may have gone wrong in any."""
    with contextlib.ExitStack() as opened:

        def open_one(url: str, **options: object) -> Window:
            context = chromium.new_context(
                **{"viewport": {"width": 1280, "height": 800}, "locale": "en-US", **options}  # type: ignore[arg-type]
            )
            opened.callback(context.close)
            window = Window(context.new_page())
            opened.callback(window.check)
            window.page.goto(url)
            return window

        yield open_one


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Give the programs a home of their own."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path


@pytest.fixture
def picture(request: pytest.FixtureRequest) -> Callable[[Page, str], None]:
    """Keep a picture of a page for the README, where that is asked for (make pictures)."""
    folder = os.environ.get("ENCHUFE_PICTURES")

    def keep(page: Page, name: str) -> None:
        shown = page.screenshot(path=Path(folder) / f"{name}.png" if folder else None)
        assert shown.startswith(b"\x89PNG")

    return keep
