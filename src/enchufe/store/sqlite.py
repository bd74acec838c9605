"""A history that survives: one thread writes to the file all that waits, in one go.

A disk takes about as long to make one line safe as to make a thousand safe. So the
writer takes all that has come while it was busy as one transaction (group commit): a
quiet room pays one disk's wait a line, a busy one shares it.

The same thread looks lines up, after the lines of its group: an answer waits for at most
two transactions, and in return holds exactly the lines that were remembered before it. A
connection of its own would answer sooner, with lines nobody has been told of yet.
"""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Condition, Thread
from time import time_ns

from enchufe.core.commands import Recall, Remember
from enchufe.core.events import Event, HistoryOpened, NotRemembered, Recalled, Remembered
from enchufe.core.history import Line, Saying
from enchufe.core.limits import (
    HISTORY_LOOKUPS_MAX,
    HISTORY_QUEUE_BYTES_MAX,
    HISTORY_STALL_S_MAX,
    LOOKUPS_BATCH_MAX,
)
from enchufe.store.file import FAULTS, HistoryFile, why

LINE_BYTES = 512
"""What a line takes in the queue beside its text, about."""


class SqliteHistory:
    """Keeps lines in a file, and looks them up.

    When the disk is slower than the room, `perform` holds its caller back, once
    `HISTORY_QUEUE_BYTES_MAX` wait, until there is place again: nothing said is refused
    because a disk hesitates. After `HISTORY_STALL_S_MAX`, or when a line could not be
    written, the history has failed: it keeps nothing more, and says so for each line,
    but goes on looking up what it can.

    Args:
        path: the file; made, with its folders, if it is not there.
        deliver: told what came of each order, by whichever thread: it must hand the event
            over to the one that ordered, as ``loop.call_soon_threadsafe`` does.

    Raises:
        EnchufeError: the file cannot be used; the message says why.
    """

    def __init__(self, path: Path, deliver: Callable[[Event], object]) -> None:
        self._file = HistoryFile(path)
        self._deliver = deliver
        self._queue: list[Remember | Recall] = []
        self._queued_bytes = self._queued_lookups = 0
        self._changed = Condition()  # guards the queue and its bytes, and whether it goes on
        self._is_closing = False
        self._is_stalled = False
        self._failed_why = ""  # the writer's own
        self._writer = Thread(target=self._run, name="history", daemon=True)
        self._writer.start()

    def opened(self) -> HistoryOpened:
        """Return what is known from earlier runs."""
        return HistoryOpened(time_ns(), self._file.last_id, self._file.told)

    def perform(self, orders: Sequence[Remember | Recall]) -> None:
        """Keep lines and look lines up, in order; `deliver` is told what came of it."""
        with self._changed:
            assert not self._is_closing
            assert self._writer.is_alive()
            refused = [order for order in orders if not self._queues(order)]
        for order in refused:
            self._deliver(_refusal(order))

    def _queues(self, order: Remember | Recall) -> bool:
        """Queue an order, if it finds place."""
        if not self._finds_place(order):
            return False
        if not self._queue:  # else the writer has not even begun to look
            self._changed.notify_all()
        self._queue.append(order)
        if isinstance(order, Recall):
            self._queued_lookups += 1
        else:
            texts = order.saying.texts
            self._queued_bytes += LINE_BYTES * len(texts) + sum(map(sys.getsizeof, texts))
        return True

    def close(self) -> None:
        """Write what waits, and give the file back."""
        with self._changed:
            self._is_closing = True
            self._changed.notify_all()
        self._writer.join()

    def _finds_place(self, order: Remember | Recall) -> bool:
        """Wait for a place in the queue, unless that has been in vain before.

        A look-up waits for none, as those who ask must not hold back those who say something.
        """
        if isinstance(order, Recall):
            is_moving = not self._is_stalled or self._has_place()
            return is_moving and self._queued_lookups < HISTORY_LOOKUPS_MAX
        if self._is_stalled or self._has_place():
            return not self._is_stalled
        self._is_stalled = not self._changed.wait_for(self._has_place, HISTORY_STALL_S_MAX)
        return not self._is_stalled

    def _has_place(self) -> bool:
        return self._queued_bytes < HISTORY_QUEUE_BYTES_MAX

    # The writer's thread

    def _run(self) -> None:
        while orders := self._taken():
            sayings = [order.saying for order in orders if isinstance(order, Remember)]
            if sayings:
                self._deliver(self._keep(sayings))
            for order in orders:
                if isinstance(order, Recall):
                    self._deliver(self._look_up(order))
        self._file.close()

    def _taken(self) -> Sequence[Remember | Recall]:
        """Wait for orders and return all there are, but not too many look-ups at a time.

        None come when the history is closing.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._queue or self._is_closing)
            orders, self._queue = _in_batches(self._queue)
            self._queued_bytes, self._queued_lookups = 0, len(self._queue)
            self._changed.notify_all()
        return orders

    def _keep(self, sayings: Sequence[Saying]) -> Remembered | NotRemembered:
        if not self._failed_why:
            try:
                self._file.keep(sayings)
            except FAULTS as error:
                self._failed_why = why(error)
        if self._failed_why:
            return NotRemembered(time_ns(), sayings[0].id, self._failed_why)
        return Remembered(time_ns(), sayings[-1].last_id)

    def _look_up(self, order: Recall) -> Recalled:
        """Return what can be read; a file that cannot be read is not written to any more."""
        lines: list[Line] = []
        try:
            for line in self._file.found(order):
                lines.append(line)  # noqa: PERF402 -- what came before a fault is kept
        except FAULTS as error:
            self._failed_why = self._failed_why or why(error)
        return Recalled(time_ns(), order.tag, tuple(lines if order.oldest else reversed(lines)))


def _in_batches(
    orders: list[Remember | Recall],
) -> tuple[Sequence[Remember | Recall], list[Remember | Recall]]:
    """Return what is done now, and the look-ups that wait until lines have been kept again.

    Those answers may then hold lines remembered after them.
    """
    lookups = [order for order in orders if isinstance(order, Recall)]
    if len(lookups) <= LOOKUPS_BATCH_MAX:
        return orders, []
    lines = [order for order in orders if isinstance(order, Remember)]
    return [*lines, *lookups[:LOOKUPS_BATCH_MAX]], [*lookups[LOOKUPS_BATCH_MAX:]]


def _refusal(order: Remember | Recall) -> NotRemembered | Recalled:
    """Return what is said of an order that found no place."""
    if isinstance(order, Recall):
        return Recalled(time_ns(), order.tag, ())
    stalled = f"the disk has taken nothing for {HISTORY_STALL_S_MAX:g} s"
    return NotRemembered(time_ns(), order.saying.id, stalled)
