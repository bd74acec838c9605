"""Who runs on which core: the server on one, the load on another.

Placed by the scheduler, both may share a core for a while, and the figure then
says more about the scheduler than about the server.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True)
class Cores:
    """The cores for the server and those for the load."""

    server: frozenset[int]
    load: frozenset[int]

    @property
    def apart(self) -> bool:
        """Whether server and load never share a core."""
        return not self.server & self.load


def pinned() -> Cores:
    """Choose one core for the server, another for the load, as far apart as there are.

    Neighbouring numbers are often two threads of one core, hence first and last.
    """
    allowed = sorted(os.sched_getaffinity(0))
    return Cores(server=frozenset({allowed[0]}), load=frozenset({allowed[-1]}))


def unpinned() -> Cores:
    """Choose every core for both: the scheduler decides."""
    allowed = frozenset(os.sched_getaffinity(0))
    return Cores(server=allowed, load=allowed)


@contextmanager
def started_on(cores: frozenset[int]) -> Iterator[None]:
    """Within it, processes that are started run on `cores`, and so do their children.

    Affinity is inherited (sched_setaffinity(2)), so there is no moment at which
    a new process runs elsewhere.
    """
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
