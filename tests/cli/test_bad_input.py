"""What is wrong is said with figures and advice, ends with its own code, shows no traceback."""

import contextlib
import os
import resource
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from tests.cli.programs import ENCHUFE, environment, run, running, serving
from tests.cli.silent_places import (
    full_backlog,
    one_conversation,
    reset,
    silent_datagrams,
)
from tests.ports import free_port

from enchufe.core.exits import ExitCode

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Linux's own ways")


# What was typed


@pytest.mark.parametrize(
    ("words", "marked", "message"),
    [
        (["serve", "ecko@:3500"], "ecko", "there is no service “ecko”; there are: echo, hello"),
        (["serve", "ecko@:3500"], "ecko", "Did you mean echo?"),
        (["serve", "tcp://:3500"], "tcp://:3500", "Write the service before the endpoint"),
        (["serve", "echo@tcp://localhost:70000"], "70000", "from 0 to 65535, not “70000”"),
        (["serve", "echo@tcq://:3500"], "tcq", "is not a transport; there are: tcp, tls, udp"),
        (["connect", "tcp://localhost:70000"], "70000", "from 0 to 65535, not “70000”"),
        (["connect", "localhost", "70000"], "70000", "A port has 16 bits"),
        (["connect", "localhost:http"], "http", "not “http”"),
        (["connect", "tcp://localhost:-1"], "-1", "not “-1”"),
        (["connect", "tcp://localhost:٣"], "٣", "not “٣”"),
        (["connect", "htp://localhost:80"], "htp", "“htp” is not a transport"),
        (["connect", "tcp://localhost"], " ", "the port is missing"),
        (["connect", "tcp://[::1:3500"], "[::1:3500", "the bracket of the IPv6 address"),
        (["connect", "tcp://[::g]:3500"], "::g", "“::g” is not an IPv6 address"),
        (["connect", "tcp://::1:3500"], "::1:3500", "Write it like tcp://[::1]:3500"),
        (["connect", "tcp://300.1.2.3:80"], "300.1.2.3", "four numbers from 0 to 255"),
        (["connect", "unix://"], " ", "a Unix socket needs a path"),
        (["connect", "localhost:9", "--source", "1.2.3.4:70000"], "70000", "not “70000”"),
    ],
)
def test_a_wrong_endpoint_is_shown_with_a_caret_under_the_part_at_fault(
    words: Sequence[str], marked: str, message: str
) -> None:
    ended = run(*words)
    assert ended.code == ExitCode.USAGE
    assert ended.out == b""
    assert message in ended.err
    typed, carets = next(
        (above, below)
        for above, below in zip(ended.err.splitlines(), ended.err.splitlines()[1:], strict=False)
        if below.strip() and set(below.strip()) == {"^"}
    )
    first = carets.index("^")
    assert f"{typed} "[first : len(carets)] == marked


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["serve", "--idle", "soon"], "--idle: “soon” is not a number of seconds above 0"),
        (["serve", "--idle", "0"], "“0” is not a number of seconds above 0"),
        (["serve", "--listen-for", "nan"], "“nan” is not a number of seconds above 0"),
        (["serve", "--stop-after", "-1"], "--stop-after"),
        (["serve", "--max-peers", "0"], "--max-peers: “0” is not a whole number from 1 on"),
        (["serve", "--backlog", "²"], "“²” is not a whole number from 1 on"),
        (["serve", "--buffer", "16777217"], "at most 16777216 bytes, not 16777217"),
        (["serve", "--log", "xml"], "jsonl"),
        (["serve", "-4", "-6"], "not allowed with"),
        (["serve", "--workers", "2", "--stop-after", "3"], "--workers does not go with"),
        (["serve", "--allow", "10.0.0.0/33"], "“10.0.0.0/33” is not a network"),
        (["serve", "--deny", "friends"], "or @FILE for a file with one of these a line"),
        (["serve", "--allow", "@/no/such/list"], "cannot read the list /no/such/list: No such"),
        (["connect"], "ENDPOINT"),
        (["connect", "localhost:1", "--wait", "x"], "--wait: “x” is not a number of seconds"),
        (["connect", "udp://localhost:1", "--hex", "--send", "wxyz"], "de ad be ef"),
        (["connect", "tcp://localhost:1", "--hex", "--send", "wxyz"], "de ad be ef"),
        (["conect", "localhost:1"], "conect"),
        ([], "COMMAND"),
    ],
)
def test_a_command_line_that_makes_no_sense_says_which_part(
    words: Sequence[str], message: str
) -> None:
    ended = run(*words)
    assert (ended.code, ended.out) == (ExitCode.USAGE, b"")
    assert message in ended.err


def test_a_wrong_option_does_not_leave_a_port_open() -> None:
    port = free_port()
    assert run("serve", f"echo@tcp://:{port}", "--deny", "friends").code == ExitCode.USAGE
    with socket.create_server(("127.0.0.1", port)):
        pass


# Where it is


@pytest.mark.parametrize("words", [["connect"], ["serve"]])
def test_a_name_that_does_not_resolve_is_named(words: Sequence[str]) -> None:
    where = "tcp://no-such-host.invalid:3500"
    ended = run(*words, where if words == ["connect"] else f"echo@{where}")
    assert ended.code == ExitCode.NAME_NOT_FOUND
    assert "the name “no-such-host.invalid” is not known here" in ended.err
    assert "127.0.0.1" in ended.err


def test_an_address_without_the_family_asked_for_is_a_name_not_found() -> None:
    ended = run("connect", "-6", "tcp://127.0.0.1:3500", "--send", "hello")
    assert ended.code == ExitCode.NAME_NOT_FOUND
    assert "127.0.0.1" in ended.err


@pytest.mark.parametrize(
    "where", ["tcp://192.0.2.1:0", "udp://192.0.2.1:0", "tcp://[2001:db8::1]:0"]
)
def test_an_address_of_another_machine_cannot_be_listened_on(where: str) -> None:
    ended = run("serve", f"echo@{where}")
    assert ended.code == ExitCode.REFUSED
    assert "is not an address of this machine" in ended.err
    assert "Listen on localhost" in ended.err


@pytest.mark.parametrize("kind", [socket.SOCK_STREAM, socket.SOCK_DGRAM])
def test_a_port_in_use_is_named_with_the_program_that_holds_it(kind: socket.SocketKind) -> None:
    with socket.socket(socket.AF_INET, kind) as taken:
        taken.bind(("127.0.0.1", 0))
        if kind is socket.SOCK_STREAM:
            taken.listen()
        port = taken.getsockname()[1]
        transport = "tcp" if kind is socket.SOCK_STREAM else "udp"
        ended = run("serve", f"echo@{transport}://:{port}")
    assert ended.code == ExitCode.REFUSED
    assert f"{transport} 127.0.0.1:{port} is taken by " in ended.err
    assert str(os.getpid()) in ended.err
    assert "Choose another port, or end that program" in ended.err


@pytest.mark.parametrize("transport", ["unix", "unixgram"])
def test_a_unix_path_in_use_is_named_with_the_program_that_holds_it(
    transport: str, tmp_path: Path
) -> None:
    where = f"echo@{transport}://{tmp_path}/live.sock"
    with serving(where) as server:
        ended = run("serve", where)
        assert ended.code == ExitCode.REFUSED
        assert f"{tmp_path}/live.sock is taken by" in ended.err
        assert str(server.process.pid) in ended.err
        assert run("connect", server.endpoints[0], "--send", "still there").out.strip() == (
            b"still there"
        )


def test_a_regular_file_in_the_way_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "thesis.txt"
    path.write_text("months of work", encoding="utf-8")
    ended = run("serve", f"echo@unix://{path}")
    assert ended.code == ExitCode.USAGE
    assert f"{path} exists and is not a socket" in ended.err
    assert path.read_text(encoding="utf-8") == "months of work"


def test_a_path_without_its_folder_is_explained(tmp_path: Path) -> None:
    ended = run("serve", f"echo@unix://{tmp_path}/no/folder.sock")
    assert ended.code == ExitCode.REFUSED
    assert f"there is no folder {tmp_path}/no" in ended.err
    assert "Create that folder first" in ended.err


def test_a_path_longer_than_the_system_takes_is_explained() -> None:
    for words in (["serve", f"echo@unix:///tmp/{'x' * 120}"], ["connect", f"unix:///{'x' * 120}"]):
        ended = run(*words)
        assert ended.code == ExitCode.REFUSED
        assert "a Unix socket has room for 10" in ended.err  # 107 bytes on Linux, else 103
        assert "Choose a shorter path" in ended.err


@linux
def test_a_privileged_port_is_denied_and_another_one_proposed() -> None:
    lowest = Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").read_text(encoding="ascii")
    before = ["setpriv", "--bounding-set=-net_bind_service"] if os.geteuid() == 0 else []
    if int(lowest) <= 81:  # this system keeps no port for root, so that nothing is wrong
        ended = run("serve", "echo@tcp://:81", "--listen-for", "0.1", before=before)
        assert ended.code == ExitCode.TIMED_OUT
        return
    ended = run("serve", "echo@tcp://:81", before=before)
    assert ended.code == ExitCode.DENIED
    assert "port 81 is privileged" in ended.err
    assert "from 1024 on, such as 10081" in ended.err


def test_without_arguments_a_taken_guide_port_is_named_and_the_others_open() -> None:
    """The guides' ports may be taken by another run of the tests: then by that one."""
    with contextlib.ExitStack() as stack:
        taken = stack.enter_context(socket.socket())
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with contextlib.suppress(OSError):
            taken.bind(("127.0.0.1", 9001))
            taken.listen()
        server = stack.enter_context(running("serve"))
        server.err.until(r"tcp 127\.0\.0\.1:9001 is taken by")
        server.out.until("Ctrl-C stops")
        assert "tcp  localhost:9001" not in server.out.text
        assert "udp  localhost:3500" in server.out.text or "3500 is taken" in server.err.text
        server.signal()
        assert server.wait() == ExitCode.DONE


# Who does not answer


@pytest.mark.parametrize("where", ["localhost", "127.0.0.1", "[::1]"])
@pytest.mark.parametrize("transport", ["tcp", "udp"])
def test_a_server_that_is_not_there_is_reported_at_once(transport: str, where: str) -> None:
    url = f"{transport}://{where}:{free_port()}"
    ended = run("connect", url, "--send", "hello", "--wait", "60", timeout_s=10)
    assert ended.code == ExitCode.REFUSED
    assert f"nobody listens on {url}" in ended.err
    assert "enchufe ps --listen" in ended.err


def test_a_unix_path_that_nobody_holds_is_reported(tmp_path: Path) -> None:
    stale = tmp_path / "stale.sock"
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(str(stale))
    for path in (stale, tmp_path / "nothing.sock"):
        ended = run("connect", f"unix://{path}", "--send", "hello")
        assert ended.code == ExitCode.REFUSED
        assert f"nobody listens on unix://{path}" in ended.err


def test_a_datagram_that_nobody_answers_is_a_time_out() -> None:
    with silent_datagrams() as sock:
        url = f"udp://127.0.0.1:{sock.getsockname()[1]}"
        ended = run("connect", url, "--send", "hello", "--wait", "0.2")
        assert sock.recv(100) == b"hello"
    assert ended.code == ExitCode.TIMED_OUT
    assert f"No answer from {url} within 0.2 s" in ended.err
    assert "1 datagram sent, 0 received" in ended.err


@linux
def test_a_connection_that_nobody_takes_is_a_time_out() -> None:
    with full_backlog() as port:
        ended = run("connect", f"tcp://127.0.0.1:{port}", "--connect-timeout", "0.3")
    assert ended.code == ExitCode.TIMED_OUT
    assert f"127.0.0.1:{port} did not answer within 0.3 s" in ended.err
    assert "--connect-timeout" in ended.err


def test_an_address_that_cannot_be_spoken_from_is_named() -> None:
    ended = run("connect", "tcp://127.0.0.1:9", "--source", "192.0.2.1:0")
    assert ended.code == ExitCode.REFUSED
    assert "cannot speak from tcp://192.0.2.1:0" in ended.err


# Who breaks off


def test_a_reset_in_the_middle_is_a_loss_with_figures() -> None:
    def talk(sock: socket.socket) -> None:
        received = b""
        while len(received) < 5:
            received += sock.recv(100)
        sock.sendall(b"abc")
        with contextlib.suppress(TimeoutError):
            sock.settimeout(0.3)
            sock.recv(100)
        reset(sock)

    with one_conversation(talk) as port, running("connect", f"tcp://127.0.0.1:{port}") as client:
        client.say(b"hello")
        assert client.wait() == ExitCode.LOST
    assert client.out.bytes == b"abc"
    assert f"tcp://127.0.0.1:{port}: the other side broke it off (reset)" in client.err.text
    assert "after 5 B sent and 3 B received" in client.err.text


def test_a_reset_while_much_is_still_to_be_sent_counts_only_what_left() -> None:
    def talk(sock: socket.socket) -> None:
        sock.recv(10)
        reset(sock)

    with one_conversation(talk) as port:
        ended = run("connect", f"tcp://127.0.0.1:{port}", said=bytes(30_000_000))
    assert ended.code == ExitCode.LOST
    assert "(reset)" in ended.err


def test_a_server_survives_a_peer_that_resets_and_says_so() -> None:
    with serving("echo@tcp://:0") as server:
        with socket.create_connection(("127.0.0.1", server.port)) as sock:
            sock.sendall(b"hello")
            assert sock.recv(100) == b"hello"
            reset(sock)
        server.out.until(r"left after .*: 5 B received, 5 B sent \(the other side broke it off")
        assert run("connect", server.endpoints[0], "--send", "again").out == b"again"
        assert server.stop() == ExitCode.DONE


# Closed pipes


def test_a_reader_that_leaves_ends_connect_quietly() -> None:
    with serving("chargen@tcp://:0") as server:
        ended = subprocess.run(
            ["bash", "-c", 'set -o pipefail; "$@" | head -c1', "bash", *ENCHUFE, "connect",
             server.endpoints[0]],
            capture_output=True, env=environment(), timeout=10, check=False,
        )  # fmt: skip
    assert ended.returncode == ExitCode.OUTPUT_CLOSED
    assert ended.stdout == b" "
    assert b"Traceback" not in ended.stderr
    assert b"BrokenPipe" not in ended.stderr
    assert b"Standard output was closed by the program that read it." in ended.stderr


@pytest.mark.parametrize(
    "words",
    [
        ["ps", "--all"],
        ["ps", "--all", "--log", "jsonl"],
        ["--help"],
        ["serve", "--help"],
        ["serve", "echo@tcp://:0"],
        ["serve", "echo@tcp://:0", "--log", "jsonl"],
        ["serve", "echo@tcp://:0", "--buffer", "16"],
        ["serve", "echo@tcp://:0", "--workers", "2"],
    ],
)
def test_an_output_that_is_closed_already_ends_the_command_quietly(words: Sequence[str]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    ended = subprocess.run(
        [*ENCHUFE, *words],
        stdin=subprocess.DEVNULL, stdout=writer, stderr=subprocess.PIPE,
        env=environment(), timeout=10, check=False,
    )  # fmt: skip
    os.close(writer)
    assert ended.returncode == ExitCode.OUTPUT_CLOSED
    assert b"Traceback" not in ended.stderr
    assert b"Exception ignored" not in ended.stderr


def test_a_server_ends_once_its_reader_has_left() -> None:
    script = '"$@" | head -n1; echo "${PIPESTATUS[0]}"'
    port = free_port()
    shell = subprocess.Popen(
        ["bash", "-c", script, "bash", *ENCHUFE, "serve", f"hello@udp://:{port}"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(),
    )  # fmt: skip
    assert shell.stdout is not None
    assert b"hello" in shell.stdout.readline()
    run("connect", f"udp://127.0.0.1:{port}", "--send", "hello", "--wait", "0.1")
    out, err = shell.communicate(timeout=10)
    assert out == b"141\n"
    assert b"Traceback" not in err


@pytest.mark.parametrize(
    "words", [["ps"], ["serve", "echo@tcp://:0", "--listen-for", "0.1"], ["connect", "localhost:1"]]
)
def test_no_standard_streams_at_all_are_no_bug(words: Sequence[str]) -> None:
    ended = subprocess.run(
        ["bash", "-c", '"$@" <&- >&- 2>&-; exit $?', "bash", *ENCHUFE, *words],
        env=environment(), timeout=10, check=False,
    )  # fmt: skip
    assert ended.returncode != ExitCode.BUG


# Sizes of datagrams


@pytest.mark.parametrize("size_bytes", [0, 1, 65_507])
def test_a_datagram_of_any_size_comes_back_whole(size_bytes: int) -> None:
    with serving("echo@udp://:0") as server:
        line = b"x" * size_bytes + b"\n"
        ended = run("connect", server.endpoints[0], said=line)
    assert (ended.code, ended.out) == (ExitCode.DONE, line)
    assert "1 datagram sent, 1 received" in ended.err


def test_a_datagram_longer_than_udp_carries_is_over_the_limit() -> None:
    with serving("echo@udp://:0") as server:
        ended = run("connect", server.endpoints[0], said=b"x" * 65_508 + b"\n")
    assert (ended.code, ended.out) == (ExitCode.OVER_LIMIT, b"")
    assert "at most 65507 bytes; this message has 65508" in ended.err
    assert "Send it in parts, or over tcp://" in ended.err


# Descriptors


def with_limits(soft: int, hard: int) -> list[str]:
    return ["bash", "-c", f'ulimit -Sn {soft}; ulimit -Hn {hard}; exec "$@"', "bash"]


def test_the_soft_limit_of_descriptors_is_raised_to_the_hard_one() -> None:
    with (
        serving("echo@tcp://:0", before=with_limits(64, 128)) as server,
        contextlib.ExitStack() as inside,
    ):
        for _ in range(100):
            sock = inside.enter_context(socket.create_connection(("127.0.0.1", server.port)))
            sock.settimeout(5)
            sock.sendall(b"hello")
            assert sock.recv(100) == b"hello"
        assert "no more sockets" not in server.out.text
        if sys.platform.startswith("linux"):
            assert resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE) == (128, 128)


def test_without_descriptors_those_inside_are_served_and_those_waiting_get_in_later() -> None:
    with (
        serving("echo@tcp://:0", before=with_limits(40, 40)) as server,
        contextlib.ExitStack() as all_of_them,
    ):
        peers = []
        for _ in range(50):
            sock = all_of_them.enter_context(socket.create_connection(("127.0.0.1", server.port)))
            sock.settimeout(5)
            sock.sendall(b"first")
            peers.append(sock)
        found = server.out.until(r"may have 40 open files; (\d+) peers are served on, others wait")
        inside = int(found[1])
        assert 20 <= inside < 40
        assert "ulimit -n" in server.out.text
        for sock in peers[:inside]:
            assert sock.recv(100) == b"first"
            sock.sendall(b"still here")
            assert sock.recv(100) == b"still here"
        for sock in peers[:inside]:
            sock.close()
        for sock in peers[inside:]:
            assert sock.recv(100) == b"first"
        assert server.stop() == ExitCode.DONE
