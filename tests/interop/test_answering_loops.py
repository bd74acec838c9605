"""Two servers that answer anything must not answer each other for ever (CERT CA-1996-01).

What starts such a loop is a datagram at one server whose source is the other. Here it
is no forgery: while server A is held still (SIGSTOP), a socket at B's address speaks to
it and closes, and then B is started there. No privilege is needed for that.
"""

import contextlib
import signal
import socket
import sys
import time
from collections.abc import Iterator

import pytest
from tests.interop.programs import (
    FOREIGN_READY,
    SCRIPTS,
    OurServer,
    Program,
    running,
    script,
    serving,
    wait_until,
)
from tests.ports import free_port

QUIET_S = 0.5
EXCHANGE_MAX = 3  # the question, its answer, and not a word more than one
LOOP_MIN = 50  # what two programs without such care exchange in the same time


@contextlib.contextmanager
def spoken_to_from(port: int, first: Program, first_port: int) -> Iterator[None]:
    """Have ``first`` find a datagram from ``port``, where another server is by then."""
    first.process.send_signal(signal.SIGSTOP)
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.bind(("127.0.0.1", port))
            sock.sendto(b"to and fro", ("127.0.0.1", first_port))
        yield
    finally:
        first.process.send_signal(signal.SIGCONT)


def datagrams(server: OurServer) -> int:
    return len(server.facts("MessageReceived"))


@pytest.mark.parametrize("services", [("echo", "echo"), ("chargen", "echo"), ("hello", "greet")])
@pytest.mark.parametrize("host", ["127.0.0.1", "*"])
def test_two_servers_of_ours_pointed_at_each_other_go_quiet(
    services: tuple[str, str], host: str
) -> None:
    port = free_port()
    first_words = (f"{services[0]}@udp://{host}:0", "--log", "jsonl")
    second_words = (f"{services[1]}@udp://{host}:{port}", "--log", "jsonl")
    with serving(*first_words) as first, contextlib.ExitStack() as stack:
        with spoken_to_from(port, first, first.port("udp")):
            second = stack.enter_context(serving(*second_words))
        wait_until(lambda: datagrams(first) >= 1, "the first datagram")
        wait_until(lambda: bool(second.facts("LoopAvoided")), "that the answer is seen through")
        time.sleep(QUIET_S)
        assert 1 <= datagrams(first) + datagrams(second) <= EXCHANGE_MAX


def test_two_services_of_one_run_pointed_at_each_other_do_not_even_begin() -> None:
    """Nobody has to forge much: the run knows its own ports."""
    words = ("echo@udp://localhost:0", "hello@udp://localhost:0", "--log", "jsonl")
    with serving(*words) as server:
        one, other = server.ports("udp")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            # 127.0.0.2 so that the port can be taken a second time on this machine.
            sock.bind(("127.0.0.2", other))
            sock.sendto(b"to and fro", ("127.0.0.1", one))
            server.wait_for('"LoopAvoided"')
            sock.settimeout(QUIET_S)
            with pytest.raises(TimeoutError):
                sock.recv(100)


def test_the_same_makes_two_servers_of_the_guides_loop() -> None:
    """Else the test above would show nothing."""
    port = free_port()
    with script("udp_echo_server") as (first, first_port), contextlib.ExitStack() as stack:
        with spoken_to_from(port, first, first_port):
            words = (sys.executable, str(SCRIPTS / "udp_echo_server.py"), str(port))
            stack.enter_context(running(*words, ready=FOREIGN_READY))
        wait_until(lambda: first.output.count("datagram from") > LOOP_MIN, "a loop")
