"""Who plays with whom: by order of arrival, by invitation, or with the house."""

from enchufe.core.cachipun import BEST_DEFAULT, Call, Choice, What, is_fit_best
from enchufe.core.commands import CancelTimer, Command, SetTimer
from enchufe.core.limits import GAME_INVITATIONS_MAX
from enchufe.services.cachipun.game import Game
from enchufe.services.cachipun.matches import Matches
from enchufe.services.cachipun.players import Dialect, Player, State

HOUSE_S = 5.0
"""After waiting so long, somebody is offered to play with the house; those who have chosen and
cannot say yes to that play with it."""

HOUSE_NUMBER = 0


class Lobby:
    """Brings players together; who has called first says of how many rounds their match is.

    Args:
        game: who is here.
        matches: where their matches begin.
    """

    def __init__(self, game: Game, matches: Matches) -> None:
        self._game = game
        self._matches = matches

    # Calling for a match

    def call(self, player: Player, call: Call) -> list[Command]:
        """Find somebody an opponent, or let them wait for one."""
        if not is_fit_best(call.best):
            return self._game.told(player, What.USAGE, other="/best 3")
        if player.is_playing:  # a frame that comes twice is answered once
            is_text = player.dialect is Dialect.TEXT
            return self._game.told(player, What.PLAYING) if is_text else []
        if call.house:
            return self._with_house(player, call.best)
        return self._invite(player, call) if call.to else self.wait(player, call.best)

    def best_of(self, player: Player, usual: int = BEST_DEFAULT) -> int:
        """Return of how many rounds the match is that somebody calls now."""
        best, player.best = player.best, None
        return usual if best is None else best

    def rematch(self, player: Player) -> list[Command]:
        """Call for another match with the last opponent."""
        match = player.match
        if match is None:
            return self._game.told(player, What.NO_REMATCH)
        opponent = match.opponent_of(player)
        best = self.best_of(player, match.best)
        to = "" if opponent.is_house else opponent.name
        return self.call(player, Call(to, best, house=opponent.is_house))

    def wait(self, player: Player, best: int) -> list[Command]:
        """Let somebody play with whoever has waited longest, or wait."""
        game = self._game
        if player in game.waiting:
            return game.told(player, What.WAITING)
        player.is_new = False
        self._withdraw(player)
        if game.waiting:
            first = game.waiting[0]
            return self._begin(first, player, self.best_of(first))
        player.best = best
        game.waiting.append(player)
        return [*game.told(player, What.WAITING), self._offer_later(player), *game.changed()]

    def _offer_later(self, player: Player) -> Command:
        return SetTimer(offer_timer(player), HOUSE_S)

    def _with_house(self, player: Player, best: int) -> list[Command]:
        house = Player(HOUSE_NUMBER, None, self._game.words.house)
        return self._begin(player, house, best)

    def _begin(self, first: Player, second: Player, best: int) -> list[Command]:
        """Begin a match; nobody who waits for one of the two waits any longer."""
        commands: list[Command] = []
        for player in (first, second):
            if not player.is_house:
                player.best, player.is_new = None, False
                commands += self.leave(player, but=(first, second))
        return [*commands, *self._matches.begin(first, second, best)]

    # Inviting

    def _invite(self, player: Player, call: Call) -> list[Command]:
        game, other = self._game, self._game.players.named(call.to)
        if other is None or other is player or other.state is not State.HERE:
            return game.told(player, What.NOBODY, other=call.to)
        if other.is_playing:
            return game.told(player, What.BUSY, other.name)
        if player in other.invited:
            return self._begin(other, player, other.invited[player])
        if other in game.waiting:
            return self._begin(other, player, self.best_of(other))
        if len(player.invited) >= GAME_INVITATIONS_MAX and other not in player.invited:
            return game.told(player, What.INVITATIONS_FULL, count=len(player.invited))
        return self._ask(player, other, call.best)

    def _ask(self, player: Player, other: Player, best: int) -> list[Command]:
        """Ask somebody, once, whether they want to play."""
        game = self._game
        player.is_new = False
        stood_waiting = self._stop_waiting(player)
        is_new = other not in player.invited
        player.invited[other] = other.invited_by[player] = best
        asked = game.told(other, What.INVITED, player.name, count=best) if is_new else []
        return [*stood_waiting, *asked, *game.told(player, What.INVITING, other.name)]

    # Waiting no longer

    def leave(
        self, player: Player, what: What = What.DECLINED, but: tuple[Player, ...] = ()
    ) -> list[Command]:
        """Let somebody wait for nobody, and nobody for them.

        Args:
            player: who.
            what: why, as those are told who invited them.
            but: who is not told.
        """
        commands = self._withdraw(player)
        for inviter in player.invited_by:
            del inviter.invited[player]
            if inviter not in but:
                commands += self._game.told(inviter, what, player.name)
        player.invited_by = {}
        return commands

    def _withdraw(self, player: Player) -> list[Command]:
        """Let somebody wait for nobody."""
        for invited in player.invited:
            del invited.invited_by[player]
        player.invited = {}
        return self._stop_waiting(player)

    def _stop_waiting(self, player: Player) -> list[Command]:
        if player not in self._game.waiting:
            return []
        self._game.waiting.remove(player)
        return [CancelTimer(offer_timer(player)), *self._game.changed()]

    # Choosing before there is a match

    def choose_early(self, player: Player, choice: Choice) -> list[Command]:
        """Keep a choice for the first round of a match that is yet to begin."""
        is_window = player.dialect is Dialect.WINDOW
        is_waiting = player in self._game.waiting or bool(player.invited)
        if not is_waiting and not is_window:
            return self._game.told(player, What.NO_MATCH)
        if player.early is not None:
            return self._game.told(player, What.CHOSEN)
        player.early = choice
        told = self._game.told(player, What.EARLY)
        if not is_waiting:
            told += self._call_for_window(player)
        return told if player.is_playing else [*told, self._offer_later(player)]

    def _call_for_window(self, player: Player) -> list[Command]:
        """Let a window play again with the same opponent, or with whoever is there."""
        match, game = player.match, self._game
        opponent = None if match is None else match.opponent_of(player)
        if opponent is None or opponent.is_playing or game.waiting:
            return self.wait(player, BEST_DEFAULT)
        if game.players.numbered(opponent.number) is not opponent:  # the house, or gone
            return self.wait(player, BEST_DEFAULT)
        return self._invite(player, Call(opponent.name))

    def offer_due(self, player: Player) -> list[Command]:
        """Offer the house to somebody who has waited; who cannot say yes plays with it."""
        if player.is_playing:
            return []
        must_play = player.dialect is Dialect.WINDOW or player.is_finished
        if player.early is not None and must_play:
            return self._with_house(player, BEST_DEFAULT)
        if player not in self._game.waiting:
            return []
        return self._game.told(player, What.HOUSE_OFFERED, count=round(HOUSE_S))

    def house_soon(self, player: Player) -> list[Command]:
        """Offer the house anew to somebody who says no more."""
        return [self._offer_later(player)]


def offer_timer(player: Player) -> str:
    """Return the name of the timer after which the house is offered."""
    return f"offer {player.number}"
