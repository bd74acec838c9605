"""The service itself: hands each event to the part that knows what to do."""

from collections.abc import Sequence

from enchufe.core.ayudantia import move_of
from enchufe.core.cachipun import Call, Choice, Commit, Reveal, Sit, Told, Watch, What, Why
from enchufe.core.cachipun_words import GameWords
from enchufe.core.choosing import choices_meant
from enchufe.core.commands import Close, Command
from enchufe.core.draws import Draws
from enchufe.core.events import (
    Event,
    FrameReceived,
    MessageReceived,
    PeerBehind,
    PeerClosed,
    PeerFinished,
    PeerFramed,
    PeerOpened,
    Reason,
    RunStopping,
    TimerFired,
)
from enchufe.core.frames import Frame, Kind
from enchufe.core.limits import GAME_CHOOSE_S
from enchufe.core.payloads import payload_of
from enchufe.core.scores import ScoreKept, ScoresFound
from enchufe.core.text import safe_bytes
from enchufe.services.cachipun.arrivals import Arrivals
from enchufe.services.cachipun.game import ANNOUNCE_TIMER, Game
from enchufe.services.cachipun.lobby import Lobby
from enchufe.services.cachipun.matches import Matches
from enchufe.services.cachipun.orders import SHOWN_CHARACTERS_MAX, Orders
from enchufe.services.cachipun.players import Dialect, Player, State
from enchufe.services.cachipun.scores import ScoreTable

UNSENT_MAX = 16
"""Results that wait for a window's pauses; a program that moves faster is not heard."""


class Cachipun:
    """Rock, paper, scissors for everybody who comes.

    Args:
        words: what it says in text.
        seed: where its chance comes from; secret, except in tests.
        choose_s: how long a choice may take.
    """

    def __init__(
        self, words: GameWords | None = None, seed: str = "", choose_s: float = GAME_CHOOSE_S
    ) -> None:
        game = self._game = Game(words or GameWords(), Draws(seed), choose_s)
        self._matches = Matches(game)
        self._lobby = Lobby(game, self._matches)
        self._arrivals = Arrivals(game, self._matches, self._lobby)
        self._scores = ScoreTable(game)
        self._orders = Orders(game, self._arrivals, self._lobby, self._matches, self._scores)

    def handle(self, event: Event) -> Sequence[Command]:
        """Return what to do about ``event``."""
        game = self._game
        game.now_ns = event.at_ns
        commands = self._handle(event)
        if not game.leaving:
            return commands
        leaving, game.leaving = game.leaving, []
        left = [self._arrivals.leave(player, Why.LEFT) for player in leaving]
        return [*commands, *(command for each in left for command in each)]

    def _handle(self, event: Event) -> Sequence[Command]:
        match event:
            case MessageReceived() | FrameReceived() | PeerFramed() | PeerFinished():
                player = self._game.players.of(event.peer)
                return () if player is None else self._heard(player, event)
            case PeerBehind() | PeerClosed():
                player = self._game.players.of(event.peer)
                return () if player is None else self._fails(player, event)
            case TimerFired():
                return self._timer_fired(event.name)
            case PeerOpened():
                return self._arrivals.opened(event.peer)
            case ScoreKept():
                return self._matches.kept(event.match)
            case ScoresFound():
                return self._scores.found(event)
            case RunStopping():
                return self._stopping()
            case _:
                return ()

    # Who is heard

    def _heard(
        self, player: Player, event: MessageReceived | FrameReceived | PeerFramed | PeerFinished
    ) -> Sequence[Command]:
        match event:
            case MessageReceived():
                return self._message(player, event.message)
            case FrameReceived():
                return self._frame(player, event)
            case PeerFramed():
                return self._arrivals.framed(player)
            case PeerFinished():
                return self._arrivals.finished(player)

    def _fails(self, player: Player, event: PeerBehind | PeerClosed) -> Sequence[Command]:
        if isinstance(event, PeerClosed):
            return self._arrivals.closed(player, event)
        return (Close(event.peer, Reason.SLOW),)

    def _stopping(self) -> list[Command]:
        tell, stopping = self._game.tell, Told(What.STOPPING)
        told = [tell.one(player, stopping) for player in self._game.players.all()]
        return [command for each in told for command in each]

    def _timer_fired(self, name: str) -> Sequence[Command]:
        if name == ANNOUNCE_TIMER:
            return self._game.announce()
        kind, _, number = name.partition(" ")
        if kind in ("round", "kept"):
            return self._matches.timer_fired(kind, int(number))
        player = self._game.players.numbered(int(number))
        return () if player is None else self._due(player, kind)

    def _due(self, player: Player, kind: str) -> Sequence[Command]:
        match kind:
            case "arrival":
                return self._arrivals.silent(player)
            case "offer":
                return self._lobby.offer_due(player)
            case "away":
                return self._arrivals.away_too_long(player)
            case _:
                return self._game.tell.paused(player)

    # What is said in text

    def _message(self, player: Player, message: bytes) -> Sequence[Command]:
        if player.dialect is Dialect.WINDOW:
            return self._move(player, message)
        text = message.strip()
        if text.lower() in (b"bye", b"/bye"):
            return self._arrivals.farewell(player)
        if player.dialect is Dialect.FRAMES:
            return self._line_of_framed(player, text)
        if player.state is not State.ARRIVING:
            return self._line_of_text(player, text)
        if text.startswith(b"/name "):  # before anybody is told another name
            return self._arrivals.come_in(player, safe_bytes(text.removeprefix(b"/name ")))
        return [*self._arrivals.come_in(player), *self._line_of_text(player, text)]

    def _line_of_text(self, player: Player, text: bytes) -> list[Command]:
        """Take a line; whoever says no order first waits for whoever comes."""
        lines_up = player.is_new and not text.startswith(b"/")
        lined_up = self._arrivals.line_up(player) if lines_up else []
        return [*lined_up, *self._line(player, text)]

    def _line_of_framed(self, player: Player, text: bytes) -> Sequence[Command]:
        """Obey a line of somebody who reads frames, and is answered in them."""
        is_order = text.startswith(b"/") and player.has_sat
        return self._line(player, text) if is_order else ()

    def _line(self, player: Player, text: bytes) -> list[Command]:
        """Take a line: an order, or a choice."""
        if not text:
            return []
        if not player.may_order(self._game.now_ns):
            return self._too_fast(player)
        line = safe_bytes(text)
        if line.startswith("/"):
            return self._orders.obey(player, line)
        meant = choices_meant(line, self._game.words)
        if len(meant) == 1:
            return self._choose(player, next(iter(meant)))
        what = What.AMBIGUOUS if meant else What.NOT_UNDERSTOOD
        return self._game.told(player, what, other=line[:SHOWN_CHARACTERS_MAX])

    def _too_fast(self, player: Player) -> list[Command]:
        """Say so, once."""
        if player.is_too_fast:
            return []
        player.is_too_fast = True
        return self._game.told(player, What.TOO_FAST)

    def _choose(self, player: Player, choice: Choice) -> list[Command]:
        if player.is_playing:
            return self._matches.choose(player, choice)
        return self._lobby.choose_early(player, choice)

    def _move(self, player: Player, message: bytes) -> Sequence[Command]:
        """Take the move of a window; whatever else it says means nothing."""
        choice = move_of(message)
        if choice is None or len(player.unsent) >= UNSENT_MAX:
            return ()
        return self._choose(player, choice)

    # What is said in frames

    def _frame(self, player: Player, event: FrameReceived) -> Sequence[Command]:
        frame = event.frame
        if frame.kind in _PLAYED and player.has_sat:
            return self._played(player, frame)
        if frame.kind not in _ANSWERED:
            return ()
        if not player.may_order(event.at_ns):
            return self._too_fast(player)
        if frame.kind == Kind.SIT:
            return self._arrivals.sit(player, payload_of(frame, Sit))
        return self._asked(player, frame) if player.has_sat else self._stranger(player)

    def _played(self, player: Player, frame: Frame) -> Sequence[Command]:
        if frame.kind == Kind.COMMIT:
            return self._matches.commit(player, payload_of(frame, Commit))
        return self._matches.reveal(player, payload_of(frame, Reveal))

    def _stranger(self, player: Player) -> Sequence[Command]:
        """Tell somebody to sit down first, who may have been known before a restart."""
        return self._game.told(player, What.STRANGER)

    def _asked(self, player: Player, frame: Frame) -> Sequence[Command]:
        match frame.kind:
            case Kind.CALL:
                return self._lobby.call(player, payload_of(frame, Call))
            case Kind.WATCH:
                return self._orders.watch(player, payload_of(frame, Watch).name)
            case Kind.SCORES:
                return self._scores.ask(player)
            case _:
                return self._game.tell.one(player, self._game.present())


_PLAYED = frozenset({Kind.COMMIT, Kind.REVEAL})
_ANSWERED = frozenset({Kind.SIT, Kind.CALL, Kind.WATCH, Kind.SCORES, Kind.PLAYERS})
