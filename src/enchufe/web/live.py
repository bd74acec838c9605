"""The wire as it happens: what services are told and say, for whoever has the page open.

It is told in the lines of a recording, header first, so that what a browser keeps of it is
one. While nobody looks nothing is made, and services spend nothing on it.
"""

import asyncio
from collections.abc import Callable, Sequence

import msgspec

from enchufe.core.events import PeerOpened
from enchufe.core.notices import Notice
from enchufe.net.driver import Driver
from enchufe.net.watched_driver import WatchedDriver
from enchufe.record.entries import Entry, tap_of, witness_of
from enchufe.record.header import Header

FLUSH_S = 0.05
"""Facts are told so far apart together: soon enough for an eye, and few enough messages."""

FLUSH_FACTS_MAX = 2_000
"""So many of them at most: 5,000 a second are told even if they come in bursts, and of 40,000 more
than a page draws. The rest is counted."""

FLUSH_BYTES_MAX = 1024 * 1024
"""And so much, as large files make large facts."""

VIEWER_BYTES_MAX = 8 * 1024 * 1024
"""When so much waits for a browser that does not read, what comes is left out for it."""


class Viewer:
    """Somebody who looks, and what is to be told them."""

    def __init__(self, first: str) -> None:
        self._waiting = [first]
        self._waiting_bytes = 0
        self._left_out = 0
        self._came = asyncio.Event()
        self._came.set()

    def tell(self, lines: str, count: int) -> None:
        """Keep lines until they are taken, or count them if too many are waiting."""
        if self._waiting_bytes > VIEWER_BYTES_MAX:
            self._left_out += count
            return
        self._waiting.append(lines)
        self._waiting_bytes += len(lines)
        self._came.set()

    async def next(self) -> str:
        """Return what has come, as soon as anything has."""
        await self._came.wait()
        self._came.clear()
        waiting, self._waiting, self._waiting_bytes = self._waiting, [], 0
        if self._left_out:
            waiting.append(left_out(self._left_out))
            self._left_out = 0
        return "\n".join(waiting)


def left_out(count: int) -> str:
    """Return the line that says that so many facts are missing here."""
    return f'{{"left_out":{count}}}'


class LiveWire:
    """Tells viewers what passes.

    Args:
        header: the first line of a recording that begins now.
    """

    def __init__(self, header: Callable[[], Header]) -> None:
        self._header = header
        self._drivers: Sequence[WatchedDriver] = ()
        self._viewers: set[Viewer] = set()
        self._lines: list[bytes] = []
        self._lines_bytes = 0
        self._left_out = 0
        self._encode = msgspec.json.Encoder().encode
        self._flushing: asyncio.TimerHandle | None = None

    @property
    def viewers(self) -> int:
        """How many look."""
        return len(self._viewers)

    def begin(self, drivers: Sequence[Driver]) -> None:
        """Take note of whom there is to watch."""
        self._drivers = [driver for driver in drivers if isinstance(driver, WatchedDriver)]

    def join(self) -> Viewer:
        """Let somebody look from now on; they are told first who is inside."""
        self._flush()
        viewer = Viewer(self._beginning())
        self._viewers.add(viewer)
        if len(self._viewers) == 1:
            for driver in self._drivers:
                add = self._keep
                driver.watch(witness_of(driver.name, add), tap_of(driver.name, add))
        return viewer

    def leave(self, viewer: Viewer) -> None:
        """Let somebody go; when nobody looks any more, nothing more is made."""
        self._viewers.discard(viewer)
        if not self._viewers:
            for driver in self._drivers:
                driver.watch(None, None)

    def notice(self, notice: Notice) -> None:
        """Tell what befalls the run; it is no line of a recording, and says so."""
        if self._viewers:
            self._keep({"notice": notice})

    def _beginning(self) -> str:
        """Return the header of a recording, and who is inside as its first lines."""
        inside = [
            Entry(met.at_ns, driver.name, fact)
            for driver in self._drivers
            for met in driver.meetings()
            for fact in (met, PeerOpened(met.at_ns, met.peer))
        ]
        lines = [self._line(fact) for fact in (self._header(), *inside)]
        return b"\n".join(line for line in lines if line is not None).decode()

    def _keep(self, fact: object) -> None:
        """Keep a fact to be told soon, or count it: beyond what is told it costs no more."""
        if self._flushing is None:
            self._flushing = asyncio.get_running_loop().call_later(FLUSH_S, self._flush)
        is_full = len(self._lines) >= FLUSH_FACTS_MAX or self._lines_bytes > FLUSH_BYTES_MAX
        line = None if is_full else self._line(fact)
        if line is None:
            self._left_out += 1
            return
        self._lines.append(line)
        self._lines_bytes += len(line)

    def _line(self, fact: object) -> bytes | None:
        """Return a fact as a line; None if JSON cannot hold it: a path that is not UTF-8."""
        try:
            return self._encode(fact)
        except UnicodeEncodeError:
            return None

    def _flush(self) -> None:
        """Tell the viewers what has come since the last time."""
        if self._flushing is not None:
            self._flushing.cancel()
            self._flushing = None
        lines, self._lines, self._lines_bytes = self._lines, [], 0
        missing, self._left_out = self._left_out, 0
        count = len(lines) + missing
        if missing:
            lines.append(left_out(missing).encode())
        if not lines:
            return
        told = b"\n".join(lines).decode()
        for viewer in self._viewers:
            viewer.tell(told, count)
