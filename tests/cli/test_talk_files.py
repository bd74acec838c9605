"""``/send`` in a talk: on real sockets, at terminals and in pipes, while people talk on."""

import contextlib
import json
import os
import re
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.cli.programs import Program, run, running
from tests.cli.receivers import slow_line, until_some_came
from tests.cli.talkers import stream_to
from tests.cli.talks import port_of, say, waiting
from tests.cli.terminals import Screen, screen, terminal

from enchufe.core.exits import ExitCode

PNG = b"\x89PNG\r\n\x1a\n"
INVITED = "enchufe/1 would like to send photo.png (300008 bytes)\n"


# Pipes


@pytest.mark.parametrize("kind", ["tcp", "unix", "tls"])
def test_text_and_files_go_both_ways_and_a_bye_waits_for_them(
    inbox: Path, photo: Path, tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    endpoint = f"unix://{tmp_path}/s" if kind == "unix" else f"{kind}://127.0.0.1:0"
    notes = tmp_path / "notes (1).txt"
    notes.write_bytes(b"")
    back = tmp_path / "back"
    with waiting("--into", str(inbox), endpoint=endpoint) as (other, reached):
        other.say(f"hello\n/send {notes}\n".encode())
        said = f"look\n/send {photo}\n/send {notes}\ndone\nbye\n".encode()
        ended = run("talk", reached, "--into", str(back), said=said)
        assert ended.code == ExitCode.DONE, ended.err
        assert other.wait() == ExitCode.DONE
        assert other.out.text == "look\ndone\nbye\n"
        assert ended.out == b"hello\nbye\n"
        assert re.search(r"photo\.png from .*: 293\.0 KiB in .*s \(.*/s\)\n", other.err.text)
        assert re.search(r"photo\.png: 293\.0 KiB in .*s \(.*/s\)\n", ended.err)
        assert "A file is still on its way" in ended.err
    assert (inbox / "photo.png").read_bytes() == photo.read_bytes()
    assert sorted(path.name for path in inbox.iterdir()) == ["notes (1).txt", "photo.png"]
    assert [path.name for path in back.iterdir()] == ["notes (1).txt"]


def test_text_gets_through_both_ways_while_a_big_file_travels(inbox: Path, big: Path) -> None:
    with (
        waiting("--into", str(inbox), transport="tcp") as (other, endpoint),
        slow_line(port_of(endpoint)) as port,
        running("talk", f"tcp://127.0.0.1:{port}") as caller,
    ):
        caller.say(f"/send {big}\n".encode())
        until_some_came(inbox)
        caller.say(b"look at that\n")
        other.out.until("^look at that$")
        other.say(b"I see\n")
        caller.out.until("^I see$")
        assert "big.bin" not in other.err.text
        caller.say(b"bye\n")
        assert (caller.wait(30), other.wait()) == (ExitCode.DONE, ExitCode.DONE)
    assert (inbox / "big.bin").read_bytes() == big.read_bytes()


def test_what_broke_off_goes_on_where_it_was_when_it_is_sent_again(inbox: Path, big: Path) -> None:
    with (
        waiting("--into", str(inbox), transport="tcp") as (other, endpoint),
        slow_line(port_of(endpoint)) as port,
        running("talk", f"tcp://127.0.0.1:{port}") as caller,
    ):
        caller.say(f"/send {big}\n".encode())
        until_some_came(inbox)
        caller.signal(signal.SIGKILL)
        other.err.until(r"big\.bin from \S+ broken off at .* of 64\.0 MiB; sent again, it goes on")
        assert other.wait() == ExitCode.LOST
    with waiting("--into", str(inbox), transport="tcp") as (other, endpoint):
        ended = run("talk", endpoint, said=f"/send {big}\nbye\n".encode(), timeout_s=60)
        assert "that were there" in ended.err
        assert other.wait() == ExitCode.DONE
    assert [path.name for path in inbox.iterdir()] == ["big.bin"]
    assert (inbox / "big.bin").read_bytes() == big.read_bytes()


@pytest.mark.skipif(sys.platform == "darwin", reason="every name there is UTF-8")
def test_a_name_that_is_no_utf_8_breaks_no_talk(inbox: Path, tmp_path: Path) -> None:
    bad = tmp_path / os.fsdecode(b"bad\xff.txt")
    bad.write_bytes(b"x")
    with waiting("--into", str(inbox), transport="tcp") as (other, endpoint):
        ended = run("talk", endpoint, said=b"/send %b\nbye\n" % os.fsencode(bad))
        assert (ended.code, other.wait()) == (ExitCode.DONE, ExitCode.DONE)
    assert [path.name for path in inbox.iterdir()] == ["bad\ufffd.txt"]


def test_nothing_is_written_over(inbox: Path, photo: Path) -> None:
    inbox.mkdir()
    (inbox / "photo.png").write_bytes(b"mine")
    with waiting("--into", str(inbox), transport="tcp") as (other, endpoint):
        run("talk", endpoint, said=f"/send {photo}\nbye\n".encode())
        other.err.until(r"kept as photo \(2\)\.png")
        assert other.wait() == ExitCode.DONE
    assert (inbox / "photo.png").read_bytes() == b"mine"
    assert (inbox / "photo (2).png").read_bytes() == photo.read_bytes()


def test_a_file_is_refused_before_its_first_byte(inbox: Path, photo: Path) -> None:
    for words, sender_told, receiver_told in (
        (("--into", str(inbox), "--max-size", "100K"), "at most 100.0 KiB", "at most 100.0 KiB"),
        ((), "it is not wanted", "Files are taken with --into FOLDER."),
    ):
        with waiting(*words, transport="tcp") as (other, endpoint):
            ended = run("talk", endpoint, said=f"/send {photo}\nbye\n".encode())
            assert ended.code == ExitCode.DONE
            assert "photo.png not taken" in ended.err
            assert sender_told in ended.err
            assert other.wait() == ExitCode.DONE
            assert receiver_told in other.err.text
    assert [*inbox.iterdir()] == []


def test_what_cannot_be_sent_is_said_at_once_and_the_talk_goes_on(tmp_path: Path) -> None:
    with waiting(transport="tcp") as (other, endpoint), running("talk", endpoint) as caller:
        for typed, told in (
            ("/send", "Which file"),
            (f"/send {tmp_path}/nope", f"there is no file {tmp_path}/nope"),
            (f"/SEND {tmp_path}", f"{tmp_path} is a folder"),
            ("/send /dev/null", "/dev/null is not a file but a device"),
        ):
            caller.say(f"{typed}\n".encode())
            caller.err.until(re.escape(told))
        caller.err.until("Send its files by their names; a shell finds them all")
        caller.say(b"//send x\nbye\n")
        assert (caller.wait(), other.wait()) == (ExitCode.DONE, ExitCode.DONE)
        assert other.out.text == "/send x\nbye\n"


def test_over_datagrams_a_file_is_not_sent_and_the_talk_goes_on(photo: Path) -> None:
    with waiting(endpoint="udp://127.0.0.1:0") as (other, endpoint):
        ended = run("talk", endpoint, said=f"hola\n/send {photo}\nbye\n".encode())
        assert "photo.png not sent: files need a stream" in ended.err
        assert other.wait() == ExitCode.DONE
        assert other.out.text == "hola\nbye\n"


def test_enchufe_send_may_call_a_talk(inbox: Path, photo: Path) -> None:
    with waiting("--into", str(inbox), transport="tcp") as (other, endpoint):
        ended = run("send", endpoint, "--text", "look", str(photo))
        assert ended.code == ExitCode.DONE, ended.err
        other.end_input()
        assert other.wait() == ExitCode.DONE
        assert other.out.text == "look\n"
    assert (inbox / "photo.png").read_bytes() == photo.read_bytes()


def test_a_folder_that_is_none_is_said_before_anybody_is_called(photo: Path) -> None:
    ended = run("talk", "tcp://127.0.0.1:9", "--into", str(photo))
    assert ended.code == ExitCode.USAGE
    assert f"{photo} is not a folder" in ended.err


def test_events_are_written_for_programs(inbox: Path, photo: Path) -> None:
    with waiting("--into", str(inbox), transport="tcp") as (other, endpoint):
        said = f"/send {photo}\nbye\n".encode()
        ended = run("talk", endpoint, "--log", "jsonl", said=said)
        assert (ended.code, other.wait()) == (ExitCode.DONE, ExitCode.DONE)
        types = {json.loads(line)["type"] for line in ended.out.splitlines()}
        assert {"FileChosen", "PeerFramed", "FrameReceived", "FileRead", "TellFile"} <= types


# Whoever is none of us


def test_a_peer_without_frames_sees_a_line_and_nothing_else(photo: Path) -> None:
    with waiting(transport="tcp") as (us, endpoint), stream_to(port_of(endpoint)) as friend:
        friend.sendall(b"hola\n")
        us.out.until("^hola$")
        us.say(f"look\n/send {photo}\n".encode())
        us.err.until(r"photo\.png not sent: 127\.0\.0\.1:\d+ takes no files")
        us.say(b"never mind\nbye\n")
        friend.shutdown(socket.SHUT_WR)
        heard = friend.makefile("rb").read().decode()
        assert heard == f"look\n{INVITED}never mind\nbye\n"


def test_who_says_the_line_by_hand_harms_nothing(inbox: Path) -> None:
    with (
        waiting("--into", str(inbox), transport="tcp") as (us, endpoint),
        stream_to(port_of(endpoint)) as friend,
    ):
        friend.sendall(INVITED.encode())
        assert friend.recv(100) == b"\0enchufe/1\n"
        friend.sendall(b"hola\n")
        us.out.until("^hola$")
        us.out.until("^enchufe/1 would like")
        us.say(b"hi\n")
        assert friend.recv(100).endswith(b"hi")
        friend.sendall(b"bye\n")
        assert us.wait() == ExitCode.DONE


# At a terminal


@contextlib.contextmanager
def person_and_friend(folder: Path, *words: str) -> Iterator[tuple[Screen, Program]]:
    """Run two ends of a talk: one at a terminal, and one in a pipe."""
    with (
        waiting("--into", str(folder), transport="tcp") as (friend, endpoint),
        screen("talk", endpoint, *words) as person,
    ):
        person.until(lambda shown: shown[-1:] == [">"])
        yield person, friend


def test_a_person_is_asked_about_each_file_unless_a_folder_is_named(
    tmp_path: Path, inbox: Path, photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.chdir(home)
    with person_and_friend(inbox) as (person, friend):
        for word in ("/take", "/refuse"):
            friend.say(f"/send {photo}\n".encode())
            person.until(lambda shown: "Type /take or /refuse." in "\n".join(shown[-3:]))
            person.type("half")
            person.press("C-u")
            say(person, word)
            friend.err.until("293.0 KiB in" if word == "/take" else "it is not wanted")
            person.press("C-l")
            person.until(lambda shown: "Type /take" not in "\n".join(shown))
        say(person, "/take")
        person.until(lambda shown: any("Nobody wants to send anything" in s for s in shown))
        friend.say(f"/send {photo}\n".encode())
        person.until(lambda shown: "Type /take or /refuse." in "\n".join(shown[-3:]))
        say(person, "bye")  # no answer is an answer
        assert (person.wait(), friend.wait()) == (ExitCode.DONE, ExitCode.DONE)
    assert (home / "photo.png").read_bytes() == photo.read_bytes()
    assert [path.name for path in home.iterdir()] == ["photo.png"]


def test_a_bar_is_drawn_beside_the_line_being_typed(inbox: Path, big: Path) -> None:
    with (
        waiting("--into", str(inbox), transport="tcp") as (friend, endpoint),
        slow_line(port_of(endpoint)) as port,
        screen("talk", f"tcp://127.0.0.1:{port}") as person,
    ):
        person.until(lambda shown: shown[-1:] == [">"])
        say(person, f"/send {big}")
        person.type("half a li")
        bar = re.compile(r"> half a li +big\.bin ━+─* [1-9]\d* % .*/s .* left")
        person.until(lambda shown: bar.fullmatch(shown[-1]) is not None)
        friend.say(b"nice\n")
        person.until(lambda shown: shown[-2] == "< nice" and bar.fullmatch(shown[-1]) is not None)
        person.type("ne")
        person.press("Enter")
        friend.out.until("^half a line$")
        person.until(lambda shown: "> half a line" in shown)  # without the bar
        person.until(lambda shown: shown[-1] == ">" and "big.bin: 64.0 MiB in" in shown[-2])
        say(person, "bye")
        assert (person.wait(), friend.wait()) == (ExitCode.DONE, ExitCode.DONE)


def test_the_tab_key_completes_the_name_of_a_file(inbox: Path, photo: Path) -> None:
    with person_and_friend(inbox) as (person, friend):
        person.type(f"/send {photo.parent}/pho")
        person.press("Tab")
        person.until(lambda shown: shown[-1].endswith("/photo.png"))
        person.press("Enter")
        friend.err.until("photo.png from")
        person.type("half")
        person.press("Tab")  # elsewhere it does nothing
        person.press("Enter")
        friend.out.until("^half$")


def test_a_picture_is_shown_where_the_terminal_can(tmp_path: Path, photo: Path) -> None:
    for words, is_shown in (((), True), (("--no-pictures",), False)):
        folder = tmp_path / f"inbox {is_shown}"
        listen = ("talk", "--listen", "tcp://127.0.0.1:0", "--into", str(folder), *words)
        with terminal(*listen, KITTY_WINDOW_ID="1") as person:
            port = person.screen.until(r"ncat 127\.0\.0\.1 (\d+)")[1]
            said = f"/send {photo}\nbye\n".encode()
            assert run("talk", f"tcp://127.0.0.1:{port}", said=said).code == ExitCode.DONE
            assert person.wait() == ExitCode.DONE
            assert ("\x1b_Ga=T,f=100" in person.screen.text) is is_shown
        assert (folder / "photo.png").exists()
