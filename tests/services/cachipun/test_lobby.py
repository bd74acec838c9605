"""Who plays with whom."""

import pytest
from tests.services.cachipun.hall import Hall, Person, Program, pair_of_programs, two_people

from enchufe.core.cachipun import Call, Match, Players, Told, What
from enchufe.core.limits import GAME_INVITATIONS_MAX


def test_an_invitation_and_a_yes_are_a_match() -> None:
    hall = Hall()
    ana, luis = Person(hall, "/name ana"), Person(hall, "/name luis")
    ana.says("/play luis")
    assert ana.heard_last() == "* luis is asked"
    assert luis.heard_last() == "* ana wants to play with you, best of 3: /play ana"
    ana.says("/play luis")
    assert luis.heard() == [], "asked twice"
    luis.says("/play ana")
    assert "* Match 1: ana against luis, best of 3" in luis.heard()


def test_who_waits_for_anybody_plays_with_who_asks_for_them() -> None:
    hall = Hall()
    ana = Person(hall, "/name ana", "/best 5", "/play")
    luis = Person(hall, "/name luis", "/best 7", "/play ana")
    assert "* Match 1: ana against luis, best of 5" in luis.heard()
    assert "* Match 1: ana against luis, best of 5" in ana.heard()


def test_who_invited_somebody_who_plays_with_another_hears_so() -> None:
    hall = Hall()
    ana, luis = Person(hall, "/name ana"), Person(hall, "/name luis")
    ana.says("/play luis")
    Person(hall, "/name eva", "/play")
    luis.says("/play eva")
    assert ana.heard_last() == "* luis plays with somebody else"
    ana.says("/play luis")
    assert ana.heard_last() == "* luis is in a match; /watch luis shows it"
    ana.says("/play nobody")
    assert ana.heard_last() == "* Nobody here is called nobody"
    ana.says("/play ana")
    assert ana.heard_last() == "* Nobody here is called ana"


def test_who_invited_somebody_who_leaves_hears_so() -> None:
    hall = Hall()
    ana, luis = Person(hall, "/name ana"), Person(hall, "/name luis")
    ana.says("/play luis")
    luis.says("bye")
    assert ana.heard_last() == "* luis left"


def test_invitations_are_bounded() -> None:
    hall = Hall()
    ana = Person(hall, "/name ana")
    for number in range(GAME_INVITATIONS_MAX + 1):
        Program(hall, f"p{number}")
        hall.passes(0.2)
        ana.says(f"/play p{number}")
    assert ana.heard_last() == "* You have invited 10, which is as many as may be"


def test_best_of_counts_for_the_next_match_only() -> None:
    hall = Hall()
    ana = Person(hall, "/name ana", "/best 1", "/play")
    luis = Person(hall, "/name luis", "/best 7", "/play")
    assert "* Match 1: ana against luis, best of 1" in luis.heard()
    ana.says("rock")
    luis.says("paper")
    luis.says("/play")
    ana.says("/play")
    assert "* Match 2: luis against ana, best of 3" in ana.heard()


def test_a_rematch_is_wanted_by_both_and_of_as_many_rounds() -> None:
    hall = Hall()
    ana = Person(hall, "/name ana", "/rematch")
    assert ana.heard_last() == "* You have not played yet; /play waits for whoever comes"
    ana.says("/best 1", "/play")
    luis = Person(hall, "/name luis", "/play")
    ana.says("rock", "/rematch")
    assert ana.heard_last() == "* You are in a match; /bye gives it up"
    luis.says("paper", "/rematch")
    assert ana.heard_last() == "* luis wants to play with you, best of 1: /play luis"
    ana.says("/rematch")
    assert "* Match 2: luis against ana, best of 1" in ana.heard()


def test_the_house_is_offered_and_chooses_first() -> None:
    hall = Hall()
    ana = Person(hall, "/play")
    hall.passes(5.0)
    assert ana.heard_last() == "* Nobody came for 5 s: /house plays against the house"
    ana.says("/house")
    heard = ana.heard()
    assert heard[0] == "* Match 1: guest1 against house, best of 3"
    assert heard[-1].startswith("* house has chosen: ")
    ana.says("rock")
    assert any(line.startswith("* house: ") for line in ana.heard())


def test_the_house_chooses_first_also_where_somebody_has_chosen_already() -> None:
    hall = Hall()
    ana = Person(hall, "rock", "/house")
    chosen = [line.partition(":")[0] for line in ana.heard() if "chosen:" in line]
    assert chosen[:2] == ["* house has chosen", "* You have chosen"]


def test_a_match_with_the_house_ends_and_can_be_played_again() -> None:
    hall = Hall()
    ana = Person(hall, "/name ana", "/best 1", "/house")
    while not any("wins the match" in line for line in ana.lines):
        ana.says("rock")
        hall.passes(0.2)
    ana.says("/rematch")
    assert "* Match 2: ana against house, best of 1" in ana.heard()
    assert hall.kept == [], "the house has no score"


def test_who_waits_and_chooses_has_chosen_for_the_first_round() -> None:
    hall = Hall()
    ana = Person(hall, "/name ana", "rock", "paper")
    assert ana.heard()[-2:] == [
        "* Chosen; it counts for the first round",
        "* You have chosen already, and it stands",
    ]
    luis = Person(hall, "/name luis", "scissors")
    assert "* Round 1: rock beats scissors: ana wins" in luis.heard()


def test_who_calls_for_nothing_has_nothing_to_choose_in() -> None:
    hall = Hall()
    ana, luis = two_people(hall)
    luis.says("bye")
    ana.heard()
    ana.says("rock")
    assert ana.heard_last() == "* There is no match to choose in; /play begins one"


def test_programs_wait_only_once_they_call() -> None:
    hall = Hall()
    ana = Program(hall, "ana")
    Person(hall, "/name luis", "/play")
    hall.passes(1.0)
    assert Players(("luis",)) in ana.heard_of(Players)
    assert not hall.service._game.matches
    ana.says(Call())
    assert ana.match.players == ("luis", "ana")
    hall.passes(1.0)
    assert Players((), (("luis", "ana"),)) in ana.heard_of(Players)


def test_a_call_that_comes_again_is_answered_and_counts_once() -> None:
    hall = Hall()
    ana = Program(hall, "ana").says(Call(), Call())
    waiting = [told for told in ana.heard() if isinstance(told, Told)]
    assert waiting == [Told(What.WAITING)] * 2
    luis = Program(hall, "luis").says(Call(), Call())
    assert len(luis.heard_of(Match)) == 1


@pytest.mark.parametrize("best", [0, -1, 2, 101, 10**9])
def test_a_call_for_a_strange_number_of_rounds_is_refused(best: int) -> None:
    hall = Hall()
    ana = Program(hall, "ana").says(Call(best=best, house=True))
    assert Told(What.USAGE, other="/best 3") in ana.heard()
    assert not hall.service._game.matches


def test_who_waits_and_plays_is_told_when_it_changes_and_when_asked() -> None:
    hall = Hall()
    eva = Program(hall, "eva")
    ana, luis, _matches = pair_of_programs(hall)
    hall.passes(0.2)
    assert eva.heard_of(Players)[-1] == Players((), (("ana", "luis"),))
    ana.leaves()
    hall.passes(0.2)
    assert eva.heard_of(Players) == [Players()]
    luis.heard()
    luis.says(Players())
    assert luis.heard_of(Players) == [Players()]
