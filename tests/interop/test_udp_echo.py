"""UDP echo: a datagram in, the same datagram out, for every peer.

``ncat -l -u -k -e /bin/cat`` joins quick datagrams into one, cuts them at 8192 bytes
and drops the 101st peer.
"""

import json
import socket
import sys
from collections.abc import Iterator

import pytest
from tests.interop.messages import first_difference, message_of
from tests.interop.programs import (
    FOREIGN_READY,
    OurServer,
    connect,
    exchange_kept_open,
    run_script,
    running,
    script,
    serving,
)
from tests.ports import free_port

PEERS = 200
IPV4_BYTES_MAX, IPV6_BYTES_MAX = 65_507, 65_527  # 65,535 less the headers (RFC 768, RFC 8200)


@pytest.fixture(scope="module")
def server() -> Iterator[OurServer]:
    with serving("echo@udp://localhost:0") as server:
        yield server


def datagram_socket(family: socket.AddressFamily = socket.AF_INET) -> socket.socket:
    """Return a socket that waits ten seconds for an answer and has room for the largest."""
    sock = socket.socket(family, socket.SOCK_DGRAM)
    sock.settimeout(10)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    return sock


def test_five_quick_datagrams_come_back_as_five(server: OurServer) -> None:
    words = [b"one", b"", b"three", b"four\n", b"five" * 300]
    with datagram_socket() as sock:
        for word in words:
            sock.sendto(word, ("127.0.0.1", server.port("udp")))
        assert [sock.recv(65536) for _ in words] == words


def test_five_quick_datagrams_of_our_client_come_back_as_five(server: OurServer) -> None:
    words = ["one", "", "three", "two words", "five"]
    options = [option for word in words for option in ("--send", word)]
    url = f"udp://127.0.0.1:{server.port('udp')}"
    told = connect(url, *options, "--log", "jsonl")
    facts = [json.loads(line) for line in told.stdout.splitlines()]
    assert sum(fact["type"] == "MessageReceived" for fact in facts) == len(words)
    plain = connect(url, *options)
    assert plain.stdout.decode() == "".join(f"{word}\n" for word in words)
    assert "5 datagrams sent, 5 received" in plain.stderr.decode()
    assert (told.returncode, plain.returncode) == (0, 0)


def test_the_lines_of_a_file_are_a_datagram_each_and_all_come_back(server: OurServer) -> None:
    lines = b"".join(b"line %d\n" % number for number in range(15_000))
    ended = connect(f"udp://127.0.0.1:{server.port('udp')}", stdin=lines)
    assert ended.stdout == lines
    assert ended.returncode == 0


@pytest.mark.parametrize(
    ("host", "size_bytes"),
    [
        ("127.0.0.1", 0),
        ("127.0.0.1", 1),
        ("127.0.0.1", 1472),
        ("127.0.0.1", 8192),
        ("127.0.0.1", 8193),
        ("127.0.0.1", IPV4_BYTES_MAX),
        ("::1", 0),
        ("::1", IPV4_BYTES_MAX),
        ("::1", IPV6_BYTES_MAX),
    ],
)
def test_a_datagram_comes_back_whole(server: OurServer, host: str, size_bytes: int) -> None:
    message = message_of(size_bytes)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with datagram_socket(family) as sock:
        for _ in range(10):
            sock.sendto(message, (host, server.port("udp")))
            assert first_difference(message, sock.recv(1 << 17)) == ""


@pytest.mark.parametrize(
    ("host", "size_bytes"),
    [("127.0.0.1", IPV4_BYTES_MAX), ("[::1]", IPV4_BYTES_MAX), ("[::1]", IPV6_BYTES_MAX)],
)
def test_our_client_sends_the_largest_datagram_and_gets_it_back(
    server: OurServer, host: str, size_bytes: int
) -> None:
    message = b"x" * size_bytes
    ended = connect(f"udp://{host}:{server.port('udp')}", stdin=message)
    assert first_difference(message + b"\n", ended.stdout) == ""
    assert ended.returncode == 0


@pytest.mark.parametrize(
    ("host", "size_bytes"), [("127.0.0.1", IPV4_BYTES_MAX + 1), ("[::1]", IPV6_BYTES_MAX + 1)]
)
def test_our_client_says_so_when_a_datagram_is_too_large(
    server: OurServer, host: str, size_bytes: int
) -> None:
    ended = connect(f"udp://{host}:{server.port('udp')}", stdin=b"x" * size_bytes)
    assert ended.returncode == 9
    assert f"at most {size_bytes - 1} bytes" in ended.stderr.decode()


def test_two_hundred_peers_at_once_are_all_answered_and_never_each_others_answers(
    server: OurServer,
) -> None:
    socks = [datagram_socket() for _ in range(PEERS)]
    try:
        for turn in range(3):
            for number, sock in enumerate(socks):
                sock.sendto(b"%d of turn %d" % (number, turn), ("127.0.0.1", server.port("udp")))
            for number, sock in enumerate(socks):
                assert sock.recv(100) == b"%d of turn %d" % (number, turn)
        for sock in socks:  # and nobody was told anything else
            sock.settimeout(0)
            with pytest.raises(BlockingIOError):
                sock.recv(100)
    finally:
        for sock in socks:
            sock.close()


CLIENTS = {
    "ncat": ["ncat", "-u", "127.0.0.1", "{port}"],
    "nc": ["nc", "-u", "127.0.0.1", "{port}"],
    "socat": ["socat", "-", "UDP4:127.0.0.1:{port}"],
}


@pytest.mark.parametrize("client", CLIENTS)
def test_a_foreign_client_gets_its_datagram_back_and_so_does_the_next_one(
    server: OurServer, client: str
) -> None:
    """Their input stays open meanwhile: at its end ncat leaves without waiting."""
    words = [word.format(port=server.port("udp")) for word in CLIENTS[client]]
    for text in (b"first\n", b"second: caf\xc3\xa9\n", bytes(range(256))):
        assert exchange_kept_open(words, text, len(text)) == text


def test_a_script_gets_its_datagram_back_after_its_arrow(server: OurServer) -> None:
    for text in ("Echo sobre UDP", "otra vez, ñandú"):
        printed = run_script("udp_echo_client", "localhost", server.port("udp"), text)
        assert printed == f"--> {text}\n"


def test_our_client_gets_its_datagram_back_from_a_script() -> None:
    with script("udp_echo_server") as (_program, port):
        ended = connect(f"udp://localhost:{port}", "--send", "Echo sobre UDP")
    assert ended.stdout == b"Echo sobre UDP\n"
    assert ended.returncode == 0


FOREIGN_SERVERS = {
    "socat": ["socat", "-d", "-d", "UDP4-RECVFROM:{port},fork,bind=127.0.0.1", "EXEC:/bin/cat"],
    "socat over IPv6": ["socat", "-d", "-d", "UDP6-RECVFROM:{port},fork,bind=[::1]", "EXEC:cat"],
    "ncat": ["ncat", "-v", "-l", "-u", "-k", "-e", "/bin/cat", "127.0.0.1", "{port}"],
    "ncat over IPv6": ["ncat", "-v", "-l", "-u", "-k", "-e", "/bin/cat", "::1", "{port}"],
}


@pytest.mark.parametrize("name", FOREIGN_SERVERS)
def test_our_client_gets_its_datagram_back_from_a_foreign_server(name: str) -> None:
    """One datagram only: quick ones ncat joins, and socat answers out of order."""
    port = free_port()
    words = [word.format(port=port) for word in FOREIGN_SERVERS[name]]
    with running(*words, ready=FOREIGN_READY):
        # "localhost" is tried over IPv4 first: a server on ::1 alone must be found too.
        ended = connect(f"udp://localhost:{port}", "--send", "hello")
    assert (ended.stdout, ended.returncode) == (b"hello\n", 0), ended.stderr


def test_a_server_that_is_not_there_is_reported_at_once() -> None:
    ended = connect(f"udp://localhost:{free_port()}", "--send", "hello", seconds_max=1.9)
    assert ended.returncode == 4
    assert b"nobody listens" in ended.stderr


# All of 127.0.0.0/8 is this machine's own, elsewhere than on Linux only when configured.
OWN_ADDRESSES = ["127.0.0.1", "::1", *(["127.0.0.5"] if sys.platform == "linux" else [])]


@pytest.mark.parametrize("host", OWN_ADDRESSES)
def test_a_server_on_every_interface_answers_from_the_address_that_was_asked(host: str) -> None:
    """A connected socket takes an answer from no other address (udp(7))."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with serving("echo@udp://*:0") as server, datagram_socket(family) as sock:
        sock.connect((host, server.port("udp")))
        for text in (b"hello", b"again"):
            sock.send(text)
            assert sock.recv(100) == text
