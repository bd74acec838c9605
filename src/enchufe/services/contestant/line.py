"""Our line to the server: called again when it breaks, for as long as our seat is kept."""

from enchufe.core.commands import CancelTimer, Command, SetTimer, Stop
from enchufe.core.exits import ExitCode

REDIAL_S_MIN, REDIAL_S_MAX = 0.25, 4.0
"""How long to wait before calling again: twice as long each time, up to the second."""

REDIAL_TIMER = "redial"


class Line:
    """Counts for how long the line is broken.

    Args:
        give_up_s: for how long to call again.
    """

    def __init__(self, give_up_s: float) -> None:
        self.give_up_s = give_up_s
        self.is_lost = False
        self._redial_s = REDIAL_S_MIN
        self._waited_s = 0.0

    def lose(self) -> bool:
        """Take note that the line is broken, or still is; return whether that is news."""
        was_lost, self.is_lost = self.is_lost, True
        return not was_lost

    def call_again(self) -> list[Command]:
        """Call again in a while; stop after too long."""
        wait_s, self._redial_s = self._redial_s, min(self._redial_s * 2, REDIAL_S_MAX)
        self._waited_s += wait_s
        if self._waited_s > self.give_up_s:
            return [Stop(ExitCode.LOST)]
        return [SetTimer(REDIAL_TIMER, wait_s)]

    def mend(self) -> bool:
        """Take note that the line holds; return whether it was broken."""
        was_lost, self.is_lost = self.is_lost, False
        self._redial_s, self._waited_s = REDIAL_S_MIN, 0.0
        return was_lost


def quiet(*timers: str) -> list[Command]:
    """Forget timers."""
    return [CancelTimer(name) for name in timers]
