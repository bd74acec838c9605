"""Virtual time: it stands still until the next thing that is due happens."""

from collections.abc import Callable
from heapq import heappop, heappush

NS_PER_S = 1_000_000_000
START_NS = 1_767_225_600 * NS_PER_S
"""2026-01-01T00:00Z, so that a simulated run has a date of its own."""


class Alarm:
    """Something that is due at a time, unless it is cancelled before.

    Args:
        action: what is done then.
    """

    __slots__ = ("_action",)

    def __init__(self, action: Callable[[], None]) -> None:
        self._action: Callable[[], None] | None = action

    @property
    def is_cancelled(self) -> bool:
        """Whether nothing will be done."""
        return self._action is None

    def cancel(self) -> None:
        """Do nothing when the time comes."""
        self._action = None

    def ring(self) -> None:
        """Do what is due."""
        if self._action is not None:
            self._action()


class Clock:
    """What time it is, and what is due next; what is due at one time happens as it was set."""

    def __init__(self) -> None:
        self.now_ns = START_NS
        self._due: list[tuple[int, int, Alarm]] = []
        self._set = 0

    @property
    def elapsed_s(self) -> float:
        """Seconds since the world began."""
        return (self.now_ns - START_NS) / NS_PER_S

    def at(self, at_ns: int, action: Callable[[], None]) -> Alarm:
        """Do ``action`` at ``at_ns``, or now if that is past; return the means to cancel it."""
        alarm = Alarm(action)
        self._set += 1
        heappush(self._due, (max(at_ns, self.now_ns), self._set, alarm))
        return alarm

    def after(self, delay_s: float, action: Callable[[], None]) -> Alarm:
        """Do ``action`` after ``delay_s`` seconds; return the means to cancel it."""
        return self.at(self.now_ns + round(delay_s * NS_PER_S), action)

    def next_ns(self) -> int | None:
        """Return when something is due next, or None if nothing ever is."""
        while self._due and self._due[0][2].is_cancelled:
            heappop(self._due)
        return self._due[0][0] if self._due else None

    def step(self) -> bool:
        """Do the next thing that is due; return whether there was one."""
        if self.next_ns() is None:
            return False
        self.now_ns, _order, alarm = heappop(self._due)
        alarm.ring()
        return True
