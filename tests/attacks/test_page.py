"""The page under attack: by pieces without end, by silence, by rubbish, by those who vanish."""

import contextlib
import os
import socket
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.attacks.victims import MIB, PATIENCE_S, Victim, leave, push, read, read_until
from tests.cli.silent_places import reset
from tests.web.visits import Site, visiting

from enchufe.web.protocols import CONNECTIONS_MAX

KEPT_BYTES = 96 * MIB
"""What Python keeps of a great many small things; without bounds each attack takes far more."""

HANDSHAKE = (
    "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n{more}\r\n"
)

UPLOAD = b"POST /pcapng HTTP/1.1\r\nHost: localhost\r\n"

CONTINUATION, BINARY, FINAL = 0x00, 0x02, 0x80


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    """Run a server that all of them attack; nothing may ever stand on its standard error."""
    with visiting("echo@tcp://127.0.0.1:0", "chat@tcp://127.0.0.1:0") as site:
        assert site.ask("/").status == 200
        yield site


def knock(site: Site) -> socket.socket:
    return socket.create_connection(("127.0.0.1", site.port), PATIENCE_S)


def opened(site: Site, path: str, more: str = "") -> socket.socket:
    """Open a WebSocket by hand."""
    sock = knock(site)
    sock.sendall(HANDSHAKE.format(path=path, more=more).encode())
    read_until(sock, b"\r\n\r\n")
    return sock


def piece(kind: int, data: bytes = b"") -> bytes:
    """Return a frame of a WebSocket with a mask of zeros (RFC 6455, 5.2)."""
    assert len(data) < 126
    return bytes([kind, 0x80 | len(data), 0, 0, 0, 0]) + data


def is_cut_off(sock: socket.socket) -> bool:
    sock.setblocking(False)
    try:
        return not sock.recv(1, socket.MSG_PEEK)
    except BlockingIOError:
        return False
    except ConnectionError:
        return True


def assert_serves(site: Site) -> None:
    """Fail unless a new honest browser is served."""
    assert site.ask("/about.json").status == 200
    with site.talk("/ws/echo") as talk:
        talk.send(b"anyone there?")
        assert talk.recv(PATIENCE_S) == b"anyone there?"


@pytest.mark.parametrize("data", [b"", b"x"])
def test_a_message_in_pieces_without_end_is_given_up(site: Site, data: bytes) -> None:
    with opened(site, "/ws/echo") as sock:
        push(sock, piece(BINARY, data) + piece(CONTINUATION, data) * 2_000)
        answer = b""
        with contextlib.suppress(ConnectionError):
            answer = read(sock, 1000)
        assert b"\x03\xf1" in answer  # 1009, too large
    assert_serves(site)


def test_a_breath_of_tiny_messages_fills_nothing_and_holds_nobody_up(site: Site) -> None:
    victim = Victim(site.server)
    many = [opened(site, "/ws/echo") for _ in range(20)]
    for sock in many:  # they do not read what comes back
        sock.settimeout(0.5)
        push(sock, piece(BINARY | FINAL) * 30_000)
    assert_serves(site)
    assert victim.memory_bytes < victim.memory_before_bytes + KEPT_BYTES
    leave(many, rudely=True)
    assert_serves(site)


def test_who_asks_for_nothing_makes_others_wait_for_no_longer_than_it_stays(site: Site) -> None:
    """The page tells who comes then that it is busy; half a thousand are cut off at once."""
    silent = [knock(site) for _ in range(700)]
    for number, sock in enumerate(silent):
        if number % 2:
            push(sock, b"GET / HTTP/1.1\r\nHost: loc")
    victim = Victim(site.server)
    victim.until(lambda: sum(map(is_cut_off, silent)) >= 700 - CONNECTIONS_MAX, "many are cut off")
    with pytest.raises((ConnectionError, AssertionError)):
        assert site.ask("/").status == 200
    leave(silent)
    victim.until(lambda: victim.descriptors < 60, "all of them have left")
    assert_serves(site)


def test_who_vanishes_leaves_nothing_behind_and_is_no_news(site: Site) -> None:
    victim = Victim(site.server)
    before = victim.descriptors
    for path in ("/ws/echo", "/ws/chat", "/ws/nothing", "/wire", "/call") * 20:
        reset(opened(site, path))
        sock = knock(site)
        sock.sendall(HANDSHAKE.format(path=path, more="").encode())
        reset(sock)
    with knock(site) as half:
        half.sendall(
            b"POST /pcapng HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nhalf"
        )
    victim.until(lambda: victim.descriptors <= before + 2, "all of them have left")
    assert_serves(site)


def test_headers_without_measure_are_refused(site: Site) -> None:
    for size_bytes in (9_000, 100_000):
        with knock(site) as sock:
            more = f"Cookie: {'a' * size_bytes}\r\n"
            push(sock, HANDSHAKE.format(path="/ws/echo", more=more).encode())
            with contextlib.suppress(ConnectionError):
                assert read(sock, 12) in (b"HTTP/1.1 431", b"HTTP/1.1 400")
    assert_serves(site)


def test_a_recording_without_end_is_refused(site: Site) -> None:
    with knock(site) as sock:
        sock.sendall(
            b"POST /pcapng HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        chunk = b"100000\r\n" + bytes(MIB) + b"\r\n"
        for _chunk in range(70):
            push(sock, chunk)
        assert b" 413 " in read(sock, 20)
    assert_serves(site)


@settings(max_examples=60)
@given(st.lists(st.binary(max_size=300) | st.text(max_size=100), max_size=6), st.booleans())
def test_any_bytes_in_a_room_break_nothing(
    site: Site, said: list[bytes | str], is_framed: bool
) -> None:
    with site.talk("/ws/chat") as talk, contextlib.suppress(Exception):
        for message in said:
            talk.send(message)
    if is_framed:
        with opened(site, "/ws/chat") as sock:
            push(sock, b"".join(each for each in said if isinstance(each, bytes)))
    assert site.server.process.poll() is None


def test_any_bytes_instead_of_http_break_nothing(site: Site) -> None:
    for _stranger in range(50):
        with knock(site) as sock:
            push(sock, os.urandom(5_000) + b"\r\n\r\n")
    assert_serves(site)
