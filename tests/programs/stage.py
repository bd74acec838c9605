"""Programs on a stage: ordered by a test, and all that comes of them kept in order."""

import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

import psutil
import pytest
from tests.net.recording import until

from enchufe.core.programs import (
    EndProgramInput,
    FeedProgram,
    HoldProgram,
    KillProgram,
    ProgramEnded,
    ProgramEvent,
    ProgramFailed,
    ProgramWrote,
    RunProgram,
)
from enchufe.programs.runner import Programs

DAEMON = """
import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        print(os.getpid(), flush=True)
        time.sleep(1000)
    os._exit(0)
os.wait()
"""
"""Starts a daemon as the book says: its parent has ended, and its session is its own."""

linux = pytest.mark.skipif(sys.platform != "linux", reason="orphans become ours on Linux alone")

Kind = TypeVar("Kind", bound=ProgramEvent)

ONE = "one"
"""The handle of a test's program, where it has only one."""


class Stage:
    """Programs, and what was told of them; all are killed in the end."""

    def __init__(self, folder: Path, environment: Mapping[str, str] | None = None) -> None:
        self.events: list[ProgramEvent] = []
        self._strangers = psutil.Process().children(recursive=True)
        self.programs = Programs(self.events.append, folder=folder, environment=environment)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.programs.close()

    def run(self, *arguments: str, run: str = ONE) -> None:
        self.programs.perform(RunProgram(run, arguments))

    def feed(self, data: bytes, run: str = ONE) -> None:
        self.programs.perform(FeedProgram(run, data))

    def end_input(self, run: str = ONE) -> None:
        self.programs.perform(EndProgramInput(run))

    def hold(self, hold: bool, run: str = ONE) -> None:
        self.programs.perform(HoldProgram(run, hold))

    def kill(self, run: str = ONE) -> None:
        self.programs.perform(KillProgram(run))

    def of(self, kind: type[Kind], run: str = ONE) -> list[Kind]:
        return [event for event in self.events if isinstance(event, kind) and event.run == run]

    def said(self, run: str = ONE, *, is_error: bool = False) -> bytes:
        """Return all it has said so far, on standard output or on standard error."""
        wrote = self.of(ProgramWrote, run)
        return b"".join(event.data for event in wrote if event.is_error is is_error)

    def processes(self) -> list[psutil.Process]:
        """Return all of our descendants since the stage was built."""
        there = psutil.Process().children(recursive=True)
        return [process for process in there if process not in self._strangers]

    async def hears(self, awaited: bytes, run: str = ONE) -> None:
        """Wait until it has said ``awaited``."""
        await until(lambda: awaited in self.said(run))

    async def hears_numbers(self, count: int, run: str = ONE) -> list[int]:
        """Wait until it has said ``count`` lines, each the number of a process."""
        await until(lambda: self.said(run).count(b"\n") >= count)
        return [int(word) for word in self.said(run).split()]

    async def ended(self, run: str = ONE) -> int:
        """Wait until it is over, and return how it ended."""
        await until(lambda: bool(self.of(ProgramEnded, run) or self.of(ProgramFailed, run)))
        assert not self.of(ProgramFailed, run), self.events
        (end,) = self.of(ProgramEnded, run)
        return end.code

    async def failed(self, run: str = ONE) -> ProgramFailed:
        """Wait until we are told that it did not start."""
        await until(lambda: bool(self.of(ProgramFailed, run)))
        (failure,) = self.of(ProgramFailed, run)
        return failure


def left_of(pids: list[int]) -> list[int]:
    """Return which of the processes are still there, be it as zombies."""
    return [pid for pid in pids if psutil.pid_exists(pid)]
