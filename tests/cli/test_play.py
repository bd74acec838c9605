"""``enchufe play`` and the game it visits, as people run them: pipes, terminals, exit codes."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.cli.programs import Server, run, running, serving
from tests.cli.terminals import screen
from tests.ports import free_port

from enchufe.core.ayudantia import move_bytes
from enchufe.core.cachipun import Choice
from enchufe.core.exits import ExitCode
from enchufe.wire.lengths import prefixed

TRANSPORTS = ("tcp", "udp", "unix", "unixgram", "tls", "ayudantia")


@pytest.fixture(autouse=True)
def _home(home: Path) -> None:
    """Give scores and certificates a home of their own."""


@pytest.fixture
def everywhere(tmp_path: Path) -> Iterator[dict[str, str]]:
    """Give a game's endpoints by transport; all lead to the same game."""
    places = [
        f"{transport}://{tmp_path}/{transport}"
        if transport.startswith("unix")
        else f"{transport}://127.0.0.1:0"
        for transport in TRANSPORTS
    ]
    with serving(*(f"cachipun@{place}" for place in places)) as server:
        yield {endpoint.partition(":")[0]: endpoint for endpoint in server.endpoints}


@pytest.mark.parametrize("transport", TRANSPORTS[:-1])
def test_a_pipe_plays_against_the_house(everywhere: dict[str, str], transport: str) -> None:
    said = b"rock\n" * 30
    ended = run("play", everywhere[transport], "--house", "--best", "1", said=said)
    assert ended.code == ExitCode.DONE, ended.err
    assert b"wins the match" in ended.out
    assert b"cheated" not in ended.out


def test_a_pipe_plays_as_a_window_does(everywhere: dict[str, str]) -> None:
    ended = run("play", everywhere["ayudantia"], said=b"tijera\n")
    assert ended.code == ExitCode.DONE
    assert b"You have chosen scissors" in ended.out
    assert b"* Won" in ended.out


def test_two_people_meet_over_different_transports(everywhere: dict[str, str]) -> None:
    with (
        running("play", everywhere["unix"], "--name", "ana", "--best", "1") as ana,
        running("play", everywhere["tls"], "--name", "luis", "--against", "ana") as luis,
    ):
        ana.out.until("Match 1: ana against luis, best of 1")
        ana.say(b"rock\n")
        luis.out.until("ana has chosen")
        luis.say(b"paper\n")
        for player in (ana, luis):
            player.out.until("luis wins the match, 1 to 0")
            assert player.wait() == ExitCode.DONE


def test_a_person_chooses_with_one_key_and_what_arrives_breaks_no_line(
    everywhere: dict[str, str],
) -> None:
    with (
        running("play", everywhere["tcp"], "--name", "luis") as luis,
        screen("play", everywhere["udp"], "--name", "ana") as ana,
    ):
        ana.until(lambda lines: any("Round 1" in line for line in lines))
        ana.type("/wh")
        luis.say(b"paper\n")
        ana.until(lambda lines: "* luis has chosen" in lines and lines[-1] == "> /wh")
        ana.press("BSpace", "BSpace", "BSpace")
        ana.type("3")
        ana.until(lambda lines: lines[-2:-1] == ["3"] or "3" in lines)
        ana.until(lambda lines: any("scissors beats paper: ana wins" in line for line in lines))
        ana.press("C-d")
        assert ana.wait() == ExitCode.DONE
        luis.out.until("ana left")


def test_nobody_there_and_somebody_else() -> None:
    assert run("play", f"tcp://127.0.0.1:{free_port()}").code == ExitCode.REFUSED
    assert run("play", f"udp://127.0.0.1:{free_port()}").code == ExitCode.REFUSED
    with serving("greet@tcp://127.0.0.1:0") as server:
        ended = run("play", server.endpoints[0], said=b"rock\n")
        assert ended.code == ExitCode.PROTOCOL
        assert b"There is no cachip" in ended.out


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("--best", "2"), "not an odd number from 1 to 99"),
        (("--best", "101"), "not an odd number from 1 to 99"),
        (("--house", "--against", "ana"), "not allowed with argument"),
        (("ayudantia://:1238", "--name", "ana"), "--name does not go with ayudantia://"),
        (("ayudantia://:1238", "--house"), "--house does not go with ayudantia://"),
    ],
)
def test_what_makes_no_sense_is_said(words: tuple[str, ...], reason: str) -> None:
    ended = run("play", *words)
    assert ended.code == ExitCode.USAGE
    assert reason in ended.err


@pytest.mark.parametrize(
    "words",
    [
        ("connect", "ayudantia://:1238"),
        ("talk", "ayudantia://:1238"),
        ("talk", "--listen", "ayudantia://:1238"),
        ("chat", "ayudantia://:1238"),
        ("send", "ayudantia://:1238", "hola"),
        ("receive", "--into", ".", "--listen", "ayudantia://:1238"),
        ("stop", "ayudantia://:1238"),
    ],
)
def test_no_other_command_takes_the_courses_wire(words: tuple[str, ...]) -> None:
    ended = run(*words)
    assert ended.code == ExitCode.USAGE
    assert "only enchufe play speaks what ayudantia://" in ended.err


def test_only_a_service_that_knows_that_dialect_is_served_there() -> None:
    ended = run("serve", "echo@ayudantia://:1238")
    assert ended.code == ExitCode.USAGE
    assert "echo does not speak what comes over ayudantia://; cachipun does" in ended.err


def test_a_window_for_which_there_is_no_place_is_let_go_without_a_word() -> None:
    with serving("cachipun@ayudantia://127.0.0.1:0", "--max-peers", "1") as server:
        place = ("127.0.0.1", server.port)
        with socket.create_connection(place) as first, socket.create_connection(place) as second:
            for each in (first, second):
                each.settimeout(10)
            assert second.recv(100) == b""
            first.sendall(prefixed(move_bytes(Choice.ROCK)))
            assert b"eleccion_1" in first.recv(1000)


def test_a_game_has_no_workers() -> None:
    ended = run("serve", "cachipun@tcp://:0", "--workers", "2")
    assert ended.code == ExitCode.USAGE
    assert "--workers does not go with a game" in ended.err


def test_a_score_file_of_no_use_is_said_once_and_the_game_goes_on(tmp_path: Path) -> None:
    (tmp_path / "scores.db").write_bytes(b"no database" * 100)
    with serving("cachipun@tcp://127.0.0.1:0", "--scores", str(tmp_path / "scores.db")) as server:
        for _ in range(2):
            assert _scores(server)
        server.out.until("scores end with this run, .*scores.db cannot be used: ")
        assert server.out.text.count("scores end with this run") == 1


def _scores(server: Server) -> str:
    with socket.create_connection(("127.0.0.1", server.port)) as ana:
        ana.settimeout(10)
        ana.sendall(b"/scores\n")
        heard = b""
        while b"Nobody has a score yet" not in heard:
            piece = ana.recv(4096)
            assert piece, heard
            heard += piece
    return heard.decode()


def test_both_sides_of_a_recorded_match_say_the_same_again(tmp_path: Path) -> None:
    ours, theirs = tmp_path / "play.enchufe", tmp_path / "serve.enchufe"
    with serving("cachipun@tcp://127.0.0.1:0", "--record", str(theirs)) as server:
        words = ("--house", "--best", "1", "--record", str(ours))
        assert run("play", server.endpoints[0], *words, said=b"rock\n" * 30).code == 0
    for recording in (ours, theirs):
        ended = run("replay", str(recording))
        assert ended.code == ExitCode.DONE, ended.out
        assert b"the same." in ended.out


def test_every_event_is_a_line_for_programs(everywhere: dict[str, str]) -> None:
    words = ("--house", "--best", "1", "--log", "jsonl")
    ended = run("play", everywhere["tcp"], *words, said=b"rock\n" * 30)
    facts = [json.loads(line) for line in ended.out.splitlines()]
    assert {"PeerOpened", "SendFrame", "FrameReceived", "Tell", "Stop"} <= {
        fact["type"] for fact in facts
    }
