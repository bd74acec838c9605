"""Leaving, losing the line, and coming back."""

import re

import pytest
from msgspec.structs import replace
from tests.services.cachipun.hall import (
    Hall,
    Person,
    Program,
    pair_of_programs,
    results,
    two_people,
)

from enchufe.core.cachipun import Commit, Match, Result, Round, Told, What, Why
from enchufe.core.events import Reason
from enchufe.core.limits import GAME_LOSSES_MAX
from enchufe.core.scores import KeepScore


@pytest.mark.parametrize("word", ["bye", "BYE", "/bye"])
def test_who_says_bye_gives_the_match_up(word: str) -> None:
    hall = Hall()
    ana, luis = two_people(hall)
    luis.says(word)
    assert luis.heard_last() == "* Bye, luis"
    assert luis.is_closed
    assert ana.heard()[-3:-1] == ["* luis left", "* ana wins the match, 0 to 0"]
    assert hall.kept == [KeepScore(1, "ana", "luis")]


def test_ending_the_conversation_in_good_order_gives_the_match_up() -> None:
    hall = Hall()
    ana, luis, _matches = pair_of_programs(hall)
    luis.finishes()
    (result,) = results(ana.heard())
    assert (result.winner, result.why, result.over) == (0, Why.LEFT, True)
    assert luis.is_closed


def test_a_program_says_bye_too() -> None:
    hall = Hall()
    ana, luis, _matches = pair_of_programs(hall)
    luis.writes("bye")
    assert results(ana.heard())[0].why == Why.LEFT


@pytest.mark.parametrize("how", [Reason.RESET, Reason.UNFINISHED, Reason.AWAY])
def test_who_loses_the_line_is_waited_for_and_comes_back_with_the_session(how: Reason) -> None:
    hall = Hall()
    ana, luis, (first, second) = pair_of_programs(hall)
    ana.commits(first, 1, "rock")
    hall.passes(10.0)
    luis.is_lost(how)
    assert ana.heard()[-1] == Told(What.LOST, "luis", count=30)
    hall.passes(29.0)
    again = Program(hall, "luis")
    told = again.heard()
    assert told[1] == replace(second, numbers=(1, 3))
    assert Round(1, 1, 20.0) in told, "time has not stood still"
    assert any(isinstance(payload, Commit) for payload in told)
    assert ana.heard()[-1] == Told(What.BACK, "luis")
    hall.passes(20.0)
    assert results(ana.heard())[0].why == Why.LATE


def test_who_does_not_come_back_in_time_has_lost() -> None:
    hall = Hall()
    ana, luis, _matches = pair_of_programs(hall)
    luis.is_lost()
    hall.passes(29.9)
    assert not results(ana.heard())
    hall.passes(0.1)
    (result,) = results(ana.heard())
    assert (result.winner, result.why, result.over) == (0, Why.LOST, True)
    again = Program(hall, "luis")
    assert not again.heard_of(Match), "the seat is not kept any longer"


def test_where_both_lose_the_line_the_match_ends() -> None:
    hall = Hall()
    ana, luis, _matches = pair_of_programs(hall)
    ana.is_lost()
    hall.passes(10.0)
    luis.is_lost()
    hall.passes(60.0)
    assert not hall.service._game.matches
    assert len(hall.service._game.players) == 0
    assert len(hall.kept) == 1


def test_who_was_away_when_a_match_ended_hears_how() -> None:
    hall = Hall()
    ana, luis, _matches = pair_of_programs(hall)
    luis.is_lost()
    ana.leaves()
    again = Program(hall, "luis")
    (result,) = results(again.heard())
    assert (result.winner, result.why) == (1, Why.LEFT)


def test_a_raw_player_comes_back_with_the_word() -> None:
    hall = Hall()
    ana, luis = two_people(hall)
    (word,) = re.findall(r"/back (\w+)", "\n".join(luis.heard()))
    luis.is_lost(Reason.FAILED)
    assert ana.heard_last() == "* luis lost the line, and is waited for: 30 s"
    again = Person(hall, "/back nonsense")
    assert again.heard_last() == "* Nobody is waited for with that word"
    again.says(f"/back {word.upper()}")
    heard = again.heard()
    assert "* Match 1: ana against luis, best of 3" in heard
    assert heard[-1] == "* Round 1: rock, paper or scissors? You have 30 s"
    assert ana.heard_last() == "* luis is back"
    again.says("rock")
    ana.says("paper")
    assert "* Round 1: paper beats rock: ana wins" in again.heard()


def test_a_word_brings_nobody_back_once_the_match_is_over() -> None:
    hall = Hall()
    ana, luis = two_people(hall)
    (word,) = re.findall(r"/back (\w+)", "\n".join(luis.heard()))
    ana.says("bye")
    again = Person(hall, f"/back {word}")
    assert again.heard_last() == "* Nobody is waited for with that word"
    assert not luis.is_closed


def test_a_line_that_breaks_again_and_again_is_given_up() -> None:
    hall = Hall()
    ana, luis, _matches = pair_of_programs(hall)
    for _ in range(GAME_LOSSES_MAX):
        luis.is_lost()
        luis = Program(hall, "luis")
    assert not results(ana.heard())
    luis.is_lost()
    assert results(ana.heard())[0].why == Why.LOST


def test_who_half_closes_hears_the_result_of_the_round_they_have_chosen_in() -> None:
    hall = Hall()
    ana, luis = two_people(hall)
    luis.says("rock")
    luis.finishes()
    assert not luis.is_closed
    ana.says("paper")
    assert "* Round 1: paper beats rock: ana wins" in luis.heard()
    assert luis.is_closed
    heard = ana.heard()
    assert heard[-3:-1] == ["* luis left", "* ana wins the match, 1 to 0"]
    assert heard.count("* luis left") == 1


def test_who_half_closes_without_a_choice_leaves() -> None:
    hall = Hall()
    ana, luis = two_people(hall)
    luis.finishes()
    assert luis.is_closed
    assert "* luis left" in ana.heard()
    eva = Person(hall, "/name eva")
    eva.finishes()
    assert eva.is_closed


def test_who_half_closes_while_waiting_with_a_choice_plays_with_the_house() -> None:
    hall = Hall()
    ana = Person(hall, "rock")
    ana.finishes()
    assert not ana.is_closed
    hall.passes(5.0)
    assert any(line.startswith("* Round 1: ") and "rock" in line for line in ana.heard())
    assert ana.is_closed
    assert not hall.service._game.matches


def test_who_is_gone_keeps_nobody_else_in_memory() -> None:
    hall = Hall()
    ana, luis, _matches = pair_of_programs(hall)
    gone = hall.service._game.players.of(luis.peer)
    luis.leaves()
    assert gone is not None
    assert gone.match is None
    assert results(ana.heard())[0].over


def test_nothing_is_left_of_those_who_have_gone() -> None:
    hall = Hall()
    two_people(hall)
    pair_of_programs(hall)
    Person(hall, "/name leo", "/play")
    for guest in list(hall.guests.values()):
        guest.leaves()
    game = hall.service._game
    players = game.players
    assert not any((game.matches, game.waiting, len(players), players._by_peer))
    assert not any((players._by_name, players._by_session, players._by_word))
    hall.passes(60.0)
    assert not hall.timers


def test_a_result_of_a_match_over_is_no_round() -> None:
    hall = Hall()
    ana, luis, _matches = pair_of_programs(hall)
    luis.leaves()
    told = [payload for payload in ana.heard() if isinstance(payload, Result | Round)]
    assert isinstance(told[-1], Result)
