"""Windows of a browser, and servers with a page for them."""

import contextlib
import re
import socket
from collections.abc import Iterator

from playwright.sync_api import ConsoleMessage, Locator, Page, expect
from tests.cli.programs import PATIENCE_S, Server, serving

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


SHOWN_S_MAX = 3 * PATIENCE_S
"""A browser on a busy machine is slower than anything else here."""

expect.set_options(timeout=SHOWN_S_MAX * 1000)


class Window:
    """One window, and whatever went wrong in it."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.faults: list[str] = []
        self.asked: list[str] = []
        page.set_default_timeout(SHOWN_S_MAX * 1000)
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("request", lambda request: self.asked.append(request.url))

    def _said(self, message: ConsoleMessage) -> None:
        is_about_the_network = "WebSocket" in message.text or "ERR_CONNECTION" in message.text
        if message.type in ("error", "warning") and not is_about_the_network:
            self.faults.append(message.text)

    def check(self) -> None:
        assert self.faults == []

    def says(self, text: str) -> None:
        """Wait until the window shows a text."""
        self.page.get_by_text(text).last.wait_for()

    def find(self, selector: str) -> Locator:
        return self.page.locator(selector)


@contextlib.contextmanager
def serving_page(*words: str, env: dict[str, str] | None = None) -> Iterator[tuple[Server, str]]:
    """Serve with a page; yield the server and the page's address, token and all."""
    with serving(*words, "--web", ":0", env=env) as server:
        found = re.search(r"http://\S+", server.out.text)
        assert found is not None
        yield server, found[0]


def port_of(server: Server, service: str, transport: str = "tcp") -> int:
    """Return where a service of it listens."""
    found = re.search(rf"^{service} +{transport} +\S+:(\d+)", server.out.text, re.MULTILINE)
    assert found is not None
    return int(found[1])


class Plain:
    """A peer without a program of ours: a plain connection that sends and reads lines."""

    def __init__(self, port: int) -> None:
        self._sock = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S)
        self._heard = b""

    def say(self, text: str) -> None:
        self._sock.sendall(text.encode())

    def until(self, text: str) -> str:
        """Read until something is there; return all that was read since the last time."""
        while text.encode() not in self._heard:
            data = self._sock.recv(65536)
            assert data, f"it ended without {text!r}: {self._heard!r}"
            self._heard += data
        heard, self._heard = self._heard.decode(), b""
        return heard

    def finish(self) -> None:
        self._sock.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        self._sock.close()


@contextlib.contextmanager
def plain(port: int) -> Iterator[Plain]:
    peer = Plain(port)
    try:
        yield peer
    finally:
        peer.close()
