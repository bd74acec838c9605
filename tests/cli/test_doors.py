"""``enchufe serve``: who may come in, and what the others are told."""

import contextlib
import json
import re
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from tests.cli.programs import run, running, serving
from tests.cli.talkers import answer, datagrams_to, is_ignored, stream_to
from tests.ports import free_port

from enchufe.core.exits import ExitCode

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Linux's own ways")


# Who may come in


NOT_ALLOWED = ("is not among those allowed here", "not among the networks allowed")
DENIED = ("is denied here", "in a network denied")
"""What the peer is told of its address, and what the one who runs the server is told."""

ALLOWED_OR_NOT = [
    (["--allow", "127.0.0.1"], "127.0.0.1", None),
    (["--allow", "127.0.0.2"], "127.0.0.1", NOT_ALLOWED),
    (["--allow", "127.0.0.0/8"], "127.0.0.1", None),
    (["--allow", "10.0.0.0/8", "--allow", "::1"], "::1", None),
    (["--allow", "10.0.0.0/8", "--allow", "::1"], "127.0.0.1", NOT_ALLOWED),
    (["--allow", "localhost"], "127.0.0.1", None),
    (["--allow", "localhost"], "::1", None),
    (["--deny", "localhost"], "127.0.0.1", DENIED),
    (["--deny", "localhost"], "::1", DENIED),
    (["--deny", "::1"], "127.0.0.1", None),
    (["--allow", "localhost", "--deny", "127.0.0.0/30"], "127.0.0.1", DENIED),
]


@pytest.mark.parametrize(("options", "host", "why"), ALLOWED_OR_NOT)
def test_a_stream_peer_is_let_in_or_told_why_not(
    options: Sequence[str], host: str, why: tuple[str, str] | None
) -> None:
    with serving("echo@tcp://:0", *options) as server, stream_to(server.port, host) as sock:
        if why is None:
            assert answer(sock, b"hello") == b"hello"
        else:
            assert sock.recv(1000) == f"enchufe: denied: your address {why[0]}\n".encode()
            assert sock.recv(1000) == b""
            server.out.until(re.escape(f"refused: {why[1]}"))


@pytest.mark.parametrize(("options", "host", "why"), ALLOWED_OR_NOT)
def test_a_datagram_peer_is_answered_or_ignored_and_reported_once(
    options: Sequence[str], host: str, why: tuple[str, str] | None
) -> None:
    with serving("echo@udp://:0", *options) as server, datagrams_to(server.port, host) as sock:
        if why is None:
            assert answer(sock, b"hello") == b"hello"
        else:
            assert is_ignored(sock)
            sock.send(b"again")
            server.out.until(re.escape(f"ignored: {why[1]}"))
            with datagrams_to(server.port, host) as other:
                other.send(b"another source, after the first one's second datagram")
                server.out.until(rf"{other.getsockname()[1]} ignored")
            assert server.out.text.count(f":{sock.getsockname()[1]} ignored") == 1


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (
            ["--deny", "localhost"],
            ExitCode.DENIED,
            b"enchufe: denied: your address is denied here\n",
        ),
        (["--allow", "10.0.0.0/8"], ExitCode.DENIED, b"enchufe: denied: "),
        (["--max-peers", "1"], ExitCode.OVER_LIMIT, b"enchufe: full: as many peers are inside"),
        (
            ["--max-per-address", "1"],
            ExitCode.OVER_LIMIT,
            b"enchufe: full: your address has as many connections here as it may",
        ),
    ],
)
def test_our_client_ends_with_the_code_of_its_refusal(
    options: Sequence[str], code: ExitCode, words: bytes
) -> None:
    with serving("echo@tcp://:0", *options) as server, stream_to(server.port) as inside:
        if code is ExitCode.OVER_LIMIT:
            assert answer(inside, b"hello") == b"hello"
        for how in (["--send", "hello"], []):
            ended = run("connect", server.endpoints[0], *how, said=b"hello\n")
            assert ended.code == code
            assert ended.out.startswith(words)


def test_a_client_that_says_much_still_reads_why_it_was_refused() -> None:
    with serving("echo@tcp://:0", "--deny", "localhost") as server:
        ended = run("connect", server.endpoints[0], said=bytes(5_000_000))
        assert ended.code == ExitCode.DENIED
        assert ended.out == b"enchufe: denied: your address is denied here\n"


def test_ipv4_mapped_into_ipv6_counts_as_ipv4() -> None:
    """A socket of both families shows IPv4 peers so; ours never are, but the door is the same."""
    from enchufe.net.door import Door

    door = Door(["127.0.0.0/8"], [], lambda _notice: None)
    assert door.refusal("::ffff:127.0.0.1") is None
    assert door.refusal("::ffff:10.0.0.1") is not None


def test_a_changed_list_is_read_again_and_drops_nobody_inside(tmp_path: Path) -> None:
    names = tmp_path / "friends.txt"
    names.write_text("# the class\nlocalhost   # ourselves\n\n", encoding="utf-8")
    with serving("echo@tcp://:0", "--allow", f"@{names}") as server:
        with stream_to(server.port) as inside:
            assert answer(inside, b"first") == b"first"
            names.write_text("10.0.0.0/8\n192.168.1.7\n", encoding="utf-8")
            with stream_to(server.port) as late:
                assert late.recv(1000).startswith(b"enchufe: denied: ")
            server.out.until(re.escape(f"{names} changed and was read again: 2 networks"))
            assert answer(inside, b"second") == b"second"
        names.write_text("localhost\n", encoding="utf-8")
        with stream_to(server.port) as again:
            assert answer(again, b"third") == b"third"


@pytest.mark.parametrize("broken", ["127.0.0.1\nno network\n", None, "\udcff"])
def test_a_broken_list_leaves_the_former_one_in_force_and_says_so(
    broken: str | None, tmp_path: Path
) -> None:
    names = tmp_path / "friends.txt"
    names.write_text("127.0.0.1\n", encoding="utf-8")
    with serving("echo@tcp://:0", "--allow", f"@{names}") as server:
        if broken is None:
            names.unlink()
        else:
            names.write_bytes(broken.encode("utf-8", "surrogateescape"))
        for _ in range(2):
            with stream_to(server.port) as sock:
                assert answer(sock, b"hello") == b"hello"
            with stream_to(server.port, "::1") as stranger:
                assert stranger.recv(1000).startswith(b"enchufe: denied: ")
        found = server.out.until(
            re.escape(str(names)) + r" changed and is not understood.*stays: .+"
        )
        assert server.out.text.count("is not understood") == 1, found[0]


def test_a_full_server_lets_in_the_next_when_one_leaves() -> None:
    with serving("echo@tcp://:0", "--max-peers", "2") as server:
        with stream_to(server.port) as first, stream_to(server.port) as second:
            assert answer(first, b"1") == b"1"
            assert answer(second, b"2") == b"2"
            with stream_to(server.port) as third:
                assert third.recv(1000).startswith(b"enchufe: full: ")
            first.close()
            server.out.until("left after")
            with stream_to(server.port) as fourth:
                assert answer(fourth, b"4") == b"4"
        assert "refused: as many peers are inside as may be" in server.out.text


def test_an_address_with_as_many_as_it_may_have_leaves_room_for_others() -> None:
    with (
        serving("echo@tcp://:0", "--max-per-address", "2") as server,
        stream_to(server.port) as first,
        stream_to(server.port) as second,
    ):
        assert answer(first, b"1") == b"1"
        assert answer(second, b"2") == b"2"
        with stream_to(server.port) as third:
            assert third.recv(1000).startswith(b"enchufe: full: ")
        server.out.until(r"refused: as many connections from its address as may be \(--max-per")
        with stream_to(server.port, "::1") as other:
            assert answer(other, b"3") == b"3"
        first.close()
        server.out.until("left after")
        with stream_to(server.port) as fourth:
            assert answer(fourth, b"4") == b"4"


@pytest.mark.parametrize("option", ["--max-per-address", "--rate"])
def test_with_zero_there_is_no_limit_and_less_makes_no_sense(option: str) -> None:
    with serving("echo@tcp://:0", option, "0") as server:
        for _ in range(30):
            with stream_to(server.port) as sock:
                assert answer(sock, b"x") == b"x"
    ended = run("serve", "echo@tcp://:0", option, "-1")
    assert ended.code == ExitCode.USAGE


def test_a_full_server_ignores_further_datagram_sources() -> None:
    with serving("echo@udp://:0", "--max-peers", "1") as server:
        with datagrams_to(server.port) as first, datagrams_to(server.port) as second:
            assert answer(first, b"1") == b"1"
            assert is_ignored(second)
            assert answer(first, b"2") == b"2"
        server.out.until("ignored: as many peers are inside")


@linux
def test_the_backlog_is_the_one_asked_for() -> None:
    with serving("echo@tcp://127.0.0.1:0", "--backlog", "7") as server:
        ended = run("ps", "--tcp", "--port", str(server.port), "--listen", "--log", "jsonl")
        assert json.loads(ended.out)["accept_queue_max"] == 7


def test_quiet_shows_problems_only() -> None:
    port = free_port()
    with running("serve", f"echo@tcp://:{port}", "--quiet", "--deny", "::1") as server:
        ended = run_until_there(port)
        assert ended == b"hello"
        with stream_to(port, "::1") as sock:
            sock.recv(100)
        server.err.until("refused: in a network denied")
        server.signal()
        assert server.wait() == ExitCode.DONE
        assert server.out.bytes == b""
        assert "came" not in server.err.text


def run_until_there(port: int) -> bytes:
    """Return the answer to hello, once a server that prints nothing listens."""
    end = time.monotonic() + 10
    while time.monotonic() < end:
        with contextlib.suppress(ConnectionRefusedError), stream_to(port) as sock:
            return answer(sock, b"hello")
        time.sleep(0.05)
    raise AssertionError("nobody ever listened")
