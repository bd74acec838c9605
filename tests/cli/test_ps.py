"""``enchufe ps`` from its options to what it prints, on sockets the test opens."""

import argparse
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from enchufe.cli import ps
from enchufe.core.exits import ExitCode

HERE = os.getpid()


@pytest.fixture(autouse=True)
def _english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANGUAGE", "en")


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0), backlog=3) as opened:
        yield opened


@pytest.fixture
def port(listener: socket.socket) -> str:
    return str(listener.getsockname()[1])


def parser() -> argparse.ArgumentParser:
    whole = argparse.ArgumentParser(prog="enchufe")
    ps.add_parser(whole.add_subparsers())
    return whole


def run(*options: str) -> ExitCode:
    args = parser().parse_args(["ps", *options])
    code = args.run(args)
    assert isinstance(code, ExitCode)
    return code


def rows(capsys: pytest.CaptureFixture[str], *options: str) -> list[list[str]]:
    """Return the words of each line below the headers."""
    assert run(*options) is ExitCode.DONE
    return [line.split() for line in capsys.readouterr().out.splitlines()[1:]]


def objects(capsys: pytest.CaptureFixture[str], *options: str) -> list[dict[str, object]]:
    assert run("--log", "jsonl", *options) is ExitCode.DONE
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_listener_is_printed_with_its_address_its_state_and_its_process(
    port: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (row,) = rows(capsys, "--port", port)
    assert row[:3] == ["tcp", f"127.0.0.1:{port}", "LISTEN"]
    assert str(HERE) in row


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells queues")
def test_a_listener_is_printed_with_its_accept_queue(
    listener: socket.socket, port: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with (
        socket.create_connection(listener.getsockname()),
        socket.create_connection(listener.getsockname()),
    ):
        (row,) = rows(capsys, "--port", port, "--listen")
    assert "2/3" in row


def test_jsonl_is_one_object_a_line_with_every_field(
    listener: socket.socket, port: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_connection(listener.getsockname()) as client:
        told = objects(capsys, "--port", port)
        remote = f"127.0.0.1:{client.getsockname()[1]}"
    assert [each["type"] for each in told] == ["SocketEntry"] * 3
    assert {key: told[0][key] for key in ("transport", "local", "remote", "state", "pid")} == {
        "transport": "tcp",
        "local": f"127.0.0.1:{port}",
        "remote": "",
        "state": "LISTEN",
        "pid": HERE,
    }
    assert {"receive_queue_bytes", "accept_queue", "accept_queue_max", "drops"} <= told[0].keys()
    assert remote in {each["remote"] for each in told}


def test_several_ports_are_all_shown(port: str, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        other_port = other.getsockname()[1]
        told = objects(capsys, "--port", port, "--port", str(other_port))
    assert {each["local_port"] for each in told} == {int(port), other_port}


@pytest.mark.usefixtures("listener")
def test_transports_add_up(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagram,
        socket.socket(socket.AF_UNIX) as stream,
    ):
        datagram.bind(("127.0.0.1", 0))
        stream.bind(str(tmp_path / "chat.sock"))
        stream.listen()
        for options, transports in (
            (["-t"], {"tcp"}),
            (["--udp"], {"udp"}),
            (["-x"], {"unix"}),
            (["-t", "-u"], {"tcp", "udp"}),
            ([], {"tcp", "udp", "unix"}),
        ):
            told = objects(capsys, "--pid", str(HERE), *options)
            assert {each["transport"] for each in told} == transports


def test_listen_leaves_out_who_talks(
    listener: socket.socket, port: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_connection(listener.getsockname()):
        told = objects(capsys, "--port", port, "--listen")
    assert [each["state"] for each in told] == ["LISTEN"]


def test_a_process_is_chosen_by_its_number(port: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert len(objects(capsys, "--port", port, "--pid", str(HERE))) == 1
    assert objects(capsys, "--port", port, "--pid", str(os.getppid())) == []


def test_all_brings_sockets_without_a_name(capsys: pytest.CaptureFixture[str]) -> None:
    one, other = socket.socketpair()
    with one, other:
        mine = ("--unix", "--pid", str(HERE))
        before = [each for each in objects(capsys, *mine) if not each["local"]]
        after = [each for each in objects(capsys, *mine, "--all") if not each["local"]]
    assert before == []
    assert len(after) >= 2


def test_a_program_is_found_by_the_script_it_runs(
    port: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    script = tmp_path / "odd_name_server.py"
    script.write_text(
        "import socket\n"
        "with socket.create_server(('127.0.0.1', 0)):\n"
        "    print(flush=True)\n"
        "    input()\n",
        encoding="utf-8",
    )
    child = subprocess.Popen(
        [sys.executable, str(script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        assert child.stdout is not None
        child.stdout.readline()
        told = objects(capsys, "--program", "odd_name_server.py")
        assert [each["pid"] for each in told] == [child.pid]
    finally:
        child.communicate(b"\n")


def test_nothing_found_is_said_and_leaves_the_pipe_empty(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run("--pid", "1", "--port", "1", "--program", "no such program") is ExitCode.DONE
    told = capsys.readouterr()
    assert (told.out, told.err) == ("", "There are no such sockets.\n")


@pytest.mark.parametrize("wrong", ["70000", "0", "-1", "http", "²", "٣"])
def test_a_port_that_is_none_is_a_usage_error(
    wrong: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        run(f"--port={wrong}")
    assert ended.value.code == ExitCode.USAGE
    assert f"a port is a number from 1 to 65535, not “{wrong}”" in capsys.readouterr().err


def test_the_help_gives_examples_and_every_one_is_understood(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as ended:
        run("--help")
    assert ended.value.code == ExitCode.DONE
    lines = capsys.readouterr().out.splitlines()
    examples = [
        line.split("  ")[0].split()
        for line in map(str.strip, lines)
        if line.startswith("enchufe ps")
    ]
    assert len(examples) == 5
    for _program, *words in examples:
        assert parser().parse_args(words).run is ps.run


def test_the_parser_alone_loads_no_heavy_library() -> None:
    code = (
        "import argparse, sys; from enchufe.cli import ps; "
        "ps.add_parser(argparse.ArgumentParser().add_subparsers()); "
        "print([name for name in ('psutil', 'rich', 'msgspec') if name in sys.modules])"
    )
    told = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert told.stdout == "[]\n"
