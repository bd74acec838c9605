"""What is measured: a program with a name, and the figures it gave."""

from dataclasses import dataclass, field


class CannotMeasureError(Exception):
    """A candidate could not be measured, or did its work wrongly; the text says why."""


@dataclass(frozen=True)
class Candidate:
    """A program to measure.

    `command` is what starts it; the word `{port}` in it stands for the port.
    `ours` marks what the aims apply to.
    """

    name: str
    command: tuple[str, ...]
    ours: bool = False

    def command_on(self, port: int) -> list[str]:
        """Return the words that start the candidate on `port`."""
        return [word.replace("{port}", str(port)) for word in self.command]


@dataclass(frozen=True)
class Figures:
    """What one measurement gave: the value that is compared, and what goes with it.

    The keys of `details` end in their unit.
    """

    value: float
    details: dict[str, float] = field(default_factory=dict)
