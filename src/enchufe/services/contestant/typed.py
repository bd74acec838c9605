"""What the person typed: choices and orders, each in its turn."""

from collections import deque

from enchufe.core.commands import Command, HoldInput

TYPED_MAX = 100
"""Lines that wait for their round, after which no more are read."""


class Typed:
    """Keeps lines until it is their turn."""

    def __init__(self) -> None:
        self._lines: deque[str] = deque()
        self._holds = False

    def __len__(self) -> int:
        """Return how many wait."""
        return len(self._lines)

    def add(self, line: str) -> list[Command]:
        """Keep a line; the input is held while too many wait."""
        self._lines.append(line)
        if self._holds or len(self._lines) < TYPED_MAX:
            return []
        self._holds = True
        return [HoldInput(True)]

    @property
    def next(self) -> str:
        """The line whose turn it is; "" for none."""
        return self._lines[0] if self._lines else ""

    def take(self) -> list[Command]:
        """Be done with that line; read on once few enough wait."""
        self._lines.popleft()
        if not self._holds or len(self._lines) > TYPED_MAX // 2:
            return []
        self._holds = False
        return [HoldInput(False)]
