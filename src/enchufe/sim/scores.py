"""Scores in the simulated world: a disk that takes its time, and crashes."""

from collections.abc import Callable
from functools import partial

from enchufe.core.cachipun import Score
from enchufe.core.events import Event
from enchufe.core.scores import KeepScore, ScoreKept, ScoreOrder, ScoresFound
from enchufe.faults.delay import Delay
from enchufe.sim.clock import Alarm
from enchufe.sim.history import CALM_DISK
from enchufe.sim.network import Network


class Scores:
    """What `enchufe.store.scores` is on a real disk.

    ``kept`` is what is on the disk, in order; it outlives the run that wrote it.

    Args:
        network: its time and its chance.
        delay: how long an order takes.
    """

    def __init__(self, network: Network, delay: Delay = CALM_DISK) -> None:
        self.kept: list[KeepScore] = []
        self.deliver: Callable[[Event], None] | None = None
        self._network = network
        self._delay = delay
        self._orders: list[tuple[Alarm, ScoreOrder]] = []

    def perform(self, order: ScoreOrder) -> None:
        """Keep a score, or look them up; `deliver` is told what came of it, later."""
        delay_s = self._delay.seconds(self._network.chance)
        alarm = self._network.clock.after(delay_s, partial(self._done, order))
        self._orders.append((alarm, order))

    def crash(self) -> None:
        """Lose all that is not on the disk; what was being written is there, or is not."""
        for alarm, order in self._orders:
            alarm.cancel()
            if isinstance(order, KeepScore) and self._network.chance.happens(0.5):
                self.kept.append(order)
        self._orders = []
        self.deliver = None

    def _done(self, order: ScoreOrder) -> None:
        self._orders = [(alarm, other) for alarm, other in self._orders if other is not order]
        assert self.deliver is not None
        now_ns = self._network.clock.now_ns
        if isinstance(order, KeepScore):
            self.kept.append(order)
            self.deliver(ScoreKept(now_ns, order.match))
        else:
            self.deliver(ScoresFound(now_ns, order.tag, self._rows()[: order.count_max]))

    def _rows(self) -> tuple[Score, ...]:
        """Return the table, the best first."""
        won = [kept.winner for kept in self.kept]
        lost = [kept.loser for kept in self.kept]
        rows = [Score(name, won.count(name), lost.count(name)) for name in {*won, *lost}]
        return tuple(sorted(rows, key=lambda row: (-row.won, row.lost, row.name)))
