"""The page of a run: where it is, when it is loaded, and how it ends."""

import asyncio
import contextlib
import json
import re
import signal
import socket
import subprocess
import sys

import psutil
import pytest
from tests.attacks.victims import read
from tests.cli.programs import PATIENCE_S, running, serving
from tests.net.recording import Recorder, on_loop, until
from tests.ports import free_port
from tests.web.test_link import answer
from tests.web.visits import Site, port_of, visiting
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from enchufe.clients.page import NoticeBoard, PageWish, opened_page
from enchufe.core.endpoint import Endpoint
from enchufe.core.exits import ExitCode
from enchufe.core.notices import PageServed
from enchufe.core.peer import Transport
from enchufe.host import Host
from enchufe.net.door import Door
from enchufe.net.listen import listen
from enchufe.net.server import Rules, Server, Serving
from enchufe.record.header import Connected, RecordedService

ECHO = "echo@tcp://127.0.0.1:0"


# Where it is


def test_the_page_s_address_ends_in_a_token_that_is_another_each_time() -> None:
    tokens = set()
    for _run in range(2):
        with visiting(ECHO) as site:
            assert site.host == "localhost"
            assert len(site.token) == 16
            tokens.add(site.token)
    assert len(tokens) == 2


def test_no_page_is_opened_where_none_is_wanted() -> None:
    for words in (("--no-web",), ("--quiet",)):
        with running("serve", ECHO, "hello@tcp://127.0.0.1:0", *words) as server:
            _until_listening(server.process.pid)
            assert "http://" not in server.out.text
            assert len(_listening(server.process.pid)) == 2


def _until_listening(pid: int) -> None:
    asyncio.run(until(lambda: len(_listening(pid)) >= 2))


def _listening(pid: int) -> list[int]:
    return [
        each.laddr.port
        for each in psutil.Process(pid).net_connections("tcp")
        if each.status == psutil.CONN_LISTEN
    ]


def test_a_quiet_run_has_a_page_if_it_is_asked_for() -> None:
    port = free_port()
    with running("serve", ECHO, "--quiet", "--web", f":{port}") as server:
        asyncio.run(until(lambda: port in _listening(server.process.pid)))


def test_the_page_is_where_it_is_asked_for() -> None:
    port = free_port()
    with visiting(ECHO, "--web", f":{port}") as site:
        assert site.port == port
        assert site.ask("/").status == 200


@pytest.mark.parametrize("host", ["127.0.0.2", "[::1]"])
def test_the_address_that_is_printed_is_one_that_is_answered(host: str) -> None:
    if sys.platform != "linux" and host == "127.0.0.2":
        pytest.skip("macOS has one loopback address only")
    with serving(ECHO, "--web", f"{host}:0") as server:
        found = server.out.until(r"page +(http://(\S+):(\d+)/\S+/)")
        assert found[2] == host
        with socket.create_connection((host.strip("[]"), int(found[3])), PATIENCE_S) as sock:
            path = found[1].partition(found[3])[2]
            sock.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}:{found[3]}\r\n\r\n".encode())
            assert read(sock, 15) == b"HTTP/1.1 200 OK"


def test_a_taken_port_is_a_failure_if_it_was_asked_for() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with running("serve", ECHO, "--web", f":{port}") as server:
            assert server.wait() == ExitCode.REFUSED
            assert str(port) in server.err.text
            assert "Ctrl-C" not in server.out.text


def test_a_taken_port_is_done_without_if_nobody_asked_for_it() -> None:
    async def main() -> tuple[int, int]:
        with contextlib.ExitStack() as taken:
            for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
                sock = taken.enter_context(socket.socket(family))
                with contextlib.suppress(OSError):  # then somebody else has it
                    sock.bind((host, 7080))
                    sock.listen()
            page = await opened_page(PageWish(), [], NoticeBoard(print))
            assert page is not None
            page.close()
            return 7080, int(page.url.rpartition(":")[2].partition("/")[0])

    usual, chosen = asyncio.run(main())
    assert chosen != usual


@pytest.mark.parametrize("web", ["udp://:0", "unix://x.sock", "tls://:0"])
def test_a_page_is_reached_over_tcp(web: str) -> None:
    with running("serve", ECHO, "--web", web) as server:
        assert server.wait() == ExitCode.USAGE
        assert "a page is reached over TCP" in server.err.text


def test_workers_have_no_page_and_say_so_if_it_is_asked_for() -> None:
    with running("serve", ECHO, "--workers", "2", "--web", ":0") as server:
        assert server.wait() == ExitCode.USAGE
        assert "--workers does not go with --web" in server.err.text
    with serving(ECHO, "--workers", "2") as server:
        assert "http://" not in server.out.text


def test_a_program_reads_the_page_s_address_from_the_log() -> None:
    with running("serve", ECHO, "--web", ":0", "--log", "jsonl") as server:
        server.out.until("Ready")
        lines = [json.loads(line) for line in server.out.text.splitlines()]
        (served,) = [line for line in lines if line.get("type") == PageServed.__name__]
        assert re.fullmatch(r"http://localhost:\d+/[\w-]{16}/", served["url"])


def test_beyond_loopback_everything_needs_the_token() -> None:
    with visiting(ECHO, "--web", "*:0") as site:
        for path in ("/", "/about.json", "/words/en.json", "/shared/house.css", "/nothing"):
            refused = site.ask(path)
            assert (refused.status, b"token" in refused.body) == (403, True)
        assert site.ask("/pcapng", method="POST", body=b"x").status == 403
        for path in ("/wire", "/call", "/ws/echo", f"/{site.token.swapcase()}/wire"):
            with pytest.raises(InvalidStatus), site.talk(path):
                pass
        for host in ("localhost", "192.168.1.4:1", "workshop.lan"):
            assert site.ask("/", token=True, Host=host).status == 200
        assert json.loads(site.ask("/about.json", token=True).body)["is_trusted"]
        with site.talk("/ws/echo", token=True) as talk:
            talk.send(b"x")
            assert talk.recv(PATIENCE_S) == b"x"


# Who may come in


@pytest.mark.parametrize("words", [("--deny", "127.0.0.1"), ("--allow", "192.0.2.1")])
def test_the_door_is_the_same_for_browsers(words: tuple[str, str]) -> None:
    with visiting(ECHO, *words) as site:
        with site.talk("/ws/echo") as talk, pytest.raises(ConnectionClosed) as closed:
            talk.recv(PATIENCE_S)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 4403
        assert closed.value.rcvd.reason
        site.server.out.until("ws 127.0.0.1:[0-9]+ refused: ")


def test_browsers_and_sockets_share_the_room_there_is() -> None:
    with visiting(ECHO, "--max-peers", "1") as site:
        with site.talk("/ws/echo") as talk:
            talk.send(b"x")
            assert talk.recv(PATIENCE_S) == b"x"
            with socket.create_connection(("127.0.0.1", port_of(site, "echo"))) as sock:
                assert read(sock, 14) == b"enchufe: full:"
            with site.talk("/ws/echo") as second, pytest.raises(ConnectionClosed):
                second.recv(PATIENCE_S)
        site.server.out.until("echo ws 127.0.0.1:[0-9]+ left")
        with site.talk("/ws/echo") as talk:
            talk.send(b"x")
            assert talk.recv(PATIENCE_S) == b"x"


def test_a_run_that_stops_after_one_counts_browsers_and_lets_them_finish() -> None:
    with serving(ECHO, "--stop-after", "1", "--web", ":0") as server:
        site = Site(server)
        with site.talk("/ws/echo") as talk:
            talk.send(b"x")
            assert talk.recv(PATIENCE_S) == b"x"
            with site.talk("/ws/echo") as late, pytest.raises(ConnectionClosed) as closed:
                late.recv(PATIENCE_S)
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 4403
            talk.send(b"y")
            assert talk.recv(PATIENCE_S) == b"y"
        assert server.wait() == 0
        assert server.err.text == ""


def test_a_silent_browser_is_let_go() -> None:
    with visiting(ECHO, "--idle", "0.1") as site:
        with site.talk("/ws/echo") as talk, pytest.raises(ConnectionClosed):
            talk.recv(PATIENCE_S)
        site.server.out.until("left .*silent")


def test_what_browsers_leave_unread_counts_with_the_rest() -> None:
    # How much of it the system takes in nobody knows; something is always left.
    with visiting("chargen@tcp://127.0.0.1:0", ECHO, "--max-held", "1K") as site:
        with site.talk("/ws/echo", max_queue=1) as talk:
            _flood(talk)
        site.server.out.until("left .*hold too much")


# When it is loaded, and how it ends


def test_nothing_heavy_is_loaded_before_the_first_browser() -> None:
    code = (
        "import sys, enchufe.clients.serving, enchufe.clients.page\n"
        "heavy = {'uvicorn', 'starlette', 'websockets', 'h11'} & set(sys.modules)\n"
        "sys.exit(f'{heavy}' if heavy else 0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=PATIENCE_S)


@pytest.mark.parametrize("is_visited", [True, False])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_ends_well_with_whoever_looks_and_talks(
    number: signal.Signals, is_visited: bool
) -> None:
    words = (ECHO, "chat@tcp://127.0.0.1:0", "--web", ":0")
    with serving(*words) as server, contextlib.ExitStack() as open_:
        site = Site(server)
        if is_visited:
            wire = open_.enter_context(site.talk("/wire"))
            for path in ("/ws/echo", "/ws/chat", "/call"):
                open_.enter_context(site.talk(path)).send(b"x" if path != "/call" else "")
            wire.recv(PATIENCE_S)
        assert server.stop(number) == 0
        assert server.err.text == ""
        if is_visited:
            _hear_all(wire)


def test_a_second_ctrl_c_waits_for_no_browser() -> None:
    """Nobody reads, so nothing leaves; the first would wait for seconds."""
    words = ("chargen@tcp://127.0.0.1:0", "--web", ":0")
    with serving(*words) as server, contextlib.ExitStack() as open_:
        site = Site(server)
        for path in ("/ws/chargen", "/wire", "/call"):
            open_.enter_context(site.talk(path, max_queue=1))
        server.out.until("chargen ws .* came")
        server.signal()
        server.signal()
        assert server.wait() == 0
        assert server.err.text == ""


def _flood(talk: ClientConnection) -> None:
    """Say things and read nothing, until one is let go."""
    with contextlib.suppress(ConnectionClosed):
        while True:
            talk.send(bytes(512 * 1024))


def _hear_all(talk: ClientConnection) -> None:
    """Read until the other side ends it."""
    with contextlib.suppress(ConnectionClosed):
        while True:
            talk.recv(PATIENCE_S)


class Stage:
    """A server and its page in this very process, on the event loop that a test wants."""

    def __init__(self) -> None:
        self.urls: list[str] = []

    async def run(self) -> None:
        (bound,) = await listen(Endpoint(Transport.TCP, "127.0.0.1", 0))
        board = NoticeBoard(lambda _notice: None)
        recorded = RecordedService("test", Connected(None, half_close=True))
        wish = PageWish(Endpoint(Transport.TCP, "127.0.0.1", 0))
        page = await opened_page(wish, [recorded], board)
        assert page is not None
        server = Server(Rules(Door((), (), print), str), board.notice)

        async def speak(_driver: object) -> None:
            await asyncio.to_thread(self._visit, page.url)
            server.stop()

        serving = Serving("test", Host(Recorder(answer)), [bound], print, speak=speak)
        assert await server.run([serving], page) is ExitCode.DONE

    def _visit(self, url: str) -> None:
        where = url.replace("http://", "ws://")
        with connect(f"{where}wire", max_size=None) as wire, connect(f"{where}ws/test") as talk:
            wire.recv(PATIENCE_S)
            for size in (1, 70_000, 1_000_000):
                talk.send(bytes(size))
                heard = 0
                while heard < size:
                    heard += len(talk.recv(PATIENCE_S))
            assert "PeerOpened" in str(wire.recv(PATIENCE_S))


@pytest.mark.parametrize("plain", [True, False])
def test_both_event_loops_serve_it(plain: bool) -> None:
    on_loop(Stage().run(), plain=plain)
