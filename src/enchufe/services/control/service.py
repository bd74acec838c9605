"""The service itself: who asks must prove who they are, and may ask for what the owner permits."""

from collections import OrderedDict
from collections.abc import Sequence

from enchufe.core.commands import CancelTimer, Close, Command, Send, SendFrame, SetTimer, Stop
from enchufe.core.control import (
    Ask,
    Denied,
    Outcome,
    Run,
    Status,
    StopServer,
    Verdict,
    control_frame,
)
from enchufe.core.events import (
    Event,
    FrameReceived,
    MessageReceived,
    PeerClosed,
    PeerDrained,
    PeerFinished,
    PeerOpened,
    Reason,
    RunStopping,
    TimerFired,
)
from enchufe.core.exits import ExitCode
from enchufe.core.frames import Frame, Kind
from enchufe.core.limits import CONTROL_PROOF_S_MAX, CONTROL_REQUESTS_MAX
from enchufe.core.payloads import payload_of
from enchufe.core.peer import Peer
from enchufe.core.programs import EndProgramInput, FeedProgram, ProgramEvent
from enchufe.services.control.answers import DatagramAnswers, FramedAnswers
from enchufe.services.control.conversation import Conversation, NewNonce
from enchufe.services.control.log import Log
from enchufe.services.control.permissions import Permissions
from enchufe.services.control.plain import Plain
from enchufe.services.control.runs import RUN_TIMER, Runs
from enchufe.services.control.words import ControlWords

PROOF_TIMER = "proof "


class Control:
    """Stops the server, and runs programs, for those who may.

    Args:
        permissions: who may ask for what.
        new_nonce: where nonces come from.
        words: what is said to those who speak text.
    """

    def __init__(
        self, permissions: Permissions, new_nonce: NewNonce, words: ControlWords | None = None
    ) -> None:
        self._permissions = permissions
        self._new_nonce = new_nonce
        self._words = words or ControlWords()
        self._conversations: dict[int, Conversation] = {}
        self._asked: OrderedDict[str, DatagramAnswers] = OrderedDict()
        self._runs = Runs(permissions)
        self._log = Log()
        self._plain: Plain | None = None
        if permissions.plain is not None:
            self._plain = Plain(permissions.plain, permissions, self._runs, self._log, self._words)

    def handle(self, event: Event) -> Sequence[Command]:
        """Return what to do about ``event``."""
        match event:
            case FrameReceived():
                return self._frame(event)
            case MessageReceived():
                return self._text(event)
            case PeerOpened() | PeerDrained() | PeerFinished() | PeerClosed():
                return self._of_connection(event)
            case TimerFired():
                return self._timer_fired(event.name)
            case RunStopping():
                return [*self._log.rest(), *self._runs.stopping(event.at_ns)]
            case _:
                return self._runs.handle(event) if isinstance(event, ProgramEvent) else ()

    # Who is there

    def _of_connection(
        self, event: PeerOpened | PeerDrained | PeerFinished | PeerClosed
    ) -> Sequence[Command]:
        match event:
            case PeerOpened():
                return self._opened(event.peer)
            case PeerDrained():
                return self._runs.drained(event.peer)
            case PeerFinished():
                return self._finished(event.peer)
            case PeerClosed():
                return self._closed(event.peer)

    def _opened(self, peer: Peer) -> Sequence[Command]:
        self._conversations[peer.id] = Conversation(peer)
        if not peer.is_stream or self._plain is not None:
            return ()
        return (SetTimer(f"{PROOF_TIMER}{peer.id}", CONTROL_PROOF_S_MAX),)

    def _closed(self, peer: Peer) -> Sequence[Command]:
        self._conversations.pop(peer.id, None)
        return [*self._no_hurry(peer), *self._runs.left(peer)]

    def _finished(self, peer: Peer) -> Sequence[Command]:
        """Let a peer go that says no more, and end its program.

        Its input ends with a frame; so a half-close can only mean that it is gone, and
        nothing else would tell us while its program says nothing. A script that speaks
        text half-closes at the end of its orders, and waits for the answers.
        """
        if self._conversations[peer.id].run:
            return [*self._runs.left(peer), Close(peer)]
        return self._runs.finished(peer)

    def _timer_fired(self, name: str) -> Sequence[Command]:
        if name.startswith(RUN_TIMER):
            return self._runs.timed_out(name.removeprefix(RUN_TIMER))
        conversation = self._conversations.get(int(name.removeprefix(PROOF_TIMER)))
        return () if conversation is None else (Close(conversation.peer, Reason.SILENT),)

    def _no_hurry(self, peer: Peer) -> Sequence[Command]:
        return (CancelTimer(f"{PROOF_TIMER}{peer.id}"),) if peer.is_stream else ()

    def _text(self, event: MessageReceived) -> Sequence[Command]:
        if self._plain is not None:
            return self._plain.obey(event)
        if not event.peer.is_stream:
            return ()
        return (Send(event.peer, self._words.frames_only.encode()), Close(event.peer))

    # What they prove

    def _frame(self, event: FrameReceived) -> Sequence[Command]:
        frame, conversation = event.frame, self._conversations[event.peer.id]
        if frame.kind == Kind.ASK:
            return self._challenge(conversation, frame, event.at_ns)
        if frame.kind == Kind.SEALED:
            opened = conversation.opened(frame)
            if opened is None:
                return self._not_opened(conversation, event.at_ns)
            return self._proven(conversation, opened, self._permissions.key_proof, event.at_ns)
        if self._permissions.vouches_for(event.peer):
            return self._proven(conversation, frame, event.peer.user, event.at_ns)
        if frame.kind in (Kind.RUN, Kind.STOP):
            return self._denied(conversation.peer, Verdict.NO_PROOF, event.at_ns)
        return ()

    def _challenge(self, conversation: Conversation, frame: Frame, at_ns: int) -> Sequence[Command]:
        caller_nonce = bytes.fromhex(payload_of(frame, Ask).nonce)
        if self._permissions.key is None:
            return self._denied(conversation.peer, Verdict.NO_PROOF, at_ns)
        return (conversation.challenged(self._permissions.key, caller_nonce, self._new_nonce()),)

    def _not_opened(self, conversation: Conversation, at_ns: int) -> Sequence[Command]:
        """Deny it, unless it is a datagram that comes twice, or is played back."""
        peer = conversation.peer
        if conversation.is_proven and not peer.is_stream:
            return ()
        return self._denied(peer, Verdict.WRONG_KEY, at_ns)

    def _denied(self, peer: Peer, verdict: Verdict, at_ns: int) -> Sequence[Command]:
        """Say no, once: the next try is another conversation, with another nonce."""
        reports = self._log.stranger(at_ns, peer, verdict)
        said = SendFrame(peer, control_frame(Denied(verdict)))
        return [*reports, said, *([Close(peer)] if peer.is_stream else [])]

    # What they ask for

    def _proven(
        self, conversation: Conversation, frame: Frame, proof: str, at_ns: int
    ) -> Sequence[Command]:
        match frame.kind:
            case Kind.RUN:
                return self._run(conversation, payload_of(frame, Run), proof, at_ns)
            case Kind.STOP:
                payload_of(frame, StopServer)
                return self._stop(conversation, proof, at_ns)
            case Kind.INPUT if conversation.run:
                return (FeedProgram(conversation.run, frame.payload),)
            case Kind.INPUT_END if conversation.run:
                return (EndProgramInput(conversation.run),)
            case _:
                return ()

    def _stop(self, conversation: Conversation, proof: str, at_ns: int) -> Sequence[Command]:
        peer = conversation.peer
        if not self._permissions.may_stop:
            report = self._log.stop(at_ns, peer, Verdict.NOT_ALLOWED, proof)
            return [report, *self._answered(conversation, Outcome.NOT_ALLOWED)]
        report = self._log.stop(at_ns, peer, Verdict.ALLOWED, proof)
        return [report, *self._answered(conversation, Outcome.DONE), Stop(ExitCode.DONE)]

    def _run(
        self, conversation: Conversation, asked: Run, proof: str, at_ns: int
    ) -> Sequence[Command]:
        peer, arguments = conversation.peer, asked.arguments
        answers = None if peer.is_stream else self._asked.get(asked.request)
        if answers is not None:
            return answers.again(conversation)
        if not self._permissions.permits(arguments):
            verdict, outcome = Verdict.NOT_ALLOWED, Outcome.NOT_ALLOWED
        elif conversation.run or self._runs.are_all_taken:
            verdict, outcome = Verdict.BUSY, Outcome.BUSY
        else:
            verdict, outcome = Verdict.ALLOWED, Outcome.EXITED
        report = self._log.asked(at_ns, peer, arguments, verdict, proof)
        if verdict is not Verdict.ALLOWED:
            return [report, *self._answered(conversation, outcome)]
        return [report, *self._start(conversation, asked, at_ns)]

    def _start(self, conversation: Conversation, asked: Run, at_ns: int) -> Sequence[Command]:
        peer = conversation.peer
        answers = FramedAnswers(conversation) if peer.is_stream else self._kept(conversation, asked)
        handle, started = self._runs.start(answers, asked.arguments, at_ns)
        if not peer.is_stream:  # it may ask for another while this one runs
            return [*started, EndProgramInput(handle)]
        conversation.run = handle
        has_input = () if asked.has_input else (EndProgramInput(handle),)
        return [*self._no_hurry(peer), *started, *has_input]

    def _kept(self, conversation: Conversation, asked: Run) -> DatagramAnswers:
        answers = self._asked[asked.request] = DatagramAnswers(conversation)
        if len(self._asked) > CONTROL_REQUESTS_MAX:
            self._asked.popitem(last=False)
        return answers

    def _answered(self, conversation: Conversation, outcome: Outcome) -> Sequence[Command]:
        said = conversation.answer(control_frame(Status(outcome)))
        return [said, Close(said.peer)] if said.peer.is_stream else [said]
