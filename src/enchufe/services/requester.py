"""Requester: asks a server of ours for one thing, and hears how it ended."""

from collections.abc import Callable, Sequence

from enchufe.core.commands import (
    CancelTimer,
    Close,
    Command,
    HoldInput,
    SendFrame,
    SetTimer,
    Show,
    ShowError,
    SpeakFrames,
    Stop,
)
from enchufe.core.control import Ask, Challenge, Denied, Run, Status, StopServer, control_frame
from enchufe.core.events import (
    Event,
    FrameReceived,
    InputEnded,
    InputTyped,
    MessageReceived,
    PeerClosed,
    PeerFinished,
    PeerOpened,
    Reason,
    TimerFired,
)
from enchufe.core.exits import ExitCode
from enchufe.core.frames import Frame, Kind
from enchufe.core.payloads import payload_of
from enchufe.core.peer import Peer
from enchufe.core.refusals import refusal_exit_code
from enchufe.core.seal import Sealing, Side

ANSWER_S = 5.0
"""A server of ours answers at once; one that has not after this long is none."""

AGAIN_S = 1.0
"""What was asked in a datagram and not answered for so long is asked again."""

UNHEARD_MAX = 5
"""Datagrams in a row that nobody answers, after which nobody is there."""

DENIALS_MAX = 2
"""Over datagrams one denial may belong to what was said before; the next means it."""

TIMER = "answer"

_EXIT_CODES = {
    Reason.REFUSED: ExitCode.REFUSED,
    Reason.PROTOCOL: ExitCode.PROTOCOL,
    Reason.SILENT: ExitCode.TIMED_OUT,
}


class Requester:
    """Asks one server for one thing.

    `status` is how that ended, once it has; `denied` is the server's word if it lets us
    ask for nothing.

    Args:
        request: what to ask for.
        key: proves who we are; None where the system or a certificate does.
        new_nonce: where nonces come from.
    """

    def __init__(
        self, request: Run | StopServer, key: bytes | None, new_nonce: Callable[[], bytes]
    ) -> None:
        self.status: Status | None = None
        self.denied = ""
        self._request = control_frame(request)
        self._key = key
        self._new_nonce = new_nonce
        self._nonce = b""
        self._is_asked = False
        self._early_input: list[Frame] = []  # what came before there was a program to read it
        self._peer: Peer | None = None
        self._sealing: Sealing | None = None
        self._unheard = 0
        self._denials = 0
        self._first_words = b""
        self._is_answered = False

    def handle(self, event: Event) -> Sequence[Command]:
        """Return what to do about ``event``."""
        match event:
            case PeerOpened():
                self._peer = event.peer
                return [SpeakFrames(event.peer), HoldInput(hold=True), *self._ask(event.peer)]
            case FrameReceived():
                self._is_answered = True
                return self._frame(event.peer, event.frame)
            case InputTyped() | InputEnded() if self._peer is not None:
                return self._fed(self._peer, _input(event))
            case MessageReceived():
                self._first_words += event.message[:64] if len(self._first_words) < 64 else b""
                return [ShowError(event.peer, event.message + b"\n")]
            case TimerFired() if self._peer is not None:
                return self._unanswered(self._peer)
            case PeerFinished():
                return [Close(event.peer)]
            case PeerClosed():
                return [CancelTimer(TIMER), Stop(self._exit_code(event))]
            case _:
                return []

    # Proving who we are

    def _ask(self, peer: Peer) -> Sequence[Command]:
        """Begin: with a nonce of ours, or with the request where nothing is to be proved."""
        wait = SetTimer(TIMER, ANSWER_S if peer.is_stream else AGAIN_S)
        self._sealing = None
        if self._key is None:
            return [*self._asked(peer), wait]
        self._nonce = self._new_nonce()
        return [SendFrame(peer, control_frame(Ask(self._nonce.hex()))), wait]

    def _challenged(self, peer: Peer, challenge: Challenge) -> Sequence[Command]:
        if self._key is None or self._sealing is not None:  # it comes twice over datagrams
            return []
        self._unheard = 0
        server_nonce = bytes.fromhex(challenge.nonce)
        self._sealing = Sealing(self._key, Side.CALLER, self._nonce, server_nonce)
        patience = [CancelTimer(TIMER)] if peer.is_stream else []
        return [*self._asked(peer), *patience]

    def _asked(self, peer: Peer) -> Sequence[Command]:
        """Ask for it; from now on there is a program to read the input."""
        early, self._early_input, self._is_asked = self._early_input, [], True
        said = [self._said(peer, frame) for frame in (self._request, *early)]
        return [*said, HoldInput(hold=False)]

    def _fed(self, peer: Peer, frame: Frame) -> Sequence[Command]:
        if self._is_asked:
            return [self._said(peer, frame)]
        self._early_input.append(frame)
        return []

    def _unanswered(self, peer: Peer) -> Sequence[Command]:
        """Ask again over datagrams; a stream says nothing only if nobody understands us."""
        self._unheard += 1
        if peer.is_stream:
            return [] if self._is_answered else [Close(peer), Stop(ExitCode.PROTOCOL)]
        if self._unheard >= UNHEARD_MAX:
            return [Close(peer), Stop(ExitCode.TIMED_OUT)]
        return self._ask(peer)

    def _said(self, peer: Peer, frame: Frame) -> Command:
        return SendFrame(peer, frame if self._sealing is None else self._sealing.seal(frame))

    # What we are told

    def _frame(self, peer: Peer, frame: Frame) -> Sequence[Command]:
        match frame.kind:
            case Kind.CHALLENGE:
                return self._challenged(peer, payload_of(frame, Challenge))
            case Kind.DENIED:
                return self._refused(peer, payload_of(frame, Denied))
            case Kind.SEALED if self._sealing is not None:
                opened = self._sealing.opened(frame)
                return [] if opened is None else self._told(peer, opened)
            case _ if self._key is None:
                return self._told(peer, frame)
            case _:
                return []  # whoever does not hold the key has nothing to tell us

    def _refused(self, peer: Peer, denied: Denied) -> Sequence[Command]:
        self._denials += 1
        if not peer.is_stream and self._denials < DENIALS_MAX:
            return self._ask(peer)
        self.denied = denied.why
        return [Close(peer), Stop(ExitCode.DENIED)]

    def _told(self, peer: Peer, frame: Frame) -> Sequence[Command]:
        match frame.kind:
            case Kind.OUTPUT:
                return [Show(peer, frame.payload)]
            case Kind.ERRORS:
                return [ShowError(peer, frame.payload)]
            case Kind.STATUS:
                return self._ended(peer, payload_of(frame, Status))
            case _:
                return []

    def _ended(self, peer: Peer, status: Status) -> Sequence[Command]:
        self.status = status
        shown: list[Command] = []
        if status.output:
            shown.append(Show(peer, status.output))
        if status.errors:
            shown.append(ShowError(peer, status.errors))
        return [*shown, CancelTimer(TIMER), Close(peer), Stop(ExitCode.DONE)]

    def _exit_code(self, event: PeerClosed) -> ExitCode:
        refused = refusal_exit_code(self._first_words)
        if self.status is not None:
            return ExitCode.DONE
        if self.denied or refused is not None:
            return refused or ExitCode.DENIED
        if not self._is_answered and event.reason is Reason.FINISHED:
            return ExitCode.PROTOCOL
        return _EXIT_CODES.get(event.reason, ExitCode.LOST)


def _input(event: InputTyped | InputEnded) -> Frame:
    if isinstance(event, InputEnded):
        return Frame(Kind.INPUT_END)
    return Frame(Kind.INPUT, 0, event.data)
