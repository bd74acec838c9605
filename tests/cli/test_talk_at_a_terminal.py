"""``enchufe talk`` for a person at a terminal: what is typed, what arrives, whose turn it is."""

import re
import socket
import time

import pytest
from tests.cli.programs import running
from tests.cli.talkers import stream_to
from tests.cli.talks import ends_with, friend_on_screen, say
from tests.cli.terminals import screen

from enchufe.core.exits import ExitCode


def test_what_arrives_never_breaks_the_line_being_typed() -> None:
    with friend_on_screen() as (friend, person):
        say(person, "hola")
        friend.out.until("^hola$")
        person.type("half a li")
        person.until(ends_with("> hola", "> half a li"))
        friend.say("¿sigues ahí?\n".encode())
        person.until(ends_with("> hola", "< ¿sigues ahí?", "> half a li"))
        friend.say(b"hello?\n")
        person.until(ends_with("< ¿sigues ahí?", "< hello?", "> half a li"))
        person.type("ne")
        person.press("Enter")
        person.until(ends_with("< hello?", "> half a line", ">"))
        friend.out.until("^half a line$")
        say(person, "bye")
        assert (person.wait(), friend.wait()) == (ExitCode.DONE, ExitCode.DONE)
        assert person.lines[-2:] == ["> bye", "< bye"]


def test_what_the_other_says_is_shown_and_not_obeyed() -> None:
    with friend_on_screen() as (friend, person):
        say(person, "hola")
        friend.out.until("^hola$")
        friend.say(b"\x1b[2Jtwo\tparts \xff\n< fake\n")
        person.until(ends_with("< \\e[2Jtwo      parts \\xff", "< < fake", ">"))


def test_out_of_turn_a_line_waits_and_is_said_to_be_waiting() -> None:
    with friend_on_screen("--turns") as (friend, person):
        assert any("By turns: you speak first." in line for line in person.lines)
        say(person, "one")
        say(person, "two")
        person.until(lambda shown: any("It is the other side's turn" in line for line in shown))
        friend.out.until("^one$")
        assert friend.out.text == "one\n"
        say(person, "bye")
        person.until(lambda shown: any("/bye ends at once" in line for line in shown))
        friend.say(b"answer\n")
        friend.out.until("^two$")
        person.until(
            lambda shown: (
                shown[-3] == "< answer" and "has been sent (still waiting: 1)" in shown[-2]
            )
        )


def test_lines_that_begin_with_a_slash_are_for_enchufe() -> None:
    with friend_on_screen() as (friend, person):
        say(person, "/help")
        person.until(lambda shown: any("bye ends the talk" in line for line in shown))
        say(person, "/unknown")
        person.until(lambda shown: any("“/unknown” is no command" in line for line in shown))
        say(person, "//path")
        friend.out.until("^/path$")
        say(person, "/bye")
        assert (person.wait(), friend.wait()) == (ExitCode.DONE, ExitCode.DONE)
        assert friend.out.text == "/path\nbye\n"


def test_who_waits_at_a_terminal_types_too_and_ctrl_c_leaves() -> None:
    with screen("talk", "--listen", "tcp://127.0.0.1:0") as person:
        shown = person.until(lambda shown: shown[-1:] == [">"])
        (port,) = re.findall(r"ncat 127\.0\.0\.1 (\d+)", "\n".join(shown))
        person.type("half")
        with stream_to(int(port)) as friend:
            friend.sendall(b"hola\n")
            person.until(ends_with("< hola", "> half"))
            person.press("Enter")
            assert friend.recv(100) == b"half\n"
            person.press("C-c")
            assert person.wait() == ExitCode.INTERRUPTED
            assert friend.recv(100) == b""


@pytest.mark.parametrize("turns", [(), ("--turns",)])
def test_who_says_no_more_still_hears_what_a_person_takes_time_to_type(turns: list[str]) -> None:
    with screen("talk", "--listen", "tcp://127.0.0.1:0", *turns) as person:
        shown = person.until(lambda shown: shown[-1:] == [">"])
        (port,) = re.findall(r"ncat 127\.0\.0\.1 (\d+)", "\n".join(shown))
        with stream_to(int(port)) as friend:
            friend.sendall(b"what is your name?\n")
            friend.shutdown(socket.SHUT_WR)
            person.type("Lu")
            person.until(lambda shown: any("says no more" in line for line in shown))
            time.sleep(1.5)  # longer than whoever uses a pipe is waited for
            say(person, "is")
            assert friend.recv(100) == b"Luis\n"
            person.press("C-d")
            assert person.wait() == ExitCode.DONE


def test_the_end_of_a_talk_takes_an_empty_prompt_with_it() -> None:
    with friend_on_screen() as (friend, person):
        say(person, "hola")
        friend.out.until("^hola$")
        friend.say(b"bye\n")
        assert (person.wait(), friend.wait()) == (ExitCode.DONE, ExitCode.DONE)
        assert person.lines[-2] == "< bye"
        assert person.lines[-1].endswith("has said bye.")


def test_a_flood_hinders_neither_typing_nor_leaving() -> None:
    with running("serve", "chargen@tcp://127.0.0.1:0") as server:
        port = server.out.until(r"127\.0\.0\.1:(\d+)")[1]
        with screen("talk", f"tcp://127.0.0.1:{port}") as person:
            person.until(lambda shown: len(shown) > 20)
            person.press("C-c")
            assert person.wait() == ExitCode.INTERRUPTED
