"""The lines of a recording after the first: who was told what, and what was said."""

from collections.abc import Callable
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


def witness_of(service: str, add: Callable[[Entry], None]) -> Callable[[Event | Command], None]:
    """Return what makes entries of the events and commands of a service."""
    at_ns = 0

    def witness(fact: Event | Command) -> None:
        nonlocal at_ns
        at_ns = getattr(fact, "at_ns", at_ns)  # commands have none: theirs is their event's
        add(Entry(at_ns, service, fact))

    return witness


def tap_of(service: str, add: Callable[[Entry], None]) -> Callable[[Traffic], None]:
    """Return what makes entries of the bytes that come to a service and leave it."""

    def tap(fact: Traffic) -> None:
        add(Entry(fact.at_ns, service, fact))

    return tap
