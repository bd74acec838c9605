"""The course's own windows: moves, results, and nothing else."""

import pytest
from tests.services.cachipun.hall import CourseWindow, Hall, Person, Program

from enchufe.core.cachipun import Call, Choice
from enchufe.core.commands import Send, SetTimer
from enchufe.core.events import MessageReceived
from enchufe.services.cachipun.service import UNSENT_MAX
from enchufe.services.cachipun.teller import WINDOW_PAUSE_S

ROCK, PAPER, SCISSORS = Choice


def test_two_windows_play_round_after_round() -> None:
    hall = Hall()
    one, other = CourseWindow(hall), CourseWindow(hall)
    for number in range(6):
        one.clicks(ROCK)
        assert len(other.results) == number, "a move was shown early"
        other.clicks(SCISSORS)
        hall.passes(1.0)
        assert one.results[-1] == (ROCK, SCISSORS)
        assert other.results[-1] == (SCISSORS, ROCK)
        assert len(one.results) == len(other.results) == number + 1


def test_a_move_while_waiting_counts_and_a_second_is_ignored() -> None:
    hall = Hall()
    one = CourseWindow(hall).clicks(PAPER).clicks(SCISSORS)
    CourseWindow(hall).clicks(ROCK)
    assert one.results == [(PAPER, ROCK)]


def test_it_plays_with_anybody() -> None:
    hall = Hall()
    window = CourseWindow(hall)
    ana = Person(hall, "/name ana", "rock")
    window.clicks(PAPER)
    assert window.results == [(PAPER, ROCK)]
    assert "* Round 1: paper beats rock: guest1 wins" in ana.heard()


def test_nobody_to_play_with_is_the_house() -> None:
    hall = Hall()
    window = CourseWindow(hall)
    hall.passes(60.0)
    assert not hall.service._game.matches, "it has not chosen"
    window.clicks(ROCK)
    hall.passes(4.9)
    assert window.results == []
    hall.passes(0.1)
    assert window.results[0][0] is ROCK


def test_two_results_never_leave_together() -> None:
    hall = Hall()
    window = CourseWindow(hall).clicks(ROCK)
    hall.passes(5.0)
    sent: list[float] = []
    for _ in range(5):
        window.clicks(ROCK)
    assert len(window.results) == 1
    for _ in range(20):
        before = len(window.results)
        hall.passes(WINDOW_PAUSE_S / 2)
        sent.append(len(window.results) - before)
    assert max(sent) == 1


def test_a_window_that_moves_too_fast_is_not_heard() -> None:
    hall = Hall()
    window = CourseWindow(hall).clicks(ROCK)
    hall.passes(5.0)
    for _ in range(3 * UNSENT_MAX):
        window.clicks(ROCK)
    player = hall.service._game.players.of(window.peer)
    assert player is not None
    assert len(player.unsent) <= UNSENT_MAX


def test_a_player_who_leaves_is_noticed_and_the_window_unlocked() -> None:
    hall = Hall()
    window = CourseWindow(hall)
    ana = Person(hall, "/name ana", "/play")
    window.clicks(PAPER)
    ana.says("bye")
    assert window.results == [(PAPER, ROCK)], "it sees the hand that it beats"
    window.clicks(ROCK)
    hall.passes(5.0)
    assert len(window.results) == 2, "it goes on with the house"


def test_after_a_match_the_next_move_asks_the_same_opponent_again() -> None:
    hall = Hall()
    window = CourseWindow(hall)
    ana = Person(hall, "/name ana", "/play")
    for _ in range(2):
        window.clicks(PAPER)
        ana.says("rock")
        hall.passes(1.0)
    ana.heard()
    window.clicks(SCISSORS)
    assert ana.heard_last() == "* guest1 wants to play with you, best of 3: /play guest1"
    ana.says("/rematch", "paper")
    hall.passes(1.0)
    assert window.results[-1] == (SCISSORS, PAPER)


def test_who_does_not_choose_is_late_and_a_window_that_does_not_hears_nothing() -> None:
    hall = Hall()
    window = CourseWindow(hall)
    ana = Person(hall, "/name ana", "rock")
    hall.passes(30.0)
    assert "* Round 1: guest1 was too late" in ana.heard()
    assert window.results == []
    window.clicks(SCISSORS)
    hall.passes(30.0)
    assert window.results == [(SCISSORS, PAPER)]


@pytest.mark.parametrize(
    "rubbish", [b"", b"{}", b"null", b'{"status":"cerrar_sesion"}', b"\xff", b"bye", b"/house"]
)
def test_rubbish_means_nothing(rubbish: bytes) -> None:
    hall = Hall()
    window = CourseWindow(hall).sends(rubbish)
    hall.passes(60.0)
    assert window.results == []
    assert not window.is_closed


def test_a_program_meets_a_window() -> None:
    hall = Hall()
    window = CourseWindow(hall).clicks(ROCK)
    ana = Program(hall, "ana").says(Call())
    match = ana.match
    assert match.players == ("guest1", "ana"), "who waits longest plays first"
    ana.commits(match, 1, "paper")
    ana.reveals(match, 1, "paper")
    assert window.results == [(ROCK, PAPER)]


def test_one_result_is_one_send_and_a_pause() -> None:
    hall = Hall()
    one, other = CourseWindow(hall).clicks(ROCK), CourseWindow(hall)
    from enchufe.core.ayudantia import move_bytes

    event = MessageReceived(hall.now_ns, other.peer, move_bytes(PAPER))
    commands = hall.service.handle(event)
    told = [command for command in commands if isinstance(command, Send)]
    pauses = [c.after_s for c in commands if isinstance(c, SetTimer) and "pause" in c.name]
    assert [send.peer for send in told] == [one.peer, other.peer]
    assert pauses == [WINDOW_PAUSE_S] * 2
