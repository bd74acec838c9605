"""Our line to a server: called again when it breaks, ever less often, and not for ever."""

from enchufe.core.commands import Command, SetTimer, Stop
from enchufe.core.exits import ExitCode

REDIAL_S_MIN = 0.25
"""How long to wait before calling again: twice as long each time, up to a longest time."""

REDIAL_TIMER = "redial"


class Line:
    """Counts for how long the line is broken.

    Args:
        redial_s_max: the longest time between two calls.
        give_up_s: for how long to call again; None for ever.
    """

    def __init__(self, redial_s_max: float, give_up_s: float | None = None) -> None:
        self.give_up_s = give_up_s
        self.is_lost = False
        self._redial_s_max = redial_s_max
        self._redial_s = REDIAL_S_MIN
        self._waited_s = 0.0

    def lose(self) -> bool:
        """Take note that the line is broken, or still is; return whether that is news."""
        was_lost, self.is_lost = self.is_lost, True
        return not was_lost

    def call_again(self) -> Command:
        """Return what calls again in a while, or what stops after too long."""
        wait_s, self._redial_s = self._redial_s, min(self._redial_s * 2, self._redial_s_max)
        self._waited_s += wait_s
        if self.give_up_s is not None and self._waited_s > self.give_up_s:
            return Stop(ExitCode.LOST)
        return SetTimer(REDIAL_TIMER, wait_s)

    def mend(self) -> bool:
        """Take note that the line holds; return whether it was broken."""
        was_lost, self.is_lost = self.is_lost, False
        self._redial_s, self._waited_s = REDIAL_S_MIN, 0.0
        return was_lost
