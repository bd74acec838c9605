"""The contestant itself: sits down, plays, checks the others, and comes back."""

from collections.abc import Sequence

from msgspec import Struct

from enchufe.core.cachipun import (
    BEST_DEFAULT,
    NOBODY,
    Call,
    Choice,
    Match,
    Payload,
    Players,
    Scores,
    Seated,
    Sit,
    Told,
    Watch,
    What,
    frame_of,
)
from enchufe.core.cachipun_words import (
    GameWords,
    choice_word,
    scores_text,
    told_text,
)
from enchufe.core.choosing import choices_meant
from enchufe.core.commands import (
    CancelTimer,
    Close,
    Command,
    Dial,
    Send,
    SendFrame,
    SetTimer,
    SpeakFrames,
    Stop,
    Tell,
)
from enchufe.core.draws import Draws
from enchufe.core.events import (
    Event,
    FrameReceived,
    InputEnded,
    InputTyped,
    MessageReceived,
    NotReached,
    PeerClosed,
    PeerFinished,
    PeerOpened,
    RunStopping,
    TimerFired,
)
from enchufe.core.exits import ExitCode
from enchufe.core.frames import Frame, Kind
from enchufe.core.line import REDIAL_TIMER, Line
from enchufe.core.payloads import payload_of
from enchufe.core.peer import Peer
from enchufe.core.refusals import refusal_exit_code
from enchufe.core.text import safe_bytes
from enchufe.services.contestant.course import Course
from enchufe.services.contestant.play import Play
from enchufe.services.contestant.stage import COUNT_TIMER, Stage
from enchufe.services.contestant.typed import Typed
from enchufe.services.contestant.words import ContestantWords

ANSWER_S = 5.0
"""A game answers within a round trip; who does not in so long is no game of ours."""

AGAIN_S = 1.0
"""Over datagrams, how often what is not answered is said again, and during a match asked how it
stands: what the other did may have got lost too."""

HEARTBEAT_S = 10.0
"""Over datagrams, how often we show that we are there while nothing is played."""

REDIAL_S_MAX = 4.0
"""How long to wait at most before calling again: a seat is not kept for long."""

GIVE_UP_S = 30.0
"""Our seat is kept for so long."""

_ANSWER, _AGAIN = "answer", "again"


class Wish(Struct, frozen=True):
    """What somebody wants to play.

    Args:
        best: of how many rounds.
        against: with whom; "" for whoever comes.
        house: whether with the house.
        watch: whose match to watch instead; "" to play.
    """

    best: int = BEST_DEFAULT
    against: str = ""
    house: bool = False
    watch: str = ""


class Contestant:
    """Plays cachipún.

    Args:
        name: how we want to be called; "" for whatever the server gives.
        session: known to us alone.
        wish: what to play.
        seed: where our nonces come from; secret, except in tests.
        game_words: what happens in the game, in the person's language.
        words: what happens to the line.
        is_script: whether lines of a pipe are played, one a round, and one match; else a
            person types.
        give_up_s: for how long to call again when the line breaks.
    """

    def __init__(
        self,
        name: str,
        session: str,
        wish: Wish | None = None,
        *,
        seed: str = "",
        game_words: GameWords | None = None,
        words: ContestantWords | None = None,
        is_script: bool = False,
        give_up_s: float = GIVE_UP_S,
    ) -> None:
        self._name = name
        self._session = session
        self._wish = wish or Wish()
        self._draws = Draws(seed)
        self._game_words = game_words or GameWords()
        self._words = words or ContestantWords()
        self._is_script = is_script
        self._peer: Peer | None = None
        self._is_seated = self._was_seated = False
        self._is_asked = False  # for a match, and the server has heard it
        self._has_called = False  # since we sat down
        self._is_leaving = self._is_over = False
        self._awaits_present = False  # whether our match still goes on, after a broken line
        self._heard = ""  # in words, which a game says to those it cannot take
        self._typed = Typed()
        self._stage = Stage(counts=not is_script)
        self._course = Course(
            self._stage,
            self._say,
            self._go_on,
            self._game_words,
            self._words,
            is_script=is_script,
        )
        self._line = Line(REDIAL_S_MAX, give_up_s)

    def handle(self, event: Event) -> Sequence[Command]:
        """Return what to do about ``event``."""
        match event:
            case PeerOpened():
                return self._opened(event.peer)
            case FrameReceived():
                return self._frame(event.frame)
            case MessageReceived():
                return self._words_received(event.message)
            case InputTyped():
                return self._input(event.data)
            case InputEnded():
                self._is_leaving = True
                return self._go_on()
            case TimerFired():
                return self._timer_fired(event.name)
            case _:
                return self._line_happened(event)

    def _line_happened(self, event: Event) -> Sequence[Command]:
        match event:
            case PeerFinished():
                return (Close(event.peer),)
            case PeerClosed():
                return self._closed(event.peer)
            case NotReached():
                return self._call_again(self._words.not_reached.format(why=event.why))
            case RunStopping():
                return self._leave()
            case _:
                return ()

    # Sitting down

    def _opened(self, peer: Peer) -> Sequence[Command]:
        self._peer = peer
        return (SpeakFrames(peer), *self._say(self._sit()), SetTimer(_ANSWER, ANSWER_S))

    def _sit(self) -> Sit:
        return Sit(self._name, self._session)

    def _say(self, *payloads: Payload) -> list[Command]:
        """Tell the server something; over datagrams again, until it is answered."""
        peer = self._peer
        if peer is None:
            return []
        said: list[Command] = [SendFrame(peer, frame_of(payload)) for payload in payloads]
        return said if peer.is_stream else [*said, SetTimer(_AGAIN, AGAIN_S)]

    def _seated(self, seated: Seated) -> list[Command]:
        self._name = seated.name
        is_new, self._is_seated, self._was_seated = not self._is_seated, True, True
        if not is_new:
            return []
        was_lost = self._line.mend()
        self._awaits_present = was_lost
        text = self._words.back if was_lost else self._words.seated.format(name=seated.name)
        called = [] if was_lost and self._course.is_playing else self._call()
        return [CancelTimer(_ANSWER), *self._tell(text), *called, *self._go_on()]

    def _call(self) -> list[Command]:
        """Say what we want to play, unless we have."""
        if self._has_called:
            return []
        self._has_called, self._is_asked, wish = True, False, self._wish
        if wish.watch:
            return self._say(Watch(wish.watch))
        return self._say(Call(wish.against, wish.best, wish.house))

    # What the server says

    def _words_received(self, message: bytes) -> Sequence[Command]:
        """Take note of what the server says in words: before it speaks frames it may refuse us."""
        refused = refusal_exit_code(message)
        if refused is not None and not self._was_seated:
            self._is_over = True
            return (Tell(safe_bytes(message)), Stop(refused))
        self._heard = safe_bytes(message, keep="\n")
        return ()

    def _frame(self, frame: Frame) -> Sequence[Command]:
        match frame.kind:
            case Kind.SEATED:
                return self._seated(payload_of(frame, Seated))
            case Kind.TOLD:
                return self._told(payload_of(frame, Told))
            case Kind.PLAYERS:
                return self._present(payload_of(frame, Players))
            case Kind.SCORES:
                return self._tell(scores_text(payload_of(frame, Scores), self._game_words))
            case Kind.MATCH:
                self._is_asked = True
                return self._course.begin(payload_of(frame, Match))
            case _:
                return self._course.told(frame)

    def _told(self, told: Told) -> list[Command]:
        if told.what == What.STRANGER:
            self._is_seated = self._has_called = False
            return self._say(self._sit())
        if told.what == What.RENAMED and told.name == self._name:
            self._name = told.other
        self._is_asked = True
        text = self._tell(told_text(told, self._game_words))
        if told.what == What.INVITED and told.name == self._wish.against:
            return [*text, *self._say(Call(told.name, told.count))]
        return [*text, *self._watched_in_vain()] if told.what in _IN_VAIN else text

    def _watched_in_vain(self) -> list[Command]:
        """Take note that there is nothing to watch, or nothing any more."""
        if not self._wish.watch:
            return []
        if self._course.play is not None and self._course.play.seat == NOBODY:
            self._course.play.is_over = True
        return self._leave() if self._is_script else []

    def _present(self, present: Players) -> list[Command]:
        """Take note of who is here; the one we want to play with may have come."""
        asked, self._awaits_present = self._awaits_present, False
        is_known = any(self._name in players for players in present.matches)
        if asked and self._course.is_playing and not is_known:
            self._course.play, self._has_called = None, False
            return [*self._tell(self._words.gone), *self._call()]
        wanted = self._wish.against
        if self._course.play is None and wanted and wanted in present.waiting:
            return self._say(Call(wanted, self._wish.best))
        return []

    def _tell(self, text: str) -> list[Command]:
        return self._stage.tell(text)

    # What the person says

    def _input(self, data: bytes) -> Sequence[Command]:
        line = safe_bytes(data).strip()
        if not line or self._is_leaving:
            return ()
        if self._is_script:
            return [*self._typed.add(line), *self._go_on()]
        if line.startswith("/") or line.casefold() == "bye":
            return self._order(line)
        return self._person_chooses(line)

    def _person_chooses(self, line: str) -> Sequence[Command]:
        play, choice = self._course.play, self._meant(line)
        if not isinstance(choice, Choice):
            return self._tell(choice)
        if play is None or not play.is_open:
            if len(self._typed):
                return self._tell(self._game_words.chosen_already)
            kept = self._words.later.format(choice=choice_word(choice, self._game_words))
            return [*self._typed.add(line), *self._tell(kept)]
        if play.has_chosen:
            return self._tell(self._game_words.chosen_already)
        return self._choose(play, choice)

    def _meant(self, line: str) -> Choice | str:
        """Return the choice that a line means, or what to say of it."""
        meant = choices_meant(line, self._game_words)
        if len(meant) == 1:
            return next(iter(meant))
        what = What.AMBIGUOUS if meant else What.NOT_UNDERSTOOD
        return told_text(Told(what, other=line[:40]), self._game_words)

    def _choose(self, play: Play, choice: Choice) -> list[Command]:
        commit = play.choose(choice, self._draws.nonce())
        word = choice_word(choice, self._game_words)
        return [*self._tell(self._words.you_chose.format(choice=word)), *self._say(commit)]

    def _order(self, line: str) -> Sequence[Command]:
        if line.casefold() in ("bye", "/bye"):
            return self._leave()
        if line.casefold() == "/help":
            return self._tell(self._game_words.help)
        if self._peer is None or not self._is_seated:
            return ()
        return (Send(self._peer, line.encode("utf-8", "surrogateescape")),)

    # Going on, and leaving

    def _go_on(self) -> list[Command]:
        """Do what the next line says if it is its turn; leave if there is nothing left to do."""
        commands: list[Command] = []
        while self._typed.next and self._is_turn():
            line = self._typed.next
            commands += self._typed.take()
            commands += self._obey(line)
        return commands if self._has_more() else [*commands, *self._leave()]

    def _is_turn(self) -> bool:
        """Return whether the next line may be played or sent now."""
        play, is_order = self._course.play, self._typed.next.startswith("/")
        is_open = play is not None and play.is_open and not play.has_chosen
        is_between = self._is_seated and (play is None or play.is_over)
        return (is_open or is_between) if is_order else is_open

    def _obey(self, line: str) -> Sequence[Command]:
        choice = self._meant(line)
        if line.startswith("/") or line.casefold() == "bye":
            return self._order(line)
        if not isinstance(choice, Choice):
            return self._tell(choice)
        assert self._course.play is not None
        return self._choose(self._course.play, choice)

    def _has_more(self) -> bool:
        """Return whether something is still to be played, watched or said."""
        play = self._course.play
        if self._is_script and play is not None and play.is_over:
            return False
        if not self._is_leaving or self._wish.watch:
            return True
        is_heard = play is None or not play.is_open or not play.has_chosen
        return bool(self._typed.next) or (self._is_script and not is_heard)

    def _leave(self) -> list[Command]:
        if self._is_over:
            return []
        self._is_over = True
        shown = self._stage.end()
        if self._peer is None:
            return [*shown, Stop(ExitCode.DONE)]
        return [*shown, Send(self._peer, b"bye"), Close(self._peer), Stop(ExitCode.DONE)]

    # The line

    def _closed(self, peer: Peer) -> Sequence[Command]:
        self._peer, self._is_seated = None, False
        if self._is_over:
            return ()
        if not self._was_seated:
            self._is_over = True
            exit_code = ExitCode.PROTOCOL if peer.is_stream else ExitCode.REFUSED
            texts = [self._heard, self._words.no_game] if peer.is_stream else []
            return (*(Tell(text) for text in texts if text), Stop(exit_code))
        self._has_called = self._course.play is not None and not self._wish.watch
        return self._call_again(self._words.lost)

    def _call_again(self, text: str) -> Sequence[Command]:
        if self._is_over:
            return ()
        told = self._tell(text) if self._line.lose() else []
        again = self._line.call_again()
        if isinstance(again, Stop):
            self._is_over = True
            given_up = self._words.given_up.format(seconds=self._line.give_up_s)
            told = [*told, *self._stage.end(), Tell(given_up)]
        return [CancelTimer(_ANSWER), CancelTimer(_AGAIN), *told, again]

    def _timer_fired(self, name: str) -> Sequence[Command]:
        match name:
            case _ if name == COUNT_TIMER:
                return self._stage.counted()
            case _ if name == REDIAL_TIMER:
                return () if self._is_over else (Dial(),)
            case _ if self._peer is None or self._is_over:
                return ()
            case _ if name == _AGAIN:
                return self._again()
            case _:
                return self._not_answered(self._peer)

    def _again(self) -> list[Command]:
        """Say again what may have got lost, and ask how things stand."""
        play = self._course.play
        unsaid = [] if play is None else play.unsaid()
        if self._is_seated and not self._is_asked:
            self._has_called = False
            return [*self._say(self._sit()), *self._call()]
        is_watching = self._course.is_watching
        watched = [Watch(self._wish.watch)] if is_watching and self._wish.watch else []
        said = self._say(self._sit(), *unsaid, *watched)
        is_idle = self._is_seated and not unsaid and not is_watching and not self._course.is_playing
        return [*said, SetTimer(_AGAIN, HEARTBEAT_S)] if is_idle else said

    def _not_answered(self, peer: Peer) -> Sequence[Command]:
        if self._was_seated:  # it is there, but slow, or the next one has taken its place
            return (Close(peer),)
        self._is_over = True
        exit_code = ExitCode.PROTOCOL if peer.is_stream else ExitCode.TIMED_OUT
        return (Tell(self._words.no_game), Close(peer), Stop(exit_code))


_IN_VAIN = frozenset({What.NOT_PLAYING, What.WATCHED_FULL, What.NOBODY})
"""What ends a script that came to watch."""
