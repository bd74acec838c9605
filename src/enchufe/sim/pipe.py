"""One direction of a stream: bytes in order, cut anywhere, never more under way than fit."""

from functools import partial
from typing import Protocol

from enchufe.sim.network import Network


class PipeEnd(Protocol):
    """Who writes into a pipe, and who reads from it."""

    is_over: bool

    def written(self) -> None:
        """Learn that some of what was queued is under way."""

    def arrived(self, data: bytes) -> None:
        """Take the ``data`` of one read."""

    def ended(self) -> None:
        """Learn that all was read, and no more will come."""

    def struck(self) -> None:
        """Learn that the connection broke."""

    def unwelcome(self) -> None:
        """Learn that bytes came, though this end is closed."""


class Pipe:
    """One direction of a stream.

    Bytes wait in ``queue`` until the window has room, are under way, wait in ``unread``
    until the receiver reads, and only then make room for more: a receiver that does
    not read stops the sender, as TCP's window does (RFC 9293, 3.8.6).

    Args:
        network: carries the bytes.
    """

    def __init__(self, network: Network) -> None:
        self.queue = bytearray()
        self.unread = bytearray()
        self.is_finishing = False
        self._network = network
        self._under_way_bytes = 0
        self._last_arrival_ns = 0
        self._end_sent = self._end_came = self._end_told = False
        self._is_read = False
        self._is_broken = False
        self._sending = self._reading = False

    def join(self, sender: PipeEnd, receiver: PipeEnd) -> None:
        """Say whose pipe it is."""
        self._sender = sender
        self._receiver = receiver

    # The sender's side

    def write(self, data: bytes) -> None:
        """Queue ``data``."""
        self.queue += data
        self._plan_sending()

    def finish(self) -> None:
        """Say that no more will come, after what is queued."""
        self.is_finishing = True
        self._plan_sending()

    def abandon(self) -> None:
        """Give up what is queued, and say that no more will come."""
        self.queue.clear()
        self.finish()

    def reset(self) -> None:
        """Tell the receiver that the connection is no more, after what is under way."""
        self._network.later(self._receiver.struck, self._last_arrival_ns + 1)

    def strike(self) -> None:
        """Break the connection under way; each end learns of it in its own time."""
        self._network.trace.note("network", "breaks a connection off")
        self.break_off()
        self._network.later(self._sender.struck)
        self._network.later(self._receiver.struck)

    def break_off(self) -> None:
        """Lose all that is queued, under way or unread."""
        self._is_broken = True
        self.queue.clear()
        self.unread.clear()

    def _plan_sending(self) -> None:
        if not self._sending:
            self._sending = True
            self._network.clock.after(0.0, self._send)

    def _send(self) -> None:
        self._sending = False
        queued_bytes = len(self.queue)
        while not self._is_broken and self.queue and self._room_bytes() > 0:
            self._send_piece()
        if self._is_broken:
            return
        if self.is_finishing and not self.queue and not self._end_sent:
            self._end_sent = True
            self._network.later(self._end_arrives, self._last_arrival_ns)
        if len(self.queue) < queued_bytes:
            self._sender.written()

    def _room_bytes(self) -> int:
        held_bytes = self._under_way_bytes + len(self.unread)
        return self._network.conditions.window_bytes - held_bytes

    def _send_piece(self) -> None:
        network = self._network
        there_bytes = min(len(self.queue), self._room_bytes())
        size_bytes = network.conditions.slice.size_bytes(there_bytes, network.chance)
        if network.conditions.reset.strikes(network.chance):
            self.strike()
            return
        piece = bytes(self.queue[:size_bytes])
        del self.queue[:size_bytes]
        self._under_way_bytes += size_bytes
        self._last_arrival_ns = network.later(partial(self._arrive, piece), self._last_arrival_ns)

    # The receiver's side

    def resume(self) -> None:
        """Read what comes."""
        self._is_read = True
        self._plan_reading()

    def pause(self) -> None:
        """Leave unread what comes."""
        self._is_read = False

    def _arrive(self, piece: bytes) -> None:
        self._under_way_bytes -= len(piece)
        if self._is_broken:
            return
        if self._receiver.is_over:
            self._receiver.unwelcome()
            return
        self.unread += piece
        self._plan_reading()

    def _end_arrives(self) -> None:
        self._end_came = True
        self._plan_reading()

    def _plan_reading(self) -> None:
        something = self.unread or (self._end_came and not self._end_told)
        if something and self._is_read and not self._reading:
            self._reading = True
            self._network.clock.after(0.0, self._read)

    def _read(self) -> None:
        self._reading = False
        if self._is_broken or not self._is_read or self._receiver.is_over:
            return
        if self.unread:
            self._read_piece()
        elif self._end_came and not self._end_told:
            self._end_told = True
            self._receiver.ended()
        self._plan_reading()

    def _read_piece(self) -> None:
        network = self._network
        size_bytes = network.conditions.read.size_bytes(len(self.unread), network.chance)
        data = bytes(self.unread[:size_bytes])
        del self.unread[:size_bytes]
        self._plan_sending()
        self._receiver.arrived(data)
