"""What peers make us hold, over all of them: one sweep for all, so that a message costs nothing."""

import time
from collections.abc import Sequence

from enchufe.core.limits import HELD_BYTES_MAX, HELD_SWEEP_S
from enchufe.net.driver import Driver, Link

SWEEP_SHARE_MAX = 0.02
"""How much of the time looking may take: among very many peers it is done less often."""


class HeldSweep:
    """Keeps what is held of unfinished messages and unread answers within a bound.

    One peer alone is bounded by `LINE_BYTES_MAX`, `FRAME_PAYLOAD_BYTES_MAX` and
    `PEER_QUEUE_BYTES_MAX`; many at once by this. Those who hold most go first.

    Args:
        drivers: whose peers are looked at.
        bytes_max: what all of them together may make us hold.
    """

    def __init__(self, drivers: Sequence[Driver], bytes_max: int = HELD_BYTES_MAX) -> None:
        self._drivers = drivers
        self._bytes_max = bytes_max
        self.pause_s = HELD_SWEEP_S

    def sweep(self) -> None:
        """Look at every peer once; to be called again after ``pause_s``."""
        began_s = time.perf_counter()
        held = [
            (sum(driver.held_bytes(link)), driver, link)
            for driver in self._drivers
            for link in driver.links.values()
        ]
        held_bytes = sum(each[0] for each in held)
        if held_bytes > self._bytes_max:
            self._let_go(held, held_bytes)
        took_s = time.perf_counter() - began_s
        self.pause_s = max(HELD_SWEEP_S, took_s / SWEEP_SHARE_MAX)

    def _let_go(self, held: list[tuple[int, Driver, Link]], held_bytes: int) -> None:
        for size_bytes, driver, link in sorted(held, key=lambda each: each[0], reverse=True):
            if held_bytes <= self._bytes_max:
                return
            driver.let_go(link)
            held_bytes -= size_bytes
