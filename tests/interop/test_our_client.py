"""``enchufe connect`` as a filter against foreign servers, well-behaved and other."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from tests.interop.messages import first_difference, message_of
from tests.interop.programs import (
    ENCHUFE,
    FOREIGN_READY,
    Program,
    connect,
    run,
    running,
    script,
    wait_until,
    write,
)
from tests.ports import free_port

LISTENERS = {
    "ncat": ["ncat", "-v", "-l", "{host}", "{port}"],
    "socat": ["socat", "-d", "-d", "-t", "60", "TCP{version}-LISTEN:{port},bind={bracketed}", "-"],
    "netcat-openbsd": ["nc", "-v", "-N", "-l", "{host}", "{port}"],
}


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
@pytest.mark.parametrize("name", LISTENERS)
def test_what_both_sides_say_at_the_same_time_arrives_whole(name: str, host: str) -> None:
    """Nobody's input ends before: told of a half-close, ncat and nc drop what they still hold."""
    ours, theirs = message_of(1_000_000), message_of(1_000_001)
    port = free_port()
    version, bracketed = (6, f"[{host}]") if ":" in host else (4, host)
    words = [
        word.format(host=host, port=port, version=version, bracketed=bracketed)
        for word in LISTENERS[name]
    ]
    with running(*words, ready=FOREIGN_READY, stdin=subprocess.PIPE) as listener:
        url = f"tcp://{bracketed}:{port}"
        with running(ENCHUFE, "connect", url, stdin=subprocess.PIPE) as client:
            tellers = [say(listener, theirs), say(client, ours)]
            wait_until(lambda: len(listener.output_bytes) >= len(ours), "all we said")
            wait_until(lambda: len(client.output_bytes) >= len(theirs), "all they said")
            for program, teller in zip((listener, client), tellers, strict=True):
                teller.join()
                assert program.process.stdin is not None
                program.process.stdin.close()
            assert client.wait() == 0
            assert first_difference(theirs, client.output_bytes) == ""
        assert first_difference(ours, listener.output_bytes) == ""


def say(program: Program, message: bytes) -> threading.Thread:
    """Begin to write ``message`` to a program's input."""
    assert program.process.stdin is not None
    teller = threading.Thread(target=write, args=(program.process.stdin, message))
    teller.start()
    return teller


def test_a_web_server_answers_a_request_from_a_pipe(tmp_path: Path) -> None:
    """The shell line is the one of the guide to `enchufe connect`."""
    (tmp_path / "index.html").write_text("hello")
    port = free_port()
    words = (sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1")
    with running(*words, "--directory", str(tmp_path), ready=FOREIGN_READY):
        line = rf"printf 'HEAD / HTTP/1.0\r\n\r\n' | {ENCHUFE} connect tcp://localhost:{port}"
        head = run("sh", "-c", line).stdout.decode()
        assert head.startswith("HTTP/1.0 200 OK\r\n")
        assert "Content-Length: 5\r\n" in head
        assert head.endswith("\r\n\r\n")
        typed = connect(f"tcp://localhost:{port}", "--crlf", stdin=b"GET / HTTP/1.0\n\n")
        assert typed.stdout.endswith(b"\r\n\r\nhello")
        assert typed.returncode == 0


def test_lines_are_ended_with_cr_lf_where_asked_and_stay_as_they_are_where_not() -> None:
    said = b"one\ntwo\r\nthree"
    for options, heard in (((), said), (("--crlf",), b"one\r\ntwo\r\nthree")):
        port = free_port()
        # -d: it does not end its side first, as it would at the end of an input it read.
        with running(
            "nc", "-v", "-d", "-l", "127.0.0.1", str(port), ready=FOREIGN_READY
        ) as listener:
            assert connect(f"tcp://127.0.0.1:{port}", *options, stdin=said).returncode == 0
            assert listener.wait() == 0
            assert listener.output_bytes == heard


def test_an_answer_that_comes_two_seconds_after_our_half_close_is_not_missed() -> None:
    with script("tcp_late_server", "2") as (_program, port):
        ended = connect(f"tcp://127.0.0.1:{port}", stdin=bytes(100_000))
    assert ended.stdout == b"100000 bytes, and sorry for the delay\n"
    assert ended.returncode == 0


def test_it_leaves_a_silent_server_after_the_wait_it_was_given() -> None:
    with script("tcp_late_server", "30") as (_program, port):
        begin = time.monotonic()
        ended = connect(f"tcp://127.0.0.1:{port}", "--send", "hello", "--wait", "0.5")
        assert 0.5 <= time.monotonic() - begin < 5
    assert ended.returncode == 5
    assert b"No answer" in ended.stderr


def test_a_reset_in_the_middle_is_told_with_what_came_before() -> None:
    with script("tcp_resetting_server") as (_program, port):
        for _ in range(3):
            ended = connect(f"tcp://127.0.0.1:{port}", "--send", "x" * 100_000)
            assert ended.returncode == 7
            assert b"Traceback" not in ended.stderr
            assert b"reset" in ended.stderr


def test_a_server_that_never_reads_fills_no_memory_of_ours_and_ctrl_c_still_leaves() -> None:
    """More than fits in the sockets is offered; what does not fit stays in the pipe."""
    with script("tcp_never_reading_server") as (program, port):
        url = f"tcp://127.0.0.1:{port}"
        with running(ENCHUFE, "connect", url, stdin=subprocess.PIPE) as client:
            program.wait_for("accepted")
            assert client.process.stdin is not None
            taken = _fill(client.process.stdin.fileno())
            assert taken < 32 * 1024 * 1024
            client.process.send_signal(signal.SIGINT)
            assert client.wait(5) == 130
            assert "Traceback" not in client.errors
            client.process.stdin.close()


def _fill(descriptor: int) -> int:
    """Write to a pipe until nobody takes any for half a second; return how much went in."""
    os.set_blocking(descriptor, False)
    taken, end = 0, time.monotonic() + 0.5
    while time.monotonic() < end and taken < 64 * 1024 * 1024:
        try:
            taken += os.write(descriptor, bytes(65536))
            end = time.monotonic() + 0.5
        except BlockingIOError:
            time.sleep(0.01)
    return taken


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "localhost"])
def test_a_server_that_is_not_there_is_told_at_once(host: str) -> None:
    ended = connect(f"tcp://{host}:{free_port()}", seconds_max=5)
    assert ended.returncode == 4
    assert b"nobody listens" in ended.stderr
    assert b"Traceback" not in ended.stderr


def test_a_server_that_only_listens_on_ipv6_is_found_by_name() -> None:
    port = free_port()
    with running("ncat", "-v", "-l", "-k", "-e", "/bin/cat", "::1", str(port), ready=FOREIGN_READY):
        # Told of a half-close, ncat would lose the answer (PEERS.md).
        words = ("--send", "hello", "--no-half-close", "--wait", "0.5")
        ended = connect(f"tcp://localhost:{port}", *words)
    assert (ended.stdout, ended.returncode) == (b"hello", 0)


def test_it_speaks_from_the_source_it_was_given() -> None:
    source, port = free_port(), free_port()
    with running("ncat", "-v", "-l", "127.0.0.1", str(port), ready=FOREIGN_READY) as listener:
        connect(f"tcp://127.0.0.1:{port}", "--source", f"127.0.0.1:{source}", "--wait", "0.2")
        listener.wait_for(f"127.0.0.1:{source}")


# Unix sockets


def test_a_foreign_unix_stream_socket_sends_our_bytes_back(tmp_path: Path) -> None:
    path = str(tmp_path / "echo.sock")
    message = message_of(1_000_000)
    words = ("socat", "-d", "-d", "-t", "60", f"UNIX-LISTEN:{path}", "EXEC:/bin/cat")
    with running(*words, ready=FOREIGN_READY):
        ended = connect(f"unix://{path}", stdin=message)
    assert first_difference(message, ended.stdout) == ""
    assert ended.returncode == 0


def test_what_we_say_to_a_foreign_unix_stream_socket_arrives(tmp_path: Path) -> None:
    path = str(tmp_path / "listener.sock")
    with running("nc", "-v", "-l", "-U", path, ready=FOREIGN_READY) as listener:
        ended = connect(f"unix://{path}", "--send", "hello", "--wait", "0.3")
        listener.wait_for("^hello$")
    assert ended.returncode == 0


def test_a_foreign_unix_datagram_socket_answers_us(tmp_path: Path) -> None:
    """We speak from an abstract name, for without a name nobody could answer (unix(7))."""
    path = str(tmp_path / "echo.sock")
    words = ("socat", "-d", "-d", f"UNIX-RECVFROM:{path},fork", "EXEC:/bin/cat")
    with running(*words, ready=FOREIGN_READY):
        ended = connect(f"unixgram://{path}", "--send", "hello")
    assert (ended.stdout, ended.returncode) == (b"hello\n", 0)


def test_a_server_that_half_closes_first_still_gets_every_byte(tmp_path: Path) -> None:
    """The order of `nc -N -l < welcome`: it says its word, finishes, and goes on reading."""
    ours = message_of(5_000_000)
    source = tmp_path / "big.bin"
    source.write_bytes(ours)
    heard = bytearray()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def welcome_and_listen() -> None:
            peer, _address = listener.accept()
            with peer:
                peer.sendall(b"welcome\n")
                peer.shutdown(socket.SHUT_WR)
                while piece := peer.recv(65_536):
                    heard.extend(piece)

        server = threading.Thread(target=welcome_and_listen)
        server.start()
        with source.open("rb") as stdin:
            done = subprocess.run(
                [ENCHUFE, "connect", f"tcp://127.0.0.1:{listener.getsockname()[1]}"],
                stdin=stdin,
                capture_output=True,
                timeout=30,
                check=False,
            )
        server.join(timeout=30)
    assert done.returncode == 0, done.stderr
    assert done.stdout == b"welcome\n"
    assert first_difference(ours, bytes(heard)) == ""
