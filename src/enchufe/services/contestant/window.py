"""Our end at the course's own server: what its window does, in text, with a score of our own."""

from collections.abc import Sequence

from enchufe.core.ayudantia import move_bytes, result_of
from enchufe.core.cachipun import NOBODY, Choice, Told, What, winner
from enchufe.core.cachipun_words import GameWords, choice_word, told_text
from enchufe.core.choosing import choices_meant
from enchufe.core.commands import Close, Command, Send, Stop, Tell
from enchufe.core.events import (
    Event,
    InputEnded,
    InputTyped,
    MessageReceived,
    PeerClosed,
    PeerFinished,
    PeerOpened,
    TimerFired,
)
from enchufe.core.exits import ExitCode
from enchufe.core.peer import Peer
from enchufe.core.text import safe_bytes
from enchufe.services.contestant.hands import drawn
from enchufe.services.contestant.stage import COUNT_TIMER, Stage
from enchufe.services.contestant.typed import Typed
from enchufe.services.contestant.words import ContestantWords


class Window:
    """Plays round after round, without end, at a server that knows no more.

    Args:
        game_words: the words for choices, in the person's language.
        words: what else is told.
        is_script: whether lines of a pipe are played, one a round; else a person types.
    """

    def __init__(
        self,
        *,
        game_words: GameWords | None = None,
        words: ContestantWords | None = None,
        is_script: bool = False,
    ) -> None:
        self._game_words = game_words or GameWords()
        self._words = words or ContestantWords()
        self._is_script = is_script
        self._peer: Peer | None = None
        self._is_locked = False  # we have moved, and not heard the result
        self._is_leaving = self._is_over = False
        self._typed = Typed()
        self._stage = Stage(counts=not is_script)
        self._won = self._lost = self._drawn = 0

    def handle(self, event: Event) -> Sequence[Command]:
        """Return what to do about ``event``."""
        match event:
            case PeerOpened():
                self._peer = event.peer
                return [*self._stage.tell(self._words.at_window), *self._go_on()]
            case MessageReceived():
                return self._result(event.message)
            case InputTyped():
                return self._input(safe_bytes(event.data).strip())
            case InputEnded():
                self._is_leaving = True
                return self._go_on()
            case TimerFired():
                return self._stage.counted() if event.name == COUNT_TIMER else ()
            case PeerFinished():
                return (Close(event.peer),)
            case PeerClosed():
                return self._closed()
            case _:
                return ()

    def _input(self, line: str) -> Sequence[Command]:
        if not line or self._is_leaving:
            return ()
        if line.casefold() in ("bye", "/bye"):
            self._is_leaving = True
            return self._go_on() if self._is_script else self._leave()
        meant = choices_meant(line, self._game_words)
        if len(meant) != 1:
            what = What.AMBIGUOUS if meant else What.NOT_UNDERSTOOD
            return self._stage.tell(told_text(Told(what, other=line[:40]), self._game_words))
        if self._is_locked and not self._is_script:
            return self._stage.tell(self._game_words.chosen_already)
        return [*self._typed.add(next(iter(meant))), *self._go_on()]

    def _go_on(self) -> list[Command]:
        """Move if it is our turn and there is a move; leave when nothing is left to do."""
        if self._peer is None or self._is_over or self._is_locked:
            return []
        if not self._typed.next:
            return self._leave() if self._is_leaving else []
        choice = Choice(self._typed.next)
        self._is_locked = True
        word = choice_word(choice, self._game_words)
        return [
            *self._typed.take(),
            *self._stage.tell(self._words.you_chose.format(choice=word)),
            Send(self._peer, move_bytes(choice)),
        ]

    def _result(self, message: bytes) -> Sequence[Command]:
        """Show a result; whatever else the server says means nothing."""
        choices = result_of(message)
        if choices is None:
            return ()
        self._is_locked = False
        names = (self._words.you, self._words.opponent)
        text = "\n".join((drawn(names, choices), self._cause(choices), self._tally(choices)))
        return [*self._stage.reveal(text), *self._go_on()]

    def _cause(self, choices: tuple[Choice, Choice]) -> str:
        own, other = (choice_word(choice, self._game_words) for choice in choices)
        seat = winner(choices)
        if seat == NOBODY:
            return self._words.draw.format(choice=own)
        if seat == 0:
            return self._words.won.format(winning=own, losing=other)
        return self._words.lose.format(winning=other, losing=own)

    def _tally(self, choices: tuple[Choice, Choice]) -> str:
        """Count a round, as the server does not; return how it stands."""
        seat = winner(choices)
        self._won += seat == 0
        self._lost += seat == 1
        self._drawn += seat == NOBODY
        return self._words.tally.format(won=self._won, lost=self._lost, drawn=self._drawn)

    def _leave(self) -> list[Command]:
        self._is_over = True
        closed: list[Command] = [] if self._peer is None else [Close(self._peer)]
        return [*self._stage.end(), *closed, Stop(ExitCode.DONE)]

    def _closed(self) -> Sequence[Command]:
        self._peer = None
        if self._is_over:
            return ()
        self._is_over = True
        return [*self._stage.end(), Tell(self._words.closed), Stop(ExitCode.LOST)]
