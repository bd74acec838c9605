"""``enchufe stop``: a server ends in good order, by whoever may stop it."""

import sys
from pathlib import Path

import pytest
from tests.attacks.honest import kept_in
from tests.cli import programs
from tests.cli.controlled import TRANSPORTS, connected_to, control, until_count
from tests.cli.programs import run, running

from enchufe.core.exits import ExitCode

pytestmark = pytest.mark.usefixtures("home")

COMMAND_LINE = "from enchufe.cli.main import main; sys.exit(main(sys.argv[1:]))"


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.usefixtures("key")
def test_a_stop_ends_the_server_in_good_order(home: Path, transport: str) -> None:
    with control(home, "--allow-stop", transport=transport) as (server, endpoint):
        ended = run("stop", endpoint)
        assert ended.code == 0
        assert server.wait() == 0


@pytest.mark.usefixtures("key")
def test_those_inside_are_told_and_what_they_said_is_kept(home: Path) -> None:
    words = ("chat@tcp://127.0.0.1:0", "--allow-stop", "--history", str(home / "plaza.db"))
    with control(home, *words) as (server, endpoint), connected_to(server.endpoints[1]) as ana:
        ana.sendall(b"hola\n")
        server.out.until("hola")
        assert run("stop", endpoint).code == 0
        heard = b"".join(iter(lambda: ana.recv(4096), b""))
        assert b"* This server ends now\n" in heard
        assert server.wait() == 0
    assert kept_in(home / "plaza.db") == ["hola"]


@pytest.mark.usefixtures("key")
def test_a_program_that_runs_is_killed_and_whoever_asked_is_told(home: Path) -> None:
    words = ("--allow-stop", "--allow-run", "sleep *")
    with (
        control(home, *words) as (server, endpoint),
        running("run", endpoint, "--", "sleep", "987.3") as program,
    ):
        server.out.until("sleep 987.3: allowed")
        assert run("stop", endpoint).code == 0
        assert program.wait() == ExitCode.LOST
        assert "killed, the server stops" in program.err.text
        assert server.wait() == 0
        until_count("987.3", 0)


@pytest.mark.usefixtures("key")
def test_a_second_signal_ends_a_program_that_will_not_end_at_once(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    patient = "import sys; from enchufe.core import limits; limits.PROGRAM_KILL_S = 1000.0; "
    monkeypatch.setattr(programs, "ENCHUFE", (sys.executable, "-c", f"{patient}{COMMAND_LINE}"))
    line = 'trap "" TERM; echo here; sleep 985.1; sleep 985.1'
    with control(home, "--allow-run", "sh -c *") as (server, endpoint):
        with running("run", endpoint, "--", "sh", "-c", line) as program:
            program.out.until("here")
            server.signal()
            server.out.until("killed, the server stops")
            server.signal()
            assert server.wait() == 0
        until_count("985.1", 0)


@pytest.mark.usefixtures("key")
def test_a_stop_that_is_not_allowed_does_not_stop(home: Path) -> None:
    with control(home, "--allow-run", "true") as (server, endpoint):
        assert run("stop", endpoint).code == ExitCode.DENIED
        assert server.process.poll() is None
