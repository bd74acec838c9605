"""What the page's addresses lead to, asked of a real ``enchufe serve``."""

import contextlib
import json
import os
import socket
from base64 import b64decode, b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.attacks.victims import read, read_until
from tests.certificates import Authority
from tests.cli.programs import PATIENCE_S
from tests.web.visits import Member, Site, port_of, visiting
from websockets.exceptions import ConnectionClosed, InvalidStatus

from enchufe.web.guard import HEADERS


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Run a server that all tests of this file share; each leaves it as it was."""
    path = tmp_path_factory.mktemp("sockets") / "echo.sock"
    words = ("echo@tcp://127.0.0.1:0", "chat@tcp://127.0.0.1:0", f"discard@unix://{path}")
    with visiting(*words) as site:
        yield site


# Files, and what there is


def test_the_page_is_there_with_all_it_names(site: Site) -> None:
    page = site.ask("/", token=True)
    assert (page.status, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    names = [part.split(b'"')[0].decode() for part in page.body.split(b'src="')[1:]]
    names += [part.split(b'"')[0].decode() for part in page.body.split(b'href="')[1:]]
    assert names
    for name in names:
        if not name.startswith(("data:", "#")):
            assert site.ask(f"/{name}", token=True).status == 200, name
    for part in (b"<script>", b" onclick", b" style=", b"http://", b"https://"):
        assert part not in page.body.replace(b"http://www.w3.org/2000/svg", b""), part


def test_what_there_is_and_whether_the_token_was_shown(site: Site) -> None:
    for token in (False, True):
        answer = site.ask("/about.json", token=token)
        about = json.loads(answer.body)
        assert answer.headers["content-type"] == "application/json"
        assert about["is_trusted"] is token
        assert about["services"] == ["echo", "chat", "discard"]
        assert about["languages"] == ["en", "es"]
        assert [row["url"].partition(":")[0] for row in about["listed"]] == ["tcp", "tcp", "unix"]


def test_words_are_in_the_language_asked_for(site: Site) -> None:
    english, spanish = (json.loads(site.ask(f"/words/{name}.json").body) for name in ("en", "es"))
    assert english["page"]["send"] == "Send"
    assert english["room"] != spanish["room"]
    for bad in ("xx", "..%2fen", "en%00", "EN"):
        assert site.ask(f"/words/{bad}.json").status == 404


@pytest.mark.parametrize(
    "path",
    [
        "/../page.py",
        "/..%2fpage.py",
        "/%2e%2e/page.py",
        "/%2e%2e%2fpage.py",
        "/shared/../../page.py",
        "//etc/passwd",
        "/%2fetc%2fpasswd",
        "/..\\page.py",
        "/index.html/../../page.py",
        "/index.html%00.js",
        "/shared",
        "/" + "a" * 5000,
        "/%ff%fe",
        "/~root",
    ],
)
@pytest.mark.parametrize("token", [False, True])
def test_nothing_but_the_page_is_read_from_the_disk(site: Site, path: str, token: bool) -> None:
    answer = site.ask(path, token=token)
    assert answer.status == 404
    assert HEADERS.items() <= answer.headers.items()


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH", "BREW"])
@pytest.mark.parametrize("path", ["/", "/about.json", "/words/en.json", "/index.html"])
def test_other_methods_are_refused(site: Site, path: str, method: str) -> None:
    answer = site.ask(path, method=method)
    assert answer.status == 405
    assert HEADERS.items() <= answer.headers.items()


def test_head_is_answered_without_a_body(site: Site) -> None:
    for path in ("/", "/about.json", "/index.html"):
        answer = site.ask(path, method="HEAD")
        assert (answer.status, answer.body) == (200, b"")
        assert int(answer.headers["content-length"]) > 100


@pytest.mark.parametrize("path", ["/", "/about.json", "/nothing", "/pcapng"])
def test_every_answer_has_our_headers_and_tells_nothing_of_the_server(
    site: Site, path: str
) -> None:
    answers = [site.ask(path), site.ask(path, Host="evil.example"), site.ask(path, method="BREW")]
    for answer in answers:
        assert HEADERS.items() <= answer.headers.items()
        assert "server" not in answer.headers
        assert "access-control-allow-origin" not in answer.headers


def test_the_address_without_its_last_slash_leads_to_the_page(site: Site) -> None:
    answer = site.ask("", token=True)
    assert (answer.status, answer.headers["location"]) == (307, f"/{site.token}/")


# Who may come


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("evil.example:{port}", "http://evil.example:{port}"),  # a name that leads here
        ("localhost:{port}", "http://evil.example"),
        ("localhost:{port}", "null"),
        ("localhost:{port}", "https://localhost:{port}"),
        ("localhost:{port}", "http://localhost:1"),
    ],
)
@pytest.mark.parametrize("path", ["/ws/echo", "/ws/chat", "/wire", "/call"])
def test_a_page_elsewhere_opens_no_websocket(site: Site, path: str, host: str, origin: str) -> None:
    port = site.port
    with (
        pytest.raises(InvalidStatus) as refused,
        site.talk(path, token=True, host=host.format(port=port), origin=origin.format(port=port)),
    ):
        pass
    assert refused.value.response.status_code == 403


def test_our_own_page_opens_them(site: Site) -> None:
    origin = f"http://127.0.0.1:{site.port}"
    for path in ("/ws/echo", "/ws/chat", "/wire", "/call"):
        with site.talk(path, origin=origin) as socket_:
            assert socket_.ping().wait(PATIENCE_S)


@pytest.mark.parametrize("path", ["/ws", "/nothing", "/index.html", "/about.json", "/"])
def test_a_websocket_to_nowhere_is_refused(site: Site, path: str) -> None:
    with pytest.raises(InvalidStatus) as refused, site.talk(path):
        pass
    assert refused.value.response.status_code == 403


def test_a_service_that_is_not_there_is_said_so(site: Site) -> None:
    with site.talk("/ws/nothing") as socket_, pytest.raises(ConnectionClosed) as closed:
        socket_.recv(PATIENCE_S)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4404


def test_a_service_behind_a_path_needs_the_token(site: Site) -> None:
    """Its permissions are its door; over the page anybody on this machine would come in."""
    with site.talk("/ws/discard") as socket_, pytest.raises(ConnectionClosed) as closed:
        socket_.recv(PATIENCE_S)
    assert closed.value.rcvd is not None
    assert (closed.value.rcvd.code, "token" in closed.value.rcvd.reason) == (4403, True)
    with site.talk("/ws/discard", token=True) as socket_:
        socket_.send(b"x")
        site.server.out.until("discard ws 127.0.0.1:[0-9]+ came")


def test_a_service_that_asks_for_certificates_needs_the_token(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    issued = authority.issue("server")
    words = ("--cert", issued.certificate, "--key", issued.key)
    with visiting("echo@tls://127.0.0.1:0", *words) as open_to_all:
        with open_to_all.talk("/ws/echo") as socket_:
            socket_.send(b"x")
            assert socket_.recv(PATIENCE_S) == b"x"
        checking = ("--client-ca", str(authority.path))
    with visiting("echo@tls://127.0.0.1:0", *words, *checking) as checked:
        with checked.talk("/ws/echo") as socket_, pytest.raises(ConnectionClosed):
            socket_.recv(PATIENCE_S)
        with checked.talk("/ws/echo", token=True) as socket_:
            socket_.send(b"x")
            assert socket_.recv(PATIENCE_S) == b"x"


def test_nobody_says_that_they_come_from_elsewhere(site: Site) -> None:
    """Doors and limits go by the address of the socket, whatever a header says of it."""
    headers = {"X-Forwarded-For": "203.0.113.9", "Forwarded": "for=203.0.113.9"}
    with site.talk("/ws/echo", additional_headers=headers) as socket_:
        socket_.send(b"x")
        assert socket_.recv(PATIENCE_S) == b"x"
    assert "203.0.113.9" not in site.server.out.text


# Services


def test_an_echo_answers_in_bytes_and_a_line_of_text(site: Site) -> None:
    with site.talk("/ws/echo") as socket_:
        socket_.send(bytes(range(256)))
        assert socket_.recv(PATIENCE_S) == bytes(range(256))
        socket_.send("hola")
        assert socket_.recv(PATIENCE_S) == b"hola\n"


def test_a_megabyte_goes_and_comes_back_also_in_pieces(site: Site) -> None:
    data = os.urandom(1024 * 1024)
    with site.talk("/ws/echo", max_size=None) as socket_:
        for message in (data, [data[:1000], b"", data[1000:]]):
            socket_.send(message)
            heard = b""
            while len(heard) < len(data):
                piece = socket_.recv(PATIENCE_S)
                assert isinstance(piece, bytes)
                heard += piece
            assert heard == data


def test_a_browser_talks_in_a_room_with_somebody_at_a_plain_socket(site: Site) -> None:
    plain = socket.create_connection(("127.0.0.1", port_of(site, "chat")), PATIENCE_S)
    with plain, site.talk("/ws/chat") as socket_:
        plain.sendall(b"/name luis\n")
        read_until(plain, b"luis")
        ana = Member(socket_, "ana")
        ana.says("<b>hola</b>")
        assert b"ana: <b>hola</b>" in read_until(plain, b"</b>\n")
        plain.sendall(b"hello ana\n")
        assert ana.hears_text() == "hello ana"


def test_leaving_and_reloading_are_told_apart(site: Site) -> None:
    plain = socket.create_connection(("127.0.0.1", port_of(site, "chat")), PATIENCE_S)
    with plain:
        plain.sendall(b"/name luis\n")
        for code in (1000, 1001):
            with site.talk("/ws/chat") as socket_:
                Member(socket_, f"eva{code}")
                socket_.close(code)
        site.server.out.until("chat ws 127.0.0.1:[0-9]+ left")
        assert b"eva1000 left" in read_until(plain, b"eva1000 left")


# The wire


def test_the_wire_tells_what_passes_in_the_lines_of_a_recording(site: Site) -> None:
    with site.talk("/wire") as wire, site.talk("/ws/echo") as socket_:
        header = json.loads(str(wire.recv(PATIENCE_S)).split("\n")[0])
        assert header["type"] == "enchufe recording"
        socket_.send(b"\x00\xff")
        told = ""
        while '"BytesSent"' not in told:
            told += str(wire.recv(PATIENCE_S)) + "\n"
        facts = [json.loads(line).get("fact", {}) for line in told.splitlines()]
        (came,) = [fact for fact in facts if fact.get("type") == "BytesReceived"]
        assert b64decode(came["data"]) == b"\x00\xff"
        assert came["peer"]["transport"] == "ws"


def test_what_the_page_keeps_becomes_a_capture(site: Site) -> None:
    with site.talk("/wire") as wire, site.talk("/ws/echo") as socket_:
        kept = str(wire.recv(PATIENCE_S))
        socket_.send(b"something rare")
        while '"BytesSent"' not in kept:
            kept += "\n" + str(wire.recv(PATIENCE_S))
    kept = "\n".join(line for line in kept.split("\n") if '"notice"' not in line)
    answer = site.ask("/pcapng", method="POST", body=kept.encode() + b"\n")
    assert (answer.status, answer.headers["content-type"]) == (200, "application/x-pcapng")
    assert answer.body.count(b"something rare") == 2


@pytest.mark.parametrize("body", [b"", b"rubbish", b"\xff\xfe\n\n", b"{}\n", b"[" * 100_000])
def test_what_is_no_recording_is_said_so_in_the_page_s_language(site: Site, body: bytes) -> None:
    answer = site.ask("/pcapng?language=es", method="POST", body=body)
    assert (answer.status, answer.headers["content-type"]) == (422, "text/plain; charset=utf-8")
    assert "no es una grabación" in answer.body.decode()


# Calls


def call(site: Site, endpoint: str, *, token: bool = False) -> dict[str, object]:
    """Return what is said first of a call."""
    with site.talk("/call", token=token) as socket_:
        socket_.send(json.dumps({"endpoint": endpoint, "language": "en"}))
        fact: dict[str, object] = json.loads(socket_.recv(PATIENCE_S))
        return fact


def test_an_endpoint_of_ours_may_be_called_by_its_very_name(site: Site) -> None:
    port = port_of(site, "echo")
    with site.talk("/call") as socket_:
        socket_.send(json.dumps({"endpoint": f"tcp://127.0.0.1:{port}"}))
        assert "opened" in json.loads(socket_.recv(PATIENCE_S))
        socket_.send(json.dumps({"send": b64encode(b"hola").decode()}))
        assert b64decode(json.loads(socket_.recv(PATIENCE_S))["received"]) == b"hola"


def test_no_other_endpoint_is_called_without_the_token(site: Site, tmp_path: Path) -> None:
    (unix,) = [
        row["url"]
        for row in json.loads(site.ask("/about.json").body)["listed"]
        if row["transport"] == "unix"
    ]
    port = port_of(site, "echo")
    with socket.create_server(("127.0.0.1", 0)) as other:
        foreign = other.getsockname()[1]
        for endpoint in (
            f"tcp://127.0.0.1:{foreign}",
            f"tcp://localhost:{port}",
            f"tcp://127.0.0.2:{port}",
            f"tcp://[::1]:{port}",
            f"tcp://[::ffff:127.0.0.1]:{port}",
            f"tls://127.0.0.1:{port}",
            f"udp://127.0.0.1:{port}",
            f"tcp://:{site.port}",
            f"unix://{tmp_path}/other.sock",
            unix,  # what comes through it from us would have our name
        ):
            assert "token" in str(call(site, endpoint)["failed"]), endpoint
        other.setblocking(False)
        with pytest.raises(BlockingIOError):
            other.accept()
        assert "opened" in call(site, f"tcp://127.0.0.1:{foreign}", token=True)
    assert "opened" in call(site, unix, token=True)


# Limits


def test_a_message_beyond_the_limit_ends_that_conversation_only(site: Site) -> None:
    for message in (bytes(2 * 1024 * 1024 + 1), [bytes(1024 * 1024)] * 3):
        with site.talk("/ws/discard", token=True) as socket_:
            with contextlib.suppress(ConnectionClosed):
                socket_.send(message)
            with pytest.raises(ConnectionClosed):
                socket_.recv(PATIENCE_S)
        assert socket_.close_code in (1009, 1006)  # a reset may overtake the reason
        with site.talk("/ws/echo") as other:
            other.send("still here")
            assert other.recv(PATIENCE_S) == b"still here\n"


def test_a_compression_bomb_has_nobody_to_unpack_it(site: Site) -> None:
    with site.talk("/ws/echo") as socket_:
        assert socket_.protocol.extensions == []


def test_text_that_is_none_ends_that_conversation_only(site: Site) -> None:
    with site.talk("/ws/echo") as socket_:
        socket_.protocol.send_text(b"\xff\xfe")
        socket_.socket.sendall(b"".join(socket_.protocol.data_to_send()))
        with pytest.raises(ConnectionClosed):
            socket_.recv(PATIENCE_S)
    assert socket_.close_code == 1007


def test_over_plain_sockets_all_is_as_ever(site: Site) -> None:
    with socket.create_connection(("127.0.0.1", port_of(site, "echo")), PATIENCE_S) as sock:
        sock.sendall(b"hola")
        assert read(sock, 4) == b"hola"
