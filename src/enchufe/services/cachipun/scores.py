"""The score table, which is kept outside: questions for it, and their answers."""

from enchufe.core.cachipun import Scores
from enchufe.core.commands import Command
from enchufe.core.limits import GAME_SCORE_QUESTIONS_MAX, GAME_SCORE_ROWS_MAX
from enchufe.core.scores import AskScores, ScoresFound
from enchufe.services.cachipun.game import Game
from enchufe.services.cachipun.players import Player


class ScoreTable:
    """Answers who won how many matches.

    Args:
        game: who is here.
    """

    def __init__(self, game: Game) -> None:
        self._game = game
        self._waiting = 0

    def ask(self, player: Player) -> list[Command]:
        """Look the table up for somebody."""
        if self._waiting >= GAME_SCORE_QUESTIONS_MAX:
            return []
        self._waiting += 1
        return [AskScores(str(player.number), GAME_SCORE_ROWS_MAX)]

    def found(self, event: ScoresFound) -> list[Command]:
        """Tell whoever asked, if they are still here."""
        self._waiting -= 1
        player = self._game.players.numbered(int(event.tag))
        return [] if player is None else self._game.tell.one(player, Scores(event.rows))
