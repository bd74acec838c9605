"""What players order with a line that begins with ``/``."""

from collections.abc import Callable

from enchufe.core.cachipun import BEST_DEFAULT, BEST_MAX, Call, What, is_fit_best
from enchufe.core.commands import Command
from enchufe.services.cachipun.arrivals import Arrivals
from enchufe.services.cachipun.game import Game
from enchufe.services.cachipun.lobby import Lobby
from enchufe.services.cachipun.matches import Matches
from enchufe.services.cachipun.players import Player
from enchufe.services.cachipun.scores import ScoreTable

SHOWN_CHARACTERS_MAX = 40
"""So much of a word that is not understood is said again."""

_Obey = Callable[[Player, str], list[Command]]


class Orders:
    """Obeys players.

    Args:
        game: who is here.
        arrivals: name, bring back and see off.
        lobby: finds opponents.
        matches: what is played, and watched.
        scores: the score table.
    """

    def __init__(
        self, game: Game, arrivals: Arrivals, lobby: Lobby, matches: Matches, scores: ScoreTable
    ) -> None:
        self._game = game
        self._arrivals = arrivals
        self._lobby = lobby
        self._matches = matches
        self._scores = scores
        self._known: dict[str, _Obey] = {
            "/help": self._help,
            "/play": self._play,
            "/house": self._house,
            "/best": self._best,
            "/rematch": self._rematch,
            "/watch": self._watch,
            "/who": self._who,
            "/scores": self._table,
            "/name": self._name,
            "/back": self._back,
            "/bye": self._bye,
        }

    def obey(self, player: Player, line: str) -> list[Command]:
        """Do what ``line`` says: a command and what follows it, safe to show."""
        command, _, rest = line.partition(" ")
        known = self._known.get(command.lower())
        if known is None:
            shown = command[:SHOWN_CHARACTERS_MAX]
            return self._game.told(player, What.UNKNOWN, other=shown)
        return known(player, rest.strip())

    def watch(self, player: Player, name: str) -> list[Command]:
        """Let somebody watch the match that ``name`` plays."""
        game, other = self._game, self._game.players.named(name)
        if other is None:
            shown = name[:SHOWN_CHARACTERS_MAX]
            return game.told(player, What.NOBODY, other=shown)
        if player.is_playing:
            return game.told(player, What.PLAYING)
        if other.match is None or not other.match.is_on:
            return game.told(player, What.NOT_PLAYING, other.name)
        player.is_new = False
        return [*self._lobby.leave(player), *self._matches.watch(player, other.match)]

    def _usage(self, player: Player, example: str) -> list[Command]:
        return self._game.told(player, What.USAGE, other=example)

    def _help(self, player: Player, _rest: str) -> list[Command]:
        return self._game.tell.words(player, self._game.words.help)

    def _play(self, player: Player, rest: str) -> list[Command]:
        best = BEST_DEFAULT if player.is_playing else self._lobby.best_of(player)
        return self._lobby.call(player, Call(rest[: 2 * SHOWN_CHARACTERS_MAX], best))

    def _house(self, player: Player, _rest: str) -> list[Command]:
        best = BEST_DEFAULT if player.is_playing else self._lobby.best_of(player)
        return self._lobby.call(player, Call(best=best, house=True))

    def _best(self, player: Player, rest: str) -> list[Command]:
        is_number = rest.isascii() and rest.isdecimal() and len(rest) <= len(str(BEST_MAX))
        if not is_number or not is_fit_best(int(rest)):
            return self._usage(player, "/best 5")
        player.best = int(rest)
        return self._game.told(player, What.BEST, count=player.best)

    def _rematch(self, player: Player, _rest: str) -> list[Command]:
        return self._lobby.rematch(player)

    def _watch(self, player: Player, rest: str) -> list[Command]:
        return self.watch(player, rest) if rest else self._usage(player, "/watch luis")

    def _who(self, player: Player, _rest: str) -> list[Command]:
        return self._game.tell.one(player, self._game.present())

    def _table(self, player: Player, _rest: str) -> list[Command]:
        return self._scores.ask(player)

    def _name(self, player: Player, rest: str) -> list[Command]:
        return self._arrivals.rename(player, rest) if rest else self._usage(player, "/name ana")

    def _back(self, player: Player, rest: str) -> list[Command]:
        before = self._game.players.with_word(rest.casefold())
        if before is None or before is player or not before.is_playing:
            return self._game.told(player, What.NOT_BACK)
        return self._arrivals.come_back(player, before)

    def _bye(self, player: Player, _rest: str) -> list[Command]:
        return self._arrivals.farewell(player)
