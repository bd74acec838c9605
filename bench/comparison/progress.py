"""The line on the terminal that says how far the run has come."""

import sys
import time


class Progress:
    """One line, written over and over; silent where nobody is looking."""

    def __init__(self, steps: int) -> None:
        """Count to `steps`, an upper bound: what fails is not measured to the end."""
        self._steps = steps
        self._done = 0
        self._began_at_seconds = time.monotonic()
        self._shown = sys.stderr.isatty()

    def step(self, what: str) -> None:
        """Say that `what` is measured now."""
        if self._shown:
            line = f"{100 * self._done // self._steps:3d} %{self._left()}  {what}"
            print(f"\r{line[:79]}\x1b[K", end="", file=sys.stderr, flush=True)
        self._done += 1

    def skip_to(self, done: int) -> None:
        """Count on to `done` steps, however many were needed."""
        self._done = done

    def clear(self) -> None:
        """Take the line away."""
        if self._shown:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)

    def _left(self) -> str:
        if self._done == 0:
            return ""
        passed_seconds = time.monotonic() - self._began_at_seconds
        left_seconds = passed_seconds * (self._steps - self._done) / self._done
        return f", {left_seconds / 60:.0f} min left" if left_seconds >= 30 else ""
