"""Our own end: commits, reveals, checks the others, and comes back."""

import pytest
from tests.playbook import stopping
from tests.services.contestant.server import BEGUN, NONCE, SERVER, Table

from enchufe.core.cachipun import (
    Call,
    Choice,
    Commit,
    Match,
    Players,
    Result,
    Reveal,
    Round,
    Scores,
    Seated,
    Sit,
    Told,
    Watch,
    What,
    Why,
    commitment,
)
from enchufe.core.commands import Close, Send
from enchufe.core.events import MessageReceived, NotReached, Reason
from enchufe.core.exits import ExitCode
from enchufe.core.line import REDIAL_TIMER
from enchufe.core.peer import Peer, Transport
from enchufe.services.contestant import Contestant, Wish
from enchufe.services.contestant.service import GIVE_UP_S
from enchufe.services.contestant.stage import COUNT_TIMER

ROCK, PAPER, SCISSORS = Choice
UDP = Peer(1, Transport.UDP, "192.0.2.9", 7070, is_stream=False)


def person(wish: Wish | None = None, peer: Peer = SERVER) -> Table:
    return Table(Contestant("ana", "session", wish, seed="seed"), peer)


def script(*lines: str, wish: Wish | None = None) -> Table:
    table = Table(Contestant("ana", "session", wish, seed="seed", is_script=True))
    return table.types(*lines).input_ends()


@pytest.mark.parametrize(
    ("wish", "called"),
    [
        (Wish(), Call()),
        (Wish(best=5), Call(best=5)),
        (Wish(against="luis"), Call("luis")),
        (Wish(house=True), Call(house=True)),
        (Wish(watch="luis"), Watch("luis")),
    ],
)
def test_it_sits_down_and_says_what_it_wants(wish: Wish, called: Call | Watch) -> None:
    table = person(wish)
    assert table.heard() == [Sit("ana", "session")]
    table.tells(Seated("ana.2"), Seated("ana.2"))
    assert table.heard() == [called]
    assert "You are ana.2" in table.shown()[0]


def test_a_round_is_played_and_shown_after_counting_down() -> None:
    table = person().begins().types("rock")
    result = table.plays(1, SCISSORS)
    table.shown()
    table.tells(result, Round(1, 2, 30.0))
    assert table.shown() == ["3"], "the result was shown at once"
    assert table.fires(COUNT_TIMER).shown() == ["2"]
    assert table.fires(COUNT_TIMER).shown() == ["1"]
    shown = table.fires(COUNT_TIMER).shown()
    assert shown[0].split() == ["ana", "luis"]
    assert "* Round 1: rock beats scissors: ana wins" in shown
    assert shown[-1].startswith("* Round 2")


def test_nothing_is_revealed_before_both_digests_are_known() -> None:
    table = person().begins().types("rock")
    (commit,) = [said for said in table.heard() if isinstance(said, Commit)]
    table.tells(Commit(1, 1, "0" * 64, 1))
    assert not any(isinstance(said, Reveal) for said in table.heard())
    table.tells(Commit(1, 1, commit.digest, 0))
    assert any(isinstance(said, Reveal) for said in table.heard())


def test_nothing_is_revealed_where_our_own_digest_was_told_otherwise() -> None:
    table = person().begins().types("rock")
    table.tells(Commit(1, 1, "0" * 64, 0), Commit(1, 1, "1" * 64, 1))
    assert not any(isinstance(said, Reveal) for said in table.heard())


def test_a_reveal_that_does_not_fit_is_called_cheating() -> None:
    table = person().begins().types("rock")
    (commit,) = [said for said in table.heard() if isinstance(said, Commit)]
    digest = commitment(1, 1, 1, "paper", NONCE)
    table.tells(Commit(1, 1, commit.digest, 0), Commit(1, 1, digest, 1))
    table.tells(Commit(1, 1, commitment(1, 1, 1, "scissors", NONCE), 1))
    table.tells(Reveal(1, 1, "scissors", NONCE, 1))
    assert any("luis has cheated" in line for line in table.shown())


@pytest.mark.parametrize(
    ("choices", "won_by"),
    [(("rock", "scissors"), 1), (("rock", "paper"), 0), (("rock", "x"), 0), (("", ""), 0)],
)
def test_a_result_that_does_not_follow_is_called_cheating(
    choices: tuple[str, str], won_by: int
) -> None:
    table = person().begins().types("rock")
    table.plays(1, SCISSORS)
    table.tells(Result(1, 1, choices, won_by, (0, 1), over=False, why=Why.PLAYED))
    assert any("The server has cheated" in line for line in table.shown())


def test_a_choice_stands_and_one_too_early_is_kept() -> None:
    table = person()
    table.tells(Seated("ana")).types("rock", "paper")
    shown = table.shown()
    assert "* rock is kept for the round to come" in shown
    assert shown[-1] == "* You have chosen already, and it stands"
    table.tells(BEGUN, Round(1, 1, 30.0))
    assert "* You have chosen rock" in table.shown()
    table.types("paper")
    assert table.shown() == ["* You have chosen already, and it stands"]


def test_what_is_no_choice_is_explained_and_orders_go_to_the_server() -> None:
    table = person().begins()
    table.types("lagarto", "/help", "/who")
    shown = table.shown()
    assert any("Write rock, paper or scissors" in line for line in shown)
    assert any("/rematch" in line for line in shown)
    assert Send(SERVER, b"/who") in table.commands
    table.types("bye")
    assert table.commands[-3:-1] == [Send(SERVER, b"bye"), Close(SERVER)]
    assert table.exit_code is ExitCode.DONE


def test_whoever_is_interrupted_says_goodbye() -> None:
    table = person().begins()
    table.happens(stopping())
    assert table.commands[-3:-1] == [Send(SERVER, b"bye"), Close(SERVER)]


def test_each_line_of_a_pipe_waits_for_its_round() -> None:
    table = script("rock", "lagarto", "paper")
    table.begins()
    first = table.plays(1, ROCK)
    assert not any("cheated" in line for line in table.shown())
    table.tells(first)
    assert table.heard() == []
    table.tells(Round(1, 2, 30.0))
    (commit,) = table.heard()
    assert isinstance(commit, Commit)
    assert table.exit_code is None, "it has not heard the result"
    table.tells(Result(1, 2, ("", ""), 1, (0, 2), over=True, why=Why.LATE))
    assert table.exit_code is ExitCode.DONE


def test_a_pipe_that_has_nothing_more_to_play_leaves() -> None:
    table = script("rock")
    table.begins()
    table.tells(table.plays(1, ROCK))
    assert Send(SERVER, b"bye") in table.commands
    assert table.exit_code is ExitCode.DONE


def test_who_wants_one_opponent_takes_their_invitation_or_asks_once_they_wait() -> None:
    table = person(Wish(against="luis")).tells(Seated("ana"), Told(What.NOBODY, other="luis"))
    table.heard()
    table.tells(Told(What.INVITED, "eva", count=3))
    assert table.heard() == []
    table.tells(Told(What.INVITED, "luis", count=5))
    assert table.heard() == [Call("luis", 5)]
    table.tells(Players(("eva",)), Players(("luis",)))
    assert table.heard() == [Call("luis")]


def test_a_watcher_of_a_pipe_stays_to_the_end_and_leaves_where_there_is_none() -> None:
    table = script(wish=Wish(watch="luis"))
    table.tells(Seated("ana"), Match(1, 3, ("luis", "eva"), (1, 0), -1), Round(1, 2, 9.0))
    assert "* Round 2" in table.shown()
    assert table.exit_code is None
    table.tells(Result(1, 2, ("", ""), 0, (2, 0), over=True, why=Why.LATE))
    assert table.exit_code is ExitCode.DONE
    in_vain = script(wish=Wish(watch="luis")).tells(Seated("ana"), Told(What.NOT_PLAYING, "luis"))
    assert in_vain.exit_code is ExitCode.DONE


def test_it_calls_again_and_goes_on_in_the_same_match() -> None:
    table = person().begins().types("rock")
    (commit,) = [said for said in table.heard() if isinstance(said, Commit)]
    table.breaks()
    assert any("The line is lost" in line for line in table.shown())
    table.fires(REDIAL_TIMER)
    assert table.dials == 1
    table.opens_again().tells(Seated("ana"), BEGUN, Round(1, 1, 12.0))
    assert table.heard() == [Sit("ana", "session"), commit], "what was said is said again"
    assert table.shown() == ["* Back."]


def test_a_match_the_server_has_forgotten_is_gone_and_another_is_called_for() -> None:
    table = person().begins()
    table.breaks().fires(REDIAL_TIMER)
    table.opens_again().heard()
    table.shown()
    table.tells(Seated("ana"), Players())
    assert table.heard() == [Call()]
    assert any("The match is gone" in line for line in table.shown())


def test_it_gives_up_after_as_long_as_a_seat_is_kept() -> None:
    table = person().begins().breaks()
    for _ in range(100):
        if table.exit_code is None:
            table.happens(NotReached(0, "nobody listens"))
    assert table.exit_code is ExitCode.LOST
    assert f"nobody was there for {GIVE_UP_S:g} s" in table.shown()[-1]


def test_who_is_no_game_is_told_so() -> None:
    table = person().happens(MessageReceived(0, SERVER, b"thank you"))
    table.breaks(Reason.FINISHED)
    assert table.exit_code is ExitCode.PROTOCOL
    assert table.shown()[0] == "thank you"
    silent = person().fires("answer")
    assert silent.exit_code is ExitCode.PROTOCOL
    assert person(peer=UDP).fires("answer").exit_code is ExitCode.TIMED_OUT
    refused = person().happens(MessageReceived(0, SERVER, b"enchufe: full: no more"))
    assert refused.exit_code is ExitCode.OVER_LIMIT


def test_over_datagrams_it_says_again_what_is_not_answered() -> None:
    table = person(peer=UDP)
    table.heard()
    assert table.fires("again").heard() == [Sit("ana", "session")]
    table.tells(Seated("ana")).heard()
    assert table.fires("again").heard() == [Sit("ana", "session"), Call()]
    table.tells(Told(What.WAITING), BEGUN, Round(1, 1, 30.0)).types("rock")
    (commit,) = table.heard()
    assert table.fires("again").heard() == [Sit("ana", "session"), commit]


def test_a_server_that_has_forgotten_us_is_told_again() -> None:
    table = person(peer=UDP).tells(Seated("ana"))
    table.heard()
    table.tells(Told(What.STRANGER))
    assert table.heard() == [Sit("ana", "session")]


def test_tables_are_shown() -> None:
    table = person().tells(Seated("ana"), Scores())
    assert "Nobody has a score yet" in table.shown()[-1]
