"""Our own end at the course's own server."""

import json

from tests.services.contestant.server import Table

from enchufe.core.ayudantia import move_bytes, result_bytes
from enchufe.core.cachipun import Choice
from enchufe.core.commands import Close, Send
from enchufe.core.events import MessageReceived, Reason
from enchufe.core.exits import ExitCode
from enchufe.core.peer import Peer, Transport
from enchufe.services.contestant import Window
from enchufe.services.contestant.stage import COUNT_TIMER

ROCK, PAPER, SCISSORS = Choice
SERVER = Peer(1, Transport.AYUDANTIA, "127.0.0.1", 1238)


def moves(table: Table) -> list[str]:
    sent = [json.loads(c.message) for c in table.commands if isinstance(c, Send)]
    return [move["data"] for move in sent]


def result(own: Choice, other: Choice) -> MessageReceived:
    return MessageReceived(0, SERVER, result_bytes(own, other))


def test_a_person_moves_once_a_round_and_keeps_the_score() -> None:
    table = Table(Window(), SERVER).types("papel", "rock")
    assert moves(table) == ["papel"]
    assert table.shown()[-1] == "* You have chosen already, and it stands"
    table.happens(result(PAPER, ROCK))
    for _ in range(3):
        table.fires(COUNT_TIMER)
    assert table.shown()[-2:] == ["* paper beats rock: you win", "* Won 1, lost 0, drawn 0"]
    table.types("1")
    assert moves(table) == ["papel", "piedra"]


def test_each_line_of_a_pipe_waits_for_its_round() -> None:
    table = Table(Window(is_script=True), SERVER).types("r", "x", "s", "p").input_ends()
    assert moves(table) == ["piedra"]
    table.happens(result(ROCK, ROCK)).happens(result(SCISSORS, ROCK))
    assert moves(table) == ["piedra", "tijera", "papel"]
    assert table.exit_code is None
    table.happens(result(PAPER, ROCK))
    assert table.exit_code is ExitCode.DONE
    assert Close(SERVER) in table.commands
    assert table.shown()[-1] == "* Won 1, lost 1, drawn 1"


def test_rubbish_means_nothing_and_bye_leaves() -> None:
    table = Table(Window(), SERVER).types("rock")
    table.happens(MessageReceived(0, SERVER, b"[]"))
    table.happens(MessageReceived(0, SERVER, move_bytes(ROCK)))
    assert table.exit_code is None
    assert table.types("bye").exit_code is ExitCode.DONE


def test_a_server_that_ends_the_game_is_noticed() -> None:
    table = Table(Window(), SERVER).types("rock").breaks(Reason.FINISHED)
    assert table.exit_code is ExitCode.LOST
    assert table.shown()[-1] == "* The server ended the game."
