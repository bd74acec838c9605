"""Time is up: for choices, for those who miss them, and for a disk."""

import pytest
from tests.services.cachipun.hall import Hall, pair_of_programs, results, two_people

from enchufe.core.cachipun import Result, Round, Why
from enchufe.core.scores import KeepScore


def test_who_does_not_choose_in_time_loses_the_round() -> None:
    hall = Hall()
    ana, luis = two_people(hall)
    ana.says("rock")
    hall.passes(29.9)
    assert not any("late" in line for line in luis.heard())
    hall.passes(0.1)
    assert luis.heard() == [
        "* Round 1: luis was too late",
        "* ana 1, luis 0",
        "* Round 2: rock, paper or scissors? You have 30 s",
    ]


def test_a_choice_of_who_waited_is_not_told() -> None:
    hall = Hall()
    ana, _luis, (first, _second) = pair_of_programs(hall)
    ana.commits(first, 1, "rock")
    ana.heard()
    hall.passes(30.0)
    assert ana.heard() == [
        Result(1, 1, ("", ""), 0, (1, 0), over=False, why=Why.LATE),
        Round(1, 2, 30.0),
    ]


def test_who_misses_two_rounds_running_has_lost() -> None:
    hall = Hall()
    ana, luis, (first, second) = pair_of_programs(hall, best=9)
    ana.commits(first, 1, "rock")
    hall.passes(30.0)
    for player, match in ((ana, first), (luis, second)):
        player.commits(match, 2, "rock")
    for player, match in ((ana, first), (luis, second)):
        player.reveals(match, 2, "rock")
    for number in (3, 4):
        ana.commits(first, number, "rock")
        hall.passes(30.0)
    told = results(luis.heard())
    assert [result.why for result in told] == [Why.LATE, Why.PLAYED, Why.LATE, Why.MISSED]
    assert (told[-1].over, told[-1].winner) == (True, 0)
    assert hall.kept == [KeepScore(1, "ana", "luis")]


def test_where_both_miss_nobody_gets_it() -> None:
    hall = Hall()
    ana, _luis, _matches = pair_of_programs(hall)
    hall.passes(60.0)
    told = results(ana.heard())
    assert [(result.winner, result.why) for result in told] == [(-1, Why.LATE), (-1, Why.MISSED)]
    assert told[-1].over
    assert hall.kept == []


@pytest.mark.parametrize("choose_s", [1.0, 90.0])
def test_the_owner_says_how_long_a_choice_may_take(choose_s: float) -> None:
    hall = Hall(choose_s=choose_s)
    ana, _luis, _matches = pair_of_programs(hall)
    assert ana.heard()[-1] == Round(1, 1, choose_s)
    hall.passes(choose_s)
    assert results(ana.heard())


def test_a_match_is_told_once_its_score_is_safe_or_waited_for_no_longer() -> None:
    hall = Hall()
    hall.disk_is_well = False
    ana, luis, (first, second) = pair_of_programs(hall, best=1)
    for player, match, choice in ((ana, first, "rock"), (luis, second, "paper")):
        player.commits(match, 1, choice)
    for player, match, choice in ((ana, first, "rock"), (luis, second, "paper")):
        player.reveals(match, 1, choice)
    assert hall.kept == [KeepScore(1, "luis", "ana")]
    assert not results(ana.heard())
    luis.leaves()
    hall.passes(5.0)
    (result,) = results(ana.heard())
    assert (result.over, result.winner) == (True, 1)
