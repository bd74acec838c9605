"""Spectators: told what the players are, and nothing sooner."""

from tests.services.cachipun.hall import (
    Hall,
    Person,
    Program,
    pair_of_programs,
    results,
    two_people,
)

from enchufe.core.cachipun import (
    Commit,
    Match,
    Payload,
    Reveal,
    Round,
    Score,
    Scores,
    Told,
    Watch,
    What,
)
from enchufe.core.limits import GAME_WATCHERS_MAX


def test_who_watches_is_told_each_round() -> None:
    hall = Hall()
    ana, luis, (first, second) = pair_of_programs(hall, best=1)
    ana.commits(first, 1, "rock")
    eva = Program(hall, "eva")
    eva.heard()
    eva.says(Watch("luis"))
    told = eva.heard()
    assert told[:2] == [Match(1, 1, ("ana", "luis"), (0, 0), -1, (1, 2)), Round(1, 1, 30.0)]
    assert isinstance(told[2], Commit)
    luis.commits(second, 1, "paper")
    ana.reveals(first, 1, "rock")
    assert not any(isinstance(payload, Reveal) for payload in eva.heard())
    luis.reveals(second, 1, "paper")
    shown: list[Payload] = eva.heard()
    assert [type(payload) for payload in shown[:2]] == [Reveal, Reveal]
    assert results(shown)[0].over


def test_a_raw_player_watches_too() -> None:
    hall = Hall()
    ana, luis = two_people(hall)
    eva = Person(hall, "/name eva", "/watch ana")
    assert eva.heard()[-2:] == ["* Match 1: ana against luis, best of 3", "* Round 1"]
    ana.says("rock")
    (line,) = eva.heard()
    assert line.startswith("* ana has chosen: ")
    luis.says("paper")
    heard = eva.heard()
    assert "* Round 1: paper beats rock: luis wins" in heard
    eva.says("rock")
    assert eva.heard_last() == "* There is no match to choose in; /play begins one"
    luis.says("bye")
    assert "* ana wins the match, 0 to 1" in eva.heard()
    assert not any("/rematch" in line for line in eva.heard())


def test_what_cannot_be_watched_is_said() -> None:
    hall = Hall()
    ana, luis = two_people(hall)
    eva = Person(hall, "/name eva", "/watch leo")
    assert eva.heard_last() == "* Nobody here is called leo"
    eva.says("/watch eva")
    assert eva.heard_last() == "* eva is in no match"
    ana.says("/watch luis")
    assert ana.heard_last() == "* You are in a match; /bye gives it up"
    assert luis.lines


def test_who_watches_waits_for_nobody_and_a_match_ends_the_watching() -> None:
    hall = Hall()
    two_people(hall)
    eva = Person(hall, "/name eva", "/play", "/watch ana")
    assert not hall.service._game.waiting
    eva.says("/house")
    assert not next(iter(hall.service._game.matches.values())).watchers


def test_watchers_are_bounded() -> None:
    hall = Hall()
    two_people(hall)
    for number in range(GAME_WATCHERS_MAX):
        Program(hall, f"w{number}").says(Watch("ana"))
    eva = Program(hall, "eva").says(Watch("ana"))
    assert Told(What.WATCHED_FULL, "ana") in eva.heard()


def test_scores_are_told_who_asks() -> None:
    hall = Hall()
    ana = Program(hall, "ana").says(Scores())
    assert Scores((Score("ana", 2, 1),)) in ana.heard()
    luis = Person(hall, "/name luis", "/scores")
    assert luis.heard_last().split() == ["*", "1.", "ana", "2", "won", "1", "lost"]
