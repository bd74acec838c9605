"""Sender: says texts and sends files to one receiver, in order, and ends when all is kept."""

from collections.abc import Sequence
from typing import TypeAlias

from msgspec.structs import replace

from enchufe.core.commands import (
    CancelTimer,
    Close,
    Command,
    SetTimer,
    Show,
    SpeakFrames,
    Stop,
)
from enchufe.core.events import (
    Event,
    FrameReceived,
    MessageReceived,
    PeerClosed,
    PeerFinished,
    PeerFramed,
    PeerOpened,
    Reason,
    TimerFired,
)
from enchufe.core.exits import ExitCode
from enchufe.core.files import FileChosen, Objection, Stage, TellFile
from enchufe.core.frames import Kind
from enchufe.core.peer import Peer
from enchufe.core.refusals import refusal_exit_code
from enchufe.core.text import speakable_text
from enchufe.core.transfer.outgoing import Outgoing
from enchufe.core.transfer.payloads import shown_fault

PREFACE_WAIT_S = 5.0
"""A receiver answers our preface at once; who has not after this long is none."""

ANSWER_WAIT_S = 1.0
"""A receiver that asks its person answers late; after so long ours is told what is awaited."""

PREFACE_TIMER = "preface"
ANSWER_TIMER = "answer"

Item: TypeAlias = str | FileChosen
"""A text to say, or a file to send."""

_EXIT_CODES = {
    Objection.SIZE: ExitCode.OVER_LIMIT,
    Objection.SPACE: ExitCode.OVER_LIMIT,
    Objection.FULL: ExitCode.OVER_LIMIT,
    Objection.BUSY: ExitCode.OVER_LIMIT,
    Objection.NAME: ExitCode.DENIED,
    Objection.UNWANTED: ExitCode.DENIED,
    Objection.DIGEST: ExitCode.LOST,
    Objection.FAILED: ExitCode.LOST,
}

_REASONS_LOST = (Reason.RESET, Reason.UNFINISHED, Reason.FAILED)
_STAGES_LOST = (Stage.BROKEN_OFF, Stage.UNREADABLE)


class Sender:
    """Sends what it is given to one peer.

    Whatever is not taken is told, and what follows it sent all the same; the exit code is
    that of the first thing that went wrong. `was_cut_off` says whether the conversation was
    over before all was said and answered.

    Args:
        items: what to say and send, in order.
    """

    def __init__(self, items: Sequence[Item]) -> None:
        self._items = items
        self._outgoing: Outgoing | None = None
        self._exit_code: ExitCode | None = None
        self._first_words = b""
        self._is_over = False
        self._awaited: TellFile | None = None  # what was offered, as long as nobody answers
        self.was_cut_off = False

    def handle(self, event: Event) -> Sequence[Command]:
        """Return what to do about ``event``."""
        match event:
            case PeerOpened():
                return (SpeakFrames(event.peer), SetTimer(PREFACE_TIMER, PREFACE_WAIT_S))
            case PeerFramed():
                return self._framed(event.peer)
            case MessageReceived():
                return self._said(event)
            case TimerFired():
                return self._unanswered(event.name)
            case PeerClosed():
                return self._closed(event)
            case FrameReceived() if event.frame.kind in (Kind.OFFER, Kind.ERROR):
                return self._broken(event)
            case _:
                return self._transferred(event)

    def _framed(self, peer: Peer) -> Sequence[Command]:
        outgoing = self._outgoing = Outgoing(peer)
        commands: list[Command] = [CancelTimer(PREFACE_TIMER)]
        for item in self._items:
            if isinstance(item, str):
                commands += outgoing.say(speakable_text(item).encode())
            else:
                commands += outgoing.send(item)
        return [*commands, *self._noted(commands, peer)]

    def _said(self, event: MessageReceived) -> Sequence[Command]:
        if self._outgoing is None and len(self._first_words) < len(b"enchufe: denied: "):
            self._first_words += event.message[:64]
        return (Show(event.peer, event.message),)

    def _unanswered(self, timer: str) -> Sequence[Command]:
        if timer == PREFACE_TIMER:
            return (Stop(ExitCode.PROTOCOL),)
        awaited, self._awaited = self._awaited, None
        return () if awaited is None else (replace(awaited, stage=Stage.AWAITED),)

    def _broken(self, event: FrameReceived) -> Sequence[Command]:
        """Leave a peer that says it cannot go on, or gives us back what we say."""
        self._fail(ExitCode.PROTOCOL)
        return (*shown_fault(event.peer, event.frame), Close(event.peer))

    def _transferred(self, event: Event) -> Sequence[Command]:
        if self._outgoing is None:
            return (Close(event.peer),) if isinstance(event, PeerFinished) else ()
        if isinstance(event, PeerFinished) and not self._is_over:
            self.was_cut_off = True
        commands = self._outgoing.handle(event)
        return [*commands, *self._noted(commands, self._outgoing.peer)]

    def _noted(self, commands: Sequence[Command], peer: Peer) -> Sequence[Command]:
        """Note what came of files among ``commands``; end when all is done."""
        noted = self._note_all(commands)
        if self._outgoing is None or not self._outgoing.is_idle or self._is_over:
            return noted
        self._is_over = True
        return [*noted, Close(peer)]

    def _note_all(self, commands: Sequence[Command]) -> Sequence[Command]:
        """Note what went wrong, and await the answer to what is offered."""
        timers: list[Command] = []
        for command in commands:
            if isinstance(command, TellFile):
                self._note(command)
                timers += self._await_answer(command)
        return timers

    def _note(self, told: TellFile) -> None:
        exit_code = exit_code_of(told)
        if exit_code is not None:
            self._fail(exit_code)

    def _await_answer(self, told: TellFile) -> Sequence[Command]:
        if told.stage is Stage.OFFERED:
            self._awaited = told
            return (SetTimer(ANSWER_TIMER, ANSWER_WAIT_S),)
        if self._awaited is None or self._awaited.file != told.file:
            return ()
        self._awaited = None
        return (CancelTimer(ANSWER_TIMER),)

    def _fail(self, exit_code: ExitCode) -> None:
        self._exit_code = self._exit_code or exit_code

    def _closed(self, event: PeerClosed) -> Sequence[Command]:
        commands = () if self._outgoing is None else self._outgoing.handle(event)
        timers = self._note_all(commands)
        self.was_cut_off = self.was_cut_off or not self._is_over or _is_lost(event)
        return [*commands, *timers, CancelTimer(PREFACE_TIMER), Stop(self._ending(event))]

    def _ending(self, event: PeerClosed) -> ExitCode:
        if self._exit_code is not None:
            return self._exit_code
        if self._outgoing is None:
            refused = refusal_exit_code(self._first_words)
            never_framed = ExitCode.LOST if event.reason is Reason.RESET else ExitCode.PROTOCOL
            return refused or never_framed
        return ExitCode.LOST if _is_lost(event) else ExitCode.DONE


def _is_lost(event: PeerClosed) -> bool:
    return event.unsent_bytes > 0 or event.reason in _REASONS_LOST


def exit_code_of(told: TellFile) -> ExitCode | None:
    """Return how a run ends in which that came of a file; None if nothing went wrong."""
    if told.objection is not None:
        return _EXIT_CODES[told.objection]
    return ExitCode.LOST if told.stage in _STAGES_LOST else None
