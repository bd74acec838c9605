"""The latest of what was said: as much as is worth keeping in mind."""

from collections import deque
from collections.abc import Iterator
from typing import Generic, TypeVar

Said = TypeVar("Said")


class Recent(Generic[Said]):
    """Keeps what was said last; the oldest is forgotten first, and whole.

    Args:
        lines_max: at least so many lines are kept, and no more than one thing said beyond that.
    """

    def __init__(self, lines_max: int) -> None:
        self._lines_max = lines_max
        self._said: deque[Said] = deque()
        self._counts: deque[int] = deque()  # of the lines of each
        self._lines = 0

    def add(self, said: Said, lines: int) -> None:
        """Keep ``said``, which has so many lines."""
        self._said.append(said)
        self._counts.append(lines)
        self._lines += lines
        while self._lines - self._counts[0] >= self._lines_max:
            self._said.popleft()
            self._lines -= self._counts.popleft()

    def __iter__(self) -> Iterator[Said]:
        """Return what is kept, in order."""
        return iter(self._said)
