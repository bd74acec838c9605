"""What is sampled during a soak, and what speaks against the server."""

import statistics
from collections.abc import Sequence

from msgspec import Struct

MIB = 1024 * 1024

GROWTH_BYTES_MAX = 48 * MIB
"""Between the second quarter and the last the memory in use may differ by so much: attacks come
and go, and each may make the server hold some tens of mebibytes for a moment."""

GROWTH_DESCRIPTORS_MAX = 200
"""Likewise: the crowds of one attack are some 150, and the one before may not have left yet."""

LEFT_DESCRIPTORS_MAX = 10
"""When everybody has left, so many more than at the beginning may be open: the room's files."""

LEFT_BYTES_MAX = 160 * MIB
"""What the server may hold more at the end than at the beginning. Python keeps for the next time
what many needed at once; growth without end shows between the quarters."""


class Sample(Struct, frozen=True):
    """A moment of the run.

    Args:
        at_s: since the beginning.
        memory_bytes: resident.
        descriptors: open files and sockets.
        served: answers the honest have got in all.
        latencies_s: how long they waited for each since the last sample.
        attacks: that are over.
    """

    at_s: float
    memory_bytes: int
    descriptors: int
    served: int
    latencies_s: list[float]
    attacks: int

    @property
    def median_ms(self) -> float:
        """Half of the honest waited no longer."""
        return 1000 * statistics.median(self.latencies_s) if self.latencies_s else 0.0

    @property
    def slow_ms(self) -> float:
        """One in a hundred waited longer."""
        ordered = sorted(self.latencies_s)
        return 1000 * ordered[int(0.99 * len(ordered))] if ordered else 0.0

    @property
    def slowest_ms(self) -> float:
        """The longest wait."""
        return 1000 * max(self.latencies_s, default=0.0)


class Outcome(Struct, frozen=True):
    """How it ended.

    Args:
        samples: while it ran, in order.
        first: before anybody came.
        last: after everybody had left.
        failures: honest peers that were not served, and why.
        lost: what was acknowledged and is not kept.
        exit_code: the server's.
    """

    samples: Sequence[Sample]
    first: Sample
    last: Sample
    failures: Sequence[str]
    lost: Sequence[str]
    exit_code: int


def objections(outcome: Outcome) -> list[str]:
    """Return what speaks against the server; nothing if all is well."""
    found = [f"an honest peer was not served: {failure}" for failure in outcome.failures]
    found += [f"acknowledged and lost: {text}" for text in outcome.lost]
    if outcome.exit_code:
        found.append(f"the server ended with exit code {outcome.exit_code}")
    if not outcome.samples or not outcome.samples[-1].served:
        found.append("nobody honest was served at all")
    return [*found, *_left(outcome), *_growth(outcome.samples)]


def _left(outcome: Outcome) -> list[str]:
    found = []
    descriptors = outcome.last.descriptors - outcome.first.descriptors
    memory_bytes = outcome.last.memory_bytes - outcome.first.memory_bytes
    if descriptors > LEFT_DESCRIPTORS_MAX:
        found.append(f"{descriptors} descriptors are left open")
    if memory_bytes > LEFT_BYTES_MAX:
        found.append(f"{memory_bytes / MIB:.0f} MiB are not given back")
    return found


def _growth(samples: Sequence[Sample]) -> list[str]:
    """Compare the second quarter of the run with its last."""
    quarter = len(samples) // 4
    if not quarter:
        return []
    early, late = samples[quarter : 2 * quarter], samples[-quarter:]
    found = []
    memory_bytes = _typical([s.memory_bytes for s in late]) - _typical(
        [s.memory_bytes for s in early]
    )
    descriptors = _typical([s.descriptors for s in late]) - _typical([s.descriptors for s in early])
    if memory_bytes > GROWTH_BYTES_MAX:
        found.append(f"memory grows: {memory_bytes / MIB:.0f} MiB since the second quarter")
    if descriptors > GROWTH_DESCRIPTORS_MAX:
        found.append(f"descriptors grow: {descriptors:.0f} since the second quarter")
    return found


def _typical(values: Sequence[int]) -> float:
    return statistics.median(values)
