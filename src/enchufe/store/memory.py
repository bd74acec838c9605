"""A history that lasts as long as the run: for a room without a file."""

from collections import deque
from collections.abc import Callable, Sequence
from time import time_ns

from enchufe.core.commands import Recall, Remember
from enchufe.core.events import Event, HistoryOpened, Recalled, Remembered
from enchufe.core.history import Line
from enchufe.core.limits import HISTORY_MEMORY_LINES_MAX
from enchufe.core.lookup import recalled


class MemoryHistory:
    """Keeps the latest `HISTORY_MEMORY_LINES_MAX` lines.

    Args:
        deliver: told what came of the orders, while they are performed.
        clock: returns the time in nanoseconds since 1970.
    """

    def __init__(
        self, deliver: Callable[[Event], object], clock: Callable[[], int] = time_ns
    ) -> None:
        self._deliver = deliver
        self._clock = clock
        self._lines: deque[Line] = deque(maxlen=HISTORY_MEMORY_LINES_MAX)

    def opened(self) -> HistoryOpened:
        """Return what is known from earlier runs: nothing."""
        return HistoryOpened(self._clock(), last_id=0)

    def perform(self, orders: Sequence[Remember | Recall]) -> None:
        """Keep lines and look lines up, in order; of lines in a row the last is reported."""
        last: Line | None = None
        for order in orders:
            if isinstance(order, Remember):
                self._lines.extend(order.lines)
                last = order.lines[-1]
                continue
            self._report(last)
            last = None
            lines = recalled(self._lines, order)
            self._deliver(Recalled(self._clock(), order.tag, lines))
        self._report(last)

    def _report(self, last: Line | None) -> None:
        if last is not None:
            self._deliver(Remembered(self._clock(), last.id))

    def close(self) -> None:
        """Do nothing: what is in memory ends with the run."""
