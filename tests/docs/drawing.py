"""What a terminal shows: the lines a person sees, whatever was erased or drawn over on the way."""

import threading

import pyte

COLUMNS = 400
"""Wider than any line, so that none is broken: programs are told another width."""

ROWS = 2000
"""More than any page prints, so that none scrolls away."""


class Drawing:
    """Draws what programs write, as a terminal does."""

    def __init__(self) -> None:
        self._screen = pyte.Screen(COLUMNS, ROWS)
        self._stream = pyte.ByteStream(self._screen)
        self._lock = threading.Lock()
        self._fed_bytes = 0

    @property
    def fed_bytes(self) -> int:
        """How much was written so far."""
        return self._fed_bytes

    def feed(self, data: bytes) -> None:
        """Draw ``data``."""
        with self._lock:
            self._fed_bytes += len(data)
            self._stream.feed(data)

    def rows(self) -> list[str]:
        """Return the rows drawn, from the first to the last that is not blank."""
        with self._lock:
            last = max((y for y, row in self._screen.buffer.items() if row), default=-1)
            rows = [self._row(y) for y in range(last + 1)]
        while rows and not rows[-1]:
            rows.pop()
        return rows

    def _row(self, y: int) -> str:
        row = self._screen.buffer[y]
        return "".join(row[x].data for x in range(max(row, default=-1) + 1)).rstrip()


def drawn(output: bytes) -> list[str]:
    """Return the rows a terminal shows after ``output``."""
    drawing = Drawing()
    drawing.feed(output)
    return drawing.rows()
