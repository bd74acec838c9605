"""The trace: all that happened in a simulated world, in order, to compare and to read."""

from msgspec import Struct

from enchufe.core.text import safe_bytes
from enchufe.sim.clock import START_NS, Clock

SHOWN_BYTES_MAX = 40


class Entry(Struct, frozen=True):
    """One thing that happened.

    Args:
        at_ns: when.
        who: the host or the link.
        what: an event, a command or a fault, in a few words.
        data: the bytes concerned, or b"".
    """

    at_ns: int
    who: str
    what: str
    data: bytes = b""

    def __str__(self) -> str:
        """Return a line for a person."""
        shown = safe_bytes(self.data[:SHOWN_BYTES_MAX])
        size = f" {len(self.data)} B “{shown}”" if self.data else ""
        return f"{(self.at_ns - START_NS) / 1e9:12.6f}  {self.who:<24} {self.what}{size}"


class Trace:
    """Takes notes.

    Args:
        clock: says when.
    """

    def __init__(self, clock: Clock) -> None:
        self.entries: list[Entry] = []
        self._clock = clock

    def note(self, who: str, what: str, data: bytes = b"") -> None:
        """Note that ``what`` happened to ``who`` now."""
        self.entries.append(Entry(self._clock.now_ns, who, what, data))

    def tail(self, count: int = 30) -> str:
        """Return the last ``count`` entries, a line each."""
        return "\n".join(str(entry) for entry in self.entries[-count:])
