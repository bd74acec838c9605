"""``enchufe serve control@…``: who may ask, who may not, and what is written down."""

import contextlib
import os
import socket
import stat
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.certificates import Authority
from tests.cli.controlled import (
    audit,
    connected_to,
    control,
)
from tests.cli.programs import run, running

from enchufe.core.exits import ExitCode

pytestmark = pytest.mark.usefixtures("home")


@pytest.mark.parametrize("transport", ["tcp", "udp"])
@pytest.mark.usefixtures("key")
def test_another_key_gets_nothing(home: Path, transport: str) -> None:
    other = home / "other.key"
    assert run("key", "new", str(other)).code == 0
    with control(home, "--allow-stop", transport=transport) as (server, endpoint):
        ended = run("stop", endpoint, "--key-file", str(other))
        assert ended.code == ExitCode.DENIED
        assert "its key is another" in ended.err
        assert server.process.poll() is None
        assert [entry["verdict"] for entry in audit(home)] == ["wrong key"] * len(audit(home))
        assert run("stop", endpoint).code == 0


def test_without_a_key_control_is_not_offered_to_whoever_comes(home: Path) -> None:
    ended = run("serve", "control@tcp://127.0.0.1:0", "--allow-stop")
    assert ended.code == ExitCode.USAGE
    assert "needs a key" in ended.err
    assert "enchufe key new" in ended.err
    assert not (home / "state").exists()


@pytest.mark.usefixtures("key")
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("control@tcp://:0",), "nothing may be asked of control"),
        (("echo@tcp://:0", "--allow-stop"), "--allow-stop does nothing without"),
        (("echo@tcp://:0", "--allow-run", "ls"), "--allow-run does nothing without"),
        (("control@tcp://:0", "--allow-stop", "--shell"), "--shell does nothing without"),
        (("control@tcp://:0", "--allow-run", "** x"), "is not a program"),
        (("control@tcp://:0", "--allow-run", "'open"), "is not a program"),
        (("control@tcp://:0", "--allow-stop", "--workers", "2"), "--workers does not go"),
        (("control@tcp://:0", "--allow-stop", "--allow-user", "nobody-here"), "there is no user"),
        (
            ("control@tcp://*:0", "--allow-stop", "--plain-control", "STOP", "RUN"),
            "--plain-control is not for tcp://*:0",
        ),
        (
            ("control@tcp://:0", "--allow-stop", "--plain-control", "STOP", "STOP"),
            "two different words",
        ),
    ],
)
def test_what_makes_no_sense_is_said(words: tuple[str, ...], said: str) -> None:
    ended = run("serve", *words)
    assert ended.code == ExitCode.USAGE
    assert said in ended.err


@pytest.mark.usefixtures("key")
def test_a_key_that_others_may_read_is_not_used(home: Path, key: Path) -> None:
    key.chmod(0o640)
    ended = run("serve", "control@tcp://127.0.0.1:0", "--allow-stop")
    assert ended.code == ExitCode.DENIED
    assert "others may read the key" in ended.err
    assert "640" in ended.err


def test_on_a_unix_socket_the_system_vouches_for_us(home: Path) -> None:
    with control(home, "--allow-stop", transport="unix") as (server, endpoint):
        ended = run("stop", endpoint)
        assert (ended.code, server.wait()) == (0, 0)
    (entry,) = audit(home)
    assert (entry["action"], entry["verdict"]) == ("stop", "allowed")
    assert entry["proof"] == f"uid {os.getuid()}"


@pytest.mark.usefixtures("key")
def test_on_a_unix_socket_a_key_for_another_server_is_not_in_the_way(home: Path) -> None:
    elsewhere = {"XDG_DATA_HOME": str(home / "theirs")}
    with control(home, "--allow-run", "echo *", transport="unix", env=elsewhere) as (_s, endpoint):
        ended = run("run", endpoint, "--", "echo", "hola")
        assert (ended.code, ended.out) == (0, b"hola\n"), ended.err


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """Give a folder that every user may go into; pytest's own are for one alone."""
    with tempfile.TemporaryDirectory(prefix="enchufe-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become somebody else")
def test_on_a_unix_socket_another_user_needs_to_be_allowed(open_folder: Path) -> None:
    somebody = ("setpriv", "--reuid", "65534", "--clear-groups")
    elsewhere = {"XDG_DATA_HOME": "/nonexistent", "HOME": "/nonexistent"}
    for words, code in (((), ExitCode.DENIED), (("--allow-user", "65534"), 0)):
        with control(open_folder, "--allow-run", "echo *", *words, transport="unix") as (
            _server,
            endpoint,
        ):
            (open_folder / "unix").chmod(0o777)
            ended = run("run", endpoint, "--", "echo", "hola", before=somebody, env=elsewhere)
            assert ended.code == code, ended.err


def test_a_client_certificate_proves_who_somebody_is(home: Path) -> None:
    authority = Authority(home)
    ana = authority.issue("ana", [])
    with control(
        home, "--allow-run", "echo *", "--client-ca", str(authority.path), transport="tls"
    ) as (_server, endpoint):
        shown = ("--cert", ana.certificate, "--key", ana.key)
        ended = run("run", endpoint, *shown, "--", "echo", "hola")
        assert ended.out == b"hola\n", ended.err
        assert run("run", endpoint, "--", "echo", "hola").code == ExitCode.DENIED
    assert str(audit(home)[0]["proof"]).startswith("certificate sha256:")


@pytest.mark.usefixtures("key")
def test_a_recorded_conversation_played_back_gets_nothing(home: Path) -> None:
    with control(home, "--allow-run", "echo *") as (server, endpoint):
        recorded = recorded_request(server.port, "run", "--", "echo", "hola")
        assert len(recorded) > 200
        with connected_to(endpoint) as sock:
            sock.sendall(recorded)
            answer = b"".join(iter(lambda: sock.recv(4096), b""))
        assert b'{"why":"wrong key"}' in answer
    assert [entry.get("verdict") for entry in audit(home)] == ["allowed", None, "wrong key"]


def recorded_request(port: int, *words: str) -> bytes:
    """Return what our client says to the server on ``port``, listened to on the way."""
    said = bytearray()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        here = listener.getsockname()[1]
        with running(words[0], f"tcp://127.0.0.1:{here}", *words[1:]) as program:
            client, _ = listener.accept()
            with client, socket.create_connection(("127.0.0.1", port)) as server:
                client.settimeout(0.1)
                server.settimeout(0.1)
                while program.process.poll() is None:
                    with contextlib.suppress(TimeoutError, OSError):
                        data = client.recv(4096)
                        said += data
                        server.sendall(data)
                    with contextlib.suppress(TimeoutError, OSError):
                        client.sendall(server.recv(4096))
            assert program.wait() == 0
    return bytes(said)


def test_the_log_of_requests_is_for_its_owner_alone(home: Path, key: Path) -> None:
    del key
    log = home / "log" / "asked.jsonl"
    with control(home, "--allow-stop", "--audit", str(log)) as (server, endpoint):
        server.err.until(str(log))
        assert run("stop", endpoint).code == 0
        assert server.wait() == 0
    assert stat.S_IMODE(log.stat().st_mode) == 0o600
    assert len(log.read_text().splitlines()) == 1
    assert sys.platform != "linux" or not (home / "state").exists()


@pytest.mark.usefixtures("key")
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="it is Linux's")
def test_a_disk_that_is_full_is_said_and_stops_nobody(home: Path) -> None:
    with control(home, "--allow-run", "true", "--audit", "/dev/full") as (server, endpoint):
        for _ in range(2):
            assert run("run", endpoint, "--", "true").code == 0
        server.err.until("cannot write down requests in /dev/full: No space left on device")
        assert server.stop() == 0
        assert server.err.text.count("cannot write down") == 1
