"""The one door through which chance enters: always seeded, always replayable."""

import random


class Chance:
    """A source of random choices; equal seeds give equal choices.

    Args:
        seed: any integer; printed by whatever fails, so that it can be replayed.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self._random = random.Random(seed)  # noqa: S311 -- chance for tests, never for secrets

    def happens(self, probability: float) -> bool:
        """Return True with ``probability`` between 0 and 1."""
        return self._random.random() < probability

    def between(self, low: int, high: int) -> int:
        """Return a whole number from ``low`` to ``high``, both included."""
        return self._random.randint(low, high)

    def seconds(self, low_s: float, high_s: float) -> float:
        """Return a time between ``low_s`` and ``high_s`` seconds."""
        return self._random.uniform(low_s, high_s)

    def data(self, size_bytes: int) -> bytes:
        """Return ``size_bytes`` random bytes."""
        return self._random.randbytes(size_bytes)
