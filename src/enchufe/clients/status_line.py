"""A status line: how far files are, beside the line that a person is typing."""

import time
from collections.abc import Callable
from itertools import count

from rich.progress import TaskID

from enchufe.clients.language import _
from enchufe.clients.words import duration
from enchufe.core.figures import size
from enchufe.core.files import TellFile
from enchufe.core.text import safe_text

BAR_COLUMNS = 10

NAME_COLUMNS_MAX = 20


class _Bar:
    def __init__(self, told: TellFile) -> None:
        self.name = safe_text(told.attachment.name)
        self.size_bytes = told.attachment.size_bytes
        self.began_bytes = self.there_bytes = told.offset_bytes
        self.since_s = time.monotonic()


class StatusLine:
    """Draws the file that began last, where `enchufe.clients.transfers.Bars` cannot draw.

    ``changed`` is called whenever there is something else to draw.
    """

    def __init__(self) -> None:
        self.changed: Callable[[], object] = _nobody
        self._numbers = count(1)
        self._bars: dict[TaskID, _Bar] = {}

    @property
    def text(self) -> str:
        """What to draw: a bar, how much, how fast, and how much longer; "" for nothing."""
        if not self._bars:
            return ""
        bar = self._bars[max(self._bars)]
        whole_bytes = max(bar.size_bytes, 1)
        filled = BAR_COLUMNS * bar.there_bytes // whole_bytes
        name = bar.name
        if len(name) > NAME_COLUMNS_MAX:
            name = name[: NAME_COLUMNS_MAX - 1] + "…"
        parts = [name, "━" * filled + "─" * (BAR_COLUMNS - filled), *_figures(bar)]
        return " ".join(parts)

    def add(self, told: TellFile) -> TaskID:
        """Draw a bar for a file that began to move ``told``."""
        number = TaskID(next(self._numbers))
        self._bars[number] = _Bar(told)
        self.changed()
        return number

    def update(self, bar: TaskID, there_bytes: int) -> None:
        """Draw how much is there."""
        self._bars[bar].there_bytes = there_bytes
        self.changed()

    def remove(self, bar: TaskID | None) -> None:
        """Take a bar away."""
        if bar is not None:
            del self._bars[bar]
            self.changed()

    def open(self) -> None:
        """Do nothing: whoever draws the line being typed draws this too."""

    def close(self) -> None:
        """Do nothing: it goes with the line being typed."""


def _figures(bar: _Bar) -> list[str]:
    percent = f"{100 * bar.there_bytes // max(bar.size_bytes, 1)} %"
    lasted_s = time.monotonic() - bar.since_s
    moved_bytes = bar.there_bytes - bar.began_bytes
    if not moved_bytes or lasted_s <= 0:
        return [percent]
    rate = moved_bytes / lasted_s
    left_s = (bar.size_bytes - bar.there_bytes) / rate
    left = _("{duration} left").format(duration=duration(left_s))
    return [percent, f"{size(round(rate))}/s", left]


def _nobody() -> None:
    """Do nothing: nobody draws it yet."""
