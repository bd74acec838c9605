"""Files as people send and receive them: on real sockets, also with programs that are killed."""

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from tests.cli.programs import Ended, Program, run, running, serving
from tests.cli.receivers import Receiver, receiving, slow_line, until_some_came
from tests.cli.terminals import terminal

from enchufe.core.exits import ExitCode

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="folders are POSIX's here")


def send(receiver: Receiver, *words: str | Path) -> Ended:
    return run("send", receiver.url, *map(str, words), timeout_s=60)


# As it should be


def test_texts_and_files_arrive_in_the_order_in_which_they_were_typed(
    inbox: Path, photo: Path, tmp_path: Path
) -> None:
    notes = tmp_path / "notes.pdf"
    notes.write_bytes(b"")
    with receiving(inbox) as receiver:
        words = ("--text", "look", photo, "--text=-and", notes, "--text", "done")
        ended = send(receiver, *words)
        receiver.out.until("done from")
        assert ended.code == ExitCode.DONE, ended.err
        shown = re.findall(r"\d\d:\d\d:\d\d (\S+) from", receiver.out.text)
        assert shown == ["look", "photo.png", "-and", "notes.pdf", "done"]
    assert (inbox / "photo.png").read_bytes() == photo.read_bytes()
    assert (inbox / "notes.pdf").read_bytes() == b""
    assert receiver.names == ["notes.pdf", "photo.png"]
    lines = ended.out.decode().splitlines()
    assert re.fullmatch(r"photo\.png: 293\.0 KiB in .+s \(.+/s\)", lines[0])
    assert re.fullmatch(r"notes\.pdf: 0 B in .+s \(0 B/s\)", lines[1])
    assert re.fullmatch(r"2 files: 293\.0 KiB in .+s \(.+/s\)", lines[2])


def test_options_may_stand_anywhere_and_a_file_may_begin_with_a_dash(
    inbox: Path, photo: Path, tmp_path: Path
) -> None:
    dashed = photo.rename(tmp_path / "-x.png")
    with receiving(inbox) as receiver:
        ended = send(receiver, "--text", "a", "--connect-timeout", "5", "--text", "b", "--", dashed)
        assert ended.code == ExitCode.DONE, ended.err
    assert receiver.names == ["x.png"]


@pytest.mark.parametrize("family", ["tcp://[::1]:0", "tcp://localhost:0", "unix"])
def test_files_travel_over_every_kind_of_stream(
    inbox: Path, photo: Path, tmp_path: Path, family: str
) -> None:
    listen = f"unix://{tmp_path}/s" if family == "unix" else family
    with receiving(inbox, listen=listen) as receiver:
        assert send(receiver, photo).code == ExitCode.DONE
    assert (inbox / "photo.png").read_bytes() == photo.read_bytes()


def test_files_travel_encrypted(
    inbox: Path, photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    with receiving(inbox, listen="tls://127.0.0.1:0") as receiver:
        ended = send(receiver, photo)
        assert ended.code == ExitCode.DONE, ended.err
        assert ended.err.count("is new here: its certificate") == 1
        wrong = send(receiver, photo, "--fingerprint", "00" * 32)
        assert wrong.code == ExitCode.DENIED
    assert receiver.names == ["photo.png"]
    assert (inbox / "photo.png").read_bytes() == photo.read_bytes()


@pytest.mark.skipif(sys.platform == "darwin", reason="every name there is UTF-8")
def test_what_is_no_utf_8_is_replaced_and_nothing_else_is_lost(
    inbox: Path, photo: Path, tmp_path: Path
) -> None:
    bad = tmp_path / os.fsdecode(b"bad\xff.txt")
    bad.write_bytes(b"x")
    with receiving(inbox) as receiver:
        ended = send(receiver, "--text", os.fsdecode(b"h\xff"), bad, photo)
        assert (ended.code, ended.err) == (ExitCode.DONE, "")
        receiver.out.until("h\ufffd from")
    assert receiver.names == ["bad\ufffd.txt", "photo.png"]


def test_several_senders_are_served_at_once_and_counted(inbox: Path, tmp_path: Path) -> None:
    paths = []
    for number in range(3):
        paths.append(tmp_path / f"{number}.bin")
        paths[-1].write_bytes(os.urandom(2_000_000))
    with receiving(inbox, "--stop-after", "3") as receiver, contextlib.ExitStack() as stack:
        senders = [Program("send", receiver.url, str(path)) for path in paths]
        for sender in senders:
            stack.callback(sender.close)
        assert [sender.wait(60) for sender in senders] == [ExitCode.DONE] * 3
        assert receiver.wait() == ExitCode.DONE
    for path in paths:
        assert (inbox / path.name).read_bytes() == path.read_bytes()


def test_lines_of_any_other_client_are_shown(inbox: Path) -> None:
    with receiving(inbox) as receiver:
        with socket.create_connection(("127.0.0.1", receiver.port)) as sock:
            sock.sendall(b"hola\x1b[31m\n")
            receiver.out.until(r"hola\\e\[31m from 127\.0\.0\.1")
            sock.shutdown(socket.SHUT_WR)
            assert sock.recv(100) == b""
        receiver.signal()
        assert receiver.wait() == ExitCode.DONE


def test_a_name_that_leads_out_of_the_folder_does_not(inbox: Path, tmp_path: Path) -> None:
    with receiving(inbox) as receiver, socket.create_connection(("127.0.0.1", receiver.port)) as s:
        s.sendall(b"\0enchufe/1\n")
        say(s, 16, b'{"name":"../../outside","size":4}')
        hear(s, 17)
        say(s, 19, b'{"offset":0}')
        say(s, 20, b"data")
        say(s, 21, b'{"sha256":"%s"}' % SHA_OF_DATA)
        hear(s, 22)
    assert receiver.names == ["outside"]
    assert not (tmp_path / "outside").exists()


SHA_OF_DATA = b"3a6eb0790f39ac87c94f3856b2dd2c5d110e6811602261a9a923d3bb23adc8b7"


def say(sock: socket.socket, kind: int, payload: bytes) -> None:
    sock.sendall(len(payload).to_bytes(4, "big") + bytes([kind]) + (1).to_bytes(4, "big") + payload)


def hear(sock: socket.socket, kind: int) -> bytes:
    """Return the payload of the next frame, which must be of that kind."""
    stream = sock.makefile("rb", buffering=0)
    header = b""
    while len(header) < 9:
        header += stream.read(1) or b""
        if header == b"\0enchufe/1\n"[: len(header)] and len(header) == 9:
            stream.read(2)
            header = b""
    assert header[4] == kind, header
    return stream.read(int.from_bytes(header[:4], "big")) or b""


# What is not taken


def test_a_file_that_is_too_large_is_refused_before_its_first_byte_and_the_rest_taken(
    inbox: Path, photo: Path, tmp_path: Path
) -> None:
    small = tmp_path / "small"
    small.write_bytes(b"x")
    with receiving(inbox, "--max-size", "100K") as receiver:
        ended = send(receiver, photo, small)
        assert ended.code == ExitCode.OVER_LIMIT
        assert b"photo.png not taken: it has 293.0 KiB, and at most 100.0 KiB are" in ended.out
        receiver.out.until(r"photo\.png from \S+ not taken")
        receiver.out.until(r"small from .*1 B")
    assert receiver.names == ["small"]


def test_nothing_is_written_over(inbox: Path, photo: Path) -> None:
    inbox.mkdir()
    (inbox / "photo.png").write_bytes(b"old")
    with receiving(inbox) as receiver:
        assert send(receiver, photo).code == ExitCode.DONE
        receiver.out.until(r"kept as photo \(2\)\.png")
    assert (inbox / "photo.png").read_bytes() == b"old"
    assert (inbox / "photo (2).png").read_bytes() == photo.read_bytes()


def test_the_same_command_again_sends_nothing_again(inbox: Path, photo: Path) -> None:
    with receiving(inbox) as receiver:
        assert send(receiver, photo).code == ExitCode.DONE
        ended = send(receiver, photo)
        assert ended.code == ExitCode.DONE
        assert ended.out == b"photo.png: was there already\n"
    assert receiver.names == ["photo.png"]


def test_a_file_that_was_not_taken_is_no_lost_connection(photo: Path) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        running("send", f"tcp://127.0.0.1:{listener.getsockname()[1]}", str(photo)) as sender,
    ):
        peer, _address = listener.accept()
        with peer:
            peer.sendall(b"\0enchufe/1\n")
            hear(peer, 16)
            say(peer, 18, b'{"why":"failed"}')
            sender.out.until("photo.png not taken: something went wrong at the other side")
        assert sender.wait() == ExitCode.LOST
        assert sender.err.text == ""


def test_an_address_that_is_not_allowed_is_told_so(inbox: Path, photo: Path) -> None:
    with receiving(inbox, "--deny", "127.0.0.1") as receiver:
        ended = send(receiver, photo)
        assert ended.code == ExitCode.DENIED
        assert b"your address is denied here" in ended.out


def test_a_server_that_speaks_no_frames_is_named(photo: Path) -> None:
    for service in ("greet", "echo"):
        with serving(f"{service}@tcp://127.0.0.1:0") as server:
            ended = run("send", server.endpoints[0], str(photo))
            assert ended.code == ExitCode.PROTOCOL
            assert "does not understand frames. Is it: enchufe receive?" in ended.err


def test_a_server_that_says_nothing_is_not_waited_for(photo: Path) -> None:
    with serving("discard@tcp://127.0.0.1:0") as server:
        ended = run("send", server.endpoints[0], str(photo), timeout_s=30)
        assert ended.code == ExitCode.PROTOCOL


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nothing"], "there is no file"),
        (["."], "is a folder"),
        (["/dev/null"], "is not a file but a device"),
    ],
)
def test_what_cannot_be_sent_is_said_before_anybody_is_called(
    words: Sequence[str], message: str
) -> None:
    ended = run("send", "tcp://127.0.0.1:1", *words)
    assert ended.code == ExitCode.USAGE
    assert message in ended.err


def test_nothing_to_send_is_a_mistake() -> None:
    ended = run("send", "tcp://127.0.0.1:1")
    assert ended.code == ExitCode.USAGE
    assert "there is nothing to send" in ended.err


@pytest.mark.parametrize("url", ["udp://127.0.0.1:9", "unixgram:///tmp/x"])
def test_files_need_a_stream(inbox: Path, photo: Path, url: str) -> None:
    for words in (["send", url, str(photo)], ["receive", "--listen", url, "--into", str(inbox)]):
        ended = run(*words)
        assert ended.code == ExitCode.USAGE
        assert "files need a stream" in ended.err
    assert not inbox.exists()


def test_a_size_is_understood_with_its_unit_or_refused(inbox: Path) -> None:
    ended = run("receive", "--into", str(inbox), "--max-size", "much")
    assert ended.code == ExitCode.USAGE
    assert "“much” is not a size such as 500, 100K, 20M or 2G" in ended.err


# What breaks off


@pytest.mark.parametrize("killed", ["sender", "receiver", "sender by Ctrl-C"])
def test_what_broke_off_goes_on_where_it_was(inbox: Path, big: Path, killed: str) -> None:
    with contextlib.ExitStack() as stack:
        receiver = stack.enter_context(receiving(inbox))
        port = stack.enter_context(slow_line(receiver.port))
        sender = Program("send", f"tcp://127.0.0.1:{port}", str(big))
        stack.callback(sender.close)
        until_some_came(inbox)
        if killed == "receiver":
            receiver.signal(signal.SIGKILL)
            assert sender.wait(30) == ExitCode.LOST
            sender.out.until(r"big\.bin broken off at .* of 64\.0 MiB")
        elif killed == "sender":
            sender.signal(signal.SIGKILL)
            receiver.out.until(r"big\.bin from \S+ broken off at .* of 64\.0 MiB")
        else:
            sender.signal()
            assert sender.wait() == ExitCode.INTERRUPTED
            receiver.out.until(r"big\.bin from \S+ broken off at .* of 64\.0 MiB")
        if killed != "receiver":
            receiver.out.until("left after")
            assert "broke the rules" not in receiver.out.text
        receiver.signal(signal.SIGKILL)
    there_bytes = until_some_came(inbox)
    assert there_bytes < big.stat().st_size
    with receiving(inbox) as receiver:
        ended = send(receiver, big)
        assert ended.code == ExitCode.DONE, ended.err
        assert b"that were there" in ended.out
    assert receiver.names == ["big.bin"]
    assert (inbox / "big.bin").read_bytes() == big.read_bytes()


def test_what_a_silent_sender_began_is_told_of_and_does_not_stay(inbox: Path, photo: Path) -> None:
    status = photo.stat()
    offer = b'{"name":"photo.png","size":%d,"media":"image/png","modified_ns":%d}'
    with receiving(inbox) as receiver:
        with socket.create_connection(("127.0.0.1", receiver.port)) as silent:
            silent.sendall(b"\0enchufe/1\n")
            say(silent, 16, offer % (status.st_size, status.st_mtime_ns))
            hear(silent, 17)
            say(silent, 19, b'{"offset":0}')
            say(silent, 20, photo.read_bytes()[:1000])
            ended = send(receiver, photo)
            assert ended.code == ExitCode.DONE, ended.err
            receiver.out.until(r"photo\.png comes from \S+ from its beginning: what \S+ has sent")
        receiver.out.until(r"photo\.png from \S+ broken off at 1000 B of 293\.0 KiB")
        receiver.signal()
        assert receiver.wait() == ExitCode.DONE
    assert receiver.names == ["photo.png"]


def test_a_text_of_another_sender_shows_while_a_large_file_travels(inbox: Path, big: Path) -> None:
    with contextlib.ExitStack() as stack:
        receiver = stack.enter_context(receiving(inbox))
        port = stack.enter_context(slow_line(receiver.port))
        sender = Program("send", f"tcp://127.0.0.1:{port}", str(big))
        stack.callback(sender.close)
        until_some_came(inbox)
        assert send(receiver, "--text", "meanwhile").code == ExitCode.DONE
        receiver.out.until("meanwhile from")
        assert "big.bin" not in receiver.out.text


# At a terminal


def test_a_bar_shows_how_much_is_there_and_how_long_it_takes(inbox: Path, big: Path) -> None:
    with contextlib.ExitStack() as stack:
        receiver = stack.enter_context(receiving(inbox))
        port = stack.enter_context(slow_line(receiver.port))
        opened = stack.enter_context(terminal("send", f"tcp://127.0.0.1:{port}", str(big)))
        opened.screen.until(r"big\.bin .* / 64\.0 MiB  .* MiB/s  .* s left")
        opened.type(b"\x03")
        assert opened.wait() == ExitCode.INTERRUPTED
        assert "broken off at" in opened.screen.text


@pytest.mark.parametrize(
    ("typed", "exit_code"), [(b"y\n", ExitCode.DONE), (b"n\n", ExitCode.DENIED)]
)
def test_the_person_is_asked(inbox: Path, photo: Path, typed: bytes, exit_code: ExitCode) -> None:
    words = ("receive", "--listen", "tcp://127.0.0.1:0", "--into", str(inbox), "--ask")
    with terminal(*words) as opened:
        url = opened.screen.until(r"enchufe send (\S+)")[1]
        opened.screen.until("Ctrl-C stops")
        sender = Program("send", url, str(photo))
        opened.screen.until(r"wants to send photo\.png \(293\.0 KiB\)\. Take it\? \[y/n\]")
        sender.out.until(r"photo\.png \(293\.0 KiB\) is offered to \S+, which has not answered yet")
        opened.type(b"perhaps\n")
        opened.screen.until(r"(?s)Take it\?.*Take it\?")
        opened.type(typed)
        assert sender.wait() == exit_code
        sender.close()
        opened.type(b"\x03")
        assert opened.wait() == ExitCode.DONE
    assert (inbox / "photo.png").exists() == (exit_code is ExitCode.DONE)


def test_nobody_is_asked_where_there_is_no_terminal(inbox: Path) -> None:
    ended = run("receive", "--into", str(inbox), "--ask")
    assert ended.code == ExitCode.USAGE
    assert "--ask needs a terminal" in ended.err


def test_a_picture_is_shown_where_the_terminal_can(inbox: Path, photo: Path) -> None:
    words = ("receive", "--listen", "tcp://127.0.0.1:0", "--into", str(inbox))
    with terminal(*words, KITTY_WINDOW_ID="1") as opened:
        url = opened.screen.until(r"enchufe send (\S+)")[1]
        opened.screen.until("Ctrl-C stops")
        assert run("send", url, str(photo)).code == ExitCode.DONE
        opened.screen.until(r"\x1b_Ga=T,f=100")
        opened.type(b"\x03")
        assert opened.wait() == ExitCode.DONE


@pytest.mark.skipif(shutil.which("ncat") is None, reason="ncat is not installed")
def test_ncat_is_heard(inbox: Path) -> None:
    with receiving(inbox, "--stop-after", "1") as receiver:
        subprocess.run(
            ["ncat", "127.0.0.1", str(receiver.port)], input=b"hola\n", check=True, timeout=10
        )
        receiver.out.until("hola from 127")
        assert receiver.wait() == ExitCode.DONE
