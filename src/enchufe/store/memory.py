"""A history that lasts as long as the run: for a room without a file."""

from collections import deque
from collections.abc import Callable
from time import time_ns

from enchufe.core.commands import Recall, Remember
from enchufe.core.events import Event, HistoryOpened, Recalled, Remembered
from enchufe.core.history import Line
from enchufe.core.limits import HISTORY_MEMORY_LINES_MAX
from enchufe.core.lookup import recalled


class MemoryHistory:
    """Keeps the latest `HISTORY_MEMORY_LINES_MAX` lines.

    Args:
        deliver: told what came of each order, while it is performed: it must hand the
            event over later, as ``loop.call_soon`` does, where the one who ordered must
            not be told in the middle of what it is doing.
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

    def perform(self, order: Remember | Recall) -> None:
        """Keep a line, or look lines up."""
        match order:
            case Remember():
                self._lines.append(order.line)
                self._deliver(Remembered(self._clock(), order.line.id))
            case Recall():
                lines = recalled(self._lines, order)
                self._deliver(Recalled(self._clock(), order.tag, lines))

    def close(self) -> None:
        """Do nothing: what is in memory ends with the run."""
