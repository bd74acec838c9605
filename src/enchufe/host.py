"""Host: joins one service to its peers, cutting bytes into messages and back.

The driver tells it what came from the network; it hands the service events and
returns orders, with everything that is said encoded for its peer. It is pure, so the
simulator and the real sockets drive the very same code.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias, TypeVar, cast

from enchufe.core.commands import (
    CancelTimer,
    Close,
    Command,
    Finish,
    Order,
    ReadOn,
    Rest,
    Send,
    SendFrame,
    SetTimer,
    SpeakFrames,
    Spread,
    SpreadFrame,
)
from enchufe.core.errors import ProtocolError
from enchufe.core.events import (
    Event,
    FrameReceived,
    MessageReceived,
    PeerBehind,
    PeerClosed,
    PeerDrained,
    PeerFinished,
    PeerFramed,
    PeerOpened,
    Reason,
    TimerFired,
)
from enchufe.core.frames import Frame, Kind
from enchufe.core.limits import LINES_BATCH_MAX, MESSAGES_BATCH_MAX
from enchufe.core.peer import Peer, Transport
from enchufe.core.service import Framing, LineService, Service
from enchufe.wire.either import Change, EitherDecoder
from enchufe.wire.frames import decoded_datagram
from enchufe.wire.lengths import LengthDecoder
from enchufe.wire.speech import Speech
from enchufe.wire.text import TextDecoder, text_of
from enchufe.wire.turns import Turns

Witness: TypeAlias = Callable[[Event | Command], None]
"""Sees every event and every command in order: a transcript, a recording."""

Seen = TypeVar("Seen")


def together(
    first: Callable[[Seen], None] | None, second: Callable[[Seen], None] | None
) -> Callable[[Seen], None] | None:
    """Return what shows both what it is shown; None where neither of them looks."""
    if first is None or second is None:
        return first or second

    def both(seen: Seen) -> None:
        first(seen)
        second(seen)

    return both


TOO_MUCH_HELD = "all that is unfinished here is too much; finish what you say sooner"
"""What a peer is told that is let go because of what it has begun."""

_MESSAGE_LINES = LINES_BATCH_MAX // MESSAGES_BATCH_MAX
"""A message told by itself counts as so many lines that are told together."""

_QUIET_TIMER = "text quiet "
_TURN_TIMER = "turn of "
_KNOWN_KINDS = frozenset(Kind)
_OURS = frozenset((Send, SendFrame, Spread, SpreadFrame, SpeakFrames, Finish, Rest, ReadOn))
"""The commands that become bytes, or that say whether any may come or go; all others are orders
as they are."""


class Host:
    """One service and its peers.

    Args:
        service: whose rules hold.
        framing: how the service wants streams cut into messages.
        witness: shown every event and command, or None.
    """

    def __init__(
        self,
        service: Service,
        framing: Framing = Framing.RAW,
        witness: Witness | None = None,
    ) -> None:
        self._handle = service.handle
        # A service that takes bytes as they come knows no frames: its commands are orders.
        self._handle_raw = cast("Callable[[Event], Sequence[Order]]", service.handle)
        self._handle_lines = service.handle_lines if isinstance(service, LineService) else None
        self._framing = framing
        self._is_raw = framing is Framing.RAW
        self._own_witness = witness
        self.watch(None)
        self._turns: dict[int, Turns] = {}
        self._awaited_ends: set[int] = set()  # peers whose silence would end a line
        self._speech = Speech()
        self._framed_sources: set[int] = set()  # datagram peers that have sent a frame
        self._finished: set[int] = set()  # peers to whom nothing can be said any more

    def watch(self, witness: Witness | None) -> None:
        """Show ``witness`` too what happens from now on; with None only who was there before."""
        self._witness = together(self._own_witness, witness)
        self._is_unwatched_raw = self._is_raw and self._witness is None

    def opened(self, peer: Peer, at_ns: int) -> Sequence[Order]:
        """Tell the service that ``peer`` is there."""
        if not self._is_raw and peer.is_stream:
            self._turns[peer.id] = self._turns_of(peer)
        return self.happened(PeerOpened(at_ns, peer))

    def _turns_of(self, peer: Peer) -> Turns:
        """Return what cuts the stream of ``peer``, and how much of it is told at a time."""
        if peer.transport is Transport.AYUDANTIA:
            return Turns(peer, LengthDecoder())
        if self._framing is Framing.TEXT:
            return Turns(peer, TextDecoder())
        if self._handle_lines is None:
            return Turns(peer, EitherDecoder())
        return Turns(peer, EitherDecoder(in_runs=True), LINES_BATCH_MAX)

    def received(self, peer: Peer, data: bytes, at_ns: int) -> Sequence[Order]:
        """Tell the service what the bytes that came from ``peer`` mean."""
        if self._is_unwatched_raw:
            return self._handle_raw(MessageReceived(at_ns, peer, data))
        if self._is_raw:
            return _orders(self._witnessed(MessageReceived(at_ns, peer, data)))
        if peer.is_stream:
            return self._received_stream(peer, data, at_ns)
        if self._framing is Framing.FRAMES:
            return self._received_datagram(peer, data, at_ns)
        return self.happened(MessageReceived(at_ns, peer, text_of(data)))

    def received_batch(self, arrivals: Iterable[tuple[Peer, bytes]], at_ns: int) -> Sequence[Order]:
        """Tell the service of many datagrams that were read at one wake-up."""
        orders: list[Order] = []
        if self._is_unwatched_raw:
            handle = self._handle_raw
            for peer, data in arrivals:
                orders += handle(MessageReceived(at_ns, peer, data))
        else:
            for peer, data in arrivals:
                orders += self.received(peer, data, at_ns)
        return orders

    def finished(self, peer: Peer, at_ns: int) -> Sequence[Order]:
        """Tell the service that ``peer`` will send no more, after its last words."""
        if self._is_raw or not peer.is_stream:
            return self.happened(PeerFinished(at_ns, peer))
        turns = self._turns.get(peer.id)
        if turns is None:  # it broke the rules; the service hears of it no more until it is gone
            return ()
        orders = [*self._rest_of(turns, at_ns), *self._flushed_text(turns, at_ns)]
        if peer.id not in self._turns:
            return orders
        try:
            turns.decoder.finish()
        except ProtocolError as error:  # seldom by its own wish: whoever is killed leaves so
            return [*orders, *self._broken(peer, str(error), Reason.UNFINISHED)]
        return [*orders, *self.happened(PeerFinished(at_ns, peer))]

    def drained(self, peer: Peer, at_ns: int) -> Sequence[Order]:
        """Tell the service that all it sent ``peer`` has left."""
        return self.happened(PeerDrained(at_ns, peer))

    def behind(self, peer: Peer, at_ns: int) -> Sequence[Order]:
        """Tell the service that ``peer`` does not read what it is sent.

        Nor is it read from meanwhile: its silence is ours, and ends no line.
        """
        return [*self._quiet_timer(peer, None), *self.happened(PeerBehind(at_ns, peer))]

    def closed(
        self, peer: Peer, reason: Reason, at_ns: int, unsent_bytes: int = 0
    ) -> Sequence[Order]:
        """Tell the service that the conversation with ``peer`` is over."""
        turns = self._turns.get(peer.id)
        orders = () if turns is None else self._last_words(turns, at_ns)
        self._turns.pop(peer.id, None)
        self._framed_sources.discard(peer.id)
        self._finished.discard(peer.id)
        self._speech.forget(peer)
        return [*orders, *self.happened(PeerClosed(at_ns, peer, reason, unsent_bytes))]

    def held_bytes(self, peer: Peer) -> int:
        """Return how much is held of a line or frame that ``peer`` has not finished."""
        turns = self._turns.get(peer.id)
        return 0 if turns is None else turns.held_bytes

    def break_off(self, peer: Peer) -> Sequence[Order]:
        """End a conversation that makes us hold too much of what is not finished."""
        return self._broken(peer, TOO_MUCH_HELD, Reason.TOO_MUCH)

    def timer_fired(self, name: str, at_ns: int) -> Sequence[Order]:
        """Tell the service that a timer is due, unless it is one of the host's own."""
        if name.startswith(_TURN_TIMER):
            turns = self._turns.get(int(name.removeprefix(_TURN_TIMER)))
            return () if turns is None else self._next_turn(turns, at_ns)
        if name.startswith(_QUIET_TIMER):
            turns = self._turns.get(int(name.removeprefix(_QUIET_TIMER)))
            is_silent = turns is not None and not turns.is_waiting  # else more has come
            return self._flushed_text(turns, at_ns) if turns and is_silent else ()
        return self.happened(TimerFired(at_ns, name))

    def happened(self, event: Event) -> Sequence[Order]:
        """Hand ``event`` to the service; return its commands as orders."""
        return self._as_orders(
            self._handle(event) if self._witness is None else self._witnessed(event)
        )

    def _as_orders(self, commands: Sequence[Command]) -> Sequence[Order]:
        """Return ``commands`` with what is said in frames, or to many, made bytes."""
        if self._is_raw or not commands:
            return _orders(commands)
        orders: list[Command] = []
        for command in commands:
            if type(command) in _OURS:
                orders += self._encoded(command)
            else:
                orders.append(command)
        return _orders(orders)

    def _witnessed(self, event: Event) -> Sequence[Command]:
        if self._witness is None:
            return self._handle(event)
        self._witness(event)
        commands = self._handle(event)
        for command in commands:
            self._witness(command)
        return commands

    # What peers say

    def _received_stream(self, peer: Peer, data: bytes, at_ns: int) -> Sequence[Order]:
        turns = self._turns.get(peer.id)
        if turns is None:  # it broke the rules; nothing it says counts any more
            return ()
        if turns.is_waiting:
            turns.add(data)
            return (Rest(peer),)
        turns.begin(data)
        return self._turn(turns, at_ns)

    def _turn(self, turns: Turns, at_ns: int) -> Sequence[Order]:
        """Tell the service some of what a peer said, or all if it is not much."""
        peer, told = turns.peer, 0
        orders: list[Order] = []
        try:
            while (piece := next(turns.pieces, None)) is not None:
                if not isinstance(piece, list):
                    orders += self._said(peer, piece, at_ns)
                    told += _MESSAGE_LINES
                elif (together := self._said_together(peer, piece, at_ns)) is not None:
                    orders += together
                    told += len(piece)
                else:
                    turns.put_back(piece)
                if told >= LINES_BATCH_MAX or turns.is_resting:
                    return [*orders, *self._wait(turns)]
        except ProtocolError as error:
            return [*orders, *self._broken(peer, str(error), Reason.PROTOCOL)]
        turns.end()
        orders += self._quiet_timer(peer, turns.decoder.quiet_s)
        return orders

    def _wait(self, turns: Turns) -> Sequence[Order]:
        """Let the others have their turn before the rest of what a peer said."""
        is_read = not turns.is_left_unread
        turns.is_waiting = turns.is_left_unread = True
        if turns.is_resting:
            return ()
        timer = self._turn_timer(turns.peer)
        return (Rest(turns.peer), timer) if is_read else (timer,)

    def _turn_timer(self, peer: Peer) -> SetTimer:
        return SetTimer(f"{_TURN_TIMER}{peer.id}", 0.0)

    def _next_turn(self, turns: Turns, at_ns: int) -> Sequence[Order]:
        """Go on with what a peer said, unless the service wants no more of it for now."""
        if turns.is_resting or not turns.is_waiting:
            return ()
        turns.is_waiting = False
        orders = [*self._turn(turns, at_ns)]
        may_go_on = not turns.is_waiting and turns.peer.id in self._turns
        if may_go_on and turns.begin_later():
            orders += self._turn(turns, at_ns)
        if turns.is_waiting or turns.peer.id not in self._turns:
            return orders
        turns.is_left_unread = False
        return [*orders, ReadOn(turns.peer)]

    def _rest_of(self, turns: Turns, at_ns: int) -> Sequence[Order]:
        """Tell the service all that waits, as its peer says no more."""
        orders: list[Order] = []
        while turns.is_waiting and turns.peer.id in self._turns:
            turns.is_resting = False
            orders += self._next_turn(turns, at_ns)
        return orders

    def _quiet_timer(self, peer: Peer, quiet_s: float | None) -> Sequence[Order]:
        """Await the end of a line for so long from now on, or no more."""
        if quiet_s is not None:
            self._awaited_ends.add(peer.id)
            return (SetTimer(f"{_QUIET_TIMER}{peer.id}", quiet_s),)
        if peer.id not in self._awaited_ends:
            return ()
        self._awaited_ends.remove(peer.id)
        return (CancelTimer(f"{_QUIET_TIMER}{peer.id}"),)

    def _said(self, peer: Peer, piece: bytes | Frame | Change, at_ns: int) -> Sequence[Order]:
        """Tell the service of a line, or of a frame if it is of a kind we know."""
        if isinstance(piece, bytes):
            return self.happened(MessageReceived(at_ns, peer, piece))
        if isinstance(piece, Change):
            ours = () if peer.id in self._finished else self._speech.frames_for(peer)
            return [*ours, *self.happened(PeerFramed(at_ns, peer))]
        if piece.kind == Kind.TEXT:
            return self.happened(MessageReceived(at_ns, peer, piece.payload))
        if piece.kind in _KNOWN_KINDS:
            return self.happened(FrameReceived(at_ns, peer, piece))
        return ()

    def _said_together(self, peer: Peer, lines: list[bytes], at_ns: int) -> Sequence[Order] | None:
        """Tell the service of lines that came together; a witness sees one after the other."""
        if self._handle_lines is None or self._witness is not None:
            return None
        commands = self._handle_lines(peer, lines, at_ns)
        return None if commands is None else self._as_orders(commands)

    def _received_datagram(self, peer: Peer, data: bytes, at_ns: int) -> Sequence[Order]:
        """Tell the service of a datagram's text or frame.

        A datagram that breaks the rules is dropped, as UDP may: an answer would reach
        somebody who never asked, if its source is forged.
        """
        orders: list[Order] = []
        try:
            frame = decoded_datagram(data)
            if frame is None:
                return self.happened(MessageReceived(at_ns, peer, text_of(data)))
            if peer.id not in self._framed_sources:
                self._framed_sources.add(peer.id)
                orders += self._said(peer, Change.TO_FRAMES, at_ns)
            return [*orders, *self._said(peer, frame, at_ns)]
        except ProtocolError:
            return orders

    def _broken(self, peer: Peer, why: str, reason: Reason) -> Sequence[Order]:
        """Understand nothing more of what a peer says, tell it why, and end."""
        del self._turns[peer.id]
        is_finished = peer.id in self._finished
        said = () if is_finished else (Send(peer, self._speech.error(peer, why)),)
        quiet = self._quiet_timer(peer, None)
        return [*quiet, *said, Close(peer, reason)]

    def _last_words(self, turns: Turns, at_ns: int) -> Sequence[Order]:
        """Tell the service what a peer said last; of one cut off in its turn, nothing more."""
        if turns.is_waiting:
            return self._quiet_timer(turns.peer, None)
        return self._flushed_text(turns, at_ns)

    def _flushed_text(self, turns: Turns, at_ns: int) -> Sequence[Order]:
        orders = [*self._quiet_timer(turns.peer, None)]
        for message in turns.decoder.flush():
            orders += self.happened(MessageReceived(at_ns, turns.peer, message))
        return orders

    # What the service says

    def _encoded(self, command: Command) -> Sequence[Order]:
        match command:
            case Send():
                return (Send(command.peer, self._speech.text(command.peer, command.message)),)
            case SendFrame():
                return (Send(command.peer, self._speech.frame(command.peer, command.frame)),)
            case Spread():
                return self._speech.spread_text(command)
            case SpreadFrame():
                return self._speech.spread_frame(command)
            case SpeakFrames():
                return self._speech.frames_for(command.peer)
            case Finish():
                self._finished.add(command.peer.id)
                return (command,)
            case Rest() | ReadOn():
                return self._paced(command)
            case _:
                return (command,)

    def _paced(self, command: Rest | ReadOn) -> Sequence[Order]:
        """Tell a peer no more of what it said, or go on; it is read from once all is told."""
        turns = self._turns.get(command.peer.id)
        if turns is None:
            return (command,)
        turns.is_resting = isinstance(command, Rest)
        if turns.is_resting:  # whoever is not read from cannot end a line
            return (command, *self._quiet_timer(command.peer, None))
        if turns.is_waiting:
            return (self._turn_timer(command.peer),)
        return (command, *self._quiet_timer(command.peer, turns.decoder.quiet_s))


def _orders(commands: Sequence[Command]) -> Sequence[Order]:
    """Return ``commands``, none of which is left to be encoded."""
    return cast("Sequence[Order]", commands)
