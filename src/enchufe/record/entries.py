"""The lines of a recording after the first: who was told what, and what was said."""

from enum import StrEnum
from typing import TypeAlias

from msgspec import Struct

from enchufe.core.commands import Command
from enchufe.core.events import Event
from enchufe.core.traffic import Traffic


class Ending(StrEnum):
    """Why a recording has no more lines."""

    OVER = "over"  # the run was
    LIMIT = "limit"  # it grew to its largest size; the run went on


class RecordingEnded(Struct, frozen=True, tag=True):
    """The last line; a recording without it was cut short."""

    ending: Ending


Fact: TypeAlias = Event | Command | Traffic | RecordingEnded


class Entry(Struct, frozen=True):
    """One line.

    Args:
        at_ns: when, in nanoseconds since 1970; a command has the time of the event that it
            follows.
        service: who was told it or said it; "" for the whole run.
        fact: an event, a command, bytes that came or left, or the end.
    """

    at_ns: int
    service: str
    fact: Fact
