"""Raw players: what they type, and what they are told."""

import hashlib
import re

from tests.services.cachipun.hall import Hall, Person, two_people

from enchufe.core.cachipun_words import GameWords

SPANISH = GameWords(rock="piedra", paper="papel", scissors="tijera")


def test_the_first_two_who_come_play_in_the_order_in_which_they_came() -> None:
    hall = Hall()
    ana = Person(hall)
    hall.passes(0.5)
    assert ana.heard() == [
        "* Welcome to cachipún. You are guest1; /name NAME changes that, /help helps."
    ]
    hall.passes(1.5)
    assert "You wait" in ana.heard_last()
    luis = Person(hall)
    hall.passes(2.0)
    heard = luis.heard()
    assert heard[1] == "* Match 1: guest1 against guest2, best of 3"
    assert re.fullmatch(r"\* If your line breaks, come back with: /back \w{10}", heard[2])
    assert heard[3] == "* Round 1: rock, paper or scissors? You have 30 s"


def test_neither_choice_is_told_before_both_are_made() -> None:
    hall = Hall()
    ana, luis = two_people(hall)
    ana.heard(), luis.heard()
    ana.says("rock")
    told = luis.heard()
    assert re.fullmatch(r"\* ana has chosen: [0-9a-f]{64}", told[0])
    assert len(told) == 1
    assert re.fullmatch(r"\* You have chosen: [0-9a-f]{64}", ana.heard_last())
    luis.says("paper")
    assert luis.heard()[-2:] == [
        "* ana 0, luis 1",
        "* Round 2: rock, paper or scissors? You have 30 s",
    ]


def test_what_is_revealed_is_checked_with_a_shell() -> None:
    hall = Hall()
    ana, luis = two_people(hall)
    ana.says("rock")
    luis.says("scissors")
    heard = luis.heard()
    digests = [line.rpartition(" ")[2] for line in heard if "chosen: " in line]
    shown = [re.findall(r"printf %s (\S+) \| sha256sum", line) for line in heard]
    texts = [text for found in shown for text in found]
    assert [text.split("/")[:4] for text in texts] == [
        ["1", "1", "0", "rock"],
        ["1", "1", "1", "scissors"],
    ]
    assert [hashlib.sha256(text.encode()).hexdigest() for text in texts] == digests


def test_a_choice_stands() -> None:
    hall = Hall()
    ana, luis = two_people(hall)
    ana.says("rock", "paper")
    assert ana.heard_last() == "* You have chosen already, and it stands"
    luis.says("rock")
    assert "* Round 1: ana and luis both show rock: a draw" in luis.heard()


def test_a_draw_is_played_again_and_counts_for_nobody() -> None:
    hall = Hall()
    ana, luis = two_people(hall)
    for number in (1, 2):
        ana.says("r")
        luis.says("1")
        assert f"* Round {number}: ana and luis both show rock: a draw" in ana.heard()
        assert "* ana 0, luis 0" in luis.heard()


def test_who_wins_most_wins_the_match() -> None:
    hall = Hall()
    ana, luis = two_people(hall)
    for own, other in (("rock", "paper"), ("piedra", "tijera"), ("✊", "✌️")):
        ana.says(own)
        luis.says(other)
    assert ana.heard()[-2:] == [
        "* ana wins the match, 2 to 1",
        "* /rematch plays again, /play waits for whoever comes, /bye leaves",
    ]


def test_what_is_ambiguous_is_asked_back_and_what_is_nothing_explained() -> None:
    hall = Hall(SPANISH)
    ana, _luis = two_people(hall)
    ana.says("p")
    assert ana.heard_last() == "* p may be more than one hand: write one more letter of it"
    ana.says("lagarto")
    assert ana.heard_last().startswith("* Write rock, paper or scissors")
    ana.says("pi")
    assert "You have chosen" in ana.heard_last()


def test_a_name_is_given_before_anything_else_or_later() -> None:
    hall = Hall()
    ana = Person(hall, "/name ana")
    assert "You are ana" in ana.lines[0]
    luis = Person(hall, "/name ana")
    assert luis.heard_last() == "* ana is taken; you are ana.2"
    luis.says("/name luis")
    assert luis.heard_last() == "* ana.2 is now luis"
    luis.says("/name casa de ana")
    assert "A name has 1 to 24" in luis.heard_last()
    luis.says("/name house")
    assert luis.heard_last() == "* house is taken; you are luis"


def test_a_guest_may_take_a_name_in_a_match_and_nobody_may_change_one() -> None:
    hall = Hall()
    ana, eva = Person(hall, "/name ana", "/play"), Person(hall, "/play")
    eva.says("/name eva")
    assert "* guest2 is now eva" in ana.heard()
    ana.says("/name luis")
    assert ana.heard_last() == "* You are ana until this match is over"


def test_orders_are_explained() -> None:
    hall = Hall()
    ana = Person(hall, "/help", "/dance", "/best 2", "/best x", "/watch", "/name")
    heard = ana.heard()
    assert any(line.startswith("* /rematch") for line in heard)
    assert "* There is no /dance; /help lists what there is" in heard
    assert heard.count("* Write it like: /best 5") == 2
    assert "* Write it like: /watch luis" in heard
    assert "* Write it like: /name ana" in heard


def test_who_types_too_fast_is_told_once_and_heard_again_after_a_pause() -> None:
    hall = Hall()
    ana = Person(hall, *["/who"] * 50)
    heard = ana.heard()
    assert heard.count("* Nobody waits") == 20
    assert heard.count("* Too much at once; try again in a moment") == 1
    hall.passes(1.0)
    ana.says("/who")
    assert ana.heard_last() != "* Too much at once; try again in a moment"


def test_the_server_says_when_it_ends() -> None:
    from enchufe.core.events import RunStopping

    hall = Hall()
    ana, luis = two_people(hall)
    hall.tell(RunStopping(hall.now_ns))
    assert ana.heard_last() == luis.heard_last() == "* This server ends now"
