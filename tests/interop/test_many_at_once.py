"""Many peers at once, and bad ones among them: nobody pays for another."""

import contextlib
import resource
import socket
import statistics
import struct
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest
from tests.interop.messages import first_difference, message_of
from tests.interop.programs import OurServer, connect, run, run_script, serving

CONNECTIONS = 2_000
DESCRIPTORS_USUAL = 1_024
SILENT_READERS = 20
MIB = 1024 * 1024
HELD_BYTES_MAX = 2 * MIB  # for each of them: the queue has 1 MiB, Python its share
LATENCY_S_MAX = 0.5
RESETS = 100


@contextlib.contextmanager
def descriptors(soft_limit: int) -> Iterator[None]:
    """Let this process, and those it starts, have so many descriptors."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert hard == resource.RLIM_INFINITY or hard >= soft_limit, f"ulimit -Hn {soft_limit}"
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft_limit, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def dialled(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=30)


def read(sock: socket.socket, size_bytes: int) -> bytes:
    data = bytearray()
    while len(data) < size_bytes and (piece := sock.recv(size_bytes - len(data))):
        data += piece
    return bytes(data)


def test_two_thousand_connections_at_once_all_get_their_echo() -> None:
    """The server begins with as few descriptors as systems usually give, and raises that."""
    with contextlib.ExitStack() as stack:
        with descriptors(DESCRIPTORS_USUAL):
            server = stack.enter_context(serving("echo@tcp://localhost:0"))
        stack.enter_context(descriptors(CONNECTIONS + 500))
        port = server.port()
        socks = [stack.enter_context(dialled(port)) for _ in range(CONNECTIONS)]
        for turn in range(2):
            for number, sock in enumerate(socks):
                sock.sendall(b"%6d in turn %d" % (number, turn))
            for number, sock in enumerate(socks):
                assert read(sock, 16) == b"%6d in turn %d" % (number, turn)
        for sock in socks:
            sock.shutdown(socket.SHUT_WR)
        assert all(sock.recv(1) == b"" for sock in socks)


def fill(sock: socket.socket) -> int:
    """Send until the other side takes no more; return how many bytes it took."""
    sock.settimeout(0.3)
    taken, piece = 0, bytes(65536)
    with contextlib.suppress(TimeoutError):
        while taken < 100 * MIB:
            taken += sock.send(piece)
    return taken


def latencies_s(port: int, turns: int = 200) -> list[float]:
    """Return how long each echo took for a peer that reads."""
    taken = []
    with dialled(port) as sock:
        for number in range(turns):
            message = b"%8d" % number
            begin = time.monotonic()
            sock.sendall(message)
            assert read(sock, 8) == message
            taken.append(time.monotonic() - begin)
    return taken


def memory_bytes(server: OurServer) -> int:
    held: int = psutil.Process(server.process.pid).memory_info().rss
    return held


def test_peers_that_stop_reading_slow_nobody_and_cannot_fill_the_servers_memory() -> None:
    with serving("echo@tcp://localhost:0") as server, contextlib.ExitStack() as open_socks:
        latencies_s(server.port())
        before = memory_bytes(server)
        socks = [open_socks.enter_context(dialled(server.port())) for _ in range(SILENT_READERS)]
        with ThreadPoolExecutor(SILENT_READERS) as pool:
            taken = list(pool.map(fill, socks))
        assert max(taken) < 100 * MIB, "the server stops reading from them"
        assert memory_bytes(server) - before < SILENT_READERS * HELD_BYTES_MAX
        measured = latencies_s(server.port())
        assert max(measured) < LATENCY_S_MAX
        assert statistics.median(measured) < LATENCY_S_MAX / 10
        # Each of them still gets every byte the server took, as soon as it reads.
        socks[0].shutdown(socket.SHUT_WR)
        socks[0].settimeout(30)
        assert len(read(socks[0], taken[0] + 1)) == taken[0]


def test_a_peer_that_does_not_read_what_is_generated_fills_no_memory() -> None:
    with serving("chargen@tcp://localhost:0") as server, dialled(server.port()):
        before = memory_bytes(server)
        time.sleep(1)
        assert memory_bytes(server) - before < 8 * MIB
        with dialled(server.port()) as reader:
            assert len(read(reader, 5 * MIB)) == 5 * MIB


def test_peers_that_leave_while_more_is_generated_for_them_hurt_nobody() -> None:
    with serving("chargen@tcp://localhost:0") as server, dialled(server.port()) as good:
        for _ in range(RESETS):
            with dialled(server.port()) as bad:
                assert len(read(bad, 100_000)) == 100_000
        assert len(read(good, 5 * MIB)) == 5 * MIB


def test_a_peer_that_never_says_anything_keeps_nobody_waiting() -> None:
    with serving("echo@tcp://localhost:0") as server, dialled(server.port()):
        assert run("ncat", "127.0.0.1", str(server.port()), stdin=b"hi\n").stdout == b"hi\n"


def reset(sock: socket.socket) -> None:
    """Break a connection off (socket(7), SO_LINGER)."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def test_peers_that_break_off_in_the_middle_hurt_nobody_else() -> None:
    message = message_of(20_000_000)
    with serving("echo@tcp://localhost:0", "--log", "jsonl") as server:
        answers: list[bytes] = []
        with dialled(server.port()) as good:
            reader = threading.Thread(target=lambda: answers.append(read(good, len(message))))
            reader.start()
            step = len(message) // RESETS
            for number in range(RESETS):
                good.sendall(message[number * step : (number + 1) * step])
                bad = dialled(server.port())
                if number % 4:  # a quarter says nothing at all
                    bad.sendall(message[: 50_000 * (number % 4)])
                if number % 4 == 2:
                    bad.shutdown(socket.SHUT_WR)
                reset(bad)
            reader.join()
        assert first_difference(message, answers[0]) == ""
        reasons = [fact["reason"] for fact in server.facts("PeerLeft")]
        assert reasons.count("reset") > RESETS / 4


@pytest.mark.parametrize("clients", [2, 30])
def test_clients_at_once_are_all_served_with_a_backlog_of_one(clients: int) -> None:
    with serving("echo@tcp://localhost:0", "--backlog", "1") as server:
        port = str(server.port())
        with ThreadPoolExecutor(clients) as pool:
            texts = [f"client {number}\n".encode() for number in range(clients)]
            ended = list(pool.map(lambda text: run("ncat", "127.0.0.1", port, stdin=text), texts))
        assert [each.stdout for each in ended] == texts


def test_two_clients_talk_in_turns_with_a_backlog_of_one() -> None:
    """Both stay connected: the second does not wait for the first to leave."""
    with serving("echo@tcp://localhost:0", "--backlog", "1") as server:
        port = server.port()
        with dialled(port) as one, dialled(port) as other:
            for number in range(10):
                for name, sock in ((b"one", one), (b"two", other)):
                    sock.sendall(b"%s %d" % (name, number))
                    assert read(sock, 5) == b"%s %d" % (name, number)
            assert "received" in run_script("tcp_echo_client", "127.0.0.1", port, "and a third")
            assert connect(f"tcp://:{port}", "--send", "and ours").stdout == b"and ours"
