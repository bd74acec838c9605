"""The course of a match, as the server tells it: what is shown of it, and what we owe it."""

from collections.abc import Callable

from enchufe.core.cachipun import (
    NOBODY,
    Choice,
    Commit,
    Match,
    Result,
    Reveal,
    Round,
    Why,
)
from enchufe.core.cachipun_words import GameWords, match_text, result_text
from enchufe.core.commands import Command
from enchufe.core.frames import Frame, Kind
from enchufe.core.payloads import payload_of
from enchufe.services.contestant.hands import drawn
from enchufe.services.contestant.play import Play
from enchufe.services.contestant.stage import Stage
from enchufe.services.contestant.words import ContestantWords


class Course:
    """Follows one match after the other.

    Args:
        stage: where it is shown.
        say: tells the server something.
        go_on: does what comes next: the person's next line, or leaving.
        game_words: what happens in the game, in the person's language.
        words: what we say of it ourselves.
        is_script: whether a pipe plays, which needs no hint at what could come next.
    """

    def __init__(
        self,
        stage: Stage,
        say: Callable[..., list[Command]],
        go_on: Callable[[], list[Command]],
        game_words: GameWords,
        words: ContestantWords,
        *,
        is_script: bool,
    ) -> None:
        self.play: Play | None = None
        self._stage = stage
        self._say = say
        self._go_on = go_on
        self._game_words = game_words
        self._words = words
        self._is_script = is_script

    @property
    def is_playing(self) -> bool:
        """Whether we are in a match that goes on."""
        return self.play is not None and self.play.seat != NOBODY and not self.play.is_over

    @property
    def is_watching(self) -> bool:
        """Whether we watch a match that goes on."""
        return self.play is not None and self.play.seat == NOBODY and not self.play.is_over

    def begin(self, told: Match) -> list[Command]:
        """Follow a match that begins, or take note of how it stands."""
        play = self.play
        if play is not None and play.told.match == told.match and not play.is_over:
            play.told = told
            return []
        if play is not None and play.told.match == told.match:
            return []
        self.play = Play(told)
        return self._stage.tell(match_text(told, self._game_words))

    def told(self, frame: Frame) -> list[Command]:
        """Take note of what happens in the match that we follow."""
        play = self.play
        if play is None:
            return []
        match frame.kind:
            case Kind.ROUND:
                return self._round(play, payload_of(frame, Round))
            case Kind.COMMIT:
                return self._committed(play, payload_of(frame, Commit))
            case Kind.REVEAL:
                return self._revealed(play, payload_of(frame, Reveal))
            case Kind.RESULT:
                return self._result(play, payload_of(frame, Result))
            case _:
                return []

    def _round(self, play: Play, told: Round) -> list[Command]:
        if told.match != play.told.match:
            return []
        if not play.begins(told):
            return self._say_unsaid(play)
        words = self._game_words
        template = words.round_watched if play.seat == NOBODY else words.round
        text = template.format(round=told.round, seconds=round(told.limit_s))
        return [*self._stage.tell(text), *self._go_on()]

    def _committed(self, play: Play, told: Commit) -> list[Command]:
        if told.match != play.told.match:
            return []
        is_new = play.commits(told)
        is_other = told.seat not in (NOBODY, play.seat)
        text = self._words.chosen.format(name=play.names[told.seat])
        told_to_us = self._stage.tell(text) if is_new and is_other else []
        return [*told_to_us, *self._say_unsaid(play)]

    def _say_unsaid(self, play: Play) -> list[Command]:
        unsaid = play.unsaid()
        return self._say(*unsaid) if unsaid else []

    def _revealed(self, play: Play, told: Reveal) -> list[Command]:
        if told.match != play.told.match or play.reveals(told):
            return []
        return self._stage.tell(self._words.cheated.format(name=play.names[told.seat]))

    def _result(self, play: Play, told: Result) -> list[Command]:
        if told.match != play.told.match or not play.ends(told):
            return []
        text = result_text(told, play.names, self._game_words)
        if told.over and not self._is_script and play.seat != NOBODY:
            text = f"{text}\n{self._game_words.again}"
        fair = [] if play.is_fair(told) else self._stage.tell(self._words.unfair)
        if told.why != Why.PLAYED or fair:
            return [*fair, *self._stage.tell(text), *self._go_on()]
        choices = (Choice(told.choices[0]), Choice(told.choices[1]))
        shown = f"{drawn(play.names, choices)}\n{text}"
        return [*self._stage.reveal(shown), *self._go_on()]
