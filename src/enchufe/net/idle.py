"""Who has been silent too long: one sweep for all peers, so that a message costs nothing."""

from enchufe.core.events import Reason
from enchufe.core.limits import DATAGRAM_PEER_IDLE_S_MAX
from enchufe.net.driver import Driver, Link

SWEEPS_PER_IDLE = 4
"""How finely silence is measured: a peer goes between the allowed time and a quarter more."""


class IdleSweep:
    """Ends conversations in which nothing has moved, in either direction, for too long.

    Args:
        driver: whose peers are watched.
        idle_s: the silence allowed to any peer; None for no limit on streams, and
            `DATAGRAM_PEER_IDLE_S_MAX` for datagram peers, which never say goodbye.
    """

    def __init__(self, driver: Driver, idle_s: float | None) -> None:
        self._driver = driver
        self._streams_too = idle_s is not None
        self.every_s = (idle_s or DATAGRAM_PEER_IDLE_S_MAX) / SWEEPS_PER_IDLE
        self._moved: dict[int, tuple[int, int]] = {}

    def sweep(self) -> None:
        """Look at every peer once; to be called each ``every_s`` seconds."""
        before, self._moved = self._moved, {}
        for number, link in list(self._driver.links.items()):
            if self._streams_too or not link.peer.is_stream:
                self._look_at(link, before.get(number, (-1, 0)))

    def _look_at(self, link: Link, before: tuple[int, int]) -> None:
        activity, still_sweeps = link.activity(), before[1]
        still_sweeps = still_sweeps + 1 if activity == before[0] else 0
        if still_sweeps >= SWEEPS_PER_IDLE:
            link.abort(Reason.SILENT)
        else:
            self._moved[link.peer.id] = (activity, still_sweeps)
