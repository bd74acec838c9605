"""Measures the page in Chromium: how many events a second it shows, how smoothly, and how soon.

It needs what `make test` installs. Run it alone on the machine: ``.venv/bin/python bench/page.py``.
"""

import argparse
import re
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from shutil import which
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

FACTS_A_ROUND_TRIP = 4
"""A read, what it meant, the answer, and its bytes."""

CALLERS = 2

FRAMES = """async (seconds) => {
    const { store } = window.enchufe;
    const seen = () => store.records.length + store.dropped;
    const [before, began, gaps] = [seen(), performance.now(), []];
    let last = began;
    while (last - began < seconds * 1000) {
        await new Promise(requestAnimationFrame);
        const now = performance.now();
        gaps.push(now - last);
        last = now;
    }
    gaps.sort((one, other) => one - other);
    return {
        events: (seen() - before) / seconds,
        frames: gaps.length / seconds,
        p99: gaps[Math.floor(gaps.length * 0.99)],
        kept: store.records.length,
        heap: performance.memory.usedJSHeapSize / 1e6,
    };
}"""
PAINT = "performance.getEntriesByType('paint')[0].startTime"


def call(port: int, round_trips_a_second: float, is_over: Callable[[], bool]) -> None:
    """Say things to an echo, evenly, until it is over."""
    with socket.create_connection(("127.0.0.1", port)) as sock:
        due = time.monotonic()
        while not is_over():
            sock.sendall(b"hello hello\n")
            sock.recv(100)
            due += 1 / round_trips_a_second
            time.sleep(max(0.0, due - time.monotonic()))


def measure_wire(page: Page, port: int, rate: float, seconds: float) -> list[dict[str, Any]]:
    """Return what the page makes of a wire: at first, and when it holds all that it keeps."""
    over = threading.Event()
    each = rate / FACTS_A_ROUND_TRIP / CALLERS
    callers = [
        threading.Thread(target=call, args=(port, each, over.is_set)) for _ in range(CALLERS)
    ]
    for caller in callers:
        caller.start()
    try:
        page.wait_for_timeout(2000)
        first = page.evaluate(FRAMES, seconds)
        while not page.evaluate("window.enchufe.store.dropped"):
            page.wait_for_timeout(500)
        return [first, page.evaluate(FRAMES, seconds)]
    finally:
        over.set()
        for caller in callers:
            caller.join()


def first_paints_ms(browser: Browser, url: str, rounds: int) -> list[float]:
    """Return how long the page takes to show something, each time in a browser of its own."""
    paints = []
    for _ in range(rounds):
        context = browser.new_context()
        page = context.new_page()
        page.goto(url)
        page.wait_for_timeout(500)
        paints.append(page.evaluate(PAINT))
        context.close()
    return paints


def main() -> int:
    """Measure, and print what was measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=float, default=5000, help="events a second (default: 5000)")
    parser.add_argument("--seconds", type=float, default=8, help="each measurement (default: 8)")
    parser.add_argument("--rounds", type=int, default=9, help="first paints (default: 9)")
    arguments = parser.parse_args()
    words = [sys.executable, "-m", "enchufe", "serve", "echo@tcp://127.0.0.1:0", "--web", ":0"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        said = ""
        while "Ctrl-C" not in said:
            said += server.stdout.readline()
        reading = threading.Thread(target=server.stdout.read, daemon=True)
        reading.start()
        url, port = re.findall(r"http://\S+", said)[0], int(re.findall(r"0\.1:(\d+) ", said)[0])
        try:
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(
                    executable_path=which("chromium"), args=["--no-sandbox", "--disable-gpu"]
                )
                first_paints_ms(browser, url, 1)  # the first to come has the web server loaded
                paints = first_paints_ms(browser, url, arguments.rounds)
                page = browser.new_page(viewport={"width": 1280, "height": 800})
                page.goto(f"{url}#wire")
                page.wait_for_timeout(1000)
                wires = measure_wire(page, port, arguments.rate, arguments.seconds)
                browser.close()
        finally:
            server.terminate()
    median = statistics.median(paints)
    print(f"first paint: median {median:.0f} ms, {min(paints):.0f} to {max(paints):.0f}")
    for wire in wires:
        print(
            f"wire: {wire['events']:,.0f} events/s, {wire['frames']:.1f} frames/s, "
            f"99 % within {wire['p99']:.0f} ms, {wire['kept']:,} kept, {wire['heap']:.0f} MB"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
