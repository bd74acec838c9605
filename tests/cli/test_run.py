"""``enchufe run``: a program where control is, over every transport, and how it ended."""

import os
import signal
from pathlib import Path

import pytest
from tests.cli.controlled import TRANSPORTS, control, until_count
from tests.cli.programs import PATIENCE_S, run, running, serving
from tests.cli.terminals import screen
from tests.ports import free_port

from enchufe.core.exits import ExitCode
from enchufe.core.limits import PROGRAM_DATAGRAM_BYTES_MAX

pytestmark = pytest.mark.usefixtures("home")

STREAMS = ("tcp", "tls")


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.usefixtures("key")
def test_a_program_runs_over_every_transport(home: Path, transport: str) -> None:
    with control(home, "--allow-run", "sh -c **", transport=transport) as (_server, endpoint):
        ended = run("run", endpoint, "--", "sh", "-c", "echo out; echo err >&2; exit 3")
        assert ended.code == 3
        assert ended.out == b"out\n"
        assert ended.err.endswith("err\n")


@pytest.mark.parametrize("transport", STREAMS)
@pytest.mark.usefixtures("key")
def test_input_goes_in_and_every_byte_comes_back(home: Path, transport: str) -> None:
    said = os.urandom(2_000_000)
    with control(home, "--allow-run", "cat", transport=transport) as (_server, endpoint):
        ended = run("run", endpoint, "--", "cat", said=said)
        assert (ended.code, ended.out == said) == (0, True)


@pytest.mark.usefixtures("key")
def test_output_comes_as_it_is_written(home: Path) -> None:
    with (
        control(home, "--allow-run", "sh -c *") as (_server, endpoint),
        running("run", endpoint, "--", "sh", "-c", "echo first; read line; echo $line") as program,
    ):
        program.out.until("first")
        program.say(b"second\n")
        program.out.until("second")
        assert program.wait() == 0


@pytest.mark.usefixtures("key")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL, signal.SIGSEGV])
def test_a_signal_is_128_and_its_number(home: Path, number: signal.Signals) -> None:
    with control(home, "--allow-run", "sh -c *") as (_server, endpoint):
        ended = run("run", endpoint, "--", "sh", "-c", f"kill -{number} $$")
        assert ended.code == 128 + number
        assert f"ended by signal {number:d}" in ended.err


@pytest.mark.usefixtures("key")
@pytest.mark.parametrize(
    ("program", "code", "said"),
    [
        (["rm", "-r", "/"], ExitCode.DENIED, "not allowed"),
        (["cat", "x"], ExitCode.DENIED, "not allowed"),
        (["no-such-program"], ExitCode.NAME_NOT_FOUND, "there is no such program"),
        (["/etc/passwd"], ExitCode.DENIED, "it could not be started"),
    ],
)
def test_what_does_not_run_is_told_apart(
    home: Path, program: list[str], code: ExitCode, said: str
) -> None:
    allowed = ["--allow-run", "cat", "--allow-run", "no-such-program", "--allow-run", "/etc/passwd"]
    with control(home, *allowed) as (_server, endpoint):
        ended = run("run", endpoint, "--", *program)
        assert ended.code == code
        assert said in ended.err


def test_options_of_the_program_without_two_dashes_are_said_to_want_them() -> None:
    ended = run("run", "tcp://127.0.0.1:1", "ls", "-l")
    assert ended.code == ExitCode.USAGE
    assert "unrecognized arguments: -l\n  Options of the program itself come after --" in ended.err


@pytest.mark.usefixtures("key")
def test_one_that_takes_too_long_is_killed(home: Path) -> None:
    allowed = ("--allow-run", "sleep *", "--run-timeout", "0.3")
    with control(home, *allowed) as (_server, endpoint):
        ended = run("run", endpoint, "--", "sleep", "987.1")
        assert ended.code == ExitCode.TIMED_OUT
        assert "killed, it ran too long (0.3 s)" in ended.err
        until_count("987.1", 0)


@pytest.mark.usefixtures("key")
def test_one_that_says_too_much_is_killed(home: Path) -> None:
    with control(home, "--allow-run", "yes", "--run-output", "100K") as (_server, endpoint):
        ended = run("run", endpoint, "--", "yes")
        assert ended.code == ExitCode.OVER_LIMIT
        assert "killed, it said too much (100.0 KiB)" in ended.err
        assert len(ended.out) <= 100 * 1024


@pytest.mark.usefixtures("key")
def test_over_datagrams_what_does_not_fit_is_refused(home: Path) -> None:
    size = PROGRAM_DATAGRAM_BYTES_MAX
    words = ("--allow-run", "head -c * /dev/zero")
    with control(home, *words, transport="udp") as (_server, endpoint):
        fits = run("run", endpoint, "--", "head", "-c", str(size), "/dev/zero")
        assert (fits.code, fits.out) == (0, b"\0" * size)
        more = run("run", endpoint, "--", "head", "-c", str(size + 1), "/dev/zero")
        assert (more.code, more.out) == (ExitCode.OVER_LIMIT, b"")
        assert "does not fit into a datagram (32.0 KiB)" in more.err
    request = run("run", endpoint, "--", "x" * 70_000)
    assert request.code == ExitCode.OVER_LIMIT
    assert "60000" in request.err


@pytest.mark.usefixtures("key")
def test_no_more_run_at_once_than_may(home: Path) -> None:
    with (
        control(home, "--allow-run", "sh -c *", "--run-max", "1") as (_server, endpoint),
        running("run", endpoint, "--", "sh", "-c", "echo here; read line") as first,
    ):
        first.out.until("here")
        second = run("run", endpoint, "--", "sh", "-c", "echo here")
        assert second.code == ExitCode.OVER_LIMIT
        first.say(b"\n")
        assert first.wait() == 1 or first.process.returncode == 0


@pytest.mark.usefixtures("key")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_a_program_ends_with_whoever_asked_for_it_and_so_do_its_children(
    home: Path, number: signal.Signals
) -> None:
    long = f"986.{number:d}"
    line = f"setsid sleep {long} & sleep {long} & echo here; sleep {long}"
    with (
        control(home, "--allow-run", "sh -c *") as (_server, endpoint),
        running("run", endpoint, "--", "sh", "-c", line) as program,
    ):
        program.out.until("here")
        until_count(long, 3)
        program.signal(number)
        code = program.process.wait(PATIENCE_S)
        assert code == (ExitCode.INTERRUPTED if number == signal.SIGINT else -number)
        until_count(long, 0)


@pytest.mark.usefixtures("key")
def test_a_program_sees_little_of_our_environment_and_works_where_it_is_told(home: Path) -> None:
    (home / "workshop").mkdir()
    words = ("--allow-run", "sh -c *", "--run-folder", str(home / "workshop"))
    with control(home, *words, env={"SECRET": "swordfish"}) as (_server, endpoint):
        ended = run("run", endpoint, "--", "sh", "-c", "pwd; env")
        assert ended.out.decode().splitlines()[0] == str(home / "workshop")
        assert b"swordfish" not in ended.out
        assert b"PATH=" in ended.out


@pytest.mark.usefixtures("key")
def test_no_shell_reads_the_words_unless_it_is_asked_for(home: Path) -> None:
    with control(home, "--allow-run", "echo *") as (_server, endpoint):
        assert run("run", endpoint, "--", "echo", "$HOME; id").out == b"$HOME; id\n"
    with control(home, "--allow-run", "echo *", "--shell") as (server, endpoint):
        assert run("run", endpoint, "--", "echo one; echo two").out == b"one\ntwo\n"
        server.err.until("whoever may run one program may run any")


@pytest.mark.usefixtures("key")
def test_what_a_program_says_to_a_terminal_is_shown_and_not_obeyed(home: Path) -> None:
    with (
        control(home, "--allow-run", "printf *") as (_server, endpoint),
        screen("run", endpoint, "--", "printf", r"\033]0;mine\007\n") as terminal,
    ):
        terminal.until(lambda lines: r"\e]0;mine\x07" in lines)


@pytest.mark.usefixtures("key")
@pytest.mark.parametrize("transport", ["tcp", "udp"])
def test_where_nobody_listens_the_system_says_so(transport: str) -> None:
    ended = run("run", f"{transport}://127.0.0.1:{free_port()}", "--", "true")
    assert ended.code == ExitCode.REFUSED
    assert "nobody listens" in ended.err


@pytest.mark.usefixtures("key")
def test_where_somebody_else_listens_it_is_said() -> None:
    with serving("hello@tcp://127.0.0.1:0") as server:
        ended = run("stop", server.endpoints[0])
        assert ended.code == ExitCode.PROTOCOL
        assert "Is control there?" in ended.err
