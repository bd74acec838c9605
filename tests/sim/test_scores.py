"""Scores of the simulated world: kept after a while, or lost with the run."""

from enchufe.core.cachipun import Score
from enchufe.core.chance import Chance
from enchufe.core.events import Event
from enchufe.core.scores import AskScores, KeepScore, ScoreKept, ScoresFound
from enchufe.sim.conditions import CALM
from enchufe.sim.network import Network
from enchufe.sim.scores import Scores


def test_a_score_is_kept_and_found_later() -> None:
    network = Network(Chance(1), CALM)
    scores, told = Scores(network), list[Event]()
    scores.deliver = told.append
    scores.perform(KeepScore(1, "ana", "luis"))
    assert scores.kept == []
    while network.clock.step():
        pass
    scores.perform(AskScores("x", 1))
    while network.clock.step():
        pass
    kept, found = told
    assert isinstance(kept, ScoreKept)
    assert isinstance(found, ScoresFound)
    assert found.rows == (Score("ana", 1, 0),)


def test_a_crash_keeps_what_was_being_written_or_does_not_and_tells_nobody() -> None:
    outcomes = set()
    for seed in range(20):
        network = Network(Chance(seed), CALM)
        scores, told = Scores(network), list[Event]()
        scores.deliver = told.append
        scores.perform(KeepScore(1, "ana", "luis"))
        scores.crash()
        while network.clock.step():
            pass
        outcomes.add(len(scores.kept))
        assert told == []
    assert outcomes == {0, 1}
