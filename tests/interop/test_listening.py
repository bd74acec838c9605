"""Where servers listen, who reaches them, and that they can be started again at once."""

import contextlib
import json
import signal
import socket
from pathlib import Path

import psutil
import pytest
from tests.interop.programs import (
    ENCHUFE,
    OurServer,
    connect,
    run,
    run_script,
    running,
    serving,
)
from tests.ports import free_port

LOOPBACK = {"127.0.0.1", "::1"}
TRANSPORTS = ("tcp", "udp")


def addresses_of(server: OurServer) -> set[str]:
    """Return the addresses the system says the server's sockets are bound to."""
    connections = psutil.Process(server.process.pid).net_connections("inet")
    return {connection.laddr.ip for connection in connections}


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("host", ["", "localhost"])
def test_a_server_listens_on_loopback_only_unless_told_otherwise(transport: str, host: str) -> None:
    with serving(f"echo@{transport}://{host}:0") as server:
        assert addresses_of(server) == LOOPBACK
        port = server.port(transport)
        told = run(ENCHUFE, "ps", "--log", "jsonl", "--port", str(port))
        rows = [json.loads(line) for line in told.stdout.splitlines()]
        ours = [row for row in rows if row["pid"] == server.process.pid]  # a number is not unique
        assert {row["local"] for row in ours} == {f"127.0.0.1:{port}", f"[::1]:{port}"}
        assert {row["transport"] for row in ours} == {transport}


GUIDES = {
    ("udp", 3500): ("udp_echo_client", ["again"], "--> again"),
    ("udp", 10000): ("udp_echo_client", ["again"], "--> again"),
    ("tcp", 3500): ("tcp_echo_client", ["again"], 'received "again"'),
    ("tcp", 10000): ("tcp_echo_client", ["again"], 'received "again"'),
    ("udp", 12345): ("udp_hello_asking_client", [], "Welcome to plaza"),
    ("tcp", 9001): ("tcp_greeting_client", [], "Thank you"),
    ("udp", 15000): ("udp_hello_asking_client", [], "Here is my answer for 127.0.0.1."),
}


@pytest.mark.xdist_group("the ports of the guides")
def test_the_server_without_arguments_serves_the_guides_clients_and_on_loopback_only() -> None:
    """A port that another program of this machine holds is left out, as the server does."""
    with serving() as server:
        assert addresses_of(server) == LOOPBACK
        open_ports = {(kind, port) for kind in TRANSPORTS for port in server.ports(kind)}
        tried = open_ports & GUIDES.keys()
        assert tried, server.output
        for transport, port in sorted(tried):
            name, words, expected = GUIDES[transport, port]
            assert expected in run_script(name, "localhost", port, *words), (transport, port)


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_star_listens_on_every_interface_in_both_families(transport: str) -> None:
    with serving(f"echo@{transport}://*:0") as server:
        assert addresses_of(server) == {"0.0.0.0", "::"}


REACHED_AS = ["127.0.0.1", "localhost", "[::1]"]


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("host", REACHED_AS)
def test_our_client_reaches_our_server_in_both_families_and_by_name(
    transport: str, host: str
) -> None:
    with serving(f"echo@{transport}://localhost:0") as server:
        ended = connect(f"{transport}://{host}:{server.port(transport)}", "--send", "hello")
        assert (ended.stdout.rstrip(b"\n"), ended.returncode) == (b"hello", 0)


@pytest.mark.parametrize("family", ["-4", "-6"])
@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_family_asked_for_is_the_only_one(transport: str, family: str) -> None:
    expected = {"-4": {"127.0.0.1"}, "-6": {"::1"}}[family]
    with serving(f"echo@{transport}://localhost:0", family) as server:
        assert addresses_of(server) == expected
        url = f"{transport}://localhost:{server.port(transport)}"
        assert connect(url, family, "--send", "hello").returncode == 0
        other = "-6" if family == "-4" else "-4"
        assert connect(url, other, "--send", "hello").returncode == 4


NCAT = ["ncat", "{host}", "{port}"]
SOCAT = ["socat", "-t", "60", "-", "TCP:{bracketed}:{port}"]
NC = ["nc", "-N", "{host}", "{port}"]


@pytest.mark.parametrize("words", [NCAT, SOCAT, NC], ids=["ncat", "socat", "netcat-openbsd"])
@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_foreign_clients_reach_our_server_in_both_families_and_by_name(
    host: str, words: list[str]
) -> None:
    with serving("echo@tcp://localhost:0") as server:
        bracketed = f"[{host}]" if ":" in host else host
        filled = [word.format(host=host, bracketed=bracketed, port=server.port()) for word in words]
        assert run(*filled, stdin=b"hello\n").stdout == b"hello\n"


# Started again at once


@pytest.mark.parametrize("ended_by", [signal.SIGINT, signal.SIGTERM])
def test_a_server_that_left_connections_behind_can_be_started_again_at_once(
    ended_by: signal.Signals,
) -> None:
    """It closed them first, so the kernel keeps them on its side for a minute (TIME_WAIT)."""
    port = free_port()
    for _ in range(3):
        with serving(f"greet@tcp://localhost:{port}", ended_by=ended_by) as server:
            for _ in range(5):
                assert "Thank you" in run_script("tcp_greeting_client", "127.0.0.1", port)
            assert server.port() == port
    waiting = [
        each
        for each in psutil.net_connections("tcp4")
        if each.status == psutil.CONN_TIME_WAIT and each.laddr and each.laddr.port == port
    ]
    assert waiting, "the test has shown nothing: no connection waited on the server's side"


def test_a_server_with_clients_inside_can_be_started_again_at_once() -> None:
    port = free_port()
    with contextlib.ExitStack() as open_socks:
        for _ in range(3):
            with serving(f"echo@tcp://127.0.0.1:{port}"):
                address = ("127.0.0.1", port)
                sock = open_socks.enter_context(socket.create_connection(address, timeout=10))
                sock.sendall(b"hello")
                assert sock.recv(10) == b"hello"


def test_a_port_that_is_taken_is_named_together_with_the_program_that_holds_it() -> None:
    with serving("echo@tcp://127.0.0.1:0") as server:
        words = (ENCHUFE, "serve", f"echo@tcp://127.0.0.1:{server.port()}")
        ended = run(*words, seconds_max=10)
        assert ended.returncode == 4
        assert f"(pid {server.process.pid})" in ended.stderr.decode()
        assert b"Traceback" not in ended.stderr


# Unix sockets


def test_a_unix_stream_socket_is_reached_by_everybody(tmp_path: Path) -> None:
    path = str(tmp_path / "echo.sock")
    with serving(f"echo@unix://{path}"):
        for words in (
            ("ncat", "-U", path),
            ("nc", "-N", "-U", path),
            ("socat", "-t", "60", "-", f"UNIX-CONNECT:{path}"),
            (ENCHUFE, "connect", f"unix://{path}"),
        ):
            ended = run(*words, stdin=bytes(100_000))
            assert (ended.stdout, ended.returncode) == (bytes(100_000), 0), words
    assert not Path(path).exists(), "it takes its file away with it"


def test_a_unix_datagram_socket_is_reached_by_those_who_can_be_answered(tmp_path: Path) -> None:
    path, own = str(tmp_path / "echo.sock"), str(tmp_path / "own.sock")
    with serving(f"echo@unixgram://{path}"):
        ended = connect(f"unixgram://{path}", "--send", "one", "--send", "two")
        assert (ended.stdout, ended.returncode) == (b"one\ntwo\n", 0)
        words = ("socat", "-t", "1", "-", f"UNIX-SENDTO:{path},bind={own}")
        assert run(*words, stdin=b"hello").stdout == b"hello"
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as nobody:
            nobody.sendto(b"no way back", path)  # not bound: there is no address to answer
        assert connect(f"unixgram://{path}", "--send", "again").stdout == b"again\n"


@pytest.mark.parametrize("transport", ["unix", "unixgram"])
def test_the_file_of_a_dead_server_does_not_block_the_next_and_a_live_one_does(
    transport: str, tmp_path: Path
) -> None:
    endpoint = f"{transport}://{tmp_path / 'echo.sock'}"
    with running(ENCHUFE, "serve", f"echo@{endpoint}", ready="Ctrl-C stops") as dead:
        dead.kill()
    assert (tmp_path / "echo.sock").exists()
    with serving(f"echo@{endpoint}") as live:
        second = run(ENCHUFE, "serve", f"echo@{endpoint}", seconds_max=10)
        assert second.returncode == 4
        assert f"(pid {live.process.pid})" in second.stderr.decode()
        assert connect(endpoint, "--send", "hello").stdout.rstrip() == b"hello"
