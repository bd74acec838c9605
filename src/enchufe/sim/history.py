"""A history in the simulated world: a disk that takes its time, crashes, and fails."""

from collections.abc import Callable, Sequence
from functools import partial

from enchufe.core.commands import Recall, Remember
from enchufe.core.events import Event, HistoryOpened, NotRemembered, Recalled, Remembered
from enchufe.core.history import Line
from enchufe.core.limits import HISTORY_TOLD_LINES_MAX
from enchufe.core.lookup import latest_told, recalled
from enchufe.faults.delay import Delay
from enchufe.sim.clock import Alarm
from enchufe.sim.network import Network

CALM_DISK = Delay(0.000_3, 0.003)
"""What one group takes on a disk that is well: from solid to spinning."""


class History:
    """What `enchufe.store.sqlite` is on a real disk: it writes all that waits, in one go.

    ``lines`` is what is on the disk; it outlives the run that wrote it.

    Args:
        network: its time and its chance.
        delay: how long one group takes.
    """

    def __init__(self, network: Network, delay: Delay = CALM_DISK) -> None:
        self.lines: list[Line] = []
        self.deliver: Callable[[Event], None] | None = None
        self._network = network
        self._delay = delay
        self._queue: list[Remember | Recall] = []
        self._writing: tuple[Alarm, Sequence[Remember | Recall]] | None = None
        self._failed_why = ""

    def opened(self) -> HistoryOpened:
        """Return what is known from earlier runs."""
        last_id = self.lines[-1].id if self.lines else 0
        told = latest_told(self.lines[-HISTORY_TOLD_LINES_MAX:])
        return HistoryOpened(self._network.clock.now_ns, last_id, told)

    def perform(self, order: Remember | Recall) -> None:
        """Keep lines, or look lines up; `deliver` is told what came of it, later."""
        self._queue.append(order)
        if self._writing is None:
            self._write()

    def fail(self, why: str) -> None:
        """Keep nothing more, neither what is being written."""
        self._network.trace.note("history", f"fails: {why}")
        self._failed_why = why

    def crash(self) -> None:
        """Lose all that is not on the disk, and whoever was told of what is.

        What was just being written is there, or is not: all of it or nothing. Whoever
        said it was not told either way.
        """
        if self._writing is not None:
            alarm, group = self._writing
            alarm.cancel()
            if not self._failed_why and self._network.chance.happens(0.5):
                self.lines += _lines_of(group)
        self._writing = None
        self._queue.clear()
        self._network.trace.note("history", f"crashes; {len(self.lines)} lines are kept")
        self.deliver = None

    def _write(self) -> None:
        group, self._queue = self._queue, []
        delay_s = self._delay.seconds(self._network.chance)
        alarm = self._network.clock.after(delay_s, partial(self._written, group))
        self._writing = (alarm, group)

    def _written(self, group: Sequence[Remember | Recall]) -> None:
        lines = _lines_of(group)
        events: list[Event] = [self._keep(lines)] if lines else []
        events += [self._look_up(order) for order in group if isinstance(order, Recall)]
        self._writing = None
        for event in events:
            assert self.deliver is not None
            self.deliver(event)
        if self._queue and self._writing is None:
            self._write()

    def _keep(self, lines: Sequence[Line]) -> Remembered | NotRemembered:
        now_ns = self._network.clock.now_ns
        if self._failed_why:
            return NotRemembered(now_ns, lines[0].id, self._failed_why)
        self.lines += lines
        return Remembered(now_ns, lines[-1].id)

    def _look_up(self, order: Recall) -> Recalled:
        return Recalled(self._network.clock.now_ns, order.tag, recalled(self.lines, order))


def _lines_of(orders: Sequence[Remember | Recall]) -> list[Line]:
    said = (order.saying for order in orders if isinstance(order, Remember))
    return [line for saying in said for line in saying.lines()]
