"""A history that lasts as long as the run: for a room without a file."""

from collections.abc import Callable, Sequence
from time import time_ns

from enchufe.core.commands import Recall, Remember
from enchufe.core.events import Event, HistoryOpened, Recalled, Remembered
from enchufe.core.history import Saying
from enchufe.core.limits import HISTORY_MEMORY_LINES_MAX
from enchufe.core.lookup import recalled
from enchufe.core.recent import Recent


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
        self._said = Recent[Saying](HISTORY_MEMORY_LINES_MAX)

    def opened(self) -> HistoryOpened:
        """Return what is known from earlier runs: nothing, not even the ids they gave."""
        at_ns = self._clock()
        return HistoryOpened(at_ns, last_id=0, history=f"{at_ns:x}")

    def perform(self, orders: Sequence[Remember | Recall]) -> None:
        """Keep lines and look lines up, in order; of what is said in a row the last is reported."""
        last: Saying | None = None
        for order in orders:
            if isinstance(order, Remember):
                last = order.saying
                self._said.add(last, len(last.texts))
                continue
            self._report(last)
            last = None
            lines = recalled((line for saying in self._said for line in saying.lines()), order)
            self._deliver(Recalled(self._clock(), order.tag, lines))
        self._report(last)

    def _report(self, last: Saying | None) -> None:
        if last is not None:
            self._deliver(Remembered(self._clock(), last.last_id))

    def close(self) -> None:
        """Do nothing: what is in memory ends with the run."""
