"""Who comes, who leaves, who comes back, and what they are called."""

from collections.abc import Sequence

from enchufe.core.cachipun import BEST_DEFAULT, Seated, Sit, What, Why
from enchufe.core.commands import CancelTimer, Close, Command, Send, SetTimer
from enchufe.core.events import PeerClosed, Reason
from enchufe.core.limits import GAME_PLAYERS_MAX
from enchufe.core.names import proper_name
from enchufe.core.peer import Peer, Transport
from enchufe.core.refusals import FULL_WORDS
from enchufe.core.room import NAME_CHARACTERS_MAX, SESSION_CHARACTERS_MAX
from enchufe.core.text import safe_text
from enchufe.services.cachipun.game import Game
from enchufe.services.cachipun.lobby import Lobby, offer_timer
from enchufe.services.cachipun.matches import AWAY_S, Matches
from enchufe.services.cachipun.players import Dialect, Player, State
from enchufe.services.cachipun.teller import pause_timer

ARRIVAL_S = 0.5
"""A program of ours says so within a round trip; after so long a silence it is taken for text."""

SILENT_S = 2.0
"""After so long a silence somebody taken for text waits for an opponent: a program on a slow
network says by then what it is, and is in no match it has not called for."""

_BROKEN = frozenset(
    {
        Reason.RESET,
        Reason.UNFINISHED,
        Reason.AWAY,
        Reason.FAILED,
        Reason.REFUSED,
        Reason.SILENT,
        Reason.SLOW,
        Reason.TOO_MUCH,
    }
)


class Arrivals:
    """Lets players in and out.

    Args:
        game: who is here.
        matches: what they play.
        lobby: where they wait.
    """

    def __init__(self, game: Game, matches: Matches, lobby: Lobby) -> None:
        self._game = game
        self._matches = matches
        self._lobby = lobby

    def opened(self, peer: Peer) -> Sequence[Command]:
        """Take note of somebody; whether they speak text or frames they will show."""
        players = self._game.players
        if len(players) >= GAME_PLAYERS_MAX:
            return (Send(peer, FULL_WORDS + self._game.words.full.encode()), Close(peer))
        player = Player(peer.id, peer)
        players.add(player)
        if peer.transport is Transport.AYUDANTIA:
            player.dialect = Dialect.WINDOW
            return [*self.come_in(player), *self.line_up(player)]
        return (*self._make_place(), SetTimer(arrival_timer(player), ARRIVAL_S))

    def _make_place(self) -> list[Command]:
        """Let go of whoever has been silent longest, if too many come in datagrams."""
        silent = self._game.players.most_silent()
        return [] if silent is None else self.leave(silent, Why.LOST)

    def framed(self, player: Player) -> list[Command]:
        """Speak frames to somebody from now on, who says what they want.

        A match that they are in, as they were taken for somebody who writes text, is given up.
        """
        given_up = self._matches.give_up(player, Why.LEFT)
        player.dialect, player.match = Dialect.FRAMES, None
        return [CancelTimer(arrival_timer(player)), *self._lobby.leave(player), *given_up]

    def silent(self, player: Player) -> list[Command]:
        """Take somebody for text who has said nothing, and after a while let them wait."""
        if player.dialect is not Dialect.TEXT:
            return []
        return self.come_in(player) if player.state is State.ARRIVING else self.line_up(player)

    def come_in(self, player: Player, name: str = "") -> list[Command]:
        """Let somebody in who speaks text.

        Args:
            player: who.
            name: how they want to be called; "" for whatever name there is.
        """
        self._call_guest(player)
        player.state = State.HERE
        told = self._call_newcomer(player, name) if name else []
        waits = SetTimer(arrival_timer(player), SILENT_S - ARRIVAL_S)
        return [waits, *self._game.tell.one(player, Seated(player.name)), *told]

    def line_up(self, player: Player) -> list[Command]:
        """Let a newcomer wait for whoever comes, unless they have called for something else."""
        if not player.is_new:
            return []
        return [CancelTimer(arrival_timer(player)), *self._lobby.wait(player, BEST_DEFAULT)]

    def _call_guest(self, player: Player) -> None:
        """Call somebody who has given no name; the number is never anybody else's."""
        game = self._game
        name = game.words.guest.format(number=player.number)
        name = name if game.is_free(name, player) else f"{name}.{player.number}"
        game.players.call(player, name, is_own=False)

    def sit(self, player: Player, sit: Sit) -> list[Command]:
        """Let somebody in who says how to be called, or who comes back.

        On a slow network they may have been taken for somebody who writes text before that.
        """
        players, session = self._game.players, sit.session[:SESSION_CHARACTERS_MAX]
        if player.has_sat and player.session == session:  # our answer may have got lost
            return [*self._renamed(player, sit.name), *self._seated(player)]
        before = players.with_session(session) if session else None
        if before is not None and before is not player:
            return [*self.come_back(player, before), *self._renamed(before, sit.name)]
        players.know_session(player, session)
        player.has_sat, player.asked = True, sit.name
        if player.state is State.ARRIVING:
            self._call_guest(player)
            player.state = State.HERE
        told = self._call_newcomer(player, sit.name) if sit.name else []
        return [CancelTimer(arrival_timer(player)), *self._seated(player), *told]

    def _seated(self, player: Player) -> list[Command]:
        """Tell somebody that they are in, and how things stand."""
        tell = self._game.tell
        present = tell.one(player, self._game.present()) if player.has_sat else []
        seated = tell.one(player, Seated(player.name))
        return [*seated, *self._matches.standing(player), *present]

    # Names

    def _call_newcomer(self, player: Player, asked: str) -> list[Command]:
        """Call somebody as they ask, or nearly so if that name is taken."""
        name = proper_name(asked)
        if name is not None and not self._game.is_free(name, player):
            near = f"{name[: NAME_CHARACTERS_MAX - 8]}.{player.number}"
            if self._game.is_free(near, player):
                self._game.players.call(player, near, is_own=True)
            return self._game.told(player, What.NAME_TAKEN, player.name, name)
        return self._call(player, asked)

    def _call(self, player: Player, asked: str) -> list[Command]:
        """Call somebody as they ask, or tell them why that cannot be."""
        game, name = self._game, proper_name(asked)
        if name is None:
            shown = safe_text(asked[:NAME_CHARACTERS_MAX])
            return game.told(player, What.NAME_UNFIT, player.name, shown)
        if not game.is_free(name, player):
            return game.told(player, What.NAME_TAKEN, player.name, name)
        game.players.call(player, name, is_own=True)
        return []

    def rename(self, player: Player, asked: str) -> list[Command]:
        """Call somebody otherwise; during a match only who had no name of their own."""
        game, before = self._game, player.name
        if player.is_playing and player.is_named:
            return game.told(player, What.NAME_KEPT, before)
        told = self._call(player, asked)
        if player.name == before:
            return told
        told = [*game.told(player, What.RENAMED, before, player.name), *game.changed()]
        match = player.match
        if match is None or not match.is_on:
            return told
        for other in (match.opponent_of(player), *match.watchers):
            told += game.told(other, What.RENAMED, before, player.name)
            told += game.tell.one(other, match.told_to(other), match) if other.has_sat else []
        return told

    def _renamed(self, player: Player, asked: str) -> list[Command]:
        """Call somebody otherwise who sits down again with a name that they have not asked for."""
        if not asked or asked in (player.asked, player.name):
            return []
        player.asked = asked
        return self.rename(player, asked)

    # Coming back

    def come_back(self, newcomer: Player, before: Player) -> list[Command]:
        """Let somebody whose line broke go on in their seat, over the line of ``newcomer``."""
        players, peer = self._game.players, newcomer.peer
        assert peer is not None
        assert before.peer is not None
        closed: list[Command] = [] if before.state is State.AWAY else [Close(before.peer)]
        gone = self._gone(newcomer, Why.LEFT)
        players.rebind(before, peer)
        was_away, before.state = before.state is State.AWAY, State.HERE
        before.dialect, before.is_finished = newcomer.dialect, newcomer.is_finished
        back = self._matches.back(before) if was_away else []
        return [*closed, CancelTimer(away_timer(before)), *gone, *back, *self._seated(before)]

    # Leaving

    def finished(self, player: Player) -> list[Command]:
        """Take note that somebody says no more; what they have chosen still counts."""
        if player.dialect is Dialect.FRAMES or player.state is State.ARRIVING:
            return self.leave(player, Why.LEFT)
        player.is_finished = True
        if player.is_playing:
            match = player.match
            assert match is not None
            has_chosen = match.seats[match.seat_of(player)].digest != ""
            return [] if has_chosen else self.leave(player, Why.LEFT)
        if player.early is None:
            return self.leave(player, Why.LEFT)
        return self._lobby.house_soon(player)

    def farewell(self, player: Player) -> list[Command]:
        """See somebody off who says bye."""
        bye = self._game.words.bye.format(name=player.name)
        return [*self._game.tell.words(player, bye), *self.leave(player, Why.LEFT)]

    def leave(self, player: Player, why: Why) -> list[Command]:
        """See somebody off; what they play, they give up."""
        peer, is_here = player.peer, player.state is not State.AWAY
        closed: list[Command] = [Close(peer)] if peer is not None and is_here else []
        return [*closed, *self._gone(player, why)]

    def closed(self, player: Player, event: PeerClosed) -> list[Command]:
        """Take note that a line is gone, and keep the seat of whoever may come back."""
        may_come_back = event.reason in _BROKEN and (player.session or player.word)
        if not may_come_back or not self._matches.may_be_away(player):
            return self._gone(player, Why.LOST if event.reason in _BROKEN else Why.LEFT)
        self._game.players.unbind(player)
        player.state = State.AWAY
        return [
            SetTimer(away_timer(player), AWAY_S),
            *self._lobby.leave(player),
            *self._matches.away(player),
        ]

    def away_too_long(self, player: Player) -> list[Command]:
        """Give up waiting for somebody."""
        return self._gone(player, Why.LOST) if player.state is State.AWAY else []

    def _gone(self, player: Player, why: Why) -> list[Command]:
        """Forget somebody."""
        self._game.players.remove(player)
        self._matches.watch_no_more(player)
        player.state = State.AWAY  # nothing more is told to them
        timers = (arrival_timer(player), away_timer(player), offer_timer(player))
        commands: list[Command] = [CancelTimer(name) for name in timers]
        if player.is_pausing:
            commands.append(CancelTimer(pause_timer(player)))
        commands += self._lobby.leave(player, What.LEFT)
        commands += self._matches.give_up(player, why) or self._tell_left(player)
        player.match = None  # who is gone keeps nobody else in memory
        return commands

    def _tell_left(self, player: Player) -> list[Command]:
        """Tell whom somebody played last that there will be no rematch."""
        match = player.match
        is_known = player.is_finished  # to have left: it ended the match
        if match is not None and match.opponent_of(player).match is match and not is_known:
            return self._game.told(match.opponent_of(player), What.LEFT, player.name)
        return []


def arrival_timer(player: Player) -> str:
    """Return the name of the timer after which somebody is taken for text."""
    return f"arrival {player.number}"


def away_timer(player: Player) -> str:
    """Return the name of the timer after which somebody who is away has left."""
    return f"away {player.number}"
