"""Caller: our end of a conversation with any server.

What the person types goes to the peer, what arrives is shown. At the end of the input
a stream is half-closed and its answer awaited to the last byte; datagrams have no end,
so there the caller waits for as many answers as it sent, or until nothing more comes.
"""

from collections.abc import Sequence

from enchufe.core.commands import CancelTimer, Close, Command, Finish, Send, SetTimer, Show, Stop
from enchufe.core.events import (
    Event,
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
from enchufe.core.peer import Peer
from enchufe.core.refusals import refusal_exit_code

DATAGRAM_WAIT_S = 2.0
"""How long an answer may take when the person does not say: far above any round trip."""

STRAGGLER_WAIT_S = 0.25
"""Once as many answers as questions came, how long a further one may take."""

LATE_INPUT_S = 1.0
"""The peer has said its last word and may still read: with nothing more for it for so long,
we close. A pipe that delivers is never cut short; one that stays open holds nobody up."""

WAIT_TIMER = "wait"
LATE_INPUT_TIMER = "late input"

_EXIT_CODES = {
    Reason.REFUSED: ExitCode.REFUSED,
    Reason.RESET: ExitCode.LOST,
    Reason.UNFINISHED: ExitCode.LOST,
    Reason.FAILED: ExitCode.LOST,
    Reason.SILENT: ExitCode.TIMED_OUT,
    Reason.PROTOCOL: ExitCode.PROTOCOL,
}


class Caller:
    """Talks with one peer until both have said all they had to say.

    Args:
        wait_s: how long to wait in silence for (more) answers once the input has
            ended; None for as long as a stream stays open, and for datagrams
            until all are answered, or `DATAGRAM_WAIT_S`.
        half_close: whether the end of the input is told to a stream peer.
    """

    def __init__(self, wait_s: float | None = None, *, half_close: bool = True) -> None:
        self._wait_s = wait_s
        self._half_close = half_close
        self._peer: Peer | None = None
        self._input_ended = False
        self._peer_finished = False
        self._sent = 0
        self._answered = 0
        self._first_words = b""

    def handle(self, event: Event) -> Sequence[Command]:
        """Return what to do about ``event``."""
        match event:
            case PeerOpened():
                self._peer = event.peer
            case InputTyped() if self._peer is not None:
                self._sent += 1
                return (Send(self._peer, event.data), *self._time_for_more())
            case InputEnded() if self._peer is not None:
                self._input_ended = True
                return self._after_input(self._peer)
            case MessageReceived():
                return self._received(event)
            case PeerFinished():
                self._peer_finished = True
                return (Close(event.peer),) if self._input_ended else self._time_for_more()
            case PeerClosed():
                return (CancelTimer(WAIT_TIMER), Stop(self._exit_code(event)))
            case TimerFired():
                return self._timer_fired(event)
            case _:
                pass
        return ()

    def _received(self, event: MessageReceived) -> Sequence[Command]:
        self._answered += 1
        if len(self._first_words) < 64:
            self._first_words += event.message[:64]
        shown = Show(event.peer, event.message)
        return (shown, *self._patience(event.peer)) if self._input_ended else (shown,)

    def _time_for_more(self) -> Sequence[Command]:
        return (SetTimer(LATE_INPUT_TIMER, LATE_INPUT_S),) if self._peer_finished else ()

    def _after_input(self, peer: Peer) -> Sequence[Command]:
        if self._peer_finished:
            return (Close(peer),)
        patience = self._patience(peer)
        return (Finish(peer), *patience) if peer.is_stream and self._half_close else patience

    def _patience(self, peer: Peer) -> Sequence[Command]:
        """Return the timer that says how much longer to wait, or none."""
        if self._wait_s is not None:
            return (SetTimer(WAIT_TIMER, self._wait_s),)
        if peer.is_stream:
            return ()
        enough = self._answered >= self._sent
        return (SetTimer(WAIT_TIMER, STRAGGLER_WAIT_S if enough else DATAGRAM_WAIT_S),)

    def _timer_fired(self, event: TimerFired) -> Sequence[Command]:
        if event.name == LATE_INPUT_TIMER and self._peer is not None:
            return (Close(self._peer),)
        return self._waited_enough()

    def _waited_enough(self) -> Sequence[Command]:
        stop = Stop(ExitCode.DONE if self._is_content() else ExitCode.TIMED_OUT)
        return (stop,) if self._peer is None else (Close(self._peer), stop)

    def _is_content(self) -> bool:
        """Whether silence now means that nothing is missing.

        A stream that was given a limit of time ends well at that limit if anything
        came; a datagram peer must have answered at least once, if it was asked.
        """
        return self._answered > 0 or self._sent == 0

    def _exit_code(self, event: PeerClosed) -> ExitCode:
        refused = refusal_exit_code(self._first_words)
        if refused is not None:
            return refused
        if event.unsent_bytes and event.reason is not Reason.STOPPING:
            return ExitCode.LOST
        return _EXIT_CODES.get(event.reason, ExitCode.DONE)
