"""What is measured: a program with a name, and the figures it gave."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Speech = Literal["raw", "irc", "nats"]
"""How one speaks with a server that spreads lines; see speech.c."""


class CannotMeasureError(Exception):
    """A candidate could not be measured, or did its work wrongly; the text says why."""


@dataclass(frozen=True)
class Candidate:
    """A program to measure.

    `command` is what starts it; `{port}` in it stands for the port, `{folder}` for a
    folder of its own on disk that is taken away afterwards. `files` are laid into that
    folder beforehand: contents, with the same words in them, by name. `ours` marks what
    the aims apply to. `receiver` is, for a copy through the network, the command that
    listens; `command` is then the one that sends.
    """

    name: str
    command: tuple[str, ...]
    ours: bool = False
    speech: Speech = "raw"
    files: Mapping[str, str] = field(default_factory=dict)
    receiver: tuple[str, ...] = ()


def filled(text: str, **values: object) -> str:
    """Return `text` with each `{name}` in it replaced by the value of that name."""
    for name, value in values.items():
        text = text.replace(f"{{{name}}}", str(value))
    return text


@dataclass(frozen=True)
class Figures:
    """What one measurement gave: the value that is compared, and what goes with it.

    The keys of `details` end in their unit.
    """

    value: float
    details: dict[str, float] = field(default_factory=dict)
