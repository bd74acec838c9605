"""One end of a simulated connection: what `enchufe.net.stream` is on a real socket."""

from functools import partial

from enchufe.core.events import Reason
from enchufe.core.limits import LINGER_S_MAX, SEND_QUEUE_BYTES_MAX, SEND_STALL_S_MAX
from enchufe.core.peer import Peer
from enchufe.sim.clock import Alarm
from enchufe.sim.driver import Driver
from enchufe.sim.network import Network
from enchufe.sim.pipe import Pipe


class StreamEnd:
    """One end of a connection.

    While more than `SEND_QUEUE_BYTES_MAX` waits to be written, what makes more is held:
    a caller's input, or else the reading from the peer itself.

    Args:
        network: between the two ends.
        driver: told what happens.
        peer: who is at the other end.
        incoming: what the peer writes.
        outgoing: what the peer reads.
        has_input: whether a person or a pipe feeds this end.
    """

    def __init__(
        self,
        network: Network,
        driver: Driver,
        peer: Peer,
        incoming: Pipe,
        outgoing: Pipe,
        *,
        has_input: bool,
    ) -> None:
        self.peer = peer
        self.is_over = False
        self.queued_bytes_peak = 0
        self._network = network
        self._driver = driver
        self._incoming = incoming
        self._outgoing = outgoing
        self._has_input = has_input
        self._is_open = False
        self._was_struck = False
        self._reads = True
        self._closing = False
        self._peer_finished = False
        self._awaiting_drained = False
        self._is_behind = False
        self._linger: Alarm | None = None
        self._reason: Reason | None = None  # why we close, if not for a usual cause

    def open(self) -> None:
        """Take in the peer, and read what it wrote meanwhile."""
        self._is_open = True
        self._driver.opened(self)
        self._incoming.resume()
        if self._was_struck:
            self._soon_over(Reason.RESET)

    def stop_reading(self) -> None:
        """Leave unread what comes from now on: a program that hangs."""
        self._reads = False
        self._incoming.pause()

    def resume_reading(self) -> None:
        """Read again."""
        self._reads = True
        self._incoming.resume()

    def break_off(self) -> None:
        """Break the connection under way, in both directions."""
        self._incoming.break_off()
        self._outgoing.strike()

    # What the pipes tell us

    def arrived(self, data: bytes) -> None:
        """Hand over what came; what comes after our close is thrown away."""
        if not self._closing:
            self._driver.received(self.peer, data)

    def ended(self) -> None:
        """Note the peer's half-close, and keep our half open."""
        self._peer_finished = True
        if self._closing:
            self._over_once_written()
        else:
            self._driver.finished(self.peer)

    def written(self) -> None:
        """Go on, or report that all has left."""
        queued_bytes = len(self._outgoing.queue)
        if self._closing and self._peer_finished:
            self._over_once_written()
        elif self._awaiting_drained and queued_bytes == 0:
            self._network.clock.after(0.0, self._drained)
            self._hold(False)
        elif queued_bytes <= SEND_QUEUE_BYTES_MAX // 4:
            self._hold(False)

    def struck(self) -> None:
        """Learn that the connection broke, also before anybody accepted it."""
        self._was_struck = True
        if self._is_open:
            self._over(Reason.RESET)

    def unwelcome(self) -> None:
        """Answer bytes for a closed end with a reset (RFC 9293, 3.5.2)."""
        self._incoming.break_off()
        self._outgoing.reset()

    # What the driver orders

    def send(self, message: bytes) -> None:
        """Queue ``message``; after our close there is nobody to send to."""
        if self._closing or self.is_over:
            return
        assert not self._outgoing.is_finishing, "a service sent after its own Finish"
        self._outgoing.write(message)
        queued_bytes = len(self._outgoing.queue)
        self.queued_bytes_peak = max(self.queued_bytes_peak, queued_bytes)
        if queued_bytes > SEND_QUEUE_BYTES_MAX:
            self._hold(True)

    def finish(self) -> None:
        """Half-close after what is queued."""
        if not self._closing and not self.is_over:
            self._outgoing.finish()

    def close(self, reason: Reason = Reason.OURS) -> None:
        """Half-close after what is queued, and close when the peer does, or in a while."""
        if self._closing or self.is_over:
            return
        self._closing = True
        if reason is not Reason.OURS:
            self._reason = reason
        self._outgoing.finish()
        if self._reads:
            self._incoming.resume()
        if self._peer_finished:
            self._over_once_written()
        self._linger_on(len(self._outgoing.queue), 0.0)

    def abort(self, reason: Reason) -> None:
        """Close now; what is queued is lost."""
        self._soon_over(reason)

    def rest(self) -> None:
        """Read nothing more for now."""
        if not self._closing and not self._peer_finished:
            self._incoming.pause()

    def read_on(self) -> None:
        """Read again."""
        if self._reads:
            self._incoming.resume()

    def await_drained(self) -> None:
        """Report once the queue is empty; after our close nobody waits for it."""
        if self._closing or self.is_over:
            return
        self._awaiting_drained = True
        if not self._outgoing.queue:
            self._network.clock.after(0.0, self._drained)

    # What follows

    def _hold(self, hold: bool) -> None:
        self._is_behind = self._is_behind and hold
        if hold and self._awaiting_drained and self._has_input:  # the service knows
            return
        if self._has_input:
            self._driver.hold_input(hold)
        elif not hold and self._reads:
            self._incoming.resume()
        elif hold:
            if not self._peer_finished:
                self._incoming.pause()
            self._tell_behind()

    def _tell_behind(self) -> None:
        """Tell the driver once for each time the queue fills up, as a transport does."""
        if not self._is_behind:
            self._is_behind = True
            self._network.clock.after(0.0, partial(self._driver.behind, self.peer))

    def _drained(self) -> None:
        if self._awaiting_drained and not self._outgoing.queue:
            self._awaiting_drained = False
            self._driver.drained(self.peer)

    def _linger_on(self, queued_bytes: int, stalled_s: float) -> None:
        lingered = partial(self._lingered, queued_bytes, stalled_s)
        self._linger = self._network.clock.after(LINGER_S_MAX, lingered)

    def _lingered(self, queued_before_bytes: int, stalled_s: float) -> None:
        """Close a peer that has taken all we had for it, or takes nothing any more."""
        queued_bytes = len(self._outgoing.queue)
        stalled_s = stalled_s + LINGER_S_MAX if queued_bytes == queued_before_bytes else 0.0
        if queued_bytes == 0 or stalled_s >= SEND_STALL_S_MAX:
            self.abort(Reason.OURS if queued_bytes == 0 else Reason.SILENT)
        else:
            self._linger_on(queued_bytes, stalled_s)

    def _over_once_written(self) -> None:
        if not self._outgoing.queue:
            self._soon_over(Reason.FINISHED)

    def _soon_over(self, reason: Reason) -> None:
        self._network.clock.after(0.0, partial(self._over, reason))

    def _over(self, reason: Reason) -> None:
        if self.is_over:
            return
        self.is_over = True
        if self._linger is not None:
            self._linger.cancel()
        unsent_bytes = len(self._outgoing.queue)
        if reason is Reason.RESET:
            self._incoming.break_off()
            self._outgoing.break_off()
        elif self._incoming.unread:  # closing over unread bytes resets (RFC 1122, 4.2.2.13)
            self.unwelcome()
        else:
            self._outgoing.abandon()
        self._driver.closed(self, self._reason or reason, unsent_bytes)
