"""Runs are recorded and played again, as a person does it."""

import contextlib
import itertools
import json
import shutil
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.cli.programs import Ended, Server, run, running, serving
from tests.ports import free_port
from tests.record.facts import read

from enchufe.core.exits import ExitCode
from enchufe.core.traffic import BytesReceived, BytesSent, PeerMet
from enchufe.record.entries import Ending


@pytest.fixture(autouse=True)
def _home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)


@contextlib.contextmanager
def recorded_server(path: Path, *services: str) -> Iterator[Server]:
    """Serve and record while the block lasts; the run ends in good order."""
    with serving(*services, "--record", str(path)) as server:
        yield server
        assert server.stop() == ExitCode.DONE


def replayed(path: Path) -> Ended:
    return run("replay", str(path))


@pytest.fixture(scope="module")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the recording of a server that echoed over TCP and UDP."""
    path = tmp_path_factory.mktemp("echo") / "run.enchufe"
    with recorded_server(path, "echo@tcp://127.0.0.1:0", "echo@udp://127.0.0.1:0") as server:
        for endpoint in server.endpoints:
            assert run("connect", endpoint, "--send", "hola").out.strip() == b"hola"
    return path


@pytest.fixture
def echo_run(made_once: Path, tmp_path: Path) -> Path:
    """Return it for one test, which may change it."""
    return Path(shutil.copy(made_once, tmp_path))


def test_a_run_played_again_is_the_same(echo_run: Path) -> None:
    ended = replayed(echo_run)
    assert ended.code == ExitCode.DONE, ended
    assert ended.out.decode().endswith(": the same.\n")
    assert ended.err == ""


def test_every_read_and_write_is_in_it_and_where_it_came_in(echo_run: Path) -> None:
    run_read, entries = read(echo_run)
    facts = [numbered.entry.fact for numbered in entries]
    assert run_read.ending is Ending.OVER
    assert run_read.header.command == "serve"
    assert [fact.data for fact in facts if isinstance(fact, BytesReceived)] == [b"hola"] * 2
    assert [fact.data for fact in facts if isinstance(fact, BytesSent)] == [b"hola"] * 2
    assert {fact.host for fact in facts if isinstance(fact, PeerMet)} == {"127.0.0.1"}
    times = [numbered.entry.at_ns for numbered in entries]
    assert all(one - 1_000_000 < other for one, other in itertools.pairwise(times))


def test_where_it_is_not_the_same_is_shown(echo_run: Path) -> None:
    lines = echo_run.read_text().splitlines(keepends=True)
    number, line = next((i, line) for i, line in enumerate(lines, 1) if '"Send"' in line)
    fact = json.loads(line)
    fact["fact"]["message"] = "YWxvaA=="
    lines[number - 1] = json.dumps(fact) + "\n"
    echo_run.write_text("".join(lines))
    ended = replayed(echo_run)
    assert ended.code == ExitCode.PROTOCOL
    out = ended.out.decode()
    assert out.startswith(f"line {number}, echo\n  told, in line {number - 1}: {{")
    assert '"message":"YWxvaA=="' in out.splitlines()[2]
    assert out.splitlines()[2].startswith("  - ")
    assert '"message":"aG9sYQ=="' in out.splitlines()[3]
    assert out.splitlines()[3].startswith("  + ")
    assert out.endswith(": 1 difference.\n")


def test_one_cut_short_is_played_as_far_as_it_goes(echo_run: Path) -> None:
    echo_run.write_bytes(echo_run.read_bytes()[:-200])
    ended = replayed(echo_run)
    assert ended.code == ExitCode.DONE
    assert ended.out.decode().endswith(": the same.\n")
    assert "enchufe: The recording was cut short: it was played as far as line" in ended.err


def test_a_server_that_is_killed_leaves_all_that_happened(tmp_path: Path) -> None:
    path = tmp_path / "run.enchufe"
    with serving("echo@tcp://127.0.0.1:0", "--record", str(path)) as server:
        run("connect", server.endpoints[0], "--send", "hola")
        server.out.until(r"left after")
        server.signal(signal.SIGKILL)
        server.process.wait()
    ended = replayed(path)
    assert ended.code == ExitCode.DONE
    assert "4 events, 2 commands: the same." in ended.out.decode()
    assert "cut short" in ended.err


def test_a_room_and_its_visitors_are_the_same(tmp_path: Path) -> None:
    room, ana, luis = (tmp_path / f"{name}.enchufe" for name in ("room", "ana", "luis"))
    history = str(tmp_path / "plaza.db")
    with (
        serving("chat@tcp://127.0.0.1:0", "--history", history, "--record", str(room)) as server,
        running("chat", server.endpoints[0], "--name", "ana", "--record", str(ana)) as visitor,
    ):
        visitor.err.until("You are ana")
        words = ("chat", server.endpoints[0], "--name", "luis", "--send", "¿qué tal?")
        assert run(*words, "--record", str(luis)).code == ExitCode.DONE
        visitor.out.until("luis: ")
        with socket.create_connection(("127.0.0.1", server.port)) as raw:
            raw.sendall(b"hello\nbye\n")
            while raw.recv(4096):
                pass
        visitor.end_input()
        assert visitor.wait() == ExitCode.DONE
        assert server.stop() == ExitCode.DONE
    for path in (room, ana, luis):
        ended = replayed(path)
        assert (ended.code, ended.err) == (ExitCode.DONE, ""), ended
        assert ended.out.decode().endswith(": the same.\n")
    sessions = [read(path)[0].header.services[0].settings for path in (ana, luis)]
    assert sessions[0] != sessions[1]


@pytest.mark.parametrize("transport", ["tcp", "udp"])
def test_both_ends_of_a_talk_are_the_same(tmp_path: Path, transport: str) -> None:
    waiting, calling = tmp_path / "waiting.enchufe", tmp_path / "calling.enchufe"
    endpoint = f"{transport}://127.0.0.1:{free_port()}"
    with running("talk", "--listen", endpoint, "--record", str(waiting)) as listener:
        listener.err.until("They can type")
        caller = run("talk", endpoint, "--record", str(calling), said=b"hola\nbye\n")
        assert caller.code == ExitCode.DONE
        assert listener.wait() == ExitCode.DONE
    for path in (waiting, calling):
        ended = replayed(path)
        assert (ended.code, ended.err) == (ExitCode.DONE, ""), ended


def test_a_call_that_is_recorded_is_as_it_was_and_shows_the_same(tmp_path: Path) -> None:
    with serving("echo@tcp://127.0.0.1:0") as server:
        words = ("connect", server.endpoints[0], "--send", "hola")
        plain = run(*words, "--log", "jsonl")
        recorded = run(*words, "--log", "jsonl", "--record", "call.enchufe")
    kinds = [[json.loads(line)["type"] for line in e.out.splitlines()] for e in (plain, recorded)]
    assert sorted(kinds[0]) == sorted(kinds[1])
    assert replayed(tmp_path / "call.enchufe").code == ExitCode.DONE


def test_a_call_that_fails_leaves_a_recording_that_ends_well(tmp_path: Path) -> None:
    endpoint = f"tcp://127.0.0.1:{free_port()}"
    ended = run("connect", endpoint, "--send", "x", "--record", "call.enchufe")
    assert ended.code == ExitCode.REFUSED
    run_read, entries = read(tmp_path / "call.enchufe")
    assert (run_read.ending, entries) == (Ending.OVER, [])


@pytest.mark.parametrize(
    "words",
    [
        ("serve", "echo@tcp://127.0.0.1:0"),
        ("connect", "tcp://127.0.0.1:9"),
        ("talk", "tcp://127.0.0.1:9"),
        ("chat", "tcp://127.0.0.1:9"),
    ],
)
def test_nothing_is_overwritten(tmp_path: Path, words: tuple[str, ...]) -> None:
    (tmp_path / "run.enchufe").write_text("dear to somebody")
    ended = run(*words, "--record", "run.enchufe")
    assert ended.code == ExitCode.USAGE
    assert ended.err == (
        "enchufe: run.enchufe is there already, and nothing is written over\n"
        "  Choose another name, or remove it first\n"
    )
    assert (tmp_path / "run.enchufe").read_text() == "dear to somebody"


def test_several_processes_record_nothing_together(tmp_path: Path) -> None:
    ended = run("serve", "echo@tcp://:0", "--workers", "2", "--record", "run.enchufe")
    assert ended.code == ExitCode.USAGE
    assert "--workers does not go with --record" in ended.err
    assert not (tmp_path / "run.enchufe").exists()


def test_a_recording_that_is_full_is_said_and_the_server_goes_on(tmp_path: Path) -> None:
    words = ("echo@tcp://127.0.0.1:0", "--record", "run.enchufe", "--record-max", "5K")
    with serving(*words) as server:
        for _ in range(3):
            assert run("connect", server.endpoints[0], "--send", "hola").out == b"hola"
        server.out.until(r"nothing more is recorded in run\.enchufe, the run goes on: .*--record-m")
        assert server.stop() == ExitCode.DONE
        assert server.out.text.count("nothing more is recorded") == 1
    ended = replayed(tmp_path / "run.enchufe")
    assert ended.code == ExitCode.DONE
    assert "its largest size (--record-max)" in ended.err


def test_control_is_left_out_and_nothing_else_is(tmp_path: Path) -> None:
    path = tmp_path / "run.enchufe"
    services = ("echo@tcp://127.0.0.1:0", "control@unix://./c.sock", "--allow-stop")
    with recorded_server(path, *services) as server:
        assert run("connect", server.endpoints[0], "--send", "hola").out == b"hola"
    ended = replayed(path)
    assert ended.code == ExitCode.DONE
    assert "control is left out" in ended.err
    assert "run.enchufe: echo, " in ended.out.decode()
    assert b"key" not in path.read_bytes()
