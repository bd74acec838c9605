"""The driver: tells a host what happens in the simulated world, and performs its commands."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Protocol

from enchufe.core.commands import (
    AwaitDrained,
    CancelTimer,
    Close,
    Command,
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
from enchufe.core.events import Event, InputEnded, InputTyped, PeerOpened, Reason, RunStopping
from enchufe.core.exits import ExitCode
from enchufe.core.files import FileOrder
from enchufe.core.limits import STOP_S_MAX
from enchufe.core.notices import Reported
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
from enchufe.sim.clock import Alarm
from enchufe.sim.network import Network


class Link(Protocol):
    """One peer's end of a conversation.

    None of these tells the driver anything before it has done what it is doing: a
    service that says `Close` and `Stop` has stopped before it hears `PeerClosed`.
    Only `abort` ends the conversation at once.
    """

    peer: Peer

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


class _Dead:
    """What is left of a service that was killed: whoever was on the way finds nobody."""

    def handle(self, event: Event) -> Sequence[Command]:
        """Send newcomers away."""
        return [Close(event.peer)] if isinstance(event, PeerOpened) else ()


class Driver:
    """Performs the commands of one host.

    What came of it can be read off: ``shown`` is what the person saw of peers, ``told``
    what the service itself told them, ``closed_for`` says why each conversation ended,
    ``exit_code`` is None while the run goes on.

    What a service orders that is not about the network is done by ``dial``, ``history``,
    ``files``, ``programs`` and ``scores``, which whoever builds the world sets.

    Args:
        name: as the trace calls it.
        host: whose commands are performed.
        network: the world around.
    """

    def __init__(self, name: str, host: Host, network: Network) -> None:
        self.name = name
        self.links: dict[int, Link] = {}
        self.peers: list[Peer] = []
        self.shown: list[tuple[Peer, bytes]] = []
        self.shown_errors: list[tuple[Peer, bytes]] = []
        self.closed_for: dict[int, Reason] = {}
        self.told: list[Tell] = []
        self.exit_code: ExitCode | None = None
        self.dial: Callable[[], None] | None = None
        self.history: Callable[[Remember | Recall], None] | None = None
        self.files: Callable[[FileOrder], None] | None = None
        self.programs: Callable[[ProgramOrder], None] | None = None
        self.scores: Callable[[ScoreOrder], None] | None = None
        self.reported: list[Reported] = []
        self._holds_input = False
        self._held_input: list[Callable[[], None]] = []
        self._host = host
        self._network = network
        self._timers: dict[str, Alarm] = {}

    @property
    def shown_bytes(self) -> bytes:
        """All the person saw, one message after the other."""
        return b"".join(message for _peer, message in self.shown)

    # What happens

    def opened(self, link: Link) -> None:
        """Take in a new peer."""
        self._note("opened", link.peer)
        self.links[link.peer.id] = link
        self.peers.append(link.peer)
        self.perform(self._host.opened(link.peer, self._now_ns()))
        self.hold_input(False)

    def received(self, peer: Peer, data: bytes) -> None:
        """Hand over what arrived from ``peer``."""
        self._note("received", peer, data)
        self.perform(self._host.received(peer, data, self._now_ns()))

    def received_batch(self, arrivals: Iterable[tuple[Peer, bytes]]) -> None:
        """Hand over datagrams that arrived together."""
        together = list(arrivals)
        for peer, data in together:
            self._note("received", peer, data)
        self.perform(self._host.received_batch(together, self._now_ns()))

    def finished(self, peer: Peer) -> None:
        """Say that ``peer`` will send no more."""
        self._note("finished", peer)
        self.perform(self._host.finished(peer, self._now_ns()))

    def drained(self, peer: Peer) -> None:
        """Say that all we sent ``peer`` has left."""
        if peer.id in self.links:
            self._note("drained", peer)
            self.perform(self._host.drained(peer, self._now_ns()))

    def behind(self, peer: Peer) -> None:
        """Say that ``peer`` does not read what it is sent."""
        if peer.id in self.links:
            self._note("is behind", peer)
            self.perform(self._host.behind(peer, self._now_ns()))

    def closed(self, link: Link, reason: Reason, unsent_bytes: int = 0) -> None:
        """Say that the conversation with a peer is over; a second time does nothing."""
        if self.links.pop(link.peer.id, None) is None:
            return
        self._note(f"closed: {reason}", link.peer)
        self.closed_for[link.peer.id] = reason
        self.perform(self._host.closed(link.peer, reason, self._now_ns(), unsent_bytes))

    def happened(self, event: Event) -> None:
        """Hand over what did not come from the network."""
        self._network.trace.note(self.name, type(event).__name__)
        self.perform(self._host.happened(event))

    def type(self, messages: Sequence[bytes], *, every_s: float = 0.0, ends: bool = True) -> None:
        """Type ``messages`` one after the other, from now on.

        Args:
            messages: what the person, or the pipe, says.
            every_s: how many seconds pass before each.
            ends: whether the input ends after the last.
        """
        self._network.clock.after(every_s, partial(self._type, list(messages), every_s, ends))

    def hold_input(self, hold: bool) -> None:
        """Hold what is typed back while too much waits to be sent, or let it go on."""
        self._holds_input = hold
        if not hold:
            held, self._held_input = self._held_input, []
            for go_on in held:
                self._network.clock.after(0.0, go_on)

    def _type(self, messages: list[bytes], every_s: float, ends: bool) -> None:
        if self.exit_code is not None:
            return
        go_on = partial(self._type, messages, every_s, ends)
        if self._holds_input or not self.peers:  # a call is not answered at once
            self._held_input.append(go_on)
        elif messages:
            self.happened(InputTyped(self._now_ns(), messages.pop(0)))
            self._network.clock.after(every_s, go_on)
        elif ends:
            self.happened(InputEnded(self._now_ns()))

    # What the host orders

    def perform(self, orders: Sequence[Order]) -> None:
        """Do what the service says, in order."""
        for order in orders:
            self._perform_one(order)

    def _perform_one(self, order: Order) -> None:
        match order:
            case Send() | Finish() | Close() | AwaitDrained() | Rest() | ReadOn():
                self._on_link(order)
            case Spread():
                for peer in order.peers:
                    if peer is not order.but:
                        self._on_link(Send(peer, order.message))
            case Show() | ShowError():
                self._show(order)
            case SetTimer():
                self._set_timer(order)
            case CancelTimer():
                self._cancel_timer(order.name)
            case Stop():
                self.stop(order.exit_code)
            case Report():
                self._network.trace.note(self.name, f"reports: {order.notice}")
                self.reported.append(order.notice)
            case _:
                self._with_equipment(order)

    def _show(self, order: Show | ShowError) -> None:
        is_error = isinstance(order, ShowError)
        self._note("shows error" if is_error else "shows", order.peer, order.message)
        (self.shown_errors if is_error else self.shown).append((order.peer, order.message))

    def _with_equipment(
        self,
        order: Tell | HoldInput | Dial | Remember | Recall | FileOrder | ProgramOrder | ScoreOrder,
    ) -> None:
        """Do what needs more than a network; a service without its equipment is our mistake."""
        match order:
            case Tell():
                self._network.trace.note(self.name, f"tells: {order.by} {order.text}")
                self.told.append(order)
            case HoldInput():
                self.hold_input(order.hold)
            case Dial():
                assert self.dial is not None
                self.dial()
            case Remember() | Recall():
                assert self.history is not None
                self.history(order)
            case RunProgram() | FeedProgram() | EndProgramInput() | HoldProgram() | KillProgram():
                assert self.programs is not None
                self.programs(order)
            case KeepScore() | AskScores():
                assert self.scores is not None
                self.scores(order)
            case _:
                assert self.files is not None
                self.files(order)

    def _on_link(self, order: Send | Finish | Close | AwaitDrained | Rest | ReadOn) -> None:
        link = self.links.get(order.peer.id)
        if link is None:  # the peer left while the service was answering
            return
        match order:
            case Send():
                self._note("sends", order.peer, order.message)
                link.send(order.message)
            case Finish():
                self._note("finishes", order.peer)
                link.finish()
            case Close():
                self._note("closes", order.peer)
                link.close(order.reason)
            case AwaitDrained():
                link.await_drained()
            case Rest():
                link.rest()
            case ReadOn():
                link.read_on()

    def _set_timer(self, command: SetTimer) -> None:
        self._cancel_timer(command.name)
        fired = partial(self._timer_fired, command.name)
        self._timers[command.name] = self._network.clock.after(command.after_s, fired)

    def _cancel_timer(self, name: str) -> None:
        alarm = self._timers.pop(name, None)
        if alarm is not None:
            alarm.cancel()

    def _timer_fired(self, name: str) -> None:
        del self._timers[name]
        self._network.trace.note(self.name, f"timer {name} fired")
        self.perform(self._host.timer_fired(name, self._now_ns()))

    def stop(self, exit_code: ExitCode) -> None:
        """End the run: in good order if it went well, else at once; the first word counts."""
        if self.exit_code is not None:
            return
        self._network.trace.note(self.name, f"stops: {exit_code.name}")
        self.exit_code = exit_code
        if exit_code is ExitCode.DONE:
            self.happened(RunStopping(self._now_ns()))
        for link in list(self.links.values()):
            if exit_code is ExitCode.DONE:
                link.close()
            else:
                link.abort(Reason.STOPPING)
        self._network.clock.after(STOP_S_MAX, self._abort_all)

    def kill(self) -> None:
        """End the run as SIGKILL does: the service learns nothing, and does nothing more."""
        self._network.trace.note(self.name, "is killed")
        self._host = Host(_Dead())
        self._abort_all()

    def _abort_all(self) -> None:
        for link in list(self.links.values()):
            link.abort(Reason.STOPPING)
        for name in list(self._timers):
            self._cancel_timer(name)

    def _now_ns(self) -> int:
        return self._network.clock.now_ns

    def _note(self, what: str, peer: Peer, data: bytes = b"") -> None:
        self._network.trace.note(self.name, f"#{peer.id} {what}", data)
