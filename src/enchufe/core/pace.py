"""Pace: so many a second, and some at once after a rest (a token bucket)."""

NS_PER_S = 1_000_000_000


class Pace:
    """Says whether something may happen again already.

    Args:
        per_s: how often it may happen in the long run.
        at_once: how often it may happen at once, by whoever has rested long enough.
        at_ns: the time now, in nanoseconds.
    """

    __slots__ = ("_at_ns", "_at_once", "_left", "_per_s")

    def __init__(self, per_s: float, at_once: float, at_ns: int) -> None:
        self._per_s = per_s
        self._at_once = at_once
        self._at_ns = at_ns
        self._left = at_once

    def allows(self, at_ns: int) -> bool:
        """Return whether it may happen at ``at_ns``; if so, it counts as done.

        A clock that is set back costs nobody anything.
        """
        rested_s = max(at_ns - self._at_ns, 0) / NS_PER_S
        self._at_ns = at_ns
        self._left = min(self._left + rested_s * self._per_s, self._at_once)
        if self._left < 1:
            return False
        self._left -= 1
        return True
