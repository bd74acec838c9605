"""``enchufe chat`` and the room it visits, as people run them: pipes, terminals, exit codes."""

import contextlib
import json
import os
import re
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.cli.programs import Program, Server, run, running, serving
from tests.cli.talkers import datagrams_to, stream_to
from tests.cli.terminals import Screen, screen
from tests.ports import free_port

from enchufe.cli.main import main
from enchufe.clients.chatting import Chatting, Wish
from enchufe.core.exits import ExitCode
from enchufe.net.dial import Dialling

TRANSPORTS = ("tcp", "udp", "unix", "unixgram", "tls")
NO_ROOM = "There is no room at the other side: it did not answer in frames.\n"

IMPATIENT = (
    "import sys; from enchufe.services.visitor import service; service.ANSWER_S = 0.3; "
    "from enchufe.cli.main import main; sys.exit(main(sys.argv[4:]))"
)
"""Runs what follows ``python -m enchufe``, with little patience for those who are no room."""


@pytest.fixture(autouse=True)
def _home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


@pytest.fixture
def everywhere(tmp_path: Path) -> Iterator[dict[str, str]]:
    """Give a room's endpoints by transport; all lead to the same room."""
    places = [
        f"{transport}://127.0.0.1:0"
        if transport in ("tcp", "udp", "tls")
        else f"{transport}://{tmp_path}/{transport}"
        for transport in TRANSPORTS
    ]
    with serving(*(f"chat@{place}" for place in places)) as server:
        yield {endpoint.partition(":")[0]: endpoint for endpoint in server.endpoints}


@contextlib.contextmanager
def room(*words: str, transport: str = "tcp") -> Iterator[tuple[Server, str]]:
    """Serve a room; yield the server and its endpoint."""
    with serving(f"chat@{transport}://127.0.0.1:0", *words) as server:
        yield server, server.endpoints[0]


@contextlib.contextmanager
def visiting(endpoint: str, name: str, *words: str) -> Iterator[Program]:
    """Be in a room through a pipe that stays open."""
    with running("chat", endpoint, "--name", name, *words) as visitor:
        visitor.err.until(rf"You are {name} in")
        yield visitor


# Pipes


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_pipe_says_each_line_and_leaves_once_all_is_taken(
    everywhere: dict[str, str], transport: str
) -> None:
    with visiting(everywhere["udp" if transport == "tcp" else "tcp"], "luis") as friend:
        said = "one\n\n¿dos?\r\n//three\nfour".encode()
        ended = run("chat", everywhere[transport], "--name", "ana", said=said)
        assert ended.code == ExitCode.DONE
        assert ended.out.decode() == "ana: one\nana: ¿dos?\nana: /three\nana: four\n"
        assert "* You are ana in plaza." in ended.err
        friend.err.until(r"^\* ana left$")
        assert friend.out.bytes == ended.out
        assert "* ana came\n" in friend.err.text


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_what_others_say_goes_to_standard_output_and_all_else_to_standard_error(
    everywhere: dict[str, str], transport: str
) -> None:
    with visiting(everywhere[transport], "luis") as luis, visiting(everywhere["tcp"], "ana") as ana:
        luis.err.until(r"^\* ana came$")
        ana.say(b"hola\n/msg luis psst\n/who\n")
        luis.out.until("^ana: hola$")
        luis.err.until(r"^\(ana, to you alone\) psst$")
        ana.err.until(rf"^\* Here: ana \(tcp\), host \(console\), luis \({transport}\)$")
        luis.say(b"adios\nbye\n")
        assert luis.wait() == ExitCode.DONE
        ana.err.until(r"^\* luis left$")
        ana.end_input()
        assert ana.wait() == ExitCode.DONE
        assert luis.out.text == ana.out.text == "ana: hola\nluis: adios\n"


def test_what_is_given_is_said_instead_of_standard_input() -> None:
    with room() as (_server, endpoint):
        ended = run("chat", endpoint, "--send", "one", "--send", "two", said=b"not this\n")
        assert ended.code == ExitCode.DONE
        assert re.fullmatch(r"(guest\d+): one\n\1: two\n", ended.out.decode())


def test_a_name_that_is_taken_gets_a_number() -> None:
    with room() as (_server, endpoint), visiting(endpoint, "ana"):
        ended = run("chat", endpoint, "--name", "ANA", "--send", "me too")
        name = re.fullmatch(r"(ANA\.\d+): me too\n", ended.out.decode())
        assert name is not None
        assert f"* ANA is taken; you are {name[1]}\n" in ended.err


def test_a_name_that_is_no_utf_8_is_told_to_be_none() -> None:
    with serving("chat@tcp://127.0.0.1:0") as server:
        bad = os.fsdecode(b"a\xff")
        ended = run("chat", server.endpoints[0], "--name", bad, "--send", "hola")
        assert "A name has 1 to 24 letters" in ended.err
        assert "Traceback" not in ended.err
        server.out.until("hola")


def test_who_goes_to_another_room_hears_and_is_heard_there() -> None:
    with (
        room() as (_server, endpoint),
        visiting(endpoint, "ana", "--room", "patio") as ana,
        visiting(endpoint, "luis") as luis,
    ):
        run("chat", endpoint, "--name", "eva", "--room", "patio", "--send", "in the patio")
        run("chat", endpoint, "--name", "eva", "--send", "in the plaza")
        ana.out.until("^eva: in the patio$")
        luis.out.until("^eva: in the plaza$")
        assert ana.out.text == "eva: in the patio\n"
        assert luis.out.text == "eva: in the plaza\n"


def test_newcomers_hear_the_last_lines() -> None:
    with room() as (_server, endpoint):
        run("chat", endpoint, "--name", "ana", said=b"".join(b"%d\n" % i for i in range(25)))
        ended = run("chat", endpoint, "--name", "luis", "--send", "hola")
        said = [*(f"ana: {number}" for number in range(5, 25)), "luis: hola"]
        assert ended.out.decode().splitlines() == said


def test_a_line_too_long_is_not_said_and_the_next_one_is() -> None:
    with room() as (_server, endpoint):
        ended = run("chat", endpoint, "--name", "ana", said=b"x" * 4097 + b"\nshort\n")
        assert (ended.code, ended.out) == (ExitCode.OVER_LIMIT, b"ana: short\n")
        assert "* Not said: a line has at most 4096 bytes, yours has 4097 or more" in ended.err


def test_without_an_endpoint_it_calls_the_usual_one(monkeypatch: pytest.MonkeyPatch) -> None:
    called = []

    def remember(self: Chatting, dialling: Dialling, wish: Wish, witness: object) -> None:
        called.append(str(dialling.endpoint))

    async def leave(_self: Chatting) -> ExitCode:
        return ExitCode.DONE

    monkeypatch.setattr(Chatting, "__init__", remember)
    monkeypatch.setattr(Chatting, "run", leave)
    assert main(["chat", "--send", "hola"]) == ExitCode.DONE
    assert called == ["tcp://localhost:12345"]


def test_events_are_written_for_programs() -> None:
    with room() as (_server, endpoint):
        ended = run("chat", endpoint, "--log", "jsonl", "--name", "ana", said=b"hola\n")
        assert ended.code == ExitCode.DONE
        facts = [json.loads(line) for line in ended.out.splitlines()]
        types = [fact["type"] for fact in facts]
        assert {"PeerOpened", "InputTyped", "FrameReceived", "Tell", "Stop"} <= set(types)
        told = [fact["text"] for fact in facts if fact["type"] == "Tell" and fact.get("by")]
        assert told == ["hola"]


def test_a_reader_that_leaves_ends_the_visit() -> None:
    with room() as (_server, endpoint), visiting(endpoint, "ana") as ana:
        assert ana.process.stdout is not None
        ana.process.stdout.close()
        for text in ("one", "two"):  # a read that waits already takes the first
            run("chat", endpoint, "--send", text)
        assert ana.wait() == ExitCode.OUTPUT_CLOSED
        assert "Standard output was closed" in ana.err.text


def test_it_speaks_spanish_as_well() -> None:
    with serving("chat@tcp://127.0.0.1:0", env={"LANGUAGE": "es"}) as server:
        ended = run("chat", server.endpoints[0], "--lang", "es", "--name", "ana", "--send", "hola")
        assert ended.out == b"ana: hola\n"
        assert "* Eres ana en plaza." in ended.err
        with stream_to(server.port) as friend:
            friend.sendall(b"/bye\n")
            heard = hears(friend, "* Adiós, invitado3\n")
            assert "/name NOMBRE lo cambia, /help ayuda.\n" in heard


# Who is there


@pytest.mark.parametrize("transport", ["tcp", "udp", "unix", "unixgram"])
def test_where_nobody_is_it_says_so_at_once(transport: str, tmp_path: Path) -> None:
    place = f"{tmp_path}/nobody" if "unix" in transport else f"127.0.0.1:{free_port()}"
    ended = run("chat", f"{transport}://{place}", said=b"hola\n")
    assert (ended.code, ended.out) == (ExitCode.REFUSED, b"")
    assert f"enchufe: nobody listens on {transport}://{place}" in ended.err


@pytest.mark.parametrize(
    ("service", "code"),
    [
        ("echo@tcp", ExitCode.PROTOCOL),
        ("discard@tcp", ExitCode.PROTOCOL),
        ("greet@tcp", ExitCode.PROTOCOL),
        ("echo@udp", ExitCode.TIMED_OUT),
    ],
)
def test_who_is_no_room_is_recognised(service: str, code: ExitCode) -> None:
    with serving(f"{service}://127.0.0.1:0") as server:
        before = (sys.executable, "-c", IMPATIENT)
        for said in (b"hola\n", b""):
            ended = run("chat", server.endpoints[0], said=said, before=before)
            assert ended == (code, b"", NO_ROOM)


def test_who_may_not_come_in_learns_why() -> None:
    with room("--deny", "127.0.0.0/8") as (_server, endpoint):
        ended = run("chat", endpoint, said=b"hola\n")
        assert (ended.code, ended.out) == (ExitCode.DENIED, b"")
        assert ended.err == "enchufe: denied: your address is denied here\n"
    with room("--max-peers", "1") as (_server, endpoint), visiting(endpoint, "ana"):
        ended = run("chat", endpoint, said=b"hola\n")
        assert (ended.code, ended.out) == (ExitCode.OVER_LIMIT, b"")
        assert ended.err.startswith("enchufe: full: ")
        assert ended.err.count("\n") == 1


@pytest.mark.parametrize("transport", ["tcp", "udp"])
def test_a_server_that_stays_away_is_given_up(transport: str) -> None:
    with (
        room(transport=transport) as (server, endpoint),
        visiting(endpoint, "ana", "--give-up", "1") as ana,
    ):
        server.process.kill()
        server.process.wait()
        ana.say(b"kept in vain\n")
        assert ana.wait() == ExitCode.LOST
        assert ana.err.text.count("The connection is lost; calling again.") == 1
        assert "Given up: nobody was there for 1 s; 1 lines were not said." in ana.err.text
        assert ana.out.text == ""


def test_a_server_that_comes_back_is_found_again_and_hears_what_was_written_meanwhile(
    tmp_path: Path,
) -> None:
    history = ("--history", str(tmp_path / "plaza.db"))
    with room(*history) as (server, endpoint), visiting(endpoint, "ana") as ana:
        ana.say(b"before\n")
        ana.out.until("^ana: before$")
        assert server.stop() == ExitCode.DONE
        ana.err.until("The connection is lost; calling again. What you write is kept.")
        ana.say(b"meanwhile\n")
        with serving(f"chat@{endpoint}", *history):
            ana.err.until(r"^\* Back in plaza\.$")
            ana.out.until("^ana: meanwhile$")
            ana.end_input()
            assert ana.wait() == ExitCode.DONE
            assert ana.out.text == "ana: before\nana: meanwhile\n"


def test_ctrl_c_leaves_with_130_also_while_nobody_is_there() -> None:
    with (
        room() as (server, endpoint),
        visiting(endpoint, "ana") as ana,
        visiting(endpoint, "luis") as luis,
    ):
        ana.signal()
        assert ana.wait() == ExitCode.INTERRUPTED
        assert server.stop() == ExitCode.DONE
        luis.err.until("The connection is lost")
        luis.signal()
        assert luis.wait() == ExitCode.INTERRUPTED


def test_who_is_there_in_datagrams_is_told_too_that_the_server_ends() -> None:
    with (
        room(transport="udp") as (server, endpoint),
        datagrams_to(int(endpoint.rpartition(":")[2])) as ana,
    ):
        ana.send(b"hola")
        assert b"Welcome" in ana.recv(1000)
        server.signal()
        assert ana.recv(1000) == b"* This server ends now"


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_ctrl_c_says_goodbye(everywhere: dict[str, str], transport: str) -> None:
    with (
        visiting(everywhere["tcp"], "luis") as luis,
        visiting(everywhere[transport], "ana") as ana,
    ):
        luis.err.until("ana came")
        ana.signal()
        assert ana.wait() == ExitCode.INTERRUPTED
        assert "lost" not in ana.err.text
        luis.err.until(r"^\* ana left$")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["tcq://:9"], "Did you mean tcp://?"),
        (["tcp://:9", "--give-up", "0"], "is not a number of seconds above 0"),
        (["tcp://:9", "--fingerprint", "ab"], "--fingerprint does nothing without"),
    ],
)
def test_what_makes_no_sense_is_not_done(words: list[str], told: str) -> None:
    ended = run("chat", *words)
    assert ended.code == ExitCode.USAGE
    assert told in ended.err


# At a terminal


def ends_with(*last: str) -> Callable[[list[str]], bool]:
    return lambda shown: shown[-len(last) :] == list(last)


def say(person: Screen, line: str) -> None:
    person.type(line)
    person.press("Enter")


@contextlib.contextmanager
def ana_at_a_terminal() -> Iterator[tuple[Screen, Program]]:
    """Give Ana at a terminal and Luis in a pipe, in one room."""
    with (
        room() as (_server, endpoint),
        visiting(endpoint, "luis") as luis,
        screen("chat", endpoint, "--name", "ana") as ana,
    ):
        ana.until(lambda shown: len(shown) > 1 and shown[-1] == ">")
        assert ana.lines[0].startswith("* You are ana in plaza.")
        luis.err.until("ana came")
        yield ana, luis


def test_what_arrives_never_breaks_the_line_being_typed() -> None:
    with ana_at_a_terminal() as (ana, luis):
        ana.type("half a li")
        ana.until(lambda shown: shown[-1] == "> half a li")
        luis.say("¿sigues ahí?\nhello?\n".encode())
        ana.until(ends_with("luis: ¿sigues ahí?", "luis: hello?", "> half a li"))
        say(ana, "ne")
        ana.until(ends_with("luis: hello?", "ana: half a line", ">"))
        luis.out.until("^ana: half a line$")
        assert sum("half a line" in line for line in ana.lines) == 1


def test_what_others_say_is_shown_and_not_obeyed() -> None:
    with ana_at_a_terminal() as (ana, luis):
        luis.say(b"\x1b[2J* eva left\xff\n* eva left\n")
        ana.until(ends_with("luis: \\e[2J* eva left\\xff", "luis: * eva left", ">"))


def test_bye_at_a_terminal_leaves_and_takes_the_prompt_with_it() -> None:
    with ana_at_a_terminal() as (ana, luis):
        say(ana, "hola")
        ana.until(ends_with("ana: hola", ">"))
        say(ana, "bye")
        assert ana.wait() == ExitCode.DONE
        assert ana.lines[-1] == "ana: hola"
        luis.err.until(r"^\* ana left$")


@pytest.mark.parametrize(("key", "code"), [("C-d", 0), ("C-c", ExitCode.INTERRUPTED)])
def test_a_key_leaves_the_room(key: str, code: int) -> None:
    with ana_at_a_terminal() as (ana, luis):
        ana.press(key)
        assert ana.wait() == code
        assert "lost" not in "\n".join(ana.lines)
        luis.err.until(r"^\* ana left$")


# The server's own screen


@contextlib.contextmanager
def host_at_a_terminal() -> Iterator[tuple[Screen, socket.socket]]:
    """Give a server's own screen, and a raw member of its room called Luis."""
    with screen("serve", "chat@tcp://127.0.0.1:0") as host:
        shown = host.until(lambda shown: shown[-1:] == [">"])
        (port,) = re.findall(r"ncat 127\.0\.0\.1 (\d+)", "\n".join(shown))
        with stream_to(int(port)) as luis:
            luis.sendall(b"/name luis\n")
            hears(luis, "* guest2 is now luis\n")
            host.until(shows("* guest2 is now luis"))
            yield host, luis


def hears(member: socket.socket, ending: str) -> str:
    """Read until what a member heard ends so."""
    heard = b""
    while not heard.endswith(ending.encode()):
        piece = member.recv(65536)
        assert piece, heard
        heard += piece
    return heard.decode()


def hears_the_end(member: socket.socket) -> None:
    hears(member, "* host left\n")
    assert member.recv(100) == b""


def shows(*last: str, typed: str = "") -> Callable[[list[str]], bool]:
    """Return whether the last lines, without their times, are these, above what is typed."""

    def is_shown(lines: list[str]) -> bool:
        above = [re.sub(r"^\d\d:\d\d:\d\d ", "", line) for line in lines[-len(last) - 1 : -1]]
        return above == list(last) and lines[-1] == f"> {typed}".rstrip()

    return is_shown


def test_the_servers_own_screen_shows_the_room_and_its_host_speaks_in_it() -> None:
    with host_at_a_terminal() as (host, luis):
        host.type("buenas tar")
        host.until(lambda shown: shown[-1] == "> buenas tar")
        luis.sendall("¿hay alguien?\n".encode())
        host.until(shows("luis: ¿hay alguien?", typed="buenas tar"))
        say(host, "des")
        hears(luis, "host: buenas tardes\n")
        host.until(lambda shown: shown[-2:] == ["> buenas tardes", ">"])
        say(host, "/who")
        host.until(shows("* Here: host (console), luis (tcp)"))


def test_ctrl_c_at_the_server_stops_it_in_good_order_whatever_is_half_typed() -> None:
    with host_at_a_terminal() as (host, luis):
        host.type("half a li")
        host.until(lambda shown: shown[-1] == "> half a li")
        host.press("C-c")
        assert host.wait() == ExitCode.DONE
        hears_the_end(luis)


def test_ctrl_d_at_the_servers_prompt_leaves_it_running() -> None:
    with host_at_a_terminal() as (host, luis):
        host.press("C-d")
        host.until(lambda shown: shown[-1] != ">")
        luis.sendall(b"still there?\n")
        host.until(lambda shown: shown[-1].endswith("luis: still there?"))
        host.press("C-c")
        assert host.wait() == ExitCode.DONE
        hears_the_end(luis)


def test_a_host_who_says_bye_stays_in_the_room_and_is_told_how_it_ends() -> None:
    with host_at_a_terminal() as (host, luis):
        say(host, "bye")
        host.until(shows("* You run this server, so you stay in its room; Ctrl-C ends it"))
        say(host, "anybody?")
        hears(luis, "host: anybody?\n")
        luis.sendall(b"/who\n")
        hears(luis, "* Here: host (console), luis (tcp)\n")
        host.press("C-c")
        assert host.wait() == ExitCode.DONE


def test_a_reader_of_the_servers_screen_that_leaves_ends_the_server_in_good_order() -> None:
    with room() as (server, endpoint), stream_to(server.port) as luis:
        luis.sendall(b"hola\n")
        server.out.until("guest2: hola")
        assert server.process.stdout is not None
        server.process.stdout.close()
        for text in ("one", "two"):
            run("chat", endpoint, "--send", text, "--give-up", "0.5")  # it may end meanwhile
        hears_the_end(luis)
        assert server.wait() == ExitCode.OUTPUT_CLOSED
