"""``enchufe connect``: what is said, how it gets there, what is shown, how it ends."""

import base64
import contextlib
import hashlib
import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from tests.cli.programs import ENCHUFE, environment, run, running, serving
from tests.cli.silent_places import (
    full_backlog,
    one_conversation,
    silent_datagrams,
)
from tests.ports import free_port

from enchufe.core.exits import ExitCode

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Linux's own ways")


class Heard:
    """A server of plain blocking sockets: keeps what it hears until the other side ends."""

    def __init__(self, answer: bytes = b"", *, host: str = "127.0.0.1") -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.data = b""
        self.peer: tuple[str, int] = ("", 0)
        self._answer = answer
        self._listener = socket.create_server((host, 0), family=family)
        self._listener.settimeout(10)
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._listen)
        self._thread.start()

    def _listen(self) -> None:
        with contextlib.suppress(OSError), self._listener:
            sock, address = self._listener.accept()
            self.peer = address[:2]
            with sock:
                sock.settimeout(10)
                while data := sock.recv(65536):
                    self.data += data
                sock.sendall(self._answer)

    def close(self) -> None:
        self._thread.join(12)


@contextlib.contextmanager
def hearing(answer: bytes = b"", *, host: str = "127.0.0.1") -> Iterator[Heard]:
    heard = Heard(answer, host=host)
    try:
        yield heard
    finally:
        heard.close()


# What is said


@pytest.mark.parametrize(
    ("options", "heard"),
    [
        (["--send", "hello"], b"hello"),
        (["--send", "one", "--send", "two"], b"onetwo"),
        (["--send", "cañón"], "cañón".encode()),
        (["--send", ""], b""),
        (["--crlf", "--send", "HEAD / HTTP/1.0", "--send", ""], b"HEAD / HTTP/1.0\r\n\r\n"),
        (["--crlf", "--send", "a\nb"], b"a\r\nb\r\n"),
        (["--hex", "--send", "de ad", "--send", "0xBEEF"], b"\xde\xad\xbe\xef"),
        (["--hex", "--send", "0a:0b"], b"\n\v"),
    ],
)
def test_a_stream_is_sent_just_what_send_says(options: Sequence[str], heard: bytes) -> None:
    with hearing() as server:
        ended = run("connect", f"tcp://127.0.0.1:{server.port}", *options)
        assert ended.code == ExitCode.DONE
    assert server.data == heard


@pytest.mark.parametrize(
    ("options", "said", "heard"),
    [
        ([], b"no end of line", b"no end of line"),
        ([], b"\xff\0\r\n", b"\xff\0\r\n"),
        (["--crlf"], b"one\ntwo\r\nthree\n", b"one\r\ntwo\r\nthree\r\n"),
        (["--hex"], b"00 01\nff\n", b"\0\1\xff"),
    ],
)
def test_a_stream_is_sent_standard_input(options: Sequence[str], said: bytes, heard: bytes) -> None:
    with hearing() as server:
        assert run("connect", f"tcp://127.0.0.1:{server.port}", *options, said=said).code == 0
    assert server.data == heard


def test_each_send_is_one_datagram() -> None:
    with silent_datagrams() as sock:
        url = f"udp://127.0.0.1:{sock.getsockname()[1]}"
        ended = run(
            "connect", url, *(["--send", "one", "--send", "two", "--send"]), "", "--wait", "0.1"
        )
        assert [sock.recv(100) for _ in range(3)] == [b"one", b"two", b""]
    assert "3 datagrams sent, 0 received" in ended.err


@pytest.mark.parametrize(
    ("options", "said", "heard"),
    [
        ([], b"one\ntwo\nthree", [b"one", b"two", b"three"]),
        ([], b"one\r\n\ntwo\n", [b"one", b"", b"two"]),
        (["--crlf"], b"one\ntwo\n", [b"one\r\n", b"two\r\n"]),
        (["--hex"], b"de ad\nbe ef\n", [b"\xde\xad", b"\xbe\xef"]),
    ],
)
def test_each_line_of_a_pipe_is_one_datagram(
    options: Sequence[str], said: bytes, heard: Sequence[bytes]
) -> None:
    with silent_datagrams() as sock:
        url = f"udp://127.0.0.1:{sock.getsockname()[1]}"
        run("connect", url, *options, "--wait", "0.1", said=said)
        assert [sock.recv(100) for _ in heard] == heard


def test_a_line_is_sent_when_it_is_typed_not_when_the_input_ends() -> None:
    with serving("echo@udp://:0") as server, running("connect", server.endpoints[0]) as client:
        for word in (b"first\n", b"second\n"):
            client.say(word)
            client.out.until(word.decode().strip())
        assert client.process.poll() is None
        client.end_input()
        assert client.wait() == ExitCode.DONE
    assert client.out.bytes == b"first\nsecond\n"
    assert "2 datagrams sent, 2 received" in client.err.text


def test_what_arrives_is_shown_while_the_input_is_open_and_silent() -> None:
    def talk(sock: socket.socket) -> None:
        sock.sendall(b"welcome\n")
        assert sock.recv(100) == b"thanks\n"
        sock.sendall(b"bye\n")

    with one_conversation(talk) as port, running("connect", f"tcp://127.0.0.1:{port}") as client:
        client.out.until("welcome")
        client.say(b"thanks\n")
        client.out.until("bye")
        assert client.wait() == ExitCode.DONE  # the server closed: an open input holds nobody


# Where standard input comes from


def test_a_file_is_sent_whole_and_comes_back_whole(tmp_path: Path) -> None:
    data = random.Random(4).randbytes(5_000_000)
    (tmp_path / "big.bin").write_bytes(data)
    with serving("echo@tcp://:0", f"echo@unix://{tmp_path}/echo.sock") as server:
        assert len(server.endpoints) == 2
        for url in server.endpoints:
            with (
                (tmp_path / "big.bin").open("rb") as big,
                (tmp_path / "same.bin").open("wb") as same,
            ):
                ended = subprocess.run(
                    [*ENCHUFE, "connect", url],
                    stdin=big, stdout=same, stderr=subprocess.PIPE,
                    env=environment(), timeout=20, check=False,
                )  # fmt: skip
            assert (ended.returncode, ended.stderr) == (ExitCode.DONE, b"")
            came_back = (tmp_path / "same.bin").read_bytes()
            assert hashlib.sha256(came_back).digest() == hashlib.sha256(data).digest()


@pytest.mark.parametrize("source", ["closed", "null"])
def test_an_input_that_has_nothing_to_say_waits_for_what_the_server_says(source: str) -> None:
    with serving("greet@tcp://:0") as server:
        redirection = "<&-" if source == "closed" else "</dev/null"
        ended = subprocess.run(
            ["bash", "-c", f'"$@" {redirection}', "bash", *ENCHUFE, "connect", server.endpoints[0]],
            capture_output=True, env=environment(), timeout=10, check=False,
        )  # fmt: skip
        assert (ended.returncode, ended.stdout) == (ExitCode.DONE, b"Thank you for connecting\n")


def test_nothing_to_say_to_a_datagram_server_says_nothing() -> None:
    with serving("echo@udp://:0") as server:
        ended = run("connect", server.endpoints[0], "--wait", "0.2")
        assert (ended.code, ended.out) == (ExitCode.DONE, b"")
        assert "0 datagrams sent, 0 received" in ended.err


# How long


def test_the_end_of_the_input_is_told_and_the_answer_awaited() -> None:
    with hearing(b"42") as server:
        ended = run("connect", f"tcp://127.0.0.1:{server.port}", said=b"question")
        assert (ended.code, ended.out) == (ExitCode.DONE, b"42")
    assert server.data == b"question"


def test_without_half_close_our_side_stays_open_until_the_wait_is_over() -> None:
    states: list[bytes | str] = []

    def talk(sock: socket.socket) -> None:
        states.append(sock.recv(100))
        sock.settimeout(0.3)
        try:
            states.append(sock.recv(100))
        except TimeoutError:
            states.append("still open")
        sock.sendall(b"answer")
        sock.settimeout(5)
        states.append(sock.recv(100))

    with one_conversation(talk) as port:
        url = f"tcp://127.0.0.1:{port}"
        ended = run("connect", url, "--no-half-close", "--wait", "0.8", said=b"question")
        assert (ended.code, ended.out) == (ExitCode.DONE, b"answer")
    assert states == [b"question", "still open", b""]


def test_the_wait_begins_anew_with_each_answer() -> None:
    def talk(sock: socket.socket) -> None:
        for i in range(5):
            time.sleep(0.2)
            sock.sendall(b"%d" % i)
        sock.recv(100)
        sock.recv(100)

    with one_conversation(talk) as port:
        ended = run("connect", f"tcp://127.0.0.1:{port}", "--send", "x", "--wait", "0.6")
    assert (ended.code, ended.out) == (ExitCode.DONE, b"01234")


def test_a_stream_that_never_answers_is_a_time_out_when_a_wait_is_set() -> None:
    with serving("discard@tcp://:0") as server, contextlib.ExitStack() as stack:
        # discard closes when we half-close: so this asks one that keeps silent
        silent = stack.enter_context(one_conversation(lambda _sock: time.sleep(1)))
        ended = run("connect", f"tcp://127.0.0.1:{silent}", "--send", "x", "--wait", "0.2")
        assert ended.code == ExitCode.TIMED_OUT
        assert "No answer from" in ended.err
        assert run("connect", server.endpoints[0], "--send", "x", "--wait", "5").code == 0


def test_a_long_silence_is_explained_on_standard_error() -> None:
    stay = threading.Event()
    with (
        one_conversation(lambda _sock: stay.wait(8)) as port,
        running("connect", f"tcp://127.0.0.1:{port}", stdin=subprocess.DEVNULL) as client,
    ):
        client.err.until("has not closed its side. Waiting on: Ctrl-C leaves, --wait SECONDS")
        assert client.out.bytes == b""
        stay.set()
        assert client.wait() == ExitCode.DONE


def test_answers_to_several_datagrams_are_all_awaited() -> None:
    with silent_datagrams() as sock:
        url = f"udp://127.0.0.1:{sock.getsockname()[1]}"
        with running("connect", url, "--send", "1", "--send", "2") as client:
            _, peer = sock.recvfrom(100)
            sock.recv(100)
            sock.sendto(b"one", peer)
            time.sleep(0.5)  # longer than a straggler would be waited for
            sock.sendto(b"two", peer)
            assert client.wait() == ExitCode.DONE
    assert client.out.bytes == b"one\ntwo\n"


# How it is reached


@pytest.mark.parametrize("transport", ["tcp", "udp"])
@pytest.mark.parametrize("option", ["-4", "-6"])
def test_localhost_is_tried_in_both_families_until_one_answers(transport: str, option: str) -> None:
    with serving(f"echo@{transport}://:0", option) as server:
        url = f"{transport}://localhost:{server.port}"
        ended = run("connect", url, "--send", "1", "--send", "2", "--quiet")
        assert (ended.code, ended.out.replace(b"\n", b"")) == (ExitCode.DONE, b"12")
        assert ended.err == ""


@pytest.mark.parametrize("transport", ["tcp", "udp"])
@pytest.mark.parametrize(("here", "there"), [("-4", "-6"), ("-6", "-4")])
def test_one_family_only_is_tried_when_asked_for(transport: str, here: str, there: str) -> None:
    with serving(f"echo@{transport}://:0", here) as server:
        url = f"{transport}://localhost:{server.port}"
        assert run("connect", url, here, "--send", "hello").code == ExitCode.DONE
        assert run("connect", url, there, "--send", "hello").code == ExitCode.REFUSED


@pytest.mark.parametrize(
    ("transport", "source", "host"),
    [
        ("tcp", "127.0.0.1:{}", "127.0.0.1"),
        ("tcp", ":{}", "127.0.0.1"),
        ("tcp", "127.0.0.2", "127.0.0.2"),
        ("tcp", "[::1]:{}", "::1"),
        ("udp", "127.0.0.3:{}", "127.0.0.3"),
        ("udp", "{}", "127.0.0.1"),
    ],
)
@linux
def test_one_can_speak_from_an_address_and_a_port(transport: str, source: str, host: str) -> None:
    port = free_port()
    with serving(f"greet@{transport}://:0", "--text", "{host} {port}") as server:
        url = f"{transport}://{'[::1]' if host == '::1' else '127.0.0.1'}:{server.port}"
        ended = run("connect", url, "--source", source.format(port), "--send", "hello")
    heard_host, heard_port = ended.out.split()
    assert ended.code == ExitCode.DONE
    assert heard_host == host.encode()
    if "{}" in source:
        assert int(heard_port) == port


def test_a_unix_datagram_is_answered_without_a_source_of_ones_own(tmp_path: Path) -> None:
    with serving(f"greet@unixgram://{tmp_path}/greet.sock") as server:
        ended = run("connect", server.endpoints[0], "--send", "hello")
        assert ended.code == ExitCode.DONE
        assert ended.out.startswith(b"Here is my answer for @")


# What is shown


def test_the_bytes_of_a_pipe_are_passed_on_unchanged() -> None:
    data = bytes(range(256)) * 10
    with serving("echo@tcp://:0") as server:
        ended = run("connect", server.endpoints[0], said=data)
    assert (ended.code, ended.out, ended.err) == (ExitCode.DONE, data, "")


def test_bytes_are_shown_in_hexadecimal() -> None:
    with serving("echo@tcp://:0") as server:
        ended = run("connect", server.endpoints[0], "--hex", "--send", "00 41 ff " + "62" * 14)
    assert ended.out.decode().splitlines() == [
        "00000000  00 41 ff 62 62 62 62 62  62 62 62 62 62 62 62 62  |.A.bbbbbbbbbbbbb|",
        "00000010  62                                                |b|",
    ]


def test_datagrams_are_shown_a_line_each_with_figures_at_the_end() -> None:
    with serving("echo@udp://:0") as server:
        ended = run("connect", server.endpoints[0], "--send", "one", "--send", "two\n")
        assert ended.out == b"one\ntwo\n"
        assert f"127.0.0.1:{server.port}: 2 datagrams sent, 2 received." in ended.err
        assert run("connect", server.endpoints[0], "--send", "one", "--quiet").err == ""


@pytest.mark.parametrize("transport", ["tcp", "udp"])
def test_the_log_is_json_lines_with_every_event(transport: str) -> None:
    with serving(f"echo@{transport}://:0") as server:
        ended = run("connect", server.endpoints[0], "--log", "jsonl", "--send", "hello")
    facts = [json.loads(line) for line in ended.out.splitlines()]
    kinds = [fact["type"] for fact in facts]
    for kind in ("PeerOpened", "InputTyped", "Send", "InputEnded", "MessageReceived", "PeerClosed"):
        assert kinds.count(kind) == 1, kind
    message = next(fact for fact in facts if fact["type"] == "MessageReceived")
    assert base64.b64decode(message["message"]) == b"hello"
    assert message["peer"]["transport"] == transport
    assert ended.code == ExitCode.DONE


def test_a_transcript_shows_each_read() -> None:
    with serving("echo@tcp://:0") as server:
        ended = run(
            "connect", f"tcp://localhost:{server.port}", "--send", "hello you", "--buffer", "4"
        )
    assert ended.out.decode().splitlines() == [
        f"connecting to localhost port {server.port}",
        'sending "hello you"',
        'received "hell"',
        'received "o yo"',
        'received "u"',
        "closing socket",
    ]


def test_a_datagram_longer_than_the_buffer_is_cut_and_said_to_be() -> None:
    with serving("echo@udp://:0") as server:
        ended = run("connect", server.endpoints[0], "--send", "hello you", "--buffer", "4")
    assert 'received "hell"' in ended.out.decode()
    assert "was longer than the buffer: 4 B kept, the rest is lost" in ended.err


# How it is left


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("transport", ["tcp", "udp"])
def test_a_signal_leaves_with_130(number: int, transport: str) -> None:
    with (
        serving(f"echo@{transport}://:0") as server,
        running("connect", server.endpoints[0]) as client,
    ):
        client.say(b"hello\n")
        client.out.until("hello")
        client.signal(number)
        assert client.wait() == ExitCode.INTERRUPTED
        if transport == "tcp":
            server.out.until(r"left after.*: 6 B received, 6 B sent")


class Silence:
    """A server that takes a call and says nothing."""

    def __init__(self) -> None:
        self.came = threading.Event()
        self.stay = threading.Event()

    def talk(self, _sock: socket.socket) -> None:
        self.came.set()
        self.stay.wait(20)


def test_a_signal_leaves_while_waiting_for_the_answer() -> None:
    silence = Silence()
    with (
        one_conversation(silence.talk) as port,
        running("connect", f"tcp://127.0.0.1:{port}", "--send", "hello") as client,
    ):
        assert silence.came.wait(10)
        time.sleep(0.2)
        client.signal()
        assert client.wait() == ExitCode.INTERRUPTED
        silence.stay.set()


@linux
def test_a_signal_leaves_while_connecting() -> None:
    with full_backlog() as port, running("connect", f"tcp://127.0.0.1:{port}") as client:
        time.sleep(0.6)
        began = time.monotonic()
        client.signal()
        assert client.wait() == ExitCode.INTERRUPTED
        assert time.monotonic() - began < 3  # and not after the ten seconds of --connect-timeout


def test_a_signal_leaves_while_the_server_reads_nothing() -> None:
    silence = Silence()
    with (
        one_conversation(silence.talk) as port,
        running("connect", f"tcp://127.0.0.1:{port}") as client,
    ):
        with contextlib.suppress(BrokenPipeError):
            os.set_blocking(client.process.stdin.fileno(), False)  # type: ignore[union-attr]
            with contextlib.suppress(BlockingIOError):
                client.process.stdin.raw.write(bytes(10_000_000))  # type: ignore[union-attr]
        assert silence.came.wait(10)
        time.sleep(0.3)
        client.signal()
        assert client.wait() == ExitCode.INTERRUPTED
        silence.stay.set()


def test_a_server_that_goes_away_ends_the_call_and_a_late_word_is_refused() -> None:
    with serving("echo@udp://:0") as server, running("connect", server.endpoints[0]) as client:
        client.say(b"hello\n")
        client.out.until("hello")
        assert server.stop() == ExitCode.DONE
        client.say(b"anyone?\n")
        assert client.wait() == ExitCode.REFUSED
    assert "nobody listens there after 12 B sent and 5 B received" in client.err.text
