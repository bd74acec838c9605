"""A service that remembers what it is told and answers as the test says, and what drives it."""

import asyncio
import itertools
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, TypeVar

import uvloop

from enchufe.core.commands import Command
from enchufe.core.events import Event
from enchufe.core.exits import ExitCode
from enchufe.core.notices import Notice
from enchufe.core.peer import Peer
from enchufe.core.service import Framing
from enchufe.host import Host
from enchufe.net.driver import Driver

Result = TypeVar("Result")
PATIENCE_S = 10.0


def nothing(_event: Event) -> Sequence[Command]:
    return ()


class Recorder:
    """Keeps every event; ``rule`` says what is done about it."""

    def __init__(self, rule: Callable[[Event], Sequence[Command]] = nothing) -> None:
        self.events: list[Event] = []
        self._rule = rule

    def handle(self, event: Event) -> Sequence[Command]:
        self.events.append(event)
        return self._rule(event)

    def of(self, kind: type[Event]) -> list[Event]:
        return [event for event in self.events if isinstance(event, kind)]


class Driven:
    """A driver with a `Recorder`; remembers what it was told of the run."""

    def __init__(
        self,
        rule: Callable[[Event], Sequence[Command]] = nothing,
        framing: Framing = Framing.RAW,
    ) -> None:
        self.service = Recorder(rule)
        self.notices: list[Notice] = []
        self.shown: list[tuple[Peer, bytes]] = []
        self.stopped: list[ExitCode] = []
        self.driver = Driver(
            "test",
            Host(self.service, framing),
            numbers=itertools.count(1),
            notify=self.notices.append,
            show=lambda peer, message: self.shown.append((peer, message)),
            stop=self.stopped.append,
        )


async def until(condition: Callable[[], bool]) -> None:
    """Wait until ``condition`` comes true."""
    async with asyncio.timeout(PATIENCE_S):
        while not condition():  # noqa: ASYNC110 -- a condition tells nobody when it changes
            await asyncio.sleep(0.005)


def on_loop(main: Coroutine[Any, Any, Result], *, plain: bool = False) -> Result:
    """Run ``main`` on uvloop, or on asyncio's own loop, which every system has."""
    factory = asyncio.new_event_loop if plain else uvloop.new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        return runner.run(main)
