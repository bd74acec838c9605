"""The runner: performs what services order about programs, and tells what comes of it."""

import asyncio
import contextlib
import errno
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from subprocess import Popen
from time import time_ns

from enchufe.core.limits import PROGRAM_KILL_S
from enchufe.core.programs import (
    EndProgramInput,
    FeedProgram,
    HoldProgram,
    KillProgram,
    ProgramEnded,
    ProgramEvent,
    ProgramFailed,
    ProgramOrder,
    ProgramStarted,
    RunProgram,
    Unstarted,
)
from enchufe.programs.environment import PATH, clean, marked
from enchufe.programs.family import Mark, new_mark
from enchufe.programs.orphans import adopt
from enchufe.programs.running import RunningProgram
from enchufe.programs.starting import Failure, started

CLOSE_S_MAX = 3 * PROGRAM_KILL_S
"""How long closing waits: for those who were asked, for those who were killed, and a moment."""


class Programs:
    """Runs programs.

    Made in the event loop, in the process that is to run them. On Linux that process becomes
    the parent of all orphans among its descendants (`enchufe.programs.orphans`).

    Args:
        tell: told what comes of the orders, in order, in later turns of the event loop.
        folder: where programs work.
        environment: what they find in theirs besides a mark of ours, and in whose path they
            are looked up; None for little of our own (`enchufe.programs.environment`).
    """

    def __init__(
        self,
        tell: Callable[[ProgramEvent], None],
        *,
        folder: Path,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._tell = tell
        self._folder = folder
        self._environment = (
            clean(os.environ) if environment is None else {"PATH": PATH} | dict(environment)
        )
        self._running: dict[str, RunningProgram] = {}
        self._is_closing = False
        self._none_left = asyncio.Event()
        adopt()

    def perform(self, order: ProgramOrder) -> None:
        """Do what a service orders; about a program that does not run there is nothing to do."""
        if isinstance(order, RunProgram):
            self._start(order)
            return
        program = self._running.get(order.run)
        if program is None:
            return
        match order:
            case FeedProgram():
                program.feed(order.data)
            case EndProgramInput():
                program.end_input()
            case HoldProgram():
                program.hold(order.hold)
            case KillProgram():
                program.kill()

    def kill_now(self) -> None:
        """Kill all that runs without asking."""
        for program in list(self._running.values()):
            program.kill_now()

    async def close(self) -> None:
        """Kill all that runs, and wait until nothing is left, at most `CLOSE_S_MAX`."""
        self._is_closing = True
        self._none_left.clear()
        for program in list(self._running.values()):
            program.kill()
        if self._running:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._none_left.wait(), CLOSE_S_MAX)
        for program in self._running.values():
            program.abandon()
        await asyncio.sleep(0)  # so that what was said last has been told

    def _start(self, order: RunProgram) -> None:
        assert order.run not in self._running
        if self._is_closing:
            self._fail(order.run, Failure(Unstarted.FAILED, os.strerror(errno.ECANCELED)))
            return
        try:
            mark = new_mark()
        except OSError as error:  # no descriptor is left to look with
            self._fail(order.run, Failure(Unstarted.FAILED, error.strerror or str(error)))
            return
        environment = marked(self._environment, mark.token, os.environ)
        process = started(order.arguments, environment, self._folder)
        if isinstance(process, Failure):
            self._fail(order.run, process)
        else:
            self._take_in(order.run, process, mark)

    def _take_in(self, run: str, process: Popen[bytes], mark: Mark) -> None:
        try:
            program = RunningProgram(run, process, mark, self._say)
        except RuntimeError:  # the system has no thread to watch it
            with process:
                process.kill()
            self._fail(run, Failure(Unstarted.FAILED, os.strerror(errno.EAGAIN)))
            return
        self._running[run] = program
        self._say(ProgramStarted(time_ns(), run))

    def _fail(self, run: str, failure: Failure) -> None:
        self._say(ProgramFailed(time_ns(), run, failure.why, failure.detail))

    def _say(self, event: ProgramEvent) -> None:
        """Tell it in the next turn, so that nobody is told in the middle of an order."""
        self._loop.call_soon(self._tell, event)
        if isinstance(event, ProgramEnded):
            del self._running[event.run]
            if not self._running:
                self._none_left.set()
