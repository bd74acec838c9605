"""Tells players things, each as they understand it: in lines, in frames, or as a window does."""

from collections.abc import Sequence

from enchufe.core.ayudantia import result_bytes
from enchufe.core.cachipun import (
    BEATEN,
    NOBODY,
    Choice,
    Commit,
    Payload,
    Result,
    Reveal,
    Round,
    Scores,
    Seated,
    Told,
    frame_of,
)
from enchufe.core.cachipun import (
    Match as Matched,
)
from enchufe.core.cachipun import (
    Players as PlayersTold,
)
from enchufe.core.cachipun_words import (
    GameWords,
    match_text,
    players_text,
    result_text,
    revealed_text,
    scores_text,
    told_text,
)
from enchufe.core.commands import Command, Send, SendFrame, SetTimer
from enchufe.services.cachipun.players import Dialect, Player, State, Table

WINDOW_PAUSE_S = 0.3
"""A window's reader is broken by two frames in one segment: the next one leaves so much later."""


class Teller:
    """Makes commands of what is to be told.

    Args:
        words: for those who read text.
    """

    def __init__(self, words: GameWords) -> None:
        self._words = words

    def one(self, player: Player, payload: Payload, match: Table | None = None) -> list[Command]:
        """Tell somebody something; of a match, which one it is about."""
        if player.peer is None or player.state is State.AWAY:
            return []
        match player.dialect:
            case Dialect.FRAMES:
                return [SendFrame(player.peer, frame_of(payload))]
            case Dialect.WINDOW:
                return self._window(player, payload, match)
            case Dialect.TEXT:
                return self.words(player, self._text(player, payload, match))

    def everybody(
        self, match: Table, payloads: Sequence[Payload], but: Player | None = None
    ) -> list[Command]:
        """Tell all who play or watch a match the same."""
        audience = [*(seat.player for seat in match.seats), *match.watchers]
        return [
            command
            for player in audience
            if player is not but
            for payload in payloads
            for command in self.one(player, payload, match)
        ]

    def words(self, player: Player, text: str) -> list[Command]:
        """Say ``text`` to somebody who reads text; "" says nothing."""
        reads = player.dialect is Dialect.TEXT and player.state is not State.AWAY
        return [Send(player.peer, text.encode())] if text and reads and player.peer else []

    # Text

    def _text(self, player: Player, payload: Payload, match: Table | None) -> str:
        match payload:
            case Seated():
                return self._words.welcome.format(name=payload.name)
            case Told():
                return told_text(payload, self._words)
            case Scores():
                return scores_text(payload, self._words)
            case PlayersTold():
                return players_text(payload, self._words)
            case _:
                return "" if match is None else self._text_of_match(player, payload, match)

    def _text_of_match(self, player: Player, payload: Payload, match: Table) -> str:
        seat = match.seat_of(player)
        match payload:
            case Matched():
                word = self._words.word.format(word=player.word)
                return "\n".join([match_text(payload, self._words), *([word] if seat >= 0 else [])])
            case Round():
                return self._round(payload, seat)
            case Commit():
                own = payload.seat == seat
                template = self._words.you_chose if own else self._words.chosen
                return template.format(name=match.names[payload.seat], digest=payload.digest)
            case Reveal():
                return revealed_text(payload, match.names[payload.seat], self._words)
            case Result():
                text = result_text(payload, match.names, self._words)
                return f"{text}\n{self._words.again}" if payload.over and seat >= 0 else text
            case _:
                return ""

    def _round(self, payload: Round, seat: int) -> str:
        template = self._words.round_watched if seat == NOBODY else self._words.round
        return template.format(round=payload.round, seconds=round(payload.limit_s))

    # Windows

    def _window(self, player: Player, payload: Payload, match: Table | None) -> list[Command]:
        """Tell a window the result of a move it has made; nothing else has a word there."""
        if match is None or not isinstance(payload, Result):
            return []
        own, other = (match.seats[abs(match.seat_of(player) - i)] for i in (0, 1))
        if own.choice is None:
            return []
        shown = result_bytes(own.choice, _shown(own.choice, other.revealed))
        if player.is_pausing:
            player.unsent.append(shown)
            return []
        return self._sent(player, shown)

    def _sent(self, player: Player, message: bytes) -> list[Command]:
        assert player.peer is not None
        player.is_pausing = True
        return [Send(player.peer, message), SetTimer(pause_timer(player), WINDOW_PAUSE_S)]

    def paused(self, player: Player) -> list[Command]:
        """Send a window what waited."""
        player.is_pausing = False
        if not player.unsent or player.peer is None or player.state is State.AWAY:
            return []
        return self._sent(player, player.unsent.pop(0))


def _shown(own: Choice, other: Choice | None) -> Choice:
    """Return what a window is shown of the other hand.

    It must be unlocked also where the other has not chosen, or left, and knows three pictures
    only: so it sees the hand that it beats.
    """
    return BEATEN[own] if other is None else other


def pause_timer(player: Player) -> str:
    """Return the name of the timer after which a window may be sent more."""
    return f"pause {player.number}"
