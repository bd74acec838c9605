"""TCP echo by foreign clients and ours: not one byte lost or stalled, run after run.

``ncat -l -k -e /bin/cat`` loses bytes or stalls in most such runs.
"""

import socket
import threading
import time
from collections.abc import Iterator

import pytest
from tests.interop.messages import first_difference, message_of
from tests.interop.programs import (
    ENCHUFE,
    FOREIGN_READY,
    OurServer,
    connect,
    exchange_kept_open,
    run,
    run_script,
    running,
    script,
    serving,
)
from tests.ports import free_port

RUNS = 25
SIZES = {"50 kB": 50_000, "5 MB": 5_000_000}
CLIENTS = {
    "ncat": ["ncat", "127.0.0.1", "{port}"],
    # Without -N it never tells the server that its input has ended.
    "nc": ["nc", "-N", "127.0.0.1", "{port}"],
    # Without -t it leaves half a second after the end of its input, whatever is on the way.
    "socat": ["socat", "-t", "60", "-", "TCP4:127.0.0.1:{port}"],
    "enchufe": [ENCHUFE, "connect", "tcp://127.0.0.1:{port}"],
}


@pytest.fixture(scope="module")
def server() -> Iterator[OurServer]:
    with serving("echo@tcp://localhost:0") as server:
        yield server


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("client", CLIENTS)
def test_every_byte_comes_back_after_half_close(server: OurServer, client: str, size: str) -> None:
    message = message_of(SIZES[size])
    words = [word.format(port=server.port()) for word in CLIENTS[client]]
    for number in range(RUNS):
        ended = run(*words, stdin=message)
        assert first_difference(message, ended.stdout) == "", f"run {number}"
        assert ended.returncode == 0


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("client", CLIENTS)
def test_every_byte_comes_back_while_the_client_keeps_its_side_open(
    server: OurServer, client: str, size: str
) -> None:
    message = message_of(SIZES[size])
    words = [word.format(port=server.port()) for word in CLIENTS[client]]
    for number in range(RUNS):
        answer = exchange_kept_open(words, message, len(message))
        assert first_difference(message, answer) == "", f"run {number}"


@pytest.mark.parametrize("half_close", [True, False], ids=["half-close", "kept open"])
@pytest.mark.parametrize("size", SIZES)
def test_every_byte_comes_back_to_blocking_sockets(
    server: OurServer, size: str, half_close: bool
) -> None:
    message = message_of(SIZES[size])
    for number in range(RUNS):
        with socket.create_connection(("127.0.0.1", server.port()), timeout=60) as connection:
            writer = threading.Thread(target=_say, args=(connection, message, half_close))
            writer.start()
            answer = bytearray()
            while len(answer) < len(message) and (data := connection.recv(65536)):
                answer += data
            writer.join()
            assert first_difference(message, bytes(answer)) == "", f"run {number}"
            if half_close:
                assert connection.recv(1) == b"", "the server closes once all went back"


def _say(connection: socket.socket, message: bytes, half_close: bool) -> None:
    connection.sendall(message)
    if half_close:
        connection.shutdown(socket.SHUT_WR)


def test_a_client_that_reads_only_long_after_its_half_close_misses_nothing(
    server: OurServer,
) -> None:
    message = message_of(400_000)
    with socket.create_connection(("127.0.0.1", server.port()), timeout=60) as connection:
        _say(connection, message, half_close=True)
        time.sleep(2)
        answer = b""
        while data := connection.recv(65536):
            answer += data
    assert first_difference(message, answer) == ""


def test_a_message_sent_byte_by_byte_comes_back_in_order(server: OurServer) -> None:
    message = message_of(2_000)
    with socket.create_connection(("127.0.0.1", server.port()), timeout=60) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for i in range(len(message)):
            connection.sendall(message[i : i + 1])
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        while data := connection.recv(7):
            answer += data
    assert first_difference(message, answer) == ""


def test_a_script_that_reads_sixteen_bytes_at_a_time_gets_its_text_back(server: OurServer) -> None:
    printed = run_script("tcp_echo_client", "127.0.0.1", server.port(), "áéí " * 4)
    assert printed.count("received") == 2  # 28 bytes, cut between two characters at 16


@pytest.mark.parametrize("buffer", ["1", "16", "1000"])
def test_a_small_buffer_loses_nothing(buffer: str) -> None:
    message = message_of(50_000)
    with serving("echo@tcp://:0", "--log", "jsonl", "--buffer", buffer) as server:
        ended = run("ncat", "127.0.0.1", str(server.port()), stdin=message)
        pieces = [fact["message"] for fact in server.facts("MessageReceived")]
    assert first_difference(message, ended.stdout) == ""
    assert len(pieces) >= len(message) / int(buffer)


def test_our_client_gets_every_byte_back_from_a_server_with_threads() -> None:
    message = message_of(SIZES["5 MB"])
    with script("tcp_threaded_echo_server") as (_program, port):
        for number in range(RUNS // 10):
            ended = connect(f"tcp://127.0.0.1:{port}", stdin=message)
            assert first_difference(message, ended.stdout) == "", f"run {number}"
            assert ended.returncode == 0


def test_our_client_gets_every_byte_back_from_a_server_that_reads_sixteen_at_a_time() -> None:
    message = b"0123456789abcde\n" * 5_000  # that server prints what it reads, so it needs text
    with script("tcp_echo_server") as (_program, port):
        ended = connect(f"tcp://127.0.0.1:{port}", stdin=message)
    assert first_difference(message, ended.stdout) == ""
    assert ended.returncode == 0


def test_our_client_gets_every_byte_back_from_socat() -> None:
    message = message_of(SIZES["5 MB"])
    port = free_port()
    # Without -t socat leaves half a second after our half-close, whatever is on the way.
    words = ("socat", "-d", "-d", "-t", "60", f"TCP4-LISTEN:{port},fork,reuseaddr", "EXEC:/bin/cat")
    with running(*words, ready=FOREIGN_READY):
        for number in range(RUNS // 10):
            ended = connect(f"tcp://127.0.0.1:{port}", stdin=message)
            assert first_difference(message, ended.stdout) == "", f"run {number}"
            assert ended.returncode == 0
