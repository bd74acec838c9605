"""``tls://`` with foreign programs at the other end: ncat, socat and openssl."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest
from tests.certificates import Authority, Issued
from tests.interop import programs
from tests.interop.messages import first_difference, message_of
from tests.interop.programs import connect, exchange_kept_open, run, running, serving
from tests.ports import free_port

BIG = 2_000_000
DENIED = b"enchufe: denied: your address is denied here\n"


@pytest.fixture(autouse=True)
def _home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(programs.ENVIRONMENT, "XDG_DATA_HOME", str(tmp_path / "data"))


@pytest.fixture
def issued(tmp_path: Path) -> Issued:
    return Authority(tmp_path).issue("server")


CLIENTS = {
    "ncat": ["ncat", "--ssl", "localhost", "{port}"],
    "socat": ["socat", "-t", "30", "-", "OPENSSL:localhost:{port},verify=0"],
    "openssl": ["openssl", "s_client", "-quiet", "-connect", "localhost:{port}"],
    "openssl, TLS 1.2": [
        *("openssl", "s_client", "-quiet", "-tls1_2", "-connect", "localhost:{port}"),
    ],
}


def filled(words: Sequence[str], port: int, issued: Issued | None = None) -> list[str]:
    names = {"port": port}
    files = {"cert": issued.certificate, "key": issued.key} if issued else {}
    return [word.format(**names, **files) for word in words]


# Our server


@pytest.mark.parametrize("name", CLIENTS)
def test_our_server_gives_every_byte_back(name: str) -> None:
    message = message_of(50_000 if name == "ncat" else BIG)  # more stalls ncat, of itself
    with serving("echo@tls://localhost:0") as server:
        words = filled(CLIENTS[name], server.port("tls"))
        echoed = exchange_kept_open(words, message, len(message))
    assert not first_difference(message, echoed)


@pytest.mark.parametrize("name", ["ncat", "socat"])
def test_our_server_answers_to_the_end_whoever_has_finished(name: str) -> None:
    """One of them, ncat, ends its side without TLS's goodbye, socat with it."""
    message = message_of(BIG)
    with serving("echo@tls://localhost:0") as server:
        echoed = run(*filled(CLIENTS[name], server.port("tls")), stdin=message)
    assert not first_difference(message, echoed.stdout)


def test_openssl_verifies_our_own_certificate_once_it_is_trusted(tmp_path: Path) -> None:
    with serving("greet@tls://localhost:0") as server:
        ours = str(tmp_path / "data" / "enchufe" / "tls" / "identity.pem")
        words = ["openssl", "s_client", "-CAfile", ours, "-verify_hostname", "localhost"]
        shown = run(*words, "-connect", f"localhost:{server.port('tls')}")
    assert b"Verify return code: 0 (ok)" in shown.stdout


@pytest.mark.parametrize("name", CLIENTS)
def test_a_refused_foreign_client_reads_why(name: str) -> None:
    with serving("echo@tls://localhost:0", "--deny", "localhost") as server:
        words = filled(CLIENTS[name], server.port("tls"))
        told = exchange_kept_open(words, b"", len(DENIED))
    assert told == DENIED


# Our client


SERVERS = {
    "socat": [
        "socat",
        "-d",
        "-d",
        "-t",
        "30",
        "OPENSSL-LISTEN:{port},bind=127.0.0.1,cert={cert},key={key},verify=0",
        "PIPE",
    ],
    "openssl": [
        "openssl",
        "s_server",
        "-accept",
        "127.0.0.1:{port}",
        "-cert",
        "{cert}",
        "-key",
        "{key}",
        "-rev",
    ],
}


@pytest.mark.parametrize("name", SERVERS)
def test_our_client_gets_every_byte_back_through_a_pipe(name: str, issued: Issued) -> None:
    port = free_port()
    message = b"".join(b"%06d\n" % number for number in range(100_000))
    answer = (
        message
        if name == "socat"
        else b"".join(line[::-1] + b"\n" for line in message.splitlines())
    )
    ready = "(?i)listening on|ACCEPT"
    with running(*filled(SERVERS[name], port, issued), ready=ready):
        echoed = connect(f"tls://127.0.0.1:{port}", stdin=message)
    assert not first_difference(answer, echoed.stdout)
    assert echoed.returncode == 0, echoed.stderr


def test_our_client_hears_all_of_what_ncat_says(issued: Issued) -> None:
    port, message = free_port(), message_of(BIG)
    words = "ncat -v --ssl --ssl-cert {cert} --ssl-key {key} --send-only -l 127.0.0.1 {port}"
    with running(
        *filled(words.split(), port, issued), ready="(?i)listening on", stdin=subprocess.PIPE
    ) as ncat:
        assert ncat.process.stdin is not None
        with subprocess.Popen(
            [programs.ENCHUFE, "connect", f"tls://127.0.0.1:{port}", "--no-half-close"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=programs.ENVIRONMENT,
        ) as caller:
            programs.write(ncat.process.stdin, message)
            ncat.process.stdin.close()
            heard, _told = caller.communicate(timeout=programs.ANSWER_S_MAX)
    assert not first_difference(message, heard)


def test_an_authority_vouches_for_a_foreign_server(issued: Issued, tmp_path: Path) -> None:
    port, ca = free_port(), str(tmp_path / "authority-ca.pem")
    words = [*SERVERS["openssl"], "-naccept", "3"]
    with running(*filled(words, port, issued), ready="ACCEPT"):
        trusted = connect(f"tls://localhost:{port}", "--ca", ca, "--send", "abc\n")
        misnamed = connect(f"tls://127.0.0.1:{port}", "--ca", ca, "--send", "abc\n")
    assert (trusted.returncode, trusted.stdout, trusted.stderr) == (0, b"cba\n", b"")
    assert misnamed.returncode == 6
    assert not (tmp_path / "data").exists()


def test_a_server_before_tls_1_3_is_answered_to_the_end_of_our_patience(issued: Issued) -> None:
    """There is no half-close: our side stays open, and --wait says for how long."""
    port = free_port()
    with running(*filled([*SERVERS["openssl"], "-tls1_2"], port, issued), ready="ACCEPT"):
        echoed = connect(f"tls://127.0.0.1:{port}", "--wait", "1", stdin=b"abc\n")
    assert (echoed.returncode, echoed.stdout) == (0, b"cba\n")
