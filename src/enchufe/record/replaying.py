"""Plays what services were told in a recording to the same services again.

Pure: whoever reads the recording hands over its lines. Time is in the events, and chance
in the settings, so a service that has not changed says the same again.
"""

from collections.abc import Sequence
from typing import get_args

from msgspec import Struct

from enchufe.core.commands import Command
from enchufe.core.events import Event
from enchufe.core.service import Service
from enchufe.record.entries import Entry
from enchufe.record.header import Header, built

_EVENTS = get_args(Event)
_COMMANDS = get_args(Command)


class Difference(Struct, frozen=True):
    """Where a service says something else than it did.

    Args:
        service: its name.
        event_line: the line of what it was told; 0 if it was told nothing yet.
        event: what it was told.
        line: the line of the recorded command, or else of what followed the last one.
        recorded: what it said then; None where it said no more.
        now: what it says now; None where it says no more.
        failure: how it failed instead of answering; "" if it did not.
    """

    service: str
    event_line: int
    event: Event | None
    line: int
    recorded: Command | None
    now: Command | None
    failure: str = ""


class Replay:
    """A replay of the services of a run.

    Args:
        header: what ran.
    """

    def __init__(self, header: Header) -> None:
        self.events = self.commands = 0
        self.left_out: list[str] = []
        self._stages: dict[str, _Stage] = {}
        for recorded in header.services:
            service = built(recorded.settings, recorded.name)
            if service is None:
                self.left_out.append(recorded.name)
            else:
                self._stages[recorded.name] = _Stage(recorded.name, service)

    @property
    def services(self) -> Sequence[str]:
        """The services that are played."""
        return list(self._stages)

    def feed(self, line: int, entry: Entry) -> Sequence[Difference]:
        """Play one line of the recording; return where that differs from what was."""
        stage = self._stages.get(entry.service)
        if stage is None:
            return ()
        if isinstance(entry.fact, _EVENTS):
            self.events += 1
            return stage.tell(line, entry.fact)
        if isinstance(entry.fact, _COMMANDS):
            self.commands += 1
            return stage.compare(line, entry.fact)
        return ()

    def finish(self, line: int, *, is_whole: bool) -> Sequence[Difference]:
        """Return what is said now and was not before the recording ended.

        Args:
            line: the last one.
            is_whole: whether the recording is; else more may have been said than was written.
        """
        if not is_whole:
            return ()
        return [found for stage in self._stages.values() for found in stage.rest(line)]


class _Stage:
    """One service that is played."""

    def __init__(self, name: str, service: Service) -> None:
        self._name = name
        self._service = service
        self._event_line = 0
        self._event: Event | None = None
        self._awaited: list[Command] = []  # said now; in the recording they are still to come
        self._differs = False  # since the last event
        self._has_failed = False

    def tell(self, line: int, event: Event) -> Sequence[Difference]:
        missing = self.rest(line)
        self._event_line, self._event, self._differs = line, event, False
        if self._has_failed:
            return missing
        try:
            self._awaited = list(self._service.handle(event))
        except Exception as error:  # what it was told may be made up, or its code be at fault
            self._has_failed = True
            failure = f"{type(error).__name__}: {error}"
            return [*missing, self._difference(line, None, None, failure)]
        return missing

    def compare(self, line: int, command: Command) -> Sequence[Difference]:
        if self._differs or self._has_failed:
            return ()
        now = self._awaited.pop(0) if self._awaited else None
        if now == command:
            return ()
        return [self._difference(line, command, now)]

    def rest(self, line: int) -> Sequence[Difference]:
        """Return the first thing said now that was not said then."""
        if not self._awaited or self._differs:
            return ()
        return [self._difference(line, None, self._awaited[0])]

    def _difference(
        self, line: int, recorded: Command | None, now: Command | None, failure: str = ""
    ) -> Difference:
        self._differs = True
        self._awaited = []
        return Difference(self._name, self._event_line, self._event, line, recorded, now, failure)
