"""How whoever asked for a program is told what it says and how it ended."""

from collections.abc import Sequence
from typing import Protocol

from enchufe.core.commands import Close, Command, Send, Show
from enchufe.core.control import Outcome, Status, control_frame
from enchufe.core.frames import Frame, Kind
from enchufe.core.limits import PROGRAM_DATAGRAM_BYTES_MAX
from enchufe.core.peer import Peer
from enchufe.services.control.conversation import Conversation
from enchufe.services.control.words import ControlWords, outcome_text


class Answers(Protocol):
    """Tells one peer of one program.

    `is_paced` says whether the program waits for a peer that does not keep up; `bytes_max`
    is how much it may say, None for as much as its owner lets it; `outcome_past` is how it
    ends if it says more.
    """

    peer: Peer
    is_paced: bool
    bytes_max: int | None
    outcome_past: Outcome

    def wrote(self, data: bytes, *, is_error: bool) -> Sequence[Command]:
        """Tell what the program said."""
        ...

    def ended(self, outcome: Outcome, code: int, detail: str) -> Sequence[Command]:
        """Tell how it ended."""
        ...


class FramedAnswers:
    """Tells in frames, as it happens; the conversation ends with the program."""

    def __init__(self, conversation: Conversation) -> None:
        self.peer = conversation.peer
        self.is_paced = True
        self.bytes_max: int | None = None
        self.outcome_past = Outcome.TOO_MUCH
        self._conversation = conversation

    def wrote(self, data: bytes, *, is_error: bool) -> Sequence[Command]:
        """Send it on."""
        kind = Kind.ERRORS if is_error else Kind.OUTPUT
        return [self._conversation.answer(Frame(kind, 0, data))]

    def ended(self, outcome: Outcome, code: int, detail: str) -> Sequence[Command]:
        """Say how it ended, and that this is all."""
        status = control_frame(Status(outcome, code, detail))
        return [self._conversation.answer(status), Close(self.peer)]


class DatagramAnswers:
    """Tells all in one datagram at the end; asked again, tells it again."""

    def __init__(self, conversation: Conversation) -> None:
        self.peer = conversation.peer
        self.is_paced = False
        self.bytes_max: int | None = PROGRAM_DATAGRAM_BYTES_MAX
        self.outcome_past = Outcome.TOO_LARGE
        self._conversation = conversation
        self._output = bytearray()
        self._errors = bytearray()
        self._status: Status | None = None

    def wrote(self, data: bytes, *, is_error: bool) -> Sequence[Command]:
        """Keep it for the end."""
        (self._errors if is_error else self._output).extend(data)
        return ()

    def ended(self, outcome: Outcome, code: int, detail: str) -> Sequence[Command]:
        """Say all; what does not fit is not said at all."""
        fits = outcome is not Outcome.TOO_LARGE
        output, errors = (bytes(self._output), bytes(self._errors)) if fits else (b"", b"")
        self._status = Status(outcome, code, detail, output, errors)
        return self._told(self._status)

    def again(self, conversation: Conversation) -> Sequence[Command]:
        """Say it to whoever asks for the same once more, or will once it has ended."""
        self._conversation = conversation
        return () if self._status is None else self._told(self._status)

    def _told(self, status: Status) -> Sequence[Command]:
        return [self._conversation.answer(control_frame(status))]


class PlainAnswers:
    """Tells the exit status as a line, as the guides' own server would; the owner sees the rest."""

    def __init__(self, peer: Peer, words: ControlWords) -> None:
        self.peer = peer
        self.is_paced = False
        self.bytes_max: int | None = None
        self.outcome_past = Outcome.TOO_MUCH
        self._words = words

    def wrote(self, data: bytes, *, is_error: bool) -> Sequence[Command]:  # noqa: ARG002 -- both are shown alike
        """Show it at this side, where ``os.system`` would."""
        return [Show(self.peer, line) for line in data.splitlines()]

    def ended(self, outcome: Outcome, code: int, detail: str) -> Sequence[Command]:
        """Say the exit status, 128 and the signal's number as shells do, or why there is none."""
        match outcome:
            case Outcome.EXITED:
                text = str(code)
            case Outcome.SIGNALLED:
                text = str(128 + code)
            case _:
                text = outcome_text(outcome, detail, self._words)
        return [Send(self.peer, text.encode())]
