"""Troubles: refusals and failures, told one by one until they are a flood."""

import asyncio
import time
from collections.abc import Callable

from enchufe.core.limits import REFUSALS_TOLD_BURST_S, REFUSALS_TOLD_PER_S_MAX
from enchufe.core.notices import (
    AnswerLost,
    LoopAvoided,
    Notice,
    NoticesLeftOut,
    PeerRefused,
    TlsFailed,
)
from enchufe.core.pace import Pace

SUMMARY_S = 1.0
"""How long those that are not told are counted before it is said how many they were."""


class Troubles:
    """Passes notices on, so many at a time: whoever makes trouble must not fill a log with it.

    Args:
        notify: told what is told, and how many were left out.
    """

    def __init__(self, notify: Callable[[Notice], None]) -> None:
        self._notify = notify
        at_once = REFUSALS_TOLD_PER_S_MAX * REFUSALS_TOLD_BURST_S
        self._pace = Pace(REFUSALS_TOLD_PER_S_MAX, at_once, time.time_ns())
        self._left_out = 0

    def tell(self, notice: PeerRefused | LoopAvoided | AnswerLost | TlsFailed) -> None:
        """Tell ``notice``, or count it."""
        if self._pace.allows(notice.at_ns):
            self._notify(notice)
            return
        if not self._left_out:
            asyncio.get_running_loop().call_later(SUMMARY_S, self.close)
        self._left_out += 1

    def close(self) -> None:
        """Say how many were left out, if any were."""
        if self._left_out:
            self._notify(NoticesLeftOut(time.time_ns(), self._left_out))
            self._left_out = 0
