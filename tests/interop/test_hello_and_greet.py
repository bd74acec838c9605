"""Hello and greet against the guides' programs and foreign tools, from both sides."""

import re
import socket
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.interop.programs import (
    FOREIGN_READY,
    OurServer,
    connect,
    exchange_kept_open,
    run,
    run_script,
    running,
    script,
    serving,
    wait_until,
)
from tests.ports import free_port

# Hello: one side says it, the other shows it with the sender's address


def shown_by(server: OurServer) -> list[str]:
    """Return the greetings a server has shown, without the time of day."""
    return re.findall(r"^\d\d:\d\d:\d\d (.* from .*)$", server.output, re.MULTILINE)


def test_a_hello_without_waiting_is_shown_with_its_senders_address() -> None:
    with serving("hello@udp://localhost:0") as server:
        run_script("udp_hello_client", "localhost", server.port("udp"))
        server.wait_for(r"hello from 127\.0\.0\.1:\d+\n")
        run_script("udp_hello_client", "localhost", server.port("udp"))  # and so is the next
        wait_until(lambda: len(shown_by(server)) == 2, "a second hello")


def test_a_hello_is_answered_and_the_script_prints_answer_and_address() -> None:
    with serving("hello@udp://localhost:0") as server:
        port = server.port("udp")
        printed = run_script("udp_hello_asking_client", "localhost", port)
        assert printed == f"hi there from ('127.0.0.1', {port})\n"
        server.wait_for(r"hello from 127\.0\.0\.1:\d+\n")


@pytest.mark.parametrize("words", [["ncat", "-u"], ["nc", "-u"]], ids=["ncat", "netcat-openbsd"])
def test_a_hello_typed_into_a_foreign_tool_is_shown_without_its_end_of_line(
    words: list[str],
) -> None:
    with serving("hello@udp://localhost:0") as server:
        words = [*words, "127.0.0.1", str(server.port("udp"))]
        assert exchange_kept_open(words, b"hello\n", 8) == b"hi there"
        server.wait_for(r"hello from 127\.0\.0\.1:\d+\n")


def test_hello_shows_control_bytes_safely_and_printable_text_as_it_is() -> None:
    with serving("hello@udp://localhost:0") as server:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.sendto(
                "café 你好 \x1b[31m\xff".encode() + b"\xff", ("127.0.0.1", server.port("udp"))
            )
        server.wait_for("from 127")
        assert "café 你好" in server.output
        assert "\x1b" not in server.output


def test_hello_over_tcp_answers_ncat() -> None:
    with serving("hello@tcp://localhost:0") as server:
        ended = run("ncat", "127.0.0.1", str(server.port()), stdin=b"hello\n")
        assert ended.stdout == b"hi there\n"
        server.wait_for(r"hello from 127\.0\.0\.1:\d+\n")


def test_our_hello_reaches_a_script_that_does_not_answer() -> None:
    with script("udp_hello_server") as (program, port):
        ended = connect(f"udp://localhost:{port}", "--send", "hello")
        assert program.wait() == 0
        assert re.search(r"hello from \('127\.0\.0\.1', \d+\)", program.output)
    assert ended.returncode == 5, "no answer within the wait"
    assert b"No answer from udp://localhost" in ended.stderr


def test_our_hello_gets_the_answer_of_a_script_and_says_from_where() -> None:
    with script("udp_hello_answering_server") as (program, port):
        ended = connect(f"udp://localhost:{port}", "--send", "hello")
        assert program.wait() == 0
        assert re.search(r"hello from \('127\.0\.0\.1', \d+\)", program.output)
    assert (ended.stdout, ended.returncode) == (b"hi there\n", 0)
    assert f"127.0.0.1:{port}: 1 datagram sent, 1 received." in ended.stderr.decode()


@pytest.mark.parametrize(
    "words",
    [["ncat", "-v", "-l", "-u", "127.0.0.1"], ["nc", "-v", "-l", "-u", "127.0.0.1"]],
    ids=["ncat", "netcat-openbsd"],
)
def test_our_hello_is_printed_by_a_foreign_tool(words: list[str]) -> None:
    port = free_port()
    with running(*words, str(port), ready=FOREIGN_READY) as listener:
        ended = connect(f"udp://127.0.0.1:{port}", "--send", "hello", "--wait", "0.3")
        listener.wait_for("^hello")
    assert ended.returncode == 5


# Greet: over TCP a greeting and goodbye, over UDP an answer that names the sender


@pytest.mark.parametrize("at_once", [1, 5])
def test_five_clients_are_greeted_and_then_the_server_ends(at_once: int) -> None:
    with serving("greet@tcp://localhost:0", "--stop-after", "5") as server:
        words = ("ncat", "127.0.0.1", str(server.port()))
        with ThreadPoolExecutor(at_once) as pool:
            ended = list(pool.map(lambda _: run(*words), range(5)))
        assert [each.stdout for each in ended] == [b"Thank you for connecting\n"] * 5
        server.assert_ends_well()  # of itself


def test_a_greeting_reaches_a_script_that_reads_once() -> None:
    with serving("greet@tcp://localhost:0", "--text", "Welcome, {host}") as server:
        printed = run_script("tcp_greeting_client", "127.0.0.1", server.port())
    assert printed == "Welcome, 127.0.0.1\n\n"


def test_a_greeting_is_not_lost_on_a_client_that_is_still_talking() -> None:
    """Closing with unread bytes would send a reset that overtakes the greeting (RFC 1122)."""
    with serving("greet@tcp://localhost:0") as server:
        for _ in range(50):
            with socket.create_connection(("127.0.0.1", server.port()), timeout=10) as sock:
                sock.sendall(bytes(10_000))
                greeting = b""
                while data := sock.recv(100):
                    greeting += data
                assert greeting == b"Thank you for connecting\n"


def test_two_hundred_clients_at_once_are_greeted() -> None:
    with serving("greet@tcp://localhost:0") as server:
        to = ("127.0.0.1", server.port())
        socks = [socket.create_connection(to, timeout=10) for _ in range(200)]
        for sock in socks:
            with sock:
                assert sock.recv(100) == b"Thank you for connecting\n"


def test_our_client_is_greeted_by_a_script_that_then_ends() -> None:
    with script("tcp_greeting_server", "5") as (program, port):
        for _ in range(5):
            ended = connect(f"tcp://127.0.0.1:{port}")
            assert (ended.stdout, ended.returncode) == (b"Thanks for coming\n", 0)
        assert program.wait() == 0


@pytest.mark.parametrize(
    "words",
    [["ncat", "-u", "127.0.0.1"], ["nc", "-u", "127.0.0.1"], ["nc", "-u", "::1"]],
    ids=["ncat", "netcat-openbsd", "netcat-openbsd over IPv6"],
)
def test_a_datagram_is_answered_with_its_senders_address(words: list[str]) -> None:
    with serving("greet@udp://localhost:0") as server:
        expected = f"Here is my answer for {words[-1]}.".encode()
        command = [*words, str(server.port("udp"))]
        for text in (b"hello\n", b"again\n"):
            assert exchange_kept_open(command, text, len(expected)) == expected


def test_a_script_gets_an_answer_that_names_its_address_and_port() -> None:
    with (
        serving("greet@udp://localhost:0", "--text", "You are {address}") as server,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock,
    ):
        sock.settimeout(10)
        sock.sendto(b"Hello", ("localhost", server.port("udp")))
        assert sock.recv(4096).decode() == f"You are 127.0.0.1:{sock.getsockname()[1]}"


def test_our_client_gets_the_answers_of_a_script_that_names_the_sender() -> None:
    with script("udp_answering_server") as (program, port):
        for text in ("first", "second"):
            ended = connect(f"udp://localhost:{port}", "--send", text)
            assert (ended.stdout, ended.returncode) == (b"An answer for 127.0.0.1.\n", 0)
        assert program.output.splitlines()[1:] == ["first", "second"]
