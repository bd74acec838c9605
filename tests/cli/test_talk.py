"""``enchufe talk`` as two programs run it: pipes, strangers and exit codes."""

import contextlib
import json
import re
import socket
import ssl
import sys
import time
from pathlib import Path

import pytest
from tests.cli.programs import run, running
from tests.cli.talkers import datagrams_to, stream_to
from tests.cli.talks import port_of, waiting

from enchufe.cli.reaching import CONNECT_TIMEOUT_S
from enchufe.core.exits import ExitCode
from enchufe.net.dial import CONNECT_S_MAX

TRANSPORTS = pytest.mark.parametrize("transport", ["tcp", "udp"])
BUSY = b"enchufe: busy: somebody else is talking here; try again later"


IMPATIENT = (
    "import sys; from enchufe.net import idle; idle.DATAGRAM_PEER_IDLE_S_MAX = 0.02; "
    "from enchufe.cli.main import main; sys.exit(main(sys.argv[4:]))"
)
"""Runs what follows ``python -m enchufe``, with little patience for silent datagram peers."""


# A path that is taken


def test_whoever_wants_a_taken_path_is_no_visitor_of_the_one_that_waits(tmp_path: Path) -> None:
    where = f"unix://{tmp_path}/talk.sock"
    with running("talk", "--listen", where) as first:
        first.err.until("enchufe talk unix://")
        second = run("talk", "--listen", where)
        assert second.code == ExitCode.REFUSED
        assert "is taken by" in second.err
        ended = run("talk", where, said=b"hola\nbye\n")  # and it still waits
        assert ended.code == ExitCode.DONE
        assert first.wait() == ExitCode.DONE
        assert first.out.text == "hola\nbye\n"


# Who vanishes without a word


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells who refused")
def test_whoever_waits_notices_in_datagrams_too_that_the_other_is_gone() -> None:
    with waiting(transport="udp") as (program, endpoint):
        with datagrams_to(port_of(endpoint)) as sock:
            sock.send(b"hi")
            program.out.until("hi")
        program.say(b"are you there?\n")
        assert program.wait() == ExitCode.LOST
        program.err.until("is not there any more")


# Pipes


@TRANSPORTS
def test_two_pipes_talk_and_a_bye_ends_both_at_once(transport: str) -> None:
    with waiting(transport=transport) as (other, endpoint):
        other.say("welcome\n¿quién es?\n".encode())
        other.err.until("Nobody is here yet")
        ended = run("talk", endpoint, said=b"hola\r\nBye\r\n")
        assert ended.code == ExitCode.DONE
        assert ended.out == "welcome\n¿quién es?\nbye\n".encode()
        assert other.wait() == ExitCode.DONE
        assert other.out.bytes == b"hola\nbye\n"
        assert re.search(r"127\.0\.0\.1:\d+ is here\.\n", other.err.text)
        assert re.search(r"127\.0\.0\.1:\d+ has said bye\.\n$", other.err.text)


@TRANSPORTS
def test_by_turns_two_pipes_alternate(transport: str) -> None:
    with waiting("--turns", transport=transport) as (other, endpoint):
        assert f"enchufe talk {endpoint} --turns\n" in other.err.text
        with running("talk", endpoint, "--turns") as caller:
            caller.err.until("By turns: you speak first")
            caller.say(b"first\nsecond\nbye\n")
            caller.err.until("It is the other side's turn")
            other.say(b"one\ntwo\n")
            assert caller.wait() == ExitCode.DONE
            assert other.wait() == ExitCode.DONE
            assert caller.out.text == "one\ntwo\nbye\n"
            assert other.out.text == "first\nsecond\nbye\n"


def test_a_big_file_goes_through_a_talk_line_by_line(tmp_path: Path) -> None:
    text = b"".join(b"%d %s\n" % (number, b"x" * (number % 300)) for number in range(20_000))
    book = tmp_path / "book"
    book.write_bytes(text)
    with (
        book.open("rb") as pages,
        running("talk", "--listen", "tcp://127.0.0.1:0", stdin=pages) as other,
    ):
        endpoint = other.err.until(r"enchufe talk (tcp://\S+)")[1]
        ended = run("talk", endpoint, timeout_s=60)
        assert (ended.code, ended.out) == (ExitCode.DONE, text)
        assert other.wait() == ExitCode.DONE


def test_at_the_end_of_the_input_the_other_side_may_still_speak() -> None:
    with waiting(transport="tcp") as (other, endpoint), running("talk", endpoint) as caller:
        caller.say(b"hola\n")
        caller.end_input()
        other.out.until("hola")
        other.say(b"adios\n")
        other.end_input()
        assert (caller.wait(), other.wait()) == (ExitCode.DONE, ExitCode.DONE)
        assert caller.out.text == "adios\n"


def test_over_datagrams_silence_after_the_end_of_the_input_says_bye() -> None:
    with waiting() as (other, endpoint):
        ended = run("talk", endpoint, said=b"hola\n")
        assert (ended.code, ended.out) == (ExitCode.DONE, b"bye\n")
        assert "Nothing has come for 2 s." in ended.err
        assert other.wait() == ExitCode.DONE
        assert other.out.text == "hola\nbye\n"


def test_bytes_that_are_no_text_pass_through_a_pipe_unchanged() -> None:
    with waiting() as (other, endpoint):
        run("talk", endpoint, said=b"\xff\x1b[31m\tx\nbye\n")
        assert other.wait() == ExitCode.DONE
        assert other.out.bytes == b"\xff\x1b[31m\tx\nbye\n"


def test_of_a_line_no_datagram_carries_nothing_is_sent() -> None:
    with waiting() as (other, endpoint):
        ended = run("talk", endpoint, said=b"y" * 70_000 + b"\n\nnext\nbye\n")
        assert ended.code == ExitCode.OVER_LIMIT
        assert ended.err.count("Not sent: a datagram carries at most 65507 bytes") == 1
        assert other.wait() == ExitCode.DONE
        assert other.out.text == "\nnext\nbye\n"


def test_a_line_of_any_length_goes_through_a_stream_in_pieces() -> None:
    with waiting(transport="tcp") as (other, endpoint):
        assert run("talk", endpoint, said=b"y" * 70_000 + b"\nbye\n").code == ExitCode.DONE
        assert other.wait() == ExitCode.DONE
        assert other.out.text.replace("\n", "") == "y" * 70_000 + "bye"


def test_a_reader_that_leaves_ends_the_talk() -> None:
    with waiting() as (other, endpoint), running("talk", endpoint) as caller:
        caller.say(b"one\n")
        other.out.until("one")
        assert other.process.stdout is not None
        other.process.stdout.close()
        while other.process.poll() is None:  # what is under way may still find room in the pipe
            with contextlib.suppress(BrokenPipeError):
                caller.say(b"more\n")
            time.sleep(0.02)
        assert other.wait() == ExitCode.OUTPUT_CLOSED
        assert "Standard output was closed" in other.err.text


# Who is there


def test_where_nobody_is_a_datagram_is_refused_at_once() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    ended = run("talk", f"udp://127.0.0.1:{port}", said=b"hola\nbye\n")
    assert ended.code == ExitCode.REFUSED
    assert "nobody listens on udp://" in ended.err
    assert run("talk", f"tcp://127.0.0.1:{port}").code == ExitCode.REFUSED


def test_who_is_gone_when_our_bye_comes_is_a_good_end_and_otherwise_lost() -> None:
    for line, code in ((b"bye\n", ExitCode.DONE), (b"still there?\n", ExitCode.LOST)):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as friend:
            friend.bind(("127.0.0.1", 0))
            friend.settimeout(10)
            with running("talk", f"udp://127.0.0.1:{friend.getsockname()[1]}") as caller:
                caller.say(b"hola\n")
                peer = friend.recvfrom(100)[1]
                friend.sendto(b"hi", peer)
                caller.out.until("hi")
                friend.close()
                caller.say(line)
                assert caller.wait() == code
                assert ("is not there any more" in caller.err.text) is (code == ExitCode.LOST)


def test_who_only_tries_the_port_does_not_use_up_the_talk() -> None:
    with waiting(transport="tcp") as (other, endpoint):
        stream_to(port_of(endpoint)).close()
        other.err.until("has left without a word; waiting for somebody else")
        ended = run("talk", endpoint, said=b"hola\nbye\n")
        assert (ended.code, ended.out) == (ExitCode.DONE, b"bye\n")
        assert other.wait() == ExitCode.DONE
        assert other.out.text == "hola\nbye\n"


def test_who_does_not_trust_our_certificate_does_not_use_up_the_talk() -> None:
    with waiting(transport="tls") as (other, endpoint):
        with pytest.raises(ssl.SSLCertVerificationError):
            ssl.create_default_context().wrap_socket(
                stream_to(port_of(endpoint)), server_hostname="localhost"
            )
        ended = run("talk", endpoint, said=b"hola\nbye\n")
        assert (ended.code, ended.out) == (ExitCode.DONE, b"bye\n")
        assert other.wait() == ExitCode.DONE


def test_a_second_datagram_stranger_is_told_once_and_shown_once() -> None:
    with waiting() as (other, endpoint), running("talk", endpoint) as caller:
        caller.say(b"hola\n")
        other.out.until("hola")
        with datagrams_to(port_of(endpoint)) as stranger:
            stranger.send(b"me too")
            assert stranger.recv(1000) == BUSY
            for _ in range(3):
                stranger.send(b"please")
            address = f"127.0.0.1:{stranger.getsockname()[1]}"
            assert run("talk", endpoint, said=b"and me\n").code == ExitCode.OVER_LIMIT
            other.say(b"hola you\n")
            caller.out.until("^hola you$")
            caller.say(b"bye\n")
            assert (caller.wait(), other.wait()) == (ExitCode.DONE, ExitCode.DONE)
            stranger.setblocking(False)
            with pytest.raises((BlockingIOError, ConnectionRefusedError)):
                stranger.recv(1000)
        assert other.out.text == "hola\nbye\n"
        told = re.findall(r"(\S+) wanted to talk too", other.err.text)
        assert len(told) == len(set(told)) == 2
        assert told[0] == address


def test_a_second_connection_is_told_that_the_line_is_busy_and_closed() -> None:
    with waiting(transport="tcp") as (other, endpoint), stream_to(port_of(endpoint)) as friend:
        other.err.until("is here")
        with stream_to(port_of(endpoint)) as stranger:
            assert stranger.makefile("rb").read() == BUSY + b"\n"
        ended = run("talk", endpoint, said=b"hola\nbye\n")
        assert (ended.code, ended.out) == (ExitCode.OVER_LIMIT, b"")
        assert ended.err.endswith(BUSY.decode() + "\n")
        assert "enchufe: enchufe:" not in ended.err
        friend.sendall(b"hola\n")
        other.out.until("^hola$")
        other.say(b"bye\n")
        assert friend.makefile("rb").read() == b"bye\n"
    assert other.out.text == "hola\n"


@TRANSPORTS
def test_who_may_not_come_in_does_not(transport: str) -> None:
    with waiting("--deny", "127.0.0.0/8", transport=transport) as (other, endpoint):
        if transport == "tcp":
            ended = run("talk", endpoint, said=b"hola\n")
            assert ended.code == ExitCode.DENIED
            assert "enchufe: denied:" in ended.err
        else:
            with datagrams_to(port_of(endpoint)) as stranger:
                stranger.send(b"hola")
                other.err.until("ignored: in a network denied")
        other.end_input()
        assert other.out.text == ""


def test_people_may_be_silent_for_as_long_as_they_like() -> None:
    with (
        waiting(before=(sys.executable, "-c", IMPATIENT)) as (other, endpoint),
        datagrams_to(port_of(endpoint)) as friend,
    ):
        friend.send(b"hola")
        other.out.until("^hola$")
        time.sleep(0.3)  # far longer than a server would keep a silent peer
        other.say(b"still there?\n")
        assert friend.recv(100) == b"still there?"


@pytest.mark.skipif(sys.platform != "linux", reason="macOS has one loopback address only")
def test_both_ends_may_have_the_same_port() -> None:
    with waiting() as (other, endpoint):
        source = f"127.0.0.2:{port_of(endpoint)}"
        assert run("talk", endpoint, "--source", source, said=b"hola\nbye\n").out == b"bye\n"
        assert other.wait() == ExitCode.DONE


def test_a_unix_socket_carries_a_talk_too(tmp_path: Path) -> None:
    for transport in ("unix", "unixgram"):
        endpoint = f"{transport}://{tmp_path}/{transport}"
        with running("talk", "--listen", endpoint) as other:
            other.err.until("They can type")
            ended = run("talk", endpoint, said=b"hola\nbye\n")
            assert (ended.code, ended.out) == (ExitCode.DONE, b"bye\n")
            assert other.wait() == ExitCode.DONE
            assert other.out.text == "hola\nbye\n"


@pytest.mark.parametrize("words", [("--listen", "udp://127.0.0.1:0"), ("{endpoint}",)])
def test_ctrl_c_leaves_with_130(words: tuple[str, ...]) -> None:
    with (
        waiting() as (_other, endpoint),
        running("talk", *(word.format(endpoint=endpoint) for word in words)) as program,
    ):
        program.err.until("Waiting for|Talking with")
        program.signal()
        assert program.wait() == ExitCode.INTERRUPTED


def test_ctrl_c_says_bye_to_whoever_talks_in_datagrams() -> None:
    for interrupted, left in ((0, 1), (1, 0)):
        with waiting() as (other, endpoint), running("talk", endpoint) as program:
            both = (other, program)
            program.err.until("Talking with")
            program.say(b"hola\n")
            other.out.until("^hola$")
            other.say(b"adios\n")
            program.out.until("^adios$")
            both[interrupted].signal()
            assert both[interrupted].wait() == ExitCode.INTERRUPTED
            assert both[left].wait() == ExitCode.DONE
            assert both[left].out.text.endswith("bye\n")


def test_events_are_written_for_programs() -> None:
    with running("talk", "--listen", "udp://127.0.0.1:0", "--log", "jsonl") as other:
        port = other.out.until('"type":"Listening".*"port":([0-9]+)')[1]
        ended = run("talk", f"udp://127.0.0.1:{port}", "--log", "jsonl", said=b"hola\nbye\n")
        assert (ended.code, other.wait()) == (ExitCode.DONE, ExitCode.DONE)
        for written in (ended.out, other.out.bytes):
            types = [json.loads(line)["type"] for line in written.splitlines()]
            assert {"PeerOpened", "MessageReceived", "Show", "Send", "Stop"} <= set(types)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--listen", "tcp://:0", "--source", "127.0.0.1"], "do not go with --listen"),
        (["--listen", "tcp://:0", "--connect-timeout", "3"], "do not go with --listen"),
        (["tcp://:9", "--allow", "::1"], "go with --listen only"),
        (["tcp://:9", "--deny", "::1"], "go with --listen only"),
        (["tcq://:9"], "Did you mean tcp://?"),
    ],
)
def test_what_makes_no_sense_is_not_done(words: list[str], told: str) -> None:
    ended = run("talk", *words)
    assert ended.code == ExitCode.USAGE
    assert told in ended.err


def test_how_long_connecting_may_take_is_the_same_everywhere() -> None:
    assert CONNECT_TIMEOUT_S == CONNECT_S_MAX


def test_it_speaks_spanish_as_well() -> None:
    with waiting(transport="tcp") as (_other, endpoint):
        help_text = run("talk", "--help", "--lang", "es").out.decode()
        assert "--turns" in help_text
        assert run("talk", endpoint, "--lang", "es", said=b"bye\n").code == ExitCode.DONE
