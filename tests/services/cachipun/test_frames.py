"""Programs that commit and reveal by themselves."""

import pytest
from msgspec.structs import replace
from tests.services.cachipun.hall import (
    NONCES,
    Hall,
    Person,
    Program,
    pair_of_programs,
    results,
)

from enchufe.core.cachipun import (
    Call,
    Commit,
    Match,
    Result,
    Reveal,
    Round,
    Seated,
    Sit,
    Told,
    What,
    Why,
    commitment,
    frame_of,
)
from enchufe.core.commands import SendFrame
from enchufe.core.errors import ProtocolError
from enchufe.core.events import FrameReceived, PeerFramed
from enchufe.core.frames import Frame, Kind
from enchufe.core.limits import GAME_ROUNDS_MAX


def test_a_round_from_the_call_to_the_result() -> None:
    hall = Hall()
    ana, luis, (first, second) = pair_of_programs(hall)
    assert (first, second.seat) == (Match(1, 3, ("ana", "luis"), (0, 0), 0, (1, 2)), 1)
    assert ana.heard()[-1] == Round(1, 1, 30.0)
    ana.commits(first, 1, "rock")
    digest = commitment(1, 1, 0, "rock", NONCES[0])
    assert luis.heard()[-1] == ana.heard()[-1] == Commit(1, 1, digest, 0)
    luis.commits(second, 1, "scissors", NONCES[1])
    ana.heard()
    ana.reveals(first, 1, "rock")
    assert ana.heard() == [], "told before both have revealed"
    luis.reveals(second, 1, "scissors", NONCES[1])
    assert ana.heard() == [
        Reveal(1, 1, "rock", NONCES[0], 0),
        Reveal(1, 1, "scissors", NONCES[1], 1),
        Result(1, 1, ("rock", "scissors"), 0, (1, 0), over=False, why=Why.PLAYED),
        Round(1, 2, 30.0),
    ]


def test_nobody_changes_a_mind() -> None:
    hall = Hall()
    ana, luis, (first, second) = pair_of_programs(hall)
    ana.commits(first, 1, "rock")
    ana.heard()
    ana.commits(first, 1, "paper")
    assert ana.heard() == []
    luis.commits(second, 1, "scissors")
    ana.reveals(first, 1, "paper")
    luis.reveals(second, 1, "scissors")
    (result,) = results(luis.heard())
    assert (result.winner, result.why, result.choices) == (1, Why.FALSE, ("", "scissors"))


def test_the_digest_of_another_cannot_be_made_ones_own() -> None:
    hall = Hall()
    ana, luis, (first, second) = pair_of_programs(hall)
    ana.commits(first, 1, "rock")
    luis.says(Commit(1, 1, commitment(1, 1, 0, "rock", NONCES[0])))
    ana.reveals(first, 1, "rock")
    luis.reveals(second, 1, "rock")
    (result,) = results(luis.heard())
    assert (result.winner, result.why) == (0, Why.FALSE)


def test_nothing_is_revealed_before_both_have_committed() -> None:
    hall = Hall()
    ana, luis, (first, second) = pair_of_programs(hall)
    ana.commits(first, 1, "rock")
    luis.heard()
    ana.reveals(first, 1, "rock")
    assert luis.heard() == []
    luis.commits(second, 1, "paper")
    luis.reveals(second, 1, "paper")
    assert not results(luis.heard()), "a reveal that came too early was taken"
    ana.reveals(first, 1, "rock")
    assert results(luis.heard())[0].winner == 1


@pytest.mark.parametrize(
    ("choice", "nonce"), [("lizard", NONCES[0]), ("", ""), ("rock", NONCES[1]), ("x" * 999, "")]
)
def test_a_reveal_that_does_not_fit_loses_the_round(choice: str, nonce: str) -> None:
    hall = Hall()
    ana, luis, (first, second) = pair_of_programs(hall)
    ana.says(Commit(1, 1, commitment(1, 1, 0, choice, NONCES[0])))
    luis.commits(second, 1, "rock")
    ana.reveals(first, 1, choice, nonce)
    luis.reveals(second, 1, "rock")
    (result,) = results(ana.heard())
    assert (result.winner, result.why) == (1, Why.FALSE)


def test_who_does_not_reveal_in_time_loses_the_round_and_in_the_end_the_match() -> None:
    hall = Hall()
    ana, luis, (_first, second) = pair_of_programs(hall)
    for number in (1, 2):
        ana.commits(_first, number, "rock")
        luis.commits(second, number, "rock")
        luis.reveals(second, number, "rock")
        hall.passes(10.0)
    told = results(ana.heard())
    assert [(result.winner, result.why) for result in told] == [(1, Why.LATE), (1, Why.LATE)]
    assert told[-1].over


def test_words_about_another_round_or_match_mean_nothing() -> None:
    hall = Hall()
    ana, luis, (first, _second) = pair_of_programs(hall)
    luis.heard()
    for match, number in ((1, 2), (2, 1), (1, 0), (0, 1)):
        ana.says(Commit(match, number, "0" * 64), Reveal(match, number, "rock", NONCES[0]))
    ana.reveals(first, 1, "rock")
    assert luis.heard() == []


def test_who_sits_down_again_is_told_how_things_stand() -> None:
    hall = Hall()
    ana, luis, (first, second) = pair_of_programs(hall)
    ana.commits(first, 1, "rock")
    luis.heard()
    hall.passes(10.0)
    luis.says(Sit("luis", "session of luis"))
    told = luis.heard()
    assert told[:2] == [Seated("luis"), second]
    assert told[2] == Round(1, 1, 20.0)
    assert isinstance(told[3], Commit)


def test_who_comes_again_on_another_line_is_the_same_player() -> None:
    hall = Hall()
    ana, luis, (first, second) = pair_of_programs(hall)
    again = Program(hall, "somebody", session="session of luis")
    assert luis.is_closed
    assert again.heard()[:2] == [Seated("luis"), replace(second, numbers=(1, 3))]
    ana.commits(first, 1, "rock")
    again.commits(second, 1, "rock")
    assert len(hall.service._game.players) == 2


def test_who_sits_down_again_with_another_name_is_called_so() -> None:
    hall = Hall()
    ana, luis = Program(hall, "ana"), Program(hall, "ana", session="other")
    assert luis.heard()[-1] == Told(What.NAME_TAKEN, "ana.2", "ana")
    luis.says(Sit("ana", "other"))
    assert luis.heard() == [Seated("ana.2")], "it is told so once"
    luis.says(Sit("luis", "other"))
    assert luis.heard() == [Told(What.RENAMED, "ana.2", "luis"), Seated("luis")]
    luis.is_lost()
    eva = Program(hall, "eva", session="other")
    assert eva.heard()[0] == Seated("eva")
    assert ana.told


def test_a_name_is_kept_while_a_match_goes_on() -> None:
    hall = Hall()
    ana, _luis, (first, _second) = pair_of_programs(hall)
    ana.heard()
    ana.says(Sit("eva", "session of ana"))
    told = ana.heard()
    assert told[:3] == [Told(What.NAME_KEPT, "ana"), Seated("ana"), first]


def test_strangers_are_told_to_sit_down() -> None:
    hall = Hall()
    ana = Person(hall)
    hall.tell(PeerFramed(hall.now_ns, ana.peer))
    event = FrameReceived(hall.now_ns, ana.peer, frame_of(Call()))
    assert hall.service.handle(event) == [SendFrame(ana.peer, frame_of(Told(What.STRANGER)))]


def test_a_payload_that_is_none_is_the_peers_fault() -> None:
    hall = Hall()
    ana = Program(hall, "ana")
    for kind in (Kind.SIT, Kind.CALL, Kind.COMMIT, Kind.REVEAL, Kind.WATCH):
        with pytest.raises(ProtocolError):
            hall.service.handle(FrameReceived(hall.now_ns, ana.peer, Frame(kind, 0, b"[]")))


def test_a_program_taken_for_text_gives_up_the_match_it_was_put_in() -> None:
    hall = Hall()
    ana, late = Person(hall, "/name ana", "/play"), Person(hall)
    hall.passes(2.0)
    assert any("Match 1" in line for line in late.heard())
    hall.tell(PeerFramed(hall.now_ns, late.peer))
    assert "* guest2 left" in ana.heard()
    (seated, *more) = hall.service.handle(
        FrameReceived(hall.now_ns, late.peer, frame_of(Sit("luis", "s")))
    )[1:]
    assert isinstance(seated, SendFrame)
    assert not any(isinstance(c, SendFrame) and c.frame.kind == Kind.MATCH for c in more)


def test_a_match_of_nothing_but_draws_ends() -> None:
    hall = Hall()
    ana, luis, (first, second) = pair_of_programs(hall)
    for number in range(1, GAME_ROUNDS_MAX + 1):
        for player, match in ((ana, first), (luis, second)):
            player.commits(match, number, "rock")
        for player, match in ((ana, first), (luis, second)):
            player.reveals(match, number, "rock")
    last = results(ana.heard())[-1]
    assert (last.over, last.winner, last.why) == (True, -1, Why.ENDLESS)
