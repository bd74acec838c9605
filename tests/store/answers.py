"""What boxes answer, from their threads, waited for."""

import queue
from typing import TypeVar

from enchufe.core.files import FileEvent

Kind = TypeVar("Kind", bound=FileEvent)

PATIENCE_S = 10.0


class Answers:
    """Collects what a box answers."""

    def __init__(self) -> None:
        self._queue: queue.Queue[FileEvent] = queue.Queue()

    def __call__(self, event: FileEvent) -> None:
        self._queue.put(event)

    def next(self, kind: type[Kind]) -> Kind:
        """Wait for the next answer, which must be of that kind."""
        event = self._queue.get(timeout=PATIENCE_S)
        assert isinstance(event, kind), event
        return event

    @property
    def is_empty(self) -> bool:
        return self._queue.empty()
