"""The drawer from which something is sent to any endpoint, and where the answer is seen."""

import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect
from tests.browser.windows import Window, port_of, serving_page
from tests.cli.programs import serving
from tests.ports import free_port

Open = Callable[..., Window]


def drawer(open_window: Open, url: str) -> Window:
    window = open_window(f"{url}#wire")
    window.page.get_by_role("button", name="Send").first.click()
    window.find("#drawer").wait_for()
    return window


def send(window: Window, endpoint: str, text: str, kind: str = "text", end: str = "\n") -> None:
    window.find("#drawer .endpoint").fill(endpoint)
    window.find("#drawer .kind").select_option(kind)
    window.find("#drawer .end").select_option(end)
    window.find("#drawer .bytes").fill("")
    window.find("#drawer .bytes").press_sequentially(text)
    window.find("#drawer .bytes").press("Enter")


def answers(window: Window, kind: str) -> list[str]:
    return window.find(f"#drawer .{kind} > pre").all_inner_texts()


@pytest.mark.parametrize("transport", ["tcp", "udp", "tls"])
def test_what_is_sent_comes_back(open_window: Open, home: Path, transport: str) -> None:
    with serving_page(f"echo@{transport}://:0") as (server, url):
        endpoint = f"{transport}://localhost:{port_of(server, 'echo', transport)}"
        window = drawer(open_window, url)
        send(window, endpoint, "hola ñandú")
        expect(window.find("#drawer .came > pre")).to_have_text("hola ñandú␊")
        send(window, endpoint, "00 ff 0a", kind="hex")
        expect(window.find("#drawer .came > pre")).to_have_count(2)
        window.find("#drawer .came details summary").last.click()
        expect(window.find("#drawer .came details pre").last).to_have_text("00 ff 0a")


def test_the_end_of_line_is_a_choice_and_half_closing_a_button(
    open_window: Open, home: Path
) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        serving_page("echo@tcp://:0") as (
            _server,
            url,
        ),
    ):
        window = drawer(open_window, url)
        send(window, f"tcp://127.0.0.1:{listener.getsockname()[1]}", "GET / HTTP/1.0", end="\r\n")
        connection, _ = listener.accept()
        with connection:
            assert connection.recv(100) == b"GET / HTTP/1.0\r\n"
            window.page.get_by_role("button", name="Half-close").click()
            assert connection.recv(100) == b""
            connection.sendall(b"HTTP/1.0 200 OK\r\n\r\n")
            window.says("HTTP/1.0 200 OK")
            assert answers(window, "came") == ["HTTP/1.0 200 OK␍␊\n␍␊\n"]
        window.says("It is over.")


def test_digits_that_are_none_and_servers_that_are_not_there_are_explained(
    open_window: Open, home: Path
) -> None:
    with serving_page("echo@tcp://:0") as (_server, url):
        window = drawer(open_window, url)
        send(window, f"tcp://localhost:{free_port()}", "6z", kind="hex")
        window.says("Hexadecimal is pairs of digits: 68 6f 6c 61")
        send(window, f"tcp://localhost:{free_port()}", "hello")
        window.says("nobody listens on")
        send(window, "tpc://localhost:1", "hello")
        window.says("Did you mean tcp://?")


def test_without_the_token_only_our_own_services_are_called(open_window: Open, home: Path) -> None:
    with serving("echo@tcp://:0") as other, serving_page("echo@tcp://:0") as (server, url):
        without_token = url.rsplit("/", 2)[0] + "/"
        window = drawer(open_window, without_token)
        send(window, other.endpoints[0], "hello")
        window.says("Only whoever opened the address that enchufe serve printed")
        send(window, f"tcp://:{port_of(server, 'echo')}", "hello")
        expect(window.find("#drawer .came > pre")).to_have_text("hello␊")


def test_what_comes_back_never_becomes_markup(open_window: Open, home: Path) -> None:
    with serving_page("echo@tcp://:0") as (server, url):
        window = drawer(open_window, url)
        text = "<img src=x onerror='window.harm=1'>\x1b[2J"
        send(window, f"tcp://:{port_of(server, 'echo')}", text, end="")
        expect(window.find("#drawer .came > pre")).to_have_text(text.replace("\x1b", "␛"))
        assert window.page.evaluate("window.harm") is None
