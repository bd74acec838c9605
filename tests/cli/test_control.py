"""``enchufe serve control@…``, ``run``, ``stop`` and ``key`` as people use them."""

import contextlib
import json
import os
import signal
import socket
import stat
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from tests.certificates import Authority
from tests.cli import programs
from tests.cli.programs import PATIENCE_S, Server, run, running, serving
from tests.cli.silent_places import free_port
from tests.cli.terminals import screen

from enchufe.core.exits import ExitCode
from enchufe.core.limits import PROGRAM_DATAGRAM_BYTES_MAX

COMMAND_LINE = "from enchufe.cli.main import main; sys.exit(main(sys.argv[1:]))"

TRANSPORTS = ("tcp", "udp", "tls", "unix", "unixgram")
STREAMS = ("tcp", "tls")


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path


@pytest.fixture
def key(home: Path) -> Path:
    assert run("key", "new").code == 0
    return home / "data" / "enchufe" / "control.key"


def place(transport: str, folder: Path) -> str:
    if transport in ("unix", "unixgram"):
        return f"{transport}://{folder}/{transport}"
    return f"{transport}://127.0.0.1:0"


@contextlib.contextmanager
def control(
    folder: Path, *words: str, transport: str = "tcp", env: dict[str, str] | None = None
) -> Iterator[tuple[Server, str]]:
    """Serve control; yield the server and its endpoint."""
    with serving(f"control@{place(transport, folder)}", *words, env=env) as server:
        yield server, server.endpoints[0]


def connected_to(endpoint: str) -> socket.socket:
    """Return a plain connection to a server of ours."""
    transport, _, where = endpoint.partition("://")
    if transport == "unix":
        sock = socket.socket(socket.AF_UNIX)
        sock.connect(where)
    else:
        host, _, port = where.rpartition(":")
        sock = socket.create_connection((host or "127.0.0.1", int(port)))
    sock.settimeout(PATIENCE_S)
    return sock


def audit(folder: Path) -> list[dict[str, object]]:
    lines = (folder / "state" / "enchufe" / "control.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def processes_with(word: str) -> list[psutil.Process]:
    """Return the processes, not zombies, that have ``word`` in their command line."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if word in process.cmdline() and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


def until_count(word: str, count: int) -> None:
    """Wait until so many processes have ``word`` in their command line."""
    end_s = time.monotonic() + PATIENCE_S
    while len(found := processes_with(word)) != count:
        assert time.monotonic() < end_s, f"{len(found)} processes have {word}"
        time.sleep(0.02)


# Programs


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


# Who may


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


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become somebody else")
def test_on_a_unix_socket_another_user_needs_to_be_allowed(home: Path) -> None:
    for folder in (home, *home.parents):
        with contextlib.suppress(PermissionError):
            folder.chmod(folder.stat().st_mode | 0o011)
    somebody = ("setpriv", "--reuid", "65534", "--clear-groups")
    elsewhere = {"XDG_DATA_HOME": "/nonexistent", "HOME": "/nonexistent"}
    for words, code in (((), ExitCode.DENIED), (("--allow-user", "65534"), 0)):
        with control(home, "--allow-run", "echo *", *words, transport="unix") as (_server, end):
            (home / "unix").chmod(0o777)
            ended = run("run", end, "--", "echo", "hola", before=somebody, env=elsewhere)
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


# Stopping


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
        with running("run", endpoint, "--", "true"):
            pass
        assert run("stop", endpoint).code == 0
        heard = b"".join(iter(lambda: ana.recv(4096), b""))
        assert b"* This server ends now\n" in heard
        assert server.wait() == 0


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


# The guides' way


@pytest.mark.parametrize("transport", ["tcp", "unix"])
def test_a_script_stops_the_server_and_runs_programs_the_guides_way(
    home: Path, transport: str
) -> None:
    words = ("--plain-control", "STOP", "RUN", "--allow-stop", "--allow-run", "sh -c *")
    with (
        control(home, *words, transport=transport) as (server, endpoint),
        connected_to(endpoint) as sock,
        sock.makefile("rb") as answers,
    ):
        sock.sendall(b"RUN sh -c 'echo hola; exit 5'\n")
        assert answers.readline() == b"5\n"
        server.out.until("hola from")
        sock.sendall(b"RUN rm -r /\n")
        assert answers.readline() == b"* Not allowed here\n"
        sock.sendall(b"STOP\n")
        assert answers.readline() == b"* This server ends now\n"
        assert server.wait() == 0


def test_a_script_does_so_in_datagrams_too() -> None:
    words = ("--plain-control", "ADIOS", "HAZ", "--allow-stop", "--allow-run", "true")
    with (
        serving("control@udp://127.0.0.1:0", *words) as server,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock,
    ):
        sock.settimeout(PATIENCE_S)
        sock.connect(("127.0.0.1", server.port))
        sock.send(b"HAZ true")
        assert sock.recv(100) == b"0"
        sock.send(b"ADIOS")
        assert server.wait() == 0


@pytest.mark.usefixtures("key")
def test_without_the_owners_word_text_gets_nothing(home: Path) -> None:
    with control(home, "--allow-stop") as (server, endpoint), connected_to(endpoint) as sock:
        sock.sendall(b"STOP\n")
        heard = b"".join(iter(lambda: sock.recv(4096), b""))
        assert heard.startswith(b"* This is control")
        assert server.process.poll() is None


# Where there is nobody


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


# Keys


def test_a_key_is_made_once_for_its_owner_alone_and_has_a_name(home: Path) -> None:
    path = home / "deep" / "team.key"
    made = run("key", "new", str(path))
    assert made.code == 0
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    named = run("key", "name", str(path))
    assert named.out.split()[1] == made.out.split()[1]
    again = run("key", "new", str(path))
    assert again.code == ExitCode.USAGE
    assert run("key", "name", str(path)).out == named.out


def test_keys_differ(home: Path) -> None:
    names = {run("key", "new", str(home / str(number))).out.split()[1] for number in range(3)}
    assert len(names) == 3


@pytest.mark.parametrize("text", ["", "hola", "enchufe-key-1 12", "enchufe-key-1 " + "x" * 64])
def test_what_is_no_key_is_said(home: Path, text: str) -> None:
    path = home / "no.key"
    path.write_text(text)
    path.chmod(0o600)
    ended = run("key", "name", str(path))
    assert ended.code == ExitCode.USAGE
    assert "there is no key in" in ended.err


def test_a_key_file_that_is_not_there_is_said(home: Path) -> None:
    ended = run("run", "tcp://:1", "--key-file", str(home / "none"), "--", "true")
    assert ended.code == ExitCode.USAGE
    assert "cannot use the key file" in ended.err


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
