"""Host: joins one service to its peers, cutting bytes into messages and back.

The driver tells it what came from the network; it hands the service events and
returns the service's commands with every message encoded for its peer. It is pure,
so the simulator and the real sockets drive the very same code.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

from enchufe.core.commands import CancelTimer, Command, Send, SetTimer
from enchufe.core.events import (
    Event,
    MessageReceived,
    PeerClosed,
    PeerDrained,
    PeerFinished,
    PeerOpened,
    Reason,
    TimerFired,
)
from enchufe.core.limits import TEXT_QUIET_S
from enchufe.core.peer import Peer
from enchufe.core.service import Framing, Service
from enchufe.wire.text import TextDecoder, line_of, text_of

Witness: TypeAlias = Callable[[Event | Command], None]
"""Sees every event and every command in order: a transcript, a recording."""

_QUIET_TIMER = "text quiet "


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
        self._is_raw = framing is Framing.RAW
        self._witness = witness
        self._is_unwatched_raw = self._is_raw and witness is None
        self._decoders: dict[int, tuple[Peer, TextDecoder]] = {}

    def opened(self, peer: Peer, at_ns: int) -> Sequence[Command]:
        """Tell the service that ``peer`` is there."""
        if not self._is_raw and peer.is_stream:
            self._decoders[peer.id] = (peer, TextDecoder())
        return self.happened(PeerOpened(at_ns, peer))

    def received(self, peer: Peer, data: bytes, at_ns: int) -> Sequence[Command]:
        """Tell the service what the bytes that came from ``peer`` mean."""
        if self._is_unwatched_raw:
            return self._handle(MessageReceived(at_ns, peer, data))
        if self._is_raw:
            return self._witnessed(MessageReceived(at_ns, peer, data))
        if not peer.is_stream:
            return self.happened(MessageReceived(at_ns, peer, text_of(data)))
        return self._received_text(peer, data, at_ns)

    def received_batch(
        self, arrivals: Iterable[tuple[Peer, bytes]], at_ns: int
    ) -> Sequence[Command]:
        """Tell the service of many datagrams that were read at one wake-up."""
        commands: list[Command] = []
        if self._is_unwatched_raw:
            handle = self._handle
            for peer, data in arrivals:
                commands += handle(MessageReceived(at_ns, peer, data))
        else:
            for peer, data in arrivals:
                commands += self.received(peer, data, at_ns)
        return commands

    def finished(self, peer: Peer, at_ns: int) -> Sequence[Command]:
        """Tell the service that ``peer`` will send no more, after its last words."""
        rest = self._flush_text(peer, at_ns)
        return [*rest, *self.happened(PeerFinished(at_ns, peer))]

    def drained(self, peer: Peer, at_ns: int) -> Sequence[Command]:
        """Tell the service that all it sent ``peer`` has left."""
        return self.happened(PeerDrained(at_ns, peer))

    def closed(
        self, peer: Peer, reason: Reason, at_ns: int, unsent_bytes: int = 0
    ) -> Sequence[Command]:
        """Tell the service that the conversation with ``peer`` is over."""
        rest = self._flush_text(peer, at_ns)
        self._decoders.pop(peer.id, None)
        return [*rest, *self.happened(PeerClosed(at_ns, peer, reason, unsent_bytes))]

    def timer_fired(self, name: str, at_ns: int) -> Sequence[Command]:
        """Tell the service that a timer is due, unless it is one of the host's own."""
        if name.startswith(_QUIET_TIMER):
            held = self._decoders.get(int(name.removeprefix(_QUIET_TIMER)))
            return () if held is None else self._flush_text(held[0], at_ns)
        return self.happened(TimerFired(at_ns, name))

    def happened(self, event: Event) -> Sequence[Command]:
        """Hand ``event`` to the service; return its commands, encoded for their peers."""
        commands = self._handle(event) if self._witness is None else self._witnessed(event)
        if self._is_raw or not commands:
            return commands
        return [_encoded(command) for command in commands]

    def _witnessed(self, event: Event) -> Sequence[Command]:
        if self._witness is None:
            return self._handle(event)
        self._witness(event)
        commands = self._handle(event)
        for command in commands:
            self._witness(command)
        return commands

    def _received_text(self, peer: Peer, data: bytes, at_ns: int) -> Sequence[Command]:
        decoder = self._decoders[peer.id][1]
        commands: list[Command] = []
        for message in decoder.feed(data):
            commands += self.happened(MessageReceived(at_ns, peer, message))
        timer = f"{_QUIET_TIMER}{peer.id}"
        commands.append(SetTimer(timer, TEXT_QUIET_S) if decoder.holds else CancelTimer(timer))
        return commands

    def _flush_text(self, peer: Peer, at_ns: int) -> Sequence[Command]:
        held = self._decoders.get(peer.id)
        if held is None:
            return ()
        commands: list[Command] = [CancelTimer(f"{_QUIET_TIMER}{peer.id}")]
        for message in held[1].flush():
            commands += self.happened(MessageReceived(at_ns, peer, message))
        return commands


def _encoded(command: Command) -> Command:
    if isinstance(command, Send) and command.peer.is_stream:
        return Send(command.peer, line_of(command.message))
    return command
