"""Matches that go on: rounds begin, choices come, time is up, players leave and come back."""

from collections.abc import Sequence

from enchufe.core.cachipun import (
    NOBODY,
    SEATS,
    Choice,
    Commit,
    Payload,
    Result,
    Reveal,
    Told,
    What,
    Why,
)
from enchufe.core.commands import CancelTimer, Command, SetTimer
from enchufe.core.limits import GAME_LOSSES_MAX, GAME_WATCHERS_MAX
from enchufe.core.scores import KeepScore
from enchufe.services.cachipun.game import Game
from enchufe.services.cachipun.match import Match, State
from enchufe.services.cachipun.players import Dialect, Player, Table

REVEAL_S = 10.0
"""A program reveals within a round trip; who takes longer loses the round."""

KEEP_S = 5.0
"""A disk that has not kept a score by then is waited for no longer."""

AWAY_S = 30.0
"""How long the seat of somebody whose line broke is kept."""

_FALLING = "round "
_KEEPING = "kept "


class Matches:
    """All matches.

    Args:
        game: who plays.
    """

    def __init__(self, game: Game) -> None:
        self._game = game
        self._count = 0
        self._pending: dict[int, list[Reveal | Result]] = {}  # told once a score is kept

    # Beginning

    def begin(self, first: Player, second: Player, best: int) -> list[Command]:
        """Begin a match between two who want it."""
        game = self._game
        self._count += 1
        match = game.matches[self._count] = Match(self._count, best, (first, second))
        commands: list[Command] = []
        for player in (first, second):
            self.watch_no_more(player)
            player.match = match
            self._give_word(player)
            commands += game.tell.one(player, match.told_to(player), match)
        return [*commands, *game.changed(), *self._begin_round(match)]

    def _give_word(self, player: Player) -> None:
        """Let somebody who has no session come back with a word."""
        if player.dialect is Dialect.TEXT and not player.is_house and not player.word:
            self._game.players.know_word(player, self._game.draws.word())

    def _begin_round(self, match: Table) -> list[Command]:
        """Ask for choices; the house makes its own before anybody else."""
        game = self._game
        match.begin_round()
        commands = self._give_time(match, game.choose_s)
        commands += game.tell.everybody(match, [match.round_now(game.now_ns)])
        for seat in sorted(SEATS, key=lambda seat: not match.seats[seat].player.is_house):
            player = match.seats[seat].player
            early, player.early = player.early, None
            choice = game.draws.choice() if player.is_house else early
            if choice is not None:
                commands += self.choose(player, choice)
        return commands

    def _give_time(self, match: Table, limit_s: float) -> list[Command]:
        match.set_due(limit_s, self._game.now_ns)
        if match.someone_is_away:
            return [CancelTimer(f"{_FALLING}{match.number}")]
        return [SetTimer(f"{_FALLING}{match.number}", limit_s)]

    # Choosing

    def choose(self, player: Player, choice: Choice) -> list[Command]:
        """Take the choice of somebody for whom we commit."""
        match, game = player.match, self._game
        if match is None or not match.is_on:
            return []
        seat = match.seat_of(player)
        if not match.choose(seat, choice, game.draws.nonce()):
            return game.told(player, What.CHOSEN)
        return self._committed(match, seat)

    def commit(self, player: Player, commit: Commit) -> list[Command]:
        """Take a digest; what is about another round comes too late, or again."""
        match = player.match
        if match is None or (commit.match, commit.round) != (match.number, match.round):
            return []
        seat = match.seat_of(player)
        return self._committed(match, seat) if match.commit(seat, commit.digest) else []

    def _committed(self, match: Table, seat: int) -> list[Command]:
        told = self._game.tell.everybody(match, [match.commit_of(seat)])
        if match.state is not State.REVEALING:
            return told
        told += self._give_time(match, REVEAL_S)
        match.reveal_kept()
        return [*told, *self._settle(match)]

    def reveal(self, player: Player, reveal: Reveal) -> list[Command]:
        """Take what was behind a digest."""
        match = player.match
        if match is None or (reveal.match, reveal.round) != (match.number, match.round):
            return []
        match.reveal(match.seat_of(player), reveal.choice, reveal.nonce)
        return self._settle(match)

    def _settle(self, match: Table) -> list[Command]:
        """End the round, unless something is still to come."""
        return self._end_round(match) if match.is_settled else []

    # Time

    def timer_fired(self, kind: str, number: int) -> list[Command]:
        """Take note that time is up for a round, or for the disk."""
        match = self._game.matches.get(number)
        if match is None:
            return []
        if kind == _KEEPING.strip():
            return self.kept(number)
        is_waited_for = match.state in (State.CHOOSING, State.REVEALING)
        return self._end_round(match) if is_waited_for else []

    # Ending

    def _end_round(self, match: Table) -> list[Command]:
        ended = match.end_round()
        result = ended[-1]
        assert isinstance(result, Result)
        if result.over:
            return self._end(match, ended)
        told = self._game.tell.everybody(match, ended)
        silent = next((seat for seat in SEATS if match.seats[seat].player.is_finished), NOBODY)
        if silent == NOBODY:
            return [*told, *self._begin_round(match)]
        return [*told, *self._end(match, match.forfeit(silent, Why.LEFT))]

    def _end(self, match: Table, ended: list[Reveal | Result]) -> list[Command]:
        """End a match; where it counts, it is told once it is counted."""
        result = ended[-1]
        assert isinstance(result, Result)
        timer = CancelTimer(f"{_FALLING}{match.number}")
        if result.winner == NOBODY or not self._counts(match):
            return [timer, *self._over(match, ended)]
        match.state = State.KEEPING
        self._pending[match.number] = ended
        names = match.names
        return [
            timer,
            KeepScore(match.number, names[result.winner], names[1 - result.winner]),
            SetTimer(f"{_KEEPING}{match.number}", KEEP_S),
        ]

    def _counts(self, match: Table) -> bool:
        """Return whether a match counts: guests' names are others' in the next run."""
        return all(seat.player.is_named for seat in match.seats)

    def kept(self, number: int) -> list[Command]:
        """Tell how a match ended whose score is safe, or waited for no longer."""
        match, ended = self._game.matches.get(number), self._pending.pop(number, None)
        if match is None or ended is None:
            return []
        return [CancelTimer(f"{_KEEPING}{number}"), *self._over(match, ended)]

    def _over(self, match: Table, ended: Sequence[Payload]) -> list[Command]:
        game = self._game
        match.state = State.OVER
        del game.matches[match.number]
        silent = [seat.player for seat in match.seats if seat.player.is_finished]
        given_up = isinstance(ended[-1], Result) and ended[-1].why == Why.LEFT
        told = game.tell.everybody(match, ended, but=silent[0] if silent and given_up else None)
        for watcher in match.watchers:
            watcher.watching = None
        match.watchers = []
        game.leaving += silent
        return [*told, *game.changed()]

    def give_up(self, player: Player, why: Why) -> list[Command]:
        """Let the other win, as ``player`` is gone."""
        match = player.match
        if match is None or match.state not in (State.CHOOSING, State.REVEALING):
            return []
        return self._end(match, match.forfeit(match.seat_of(player), why))

    # Lines that break

    def may_be_away(self, player: Player) -> bool:
        """Return whether the seat of somebody is kept whose line broke."""
        match = player.match
        if match is None:
            return False
        match.seats[match.seat_of(player)].losses += 1
        return match.seats[match.seat_of(player)].losses <= GAME_LOSSES_MAX

    def away(self, player: Player) -> list[Command]:
        """Let time stand still while somebody is waited for."""
        match = player.match
        if match is None or not match.is_on:
            return []
        match.stand_still(self._game.now_ns)
        lost = Told(What.LOST, player.name, count=round(AWAY_S))
        return [
            CancelTimer(f"{_FALLING}{match.number}"),
            *self._game.tell.everybody(match, [lost], but=player),
        ]

    def back(self, player: Player) -> list[Command]:
        """Go on with somebody who has come back."""
        match, game = player.match, self._game
        if match is None or not match.is_on:
            return []
        told = game.tell.everybody(match, [Told(What.BACK, player.name)], but=player)
        if match.someone_is_away or match.state is State.KEEPING:
            return told
        match.go_on(game.now_ns)
        left_s = match.left_s(game.now_ns)
        return [*told, SetTimer(f"{_FALLING}{match.number}", left_s)]

    def standing(self, player: Player) -> list[Command]:
        """Tell somebody how their match stands, or ended."""
        match = player.match
        return [] if match is None else self._stands(match, player)

    def _stands(self, match: Table, player: Player) -> list[Command]:
        payloads: list[Payload] = [match.told_to(player)]
        if player.dialect is Dialect.FRAMES or not match.is_on:
            payloads += [] if match.state is State.KEEPING else match.last
        if match.state in (State.CHOOSING, State.REVEALING):
            payloads += [match.round_now(self._game.now_ns), *match.commits()]
        tell = self._game.tell
        return [command for payload in payloads for command in tell.one(player, payload, match)]

    # Watching

    def watch(self, player: Player, match: Table) -> list[Command]:
        """Let somebody watch a match."""
        if len(match.watchers) >= GAME_WATCHERS_MAX and player not in match.watchers:
            return self._game.told(player, What.WATCHED_FULL, match.names[0])
        self.watch_no_more(player)
        player.watching = match
        match.watchers.append(player)
        return self._stands(match, player)

    def watch_no_more(self, player: Player) -> None:
        """Let somebody watch nothing."""
        if player.watching is not None:
            player.watching.watchers.remove(player)
            player.watching = None
