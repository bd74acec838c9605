"""The lobby: how many are inside, how many more may come, and why somebody may not."""

import asyncio
import time
from collections.abc import Callable

from enchufe.core.notices import Notice, Refusal
from enchufe.net.crowd import AddressLimits, Crowd
from enchufe.net.door import Door
from enchufe.net.troubles import Troubles


class Lobby:
    """What all endpoints of a run share about who comes in.

    Args:
        door: which addresses may come in.
        peers_max: how many may be inside at once; None for no limit of ours.
        serve_max: how many to serve in all before stopping: stream peers, and
            datagrams answered; None for no end.
        reason: tells a refused stream peer why, in the server's language.
        notify: told who was refused.
        served_all: called when the last of ``serve_max`` has come in.
        address_limits: what one address may do.
    """

    def __init__(
        self,
        door: Door,
        *,
        peers_max: int | None,
        serve_max: int | None,
        reason: Callable[[Refusal], str],
        notify: Callable[[Notice], None],
        served_all: Callable[[], None],
        address_limits: AddressLimits | None = None,
    ) -> None:
        self.inside = 0
        self.is_open = True  # until nobody else may come
        self.empty = asyncio.Event()
        self.empty.set()
        self.served = 0
        self.reason = reason
        self.notify = notify
        self.troubles = Troubles(notify)
        self._door = door
        self._crowd = Crowd(address_limits or AddressLimits())
        self._peers_max = peers_max
        self._serve_max = serve_max
        self._served_all = served_all

    def refusal(self, host: str, *, is_stream: bool = True) -> Refusal | None:
        """Return why ``host`` may not come in now, or None if it may, and comes."""
        refused = self._door.refusal(host)
        if refused is not None:
            return refused
        if self._peers_max is not None and self.inside >= self._peers_max:
            return Refusal.FULL
        return self._crowd.refusal(host, time.time_ns(), is_stream=is_stream)

    def enter(self, host: str = "") -> None:
        """Count one more inside; ``host`` is the address of a connection."""
        self.inside += 1
        self.empty.clear()
        self._crowd.enter(host)

    def leave(self, host: str = "") -> None:
        """Count one fewer inside."""
        self._crowd.leave(host)
        self.inside -= 1
        if self.inside == 0:
            self.empty.set()

    @property
    def serves_left(self) -> int | None:
        """How many more will be served; None for no end."""
        return None if self._serve_max is None else max(self._serve_max - self.served, 0)

    def serve(self, count: int = 1) -> None:
        """Count who is being served, and say so when they are all there will be."""
        self.served += count
        if self._serve_max is not None and self.served >= self._serve_max:
            self._served_all()
