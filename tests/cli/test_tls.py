"""``tls://`` as a person uses it: whom one meets, what is remembered, what stops."""

import contextlib
import os
import re
import socket
import ssl
import stat
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.certificates import Authority, Issued
from tests.cli.programs import run, running, serving
from tests.cli.talkers import stream_to

from enchufe.core.exits import ExitCode

FINGERPRINT = r"sha256:[0-9a-f]{64}"


@pytest.fixture(autouse=True)
def _home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


@pytest.fixture
def known_servers(tmp_path: Path) -> Path:
    return tmp_path / "data" / "enchufe" / "tls" / "known_servers"


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@contextlib.contextmanager
def blocking_server(issued: Issued, talk: Callable[[ssl.SSLSocket], None]) -> Iterator[int]:
    """Serve one client as a course script does: one thread, plain blocking calls."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(issued.certificate, issued.key)
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            sock, _address = listener.accept()
            with contextlib.suppress(OSError), context.wrap_socket(sock, server_side=True) as tls:
                tls.settimeout(10)
                talk(tls)

        thread = threading.Thread(target=serve)
        thread.start()
        yield listener.getsockname()[1]
        thread.join(10)


# Whom one meets


def test_the_fingerprint_a_server_shows_is_the_one_its_caller_sees(known_servers: Path) -> None:
    with serving("echo@tls://:0", "hello@tls://:0") as server:
        endpoint, other = server.endpoints
        (shown,) = re.findall(FINGERPRINT, server.out.text)
        assert "made just now" in server.out.text
        first = run("connect", endpoint, "--send", "hello")
        assert (first.code, first.out) == (ExitCode.DONE, b"hello")
        assert "is new here" in first.err
        assert shown in first.err
        assert stat.S_IMODE(known_servers.stat().st_mode) == 0o600
        assert run("connect", endpoint, "--send", "again") == (ExitCode.DONE, b"again", "")
        assert other.startswith("tls://")
        assert server.stop() == 0
    with serving("echo@tls://:0") as server:
        assert f"Certificate: {shown}" in server.out.text


def test_another_certificate_stops_with_what_to_do(known_servers: Path) -> None:
    with serving("echo@tls://:0") as server:
        endpoint = server.endpoints[0]
        seen = re.findall(FINGERPRINT, server.out.text)[0]
        known_servers.write_text(f"# me\nlocalhost:{server.port} sha256:{'0' * 64} 2026-01-02\n")
        stopped = run("connect", endpoint, "--send", "secret")
        assert (stopped.code, stopped.out) == (ExitCode.DENIED, b"")
        for words in ("since 2026-01-02", f"sha256:{'0' * 64}", seen, f"line 2 of {known_servers}"):
            assert words in stopped.err
        known_servers.write_text("")
        assert run("connect", endpoint, "--send", "secret").out == b"secret"


def test_a_fingerprint_can_be_demanded(known_servers: Path) -> None:
    with serving("echo@tls://:0") as server:
        endpoint = server.endpoints[0]
        shown = re.findall(FINGERPRINT, server.out.text)[0]
        right = run("connect", endpoint, "--fingerprint", shown, "--send", "hello")
        assert right == (ExitCode.DONE, b"hello", "")
        wrong = run("connect", endpoint, "--fingerprint", "ab" * 32, "--send", "hello")
        assert (wrong.code, wrong.out) == (ExitCode.DENIED, b"")
        assert "is not the server you asked for" in wrong.err
        assert not known_servers.exists()


def test_a_certificate_of_an_authority_is_checked_against_it(
    authority: Authority, tmp_path: Path
) -> None:
    real = authority.issue("server", ["localhost"])
    with serving("echo@tls://:0", "--cert", real.certificate, "--key", real.key) as server:
        endpoint, ca = server.endpoints[0], str(authority.path)
        assert run("connect", endpoint, "--ca", ca, "--send", "hi") == (ExitCode.DONE, b"hi", "")
        other = str(Authority(tmp_path, "other").path)
        refused = run("connect", endpoint, "--ca", other, "--send", "hi")
        assert refused.code == ExitCode.DENIED
        assert "does not pass" in refused.err
        misnamed = run("connect", f"tls://127.0.0.1:{server.port}", "--ca", ca, "--send", "hi")
        assert misnamed.code == ExitCode.DENIED
        assert "127.0.0.1" in misnamed.err
        trusted = run("connect", endpoint, "--send", "hi", env={"SSL_CERT_FILE": ca})
        assert trusted == (ExitCode.DONE, b"hi", "")
        server.signal()
        server.wait()
        assert server.out.text.count("it does not accept our certificate") == 2


def test_a_server_can_demand_certificates_of_its_clients(authority: Authority) -> None:
    known = authority.issue("ana", [])
    with serving("echo@tls://:0", "--client-ca", str(authority.path)) as server:
        endpoint = server.endpoints[0]
        shown = run(
            "connect", endpoint, "--cert", known.certificate, "--key", known.key, "--send", "hi"
        )
        assert (shown.code, shown.out) == (ExitCode.DONE, b"hi")
        nameless = run("connect", endpoint, "--send", "hi")
        assert (nameless.code, nameless.out) == (ExitCode.DENIED, b"")
        assert "it demands a certificate of us (--cert, --key)" in nameless.err
        server.out.until("it showed no certificate")


def test_a_memory_that_cannot_be_written_is_said_and_no_reason_to_stop(tmp_path: Path) -> None:
    with serving("echo@tls://:0") as server:
        told = run(
            "connect", server.endpoints[0], "--send", "hi", env={"XDG_DATA_HOME": "/dev/null"}
        )
        assert (told.code, told.out) == (ExitCode.DONE, b"hi")
        assert "cannot be remembered in /dev/null/enchufe" in told.err


# Conversations


def test_every_byte_comes_back_through_a_pipe() -> None:
    message = os.urandom(2_000_000)
    with serving("echo@tls://:0") as server:
        echoed = run("connect", server.endpoints[0], said=message)
        assert echoed.code == 0
        assert echoed.out == message


def test_a_transcript_shows_small_reads() -> None:
    with serving("echo@tls://:0", "--buffer", "16") as server:
        port = re.findall(r"port (\d+)", server.out.text)[0]
        said = run("connect", f"tls://:{port}", "--buffer", "16", "--send", "This is the message.")
        assert b'received "This is the mess"\nreceived "age."' in said.out
        assert server.stop() == 0
        assert 'received "This is the mess"' in server.out.text


def test_workers_show_one_certificate() -> None:
    with serving("echo@tls://:0", "--workers", "2") as server:
        assert server.out.text.count("sha256:") == 1
        for _ in range(4):
            assert run("connect", server.endpoints[0], "--send", "hi").out == b"hi"
        assert server.stop() == 0


def test_a_server_that_says_no_goodbye_leaves_a_doubt(authority: Authority) -> None:
    """Python's own `ssl.SSLSocket.close` sends none."""

    def greet(tls: ssl.SSLSocket) -> None:
        while tls.recv(1000):
            pass
        tls.sendall(b"Thank you")

    with blocking_server(authority.issue("server"), greet) as port:
        heard = run("connect", f"tls://127.0.0.1:{port}", said=b"hello")
    assert (heard.code, heard.out) == (ExitCode.DONE, b"Thank you")
    assert "ended without TLS's goodbye" in heard.err


def test_a_refused_client_learns_why() -> None:
    with serving("echo@tls://:0", "--deny", "localhost") as server:
        refused = run("connect", server.endpoints[0], "--send", "hi")
        assert refused.code == ExitCode.DENIED
        assert refused.out == b"enchufe: denied: your address is denied here\n"


# What is no TLS


def test_a_plain_server_is_recognised() -> None:
    with serving("greet@tcp://:0", "echo@tcp://:0") as server:
        for endpoint in server.endpoints:
            port = endpoint.rpartition(":")[2]
            told = run("connect", f"tls://localhost:{port}", "--send", "hi")
            assert told.code == ExitCode.PROTOCOL
            assert f"tls://localhost:{port} does not speak TLS" in told.err
            assert f"Try tcp://localhost:{port}" in told.err


def test_a_server_that_waits_for_us_to_speak_is_given_up_in_time() -> None:
    with serving("discard@tcp://:0") as server:
        endpoint = f"tls://localhost:{server.port}"
        told = run("connect", endpoint, "--connect-timeout", "0.3", "--send", "hi")
        assert told.code == ExitCode.TIMED_OUT
        assert "did not finish the TLS handshake within 0.3 s" in told.err


def test_ctrl_c_does_not_wait_for_a_handshake() -> None:
    with (
        serving("discard@tcp://:0") as server,
        running("connect", f"tls://localhost:{server.port}", "--send", "hi") as caller,
    ):
        server.out.until("came")
        caller.signal()
        assert caller.wait() == ExitCode.INTERRUPTED


def test_a_client_that_is_no_tls_harms_nobody_and_holds_up_no_stop() -> None:
    with serving("echo@tls://:0") as server, stream_to(server.port) as silent:
        with stream_to(server.port) as plain:
            plain.sendall(b"hello?\n")
            server.out.until(r"it does not speak TLS \(plain text belongs to tcp://\)")
        assert run("connect", server.endpoints[0], "--send", "hi").out == b"hi"
        began = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - began < 5  # the handshake alone may take ten
        assert silent.recv(1) == b""
        assert "ERROR" not in server.err.text


# What cannot be


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["serve", "echo@tcp://:0", "--cert", "x.pem"], "--cert does nothing without an encrypted"),
        (["connect", "tcp://:9", "--fingerprint", "ab"], "--fingerprint does nothing without"),
        (["serve", "echo@tls://:0", "--cert", "missing.pem"], "cannot read missing.pem"),
        (["serve", "echo@tls://:0", "--key", "missing.pem"], "--key needs the certificate"),
        (["connect", "tls://:9", "--ca", "missing.pem"], "cannot read missing.pem"),
        (["connect", "tls://:9", "--fingerprint", "ab"], "“ab” is not a fingerprint"),
    ],
)
def test_what_makes_no_sense_is_said_before_anything_is_done(words: list[str], told: str) -> None:
    ended = run(*words)
    assert ended.code == ExitCode.USAGE
    assert told in ended.err


def test_a_taken_port_is_named_with_its_holder() -> None:
    with serving("echo@tls://:0") as server:
        ended = run("serve", f"echo@tls://:{server.port}")
        assert ended.code == ExitCode.REFUSED
        assert f"tls 127.0.0.1:{server.port} is taken by" in ended.err
        assert f"(pid {server.process.pid})" in ended.err
        listed = run("ps", "--listen", "--port", str(server.port))
        assert f"tcp    127.0.0.1:{server.port}".encode() in listed.out
