"""The callers of a recorded run are played against a live server."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias

import pytest
from tests.cli.programs import Ended, Server, run, serving
from tests.ports import free_port
from tests.record.facts import recorded

from enchufe.core.commands import Command
from enchufe.core.events import Event, PeerClosed, PeerFinished, PeerOpened, Reason
from enchufe.core.exits import ExitCode
from enchufe.core.peer import Peer, Transport
from enchufe.core.traffic import BytesReceived, BytesSent, Traffic

SECOND = 1_000_000_000
Facts: TypeAlias = list[Event | Command | Traffic]


@pytest.fixture(scope="module")
def echo() -> Iterator[Server]:
    places = ("tcp://127.0.0.1:0", "udp://127.0.0.1:0", "tls://127.0.0.1:0")
    with serving(*(f"echo@{place}" for place in places), "hello@tcp://127.0.0.1:0") as server:
        yield server


@pytest.fixture(autouse=True)
def _home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


def conversation(number: int, transport: Transport, begins_s: int, *said: bytes) -> Facts:
    """Return an echo in which something is said every second."""
    peer = Peer(number, transport, "192.0.2.1", number, is_stream=transport.is_stream)
    facts: Facts = [PeerOpened(begins_s * SECOND, peer)]
    for second, data in enumerate(said, begins_s + 1):
        facts += [
            BytesReceived(second * SECOND, peer, data),
            BytesSent(second * SECOND, peer, data),
        ]
    end_ns = (begins_s + len(said)) * SECOND
    if peer.is_stream:
        facts.append(PeerFinished(end_ns, peer))
    return [*facts, PeerClosed(end_ns, peer, Reason.FINISHED)]


@pytest.fixture
def run_file(tmp_path: Path) -> Path:
    """Return a recording of two streams and one source of datagrams, three seconds long."""
    facts = conversation(1, Transport.TCP, 0, b"one", b"two", b"\x00\xff" * 50_000)
    facts += conversation(2, Transport.TCP, 1, b"and me")
    facts += conversation(3, Transport.UDP, 0, b"a", b"", b"b")
    return recorded(tmp_path / "run.enchufe", facts)


def played(path: Path, endpoint: str, *words: str) -> Ended:
    return run("replay", str(path), "--against", endpoint, *words)


@pytest.mark.parametrize(("transport", "said"), [("tcp", 2), ("tls", 2), ("udp", 1)])
def test_a_server_that_does_the_same_answers_the_same(
    run_file: Path, echo: Server, transport: str, said: int
) -> None:
    (endpoint,) = [end for end in echo.endpoints if end.startswith(transport)][:1]
    ended = played(run_file, endpoint, "--speed", "max")
    assert ended.code == ExitCode.DONE, ended
    assert f": {said} conversation" in ended.out.decode()
    assert ended.out.decode().endswith("said: the same answers.\n")


def test_it_takes_the_time_it_took_or_a_part_of_it(run_file: Path, echo: Server) -> None:
    began = time.monotonic()
    assert played(run_file, echo.endpoints[0], "--speed", "2").code == ExitCode.DONE
    assert time.monotonic() - began > 3 / 2


def test_another_answer_is_shown_from_where_it_is_another(run_file: Path, echo: Server) -> None:
    ended = played(run_file, echo.endpoints[-1], "--speed", "max")
    assert ended.code == ExitCode.PROTOCOL
    lines = ended.out.decode().splitlines()
    assert lines[0] == "line 2, 192.0.2.1:1: another answer from byte 0 on"
    assert lines[1].startswith(r"  - onetwo\0\xff\0")
    assert lines[2].startswith("  + hi there")
    assert lines[-1].endswith("said: 2 of them another way.")


@pytest.mark.parametrize(
    ("words", "code", "why"),
    [
        (("tcp://127.0.0.1:0", "--service", "chat"), ExitCode.USAGE, "no service “chat”"),
        (("unixgram://./x", "--service", "echo"), ExitCode.REFUSED, "x"),
        (("tcp://127.0.0.1:1", "--speed", "0"), ExitCode.USAGE, "no speed such as 0.5"),
        (("tcp://127.0.0.1:1", "--speed", "nan"), ExitCode.USAGE, "no speed such as 0.5"),
    ],
)
def test_what_cannot_be_played_is_said(
    run_file: Path, words: tuple[str, ...], code: ExitCode, why: str
) -> None:
    ended = played(run_file, *words)
    assert ended.code == code
    assert why in ended.err


def test_where_nobody_listens_that_is_said(run_file: Path) -> None:
    for transport in ("tcp", "udp"):
        ended = played(run_file, f"{transport}://127.0.0.1:{free_port()}", "--speed", "max")
        assert ended.code == ExitCode.REFUSED
        assert "nobody listens" in ended.err


def test_a_recording_without_such_a_conversation_is_said(tmp_path: Path) -> None:
    path = recorded(tmp_path / "run.enchufe", conversation(1, Transport.TCP, 0, b"x"))
    ended = played(path, "udp://127.0.0.1:1")
    assert ended.code == ExitCode.USAGE
    assert "no conversation that could be held with udp://127.0.0.1:1" in ended.err
