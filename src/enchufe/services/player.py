"""Player: the caller's side of a conversation that was recorded, said again to a live server.

It says what was said, when it was said or sooner, and never before it has heard as much
as the caller had heard then: a server that is slower than it was is waited for, for a
while. What the server answers is kept, to be held against what it answered then.
"""

from collections.abc import Sequence

from msgspec import Struct

from enchufe.core.commands import AwaitDrained, CancelTimer, Close, Command, Finish, Send, SetTimer
from enchufe.core.events import (
    Event,
    MessageReceived,
    PeerDrained,
    PeerFinished,
    PeerOpened,
    TimerFired,
)
from enchufe.core.peer import Peer

ANSWER_S = 2.0
"""A server that owes an answer is waited for so long, from what it said last."""

STRAGGLER_S = 0.25
"""Once all is said and as much has come as came then, a further answer may take so long."""

EXTRA_MAX = 65_536
"""When so many bytes, or datagrams, more than then have come, they are another answer anyway."""

STEP_TIMER = "step"
PATIENCE_TIMER = "patience"


class Step(Struct, frozen=True):
    """One thing the caller said.

    Args:
        after_ns: how long after the conversation began.
        heard: how much it had heard: bytes of a stream, or datagrams.
        data: what it said; None for the end of what it says.
    """

    after_ns: int
    heard: int
    data: bytes | None


class Player:
    """Plays one conversation.

    Args:
        steps: what the caller said, in order.
        answers: how much the server answered: bytes of a stream, or datagrams.
        speed: how many times faster than it was; infinite for without any waiting.
    """

    def __init__(self, steps: Sequence[Step], answers: int, speed: float) -> None:
        self.heard: list[bytes] = []
        self._steps = steps
        self._answers = answers
        self._speed = speed
        self._next = self._heard_count = self._began_ns = 0
        self._awaits_drained = self._peer_finished = self._is_impatient = False
        self._is_closed = self._is_ending = False

    def handle(self, event: Event) -> Sequence[Command]:
        """Return what to do about ``event``."""
        match event:
            case PeerOpened(peer=peer):
                self._peer = peer
                self._began_ns = event.at_ns
            case MessageReceived(message=message):
                self.heard.append(message)
                self._heard_count += len(message) if event.peer.is_stream else 1
            case PeerDrained():
                self._awaits_drained = False
            case PeerFinished():
                self._peer_finished = True
            case TimerFired(name=name):
                self._is_impatient |= name == PATIENCE_TIMER
            case _:
                return ()
        if self._awaits_drained or self._is_closed:
            return ()
        return self._go_on(self._peer, event.at_ns)

    def _go_on(self, peer: Peer, at_ns: int) -> Sequence[Command]:
        if self._next == len(self._steps):
            return self._await_the_rest(peer)
        step = self._steps[self._next]
        wait_s = (self._began_ns + step.after_ns / self._speed - at_ns) / 1e9
        if wait_s > 0:
            return (SetTimer(STEP_TIMER, wait_s),)
        is_owed = self._heard_count < step.heard and not self._peer_finished
        if is_owed and not self._is_impatient:
            return (SetTimer(PATIENCE_TIMER, ANSWER_S),)
        self._is_impatient = False
        self._next += 1
        impatience = CancelTimer(PATIENCE_TIMER)
        if step.data is None:
            return (impatience, Finish(peer), *self._go_on(peer, at_ns))
        self._awaits_drained = True
        return (impatience, Send(peer, step.data), AwaitDrained(peer))

    def _await_the_rest(self, peer: Peer) -> Sequence[Command]:
        """Wait for what came then, and a moment for what did not; then leave."""
        is_too_much = self._heard_count > self._answers + EXTRA_MAX
        if self._peer_finished or self._is_impatient or is_too_much:
            self._is_closed = True
            return (CancelTimer(PATIENCE_TIMER), Close(peer))
        if self._heard_count < self._answers:
            return (SetTimer(PATIENCE_TIMER, ANSWER_S),)
        if self._is_ending:
            return ()
        self._is_ending = True
        return (SetTimer(PATIENCE_TIMER, STRAGGLER_S),)
