"""The driver: tells a host what happens on real sockets, and performs its commands."""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from time import time_ns
from typing import Protocol

from msgspec import Struct

from enchufe.core.commands import (
    AwaitDrained,
    CancelTimer,
    Close,
    Dial,
    Finish,
    HoldInput,
    Order,
    ReadOn,
    Recall,
    Remember,
    Report,
    Rest,
    Send,
    SetTimer,
    Show,
    ShowError,
    Spread,
    Stop,
    Tell,
)
from enchufe.core.events import Event, Reason
from enchufe.core.exits import ExitCode
from enchufe.core.files import FileOrder
from enchufe.core.notices import Notice, PeerCame, PeerLeft
from enchufe.core.peer import Peer
from enchufe.core.programs import (
    EndProgramInput,
    FeedProgram,
    HoldProgram,
    KillProgram,
    ProgramOrder,
    RunProgram,
)
from enchufe.core.scores import AskScores, KeepScore, ScoreOrder
from enchufe.host import Host


class Link(Protocol):
    """One peer's end of a socket."""

    peer: Peer
    opened_ns: int
    received_bytes: int
    sent_bytes: int

    def send(self, message: bytes) -> None:
        """Queue ``message`` for the peer."""

    def finish(self) -> None:
        """Say that no more will come, after what is queued."""

    def close(self, reason: Reason = Reason.OURS) -> None:
        """End the conversation, after what is queued."""

    def abort(self, reason: Reason) -> None:
        """End the conversation now."""

    def await_drained(self) -> None:
        """Report `PeerDrained` when nothing is queued any more."""

    def rest(self) -> None:
        """Read nothing more for now; a datagram peer has no stream to leave unread."""

    def read_on(self) -> None:
        """Read again."""

    def queued_bytes(self) -> int:
        """Return how much waits for the peer to read."""
        ...

    def activity(self) -> int:
        """Return a number that changes whenever something moves."""
        ...


class Equipment(Struct, frozen=True):
    """What a service may order that is not about sockets; a service gets what it needs.

    Args:
        tell: tells the person at this side something, and who says it.
        dial: calls the server again.
        history: keeps lines, and looks them up.
        files: reads and writes files.
        hold_input: takes no more from the input, or takes it again.
        show_error: shows what a peer's program said on standard error.
        programs: runs programs.
        scores: keeps scores, and looks them up.
    """

    tell: Callable[[str, str], None] | None = None
    dial: Callable[[], None] | None = None
    history: Callable[[Remember | Recall], None] | None = None
    files: Callable[[FileOrder], None] | None = None
    hold_input: Callable[[bool], None] | None = None
    show_error: Callable[[Peer, bytes], None] | None = None
    programs: Callable[[ProgramOrder], None] | None = None
    scores: Callable[[ScoreOrder], None] | None = None


class Driver:
    """Performs the commands of one host.

    Args:
        name: the service, as notices call it.
        host: whose commands are performed.
        numbers: where peers' ids come from; shared by all drivers of a run.
        notify: told who came and who left.
        show: shows the person what a peer said.
        stop: ends the run.
        equipment: performs what is not about sockets.
    """

    def __init__(
        self,
        name: str,
        host: Host,
        *,
        numbers: Iterator[int],
        notify: Callable[[Notice], None],
        show: Callable[[Peer, bytes], None],
        stop: Callable[[ExitCode], None],
        equipment: Equipment | None = None,
    ) -> None:
        self.name = name
        self.links: dict[int, Link] = {}
        self.notify = notify
        self._host = host
        self._host_received = host.received
        self._numbers = numbers
        self._show = show
        self._stop = stop
        self._equipment = equipment or Equipment()
        self._loop = asyncio.get_running_loop()
        self._timers: dict[str, asyncio.TimerHandle] = {}

    def next_number(self) -> int:
        """Return an id for a peer, never used before in this run."""
        return next(self._numbers)

    def opened(self, link: Link) -> None:
        """Take in a new peer."""
        at_ns = time_ns()
        link.opened_ns = at_ns
        self.links[link.peer.id] = link
        self.notify(PeerCame(at_ns, self.name, link.peer))
        self.perform(self._host.opened(link.peer, at_ns))

    def received(self, link: Link, data: bytes) -> None:
        """Hand over what arrived from a peer and do what the service says.

        Most often that is one answer to the one who spoke, which needs no look-up.
        """
        peer = link.peer
        for order in self._host_received(peer, data, time_ns()):
            if isinstance(order, Send) and order.peer is peer:
                link.send(order.message)
            else:
                self._perform_one(order)

    def received_batch(self, arrivals: Iterable[tuple[Peer, bytes]], at_ns: int) -> None:
        """Hand over datagrams that arrived together."""
        self.perform(self._host.received_batch(arrivals, at_ns))

    def finished(self, peer: Peer) -> None:
        """Say that ``peer`` will send no more."""
        self.perform(self._host.finished(peer, time_ns()))

    def drained(self, peer: Peer) -> None:
        """Say that all we sent ``peer`` has left."""
        if peer.id in self.links:
            self.perform(self._host.drained(peer, time_ns()))

    def behind(self, peer: Peer) -> None:
        """Say that ``peer`` does not read what it is sent."""
        if peer.id in self.links:
            self.perform(self._host.behind(peer, time_ns()))

    def closed(self, link: Link, reason: Reason, unsent_bytes: int = 0) -> None:
        """Say that the conversation with a peer is over; a second time does nothing."""
        if self.links.pop(link.peer.id, None) is None:
            return
        at_ns = time_ns()
        self.perform(self._host.closed(link.peer, reason, at_ns, unsent_bytes))
        self.notify(
            PeerLeft(
                at_ns=at_ns,
                service=self.name,
                peer=link.peer,
                reason=reason,
                received_bytes=link.received_bytes,
                sent_bytes=link.sent_bytes - unsent_bytes,
                lasted_s=(at_ns - link.opened_ns) / 1e9,
            )
        )

    def held_bytes(self, link: Link) -> tuple[int, int]:
        """Return how much is held of what a peer has not finished, and does not read."""
        return self._host.held_bytes(link.peer), link.queued_bytes()

    def let_go(self, link: Link) -> None:
        """End a conversation that makes us hold too much, and say why to one that may read it."""
        unfinished_bytes, queued_bytes = self.held_bytes(link)
        if unfinished_bytes > queued_bytes:
            self.perform(self._host.break_off(link.peer))
        else:
            link.abort(Reason.TOO_MUCH)

    def happened(self, event: Event) -> None:
        """Hand over what did not come from a socket: the person typed, input ended."""
        self.perform(self._host.happened(event))

    def perform(self, orders: Sequence[Order]) -> None:
        """Do what the service says, in order."""
        links = self.links
        for order in orders:
            if isinstance(order, Send):
                link = links.get(order.peer.id)
                if link is not None:
                    link.send(order.message)
            elif isinstance(order, Spread):
                self._spread(order)
            else:
                self._perform_one(order)

    def _spread(self, order: Spread) -> None:
        links, message, but = self.links, order.message, order.but
        for peer in order.peers:
            link = links.get(peer.id)
            if link is not None and peer is not but:
                link.send(message)

    def _perform_one(self, order: Order) -> None:
        match order:
            case Remember() | Recall():  # first, as a busy room orders nothing else so often
                assert self._equipment.history is not None
                self._equipment.history(order)
            case Send() | Finish() | Close() | AwaitDrained() | Rest() | ReadOn():
                self._on_link(order)
            case Spread():
                self._spread(order)
            case Show():
                self._show(order.peer, order.message)
            case SetTimer():
                self._set_timer(order)
            case CancelTimer():
                self._cancel_timer(order.name)
            case Stop():
                self._stop(order.exit_code)
            case Report():
                self.notify(order.notice)
            case _:
                self._with_equipment(order)

    def _with_equipment(
        self, order: Tell | HoldInput | ShowError | Dial | FileOrder | ProgramOrder | ScoreOrder
    ) -> None:
        """Do what needs more than sockets; a service without its equipment is our mistake."""
        equipment = self._equipment
        match order:
            case Tell():
                assert equipment.tell is not None
                equipment.tell(order.text, order.by)
            case HoldInput():
                assert equipment.hold_input is not None
                equipment.hold_input(order.hold)
            case ShowError():
                assert equipment.show_error is not None
                equipment.show_error(order.peer, order.message)
            case Dial():
                assert equipment.dial is not None
                equipment.dial()
            case RunProgram() | FeedProgram() | EndProgramInput() | HoldProgram() | KillProgram():
                assert equipment.programs is not None
                equipment.programs(order)
            case KeepScore() | AskScores():
                assert equipment.scores is not None
                equipment.scores(order)
            case _:
                assert equipment.files is not None
                equipment.files(order)

    def _on_link(self, order: Send | Finish | Close | AwaitDrained | Rest | ReadOn) -> None:
        link = self.links.get(order.peer.id)
        if link is None:  # the peer left while the service was answering
            return
        match order:
            case Send():
                link.send(order.message)
            case Finish():
                link.finish()
            case Close():
                link.close(order.reason)
            case AwaitDrained():
                link.await_drained()
            case Rest():
                link.rest()
            case ReadOn():
                link.read_on()

    def _set_timer(self, command: SetTimer) -> None:
        self._cancel_timer(command.name)
        self._timers[command.name] = self._loop.call_later(
            command.after_s, self._timer_fired, command.name
        )

    def _cancel_timer(self, name: str) -> None:
        timer = self._timers.pop(name, None)
        if timer is not None:
            timer.cancel()

    def _timer_fired(self, name: str) -> None:
        self._timers.pop(name, None)
        self.perform(self._host.timer_fired(name, time_ns()))

    def close(self) -> None:
        """Forget all timers; nothing is performed after this."""
        for name in list(self._timers):
            self._cancel_timer(name)
