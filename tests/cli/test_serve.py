"""``enchufe serve``: where it listens, who may come in, and when it ends."""

import contextlib
import json
import os
import re
import signal
import socket
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from tests.cli.programs import Server, run, running, serving
from tests.cli.talkers import answer, datagrams_to, stream_to
from tests.ports import free_port

from enchufe.core.exits import ExitCode

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Linux's own ways")


# Where it listens


def test_it_prints_where_each_service_listens_and_how_to_try_it() -> None:
    with serving("echo@tcp://:0", "greet@udp://127.0.0.1:0", "daytime@tcp://[::1]:0") as server:
        first, second, third = server.endpoints
        ports = [url.rpartition(":")[2] for url in server.endpoints]
        lines = [" ".join(line.split()) for line in server.out.text.splitlines()]
    assert lines[:6] == [
        f"echo tcp localhost:{ports[0]} enchufe connect {first} --send hello",
        f"ncat localhost {ports[0]}",
        f"greet udp 127.0.0.1:{ports[1]} enchufe connect {second} --send hello",
        f"ncat -u 127.0.0.1 {ports[1]}",
        f"daytime tcp [::1]:{ports[2]} enchufe connect {third}",
        f"ncat ::1 {ports[2]}",
    ]


@pytest.mark.parametrize("transport", ["tcp", "udp"])
def test_an_empty_host_with_port_0_has_the_same_real_port_in_both_families(transport: str) -> None:
    with serving(f"echo@{transport}://:0") as server:
        assert server.port != 0
        dial = stream_to if transport == "tcp" else datagrams_to
        for host in ("127.0.0.1", "::1"):
            with dial(server.port, host) as sock:
                assert answer(sock, host.encode()) == host.encode()


@pytest.mark.parametrize("transport", ["tcp", "udp"])
def test_a_star_is_every_interface_of_both_families(transport: str) -> None:
    with serving(f"echo@{transport}://*:0") as server:
        dial = stream_to if transport == "tcp" else datagrams_to
        for host in ("127.0.0.1", "127.0.0.2", "::1", *own_addresses()):
            with dial(server.port, host) as sock:
                assert answer(sock, b"hello") == b"hello", host
        reached_at = next(iter(own_addresses()), "")
        assert server.endpoints == [f"{transport}://{reached_at}:{server.port}"]


def own_addresses() -> Sequence[str]:
    """Return an address of this machine that is not loopback, if it has one."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock, contextlib.suppress(OSError):
        sock.connect(("192.0.2.1", 9))  # nothing is sent: this only asks for the route
        return (sock.getsockname()[0],)
    return ()


def test_an_empty_host_is_loopback_only() -> None:
    with serving("echo@tcp://:0") as server:
        for host in own_addresses():
            with pytest.raises(ConnectionRefusedError):
                stream_to(server.port, host)


@pytest.mark.parametrize(("option", "absent"), [("-4", "::1"), ("-6", "127.0.0.1")])
def test_one_family_can_be_chosen(option: str, absent: str) -> None:
    with serving("echo@tcp://:0", option) as server:
        with pytest.raises(ConnectionRefusedError):
            stream_to(server.port, absent)
        present = "127.0.0.1" if absent == "::1" else "::1"
        with stream_to(server.port, present) as sock:
            assert answer(sock, b"hello") == b"hello"


@pytest.mark.parametrize(
    "form", [":{}", "{}", "localhost:{}", "localhost {}", "127.0.0.1:{}", "tcp://:{}/"]
)
def test_short_forms_mean_tcp(form: str) -> None:
    port = free_port()
    with serving(f"echo@{form.format(port)}") as server:
        ended = run("connect", *form.format(port).split(), "--send", "hello")
        assert (ended.code, ended.out) == (ExitCode.DONE, b"hello")
        assert server.stop() == ExitCode.DONE


def test_a_service_without_an_endpoint_uses_its_own_ports() -> None:
    with serving("discard") as server:
        assert [url.split(":")[0] for url in server.endpoints] == ["tcp", "udp"]


def test_a_restart_need_not_wait_for_old_connections() -> None:
    port = free_port()
    for _ in range(2):
        with serving(f"echo@tcp://:{port}") as server, stream_to(port) as sock:
            assert answer(sock, b"hello") == b"hello"
            assert server.stop() == ExitCode.DONE  # the server closes first: TIME_WAIT is ours


@pytest.mark.parametrize("transport", ["unix", "unixgram"])
def test_a_stale_socket_file_does_not_block_a_restart_and_goes_at_the_end(
    transport: str, tmp_path: Path
) -> None:
    path = tmp_path / "echo.sock"
    kind = socket.SOCK_STREAM if transport == "unix" else socket.SOCK_DGRAM
    with socket.socket(socket.AF_UNIX, kind) as dead:
        dead.bind(str(path))
    with serving(f"echo@{transport}://{path}") as server:
        ended = run("connect", server.endpoints[0], "--send", "hello")
        assert (ended.code, ended.out.strip()) == (ExitCode.DONE, b"hello")
        assert server.stop() == ExitCode.DONE
    assert not path.exists()


def test_a_path_relative_to_where_one_is_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with serving("echo@unix://./here.sock") as server:
        assert run("connect", server.endpoints[0], "--send", "hello").out == b"hello"
        assert "unix://./here.sock" in server.out.text


# How long


@pytest.mark.parametrize("transport", ["tcp", "udp", "unix"])
def test_a_silent_peer_is_let_go_and_one_that_speaks_stays(transport: str, tmp_path: Path) -> None:
    where = f"unix://{tmp_path}/echo.sock" if transport == "unix" else f"{transport}://:0"
    with serving(f"echo@{where}", "--idle", "0.6") as server, contextlib.ExitStack() as stack:

        def dial() -> socket.socket:
            if transport == "unix":
                sock = socket.socket(socket.AF_UNIX)
                sock.connect(f"{tmp_path}/echo.sock")
                sock.settimeout(5)
                return stack.enter_context(sock)
            return stack.enter_context(
                stream_to(server.port) if transport == "tcp" else datagrams_to(server.port)
            )

        silent, busy = dial(), dial()
        assert answer(silent, b"hello") == b"hello"
        for _ in range(12):
            assert answer(busy, b"still here") == b"still here"
            time.sleep(0.1)
        server.out.until(r"5 B received, 5 B sent \(silent for too long\)")
        assert server.out.text.count("silent for too long") == 1
        if transport != "udp":
            assert silent.recv(100) == b""


def test_listening_ends_in_time_with_a_time_out_if_nobody_came() -> None:
    with running("serve", "echo@tcp://:0", "echo@udp://:0", "--listen-for", "0.3") as server:
        assert server.wait() == ExitCode.TIMED_OUT


def test_listening_ends_in_time_but_those_inside_may_finish() -> None:
    with serving("echo@tcp://:0", "--listen-for", "0.5") as server:
        with stream_to(server.port) as inside:
            assert answer(inside, b"hello") == b"hello"
            until_refused(server.port)
            assert answer(inside, b"still here") == b"still here"
            assert server.process.poll() is None
        assert server.wait() == ExitCode.DONE


def until_refused(port: int) -> None:
    end = time.monotonic() + 10
    while time.monotonic() < end:
        try:
            stream_to(port).close()
        except ConnectionRefusedError:
            return
        time.sleep(0.05)
    raise AssertionError("strangers are still let in")


def test_it_stops_after_so_many_connections_once_the_last_is_served() -> None:
    with serving("greet@tcp://:0", "--stop-after", "3", "--text", "welcome {host}") as server:
        for _ in range(3):
            with stream_to(server.port) as sock:
                assert sock.makefile().read() == "welcome 127.0.0.1\n"
        assert server.wait() == ExitCode.DONE


def test_it_stops_after_so_many_datagrams_and_answers_each_of_them() -> None:
    with (
        serving("echo@udp://:0", "--stop-after", "3") as server,
        datagrams_to(server.port) as sock,
    ):
        sock.send(b"1")
        assert sock.recv(100) == b"1"
        for data in (b"2", b"3", b"4"):
            sock.send(data)
        assert [sock.recv(100), sock.recv(100)] == [b"2", b"3"]
        assert server.wait() == ExitCode.DONE


def test_the_last_connection_of_those_counted_may_take_its_time() -> None:
    with serving("echo@tcp://:0", "--stop-after", "1") as server:
        with stream_to(server.port) as sock:
            assert answer(sock, b"hello") == b"hello"
            until_refused(server.port)
            assert answer(sock, b"not over") == b"not over"
        assert server.wait() == ExitCode.DONE


# How it ends


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it_in_good_order(number: int, tmp_path: Path) -> None:
    where = [
        "echo@tcp://:0",
        "echo@udp://:0",
        f"echo@unix://{tmp_path}/s",
        f"echo@unixgram://{tmp_path}/g",
    ]
    with serving(*where) as server, stream_to(server.port) as sock:
        assert answer(sock, b"hello") == b"hello"
        sock.sendall(b"last words")
        assert sock.recv(100) == b"last words"
        server.signal(number)
        assert sock.recv(100) == b""
        sock.close()
        assert server.wait() == ExitCode.DONE
        assert server.err.text == ""
    assert list(tmp_path.iterdir()) == []


def test_a_second_signal_ends_it_at_once() -> None:
    with serving("chargen@tcp://:0") as server, stream_to(server.port) as sock:
        sock.recv(100)  # and never again: much is queued, a stop in good order waits for it
        time.sleep(0.2)
        began = time.monotonic()
        server.signal()
        time.sleep(0.2)
        assert server.process.poll() is None
        server.signal()
        assert server.wait() == ExitCode.DONE
        assert time.monotonic() - began < 1.5  # in good order it takes STOP_S_MAX, 2 s


def test_a_closed_terminal_told_of_twice_is_no_hurry() -> None:
    """The shell tells its jobs, and the kernel whoever was in front."""
    with serving("chargen@tcp://:0") as server, stream_to(server.port) as sock:
        sock.recv(100)  # and never again, as above
        time.sleep(0.2)
        for _ in range(2):
            server.signal(signal.SIGHUP)
            time.sleep(0.2)
        assert server.process.poll() is None
        server.signal()
        assert server.wait() == ExitCode.DONE


@pytest.mark.parametrize("words", [(), ("--workers", "2")])
def test_who_was_started_to_outlive_its_terminal_does(words: tuple[str, ...]) -> None:
    with serving("echo@tcp://127.0.0.1:0", *words, before=["nohup"]) as server:
        server.signal(signal.SIGHUP)
        time.sleep(0.2)
        with stream_to(server.port) as sock:
            assert answer(sock, b"still there") == b"still there"
        assert server.stop() == ExitCode.DONE


# For programs


def test_the_log_is_json_lines_with_every_event() -> None:
    with serving("echo@tcp://:0", "--log", "jsonl", "--deny", "::1") as server:
        port = int(server.out.until(r'"port":(\d+)')[1])
        with stream_to(port) as sock:
            assert answer(sock, b"\xff\0") == b"\xff\0"
        with stream_to(port, "::1") as sock:
            sock.recv(100)
        server.out.until("PeerLeft")
        server.out.until("PeerRefused")
        assert server.stop() == ExitCode.DONE
    facts = [json.loads(line) for line in server.out.text.splitlines()]
    assert {fact["type"] for fact in facts} >= {
        "Listening", "Ready", "PeerCame", "PeerOpened", "MessageReceived", "Send", "PeerFinished",
        "Close", "PeerClosed", "PeerLeft", "PeerRefused",
    }  # fmt: skip
    message = next(fact for fact in facts if fact["type"] == "MessageReceived")
    assert message["message"] == "/wA="
    assert message["at_ns"] > 1_600_000_000 * 10**9


def test_a_transcript_shows_every_read_of_the_size_asked_for() -> None:
    with serving("echo@tcp://localhost:0", "--buffer", "4") as server:
        port = int(server.out.until(r"port (\d+)")[1])
        with stream_to(port) as sock:
            sock.sendall(b"hello you")
            received = b""
            while len(received) < 9:
                received += sock.recv(100)
        server.out.until(r"no more data")
    shown = re.findall(r'received "(.*)"', server.out.text)
    assert shown == ["hell", "o yo", "u", ""]


def test_a_datagram_longer_than_the_buffer_is_cut_and_said_to_be() -> None:
    with serving("echo@udp://localhost:0", "--buffer", "4") as server:
        port = int(server.out.until(r"port (\d+)")[1])
        with datagrams_to(port) as sock:
            assert answer(sock, b"hello") == b"hell"
        server.err.until("was longer than the buffer: 4 B kept, the rest is lost")


# Workers


@linux
@pytest.mark.parametrize("transport", ["tcp", "udp"])
def test_two_workers_share_a_port_and_end_together(transport: str) -> None:
    with serving(f"echo@{transport}://127.0.0.1:0", "--workers", "2") as server:
        dial: Callable[[int], socket.socket] = stream_to if transport == "tcp" else datagrams_to
        for i in range(40):
            with dial(server.port) as sock:
                assert answer(sock, b"%d" % i) == b"%d" % i
        listening = run("ps", f"--{transport}", "--port", str(server.port), "--log", "jsonl")
        pids = {
            fact["pid"]
            for fact in map(json.loads, listening.out.splitlines())
            if fact["state"] in ("LISTEN", "") and fact["local_port"] == server.port
        }
        assert len(pids) == 2
        assert server.process.pid not in pids
        assert server.stop() == ExitCode.DONE
        for pid in pids:
            with pytest.raises(ProcessLookupError):
                os.kill(pid, 0)


@linux
def test_both_workers_really_serve() -> None:
    with (
        serving("echo@tcp://127.0.0.1:0", "--workers", "2") as server,
        contextlib.ExitStack() as stack,
    ):
        for _ in range(40):
            sock = stack.enter_context(stream_to(server.port))
            assert answer(sock, b"hello") == b"hello"
        facts = run("ps", "--port", str(server.port), "--log", "jsonl").out.splitlines()
        serving_pids = {
            fact["pid"]
            for fact in map(json.loads, facts)
            if fact["state"] == "ESTABLISHED" and fact["local_port"] == server.port
        }
        assert len(serving_pids) == 2


@linux
def test_workers_end_with_their_parent_whatever_befalls_it() -> None:
    with serving("echo@tcp://127.0.0.1:0", "--workers", "2") as server:
        port = server.port
        server.process.kill()
        server.process.wait()
        until_refused(port)


@linux
def test_workers_print_their_endpoint_once() -> None:
    with serving("echo@tcp://:0", "--workers", "2") as server:
        with stream_to(server.port) as sock:
            assert answer(sock, b"hello") == b"hello"
        server.out.until("left after")
        assert len(server.endpoints) == 1
        assert server.out.text.count("Ctrl-C stops") == 1


def test_workers_do_not_share_a_unix_path(tmp_path: Path) -> None:
    ended = run("serve", f"echo@unix://{tmp_path}/s", "--workers", "2")
    assert ended.code == ExitCode.USAGE
    assert "--workers does not go with a Unix socket" in ended.err
    assert list(tmp_path.iterdir()) == []


def test_a_server_of_the_test_is_a_server() -> None:
    """The helper must notice a server that does not start, or every test above is worthless."""
    with pytest.raises(AssertionError, match="there is no service"):
        Server("ecko@tcp://:0")
