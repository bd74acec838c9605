"""The watch over one program: waits until it ends, and sees to it that nothing of it is left.

Waiting and looking for its children are done in a thread, beside the event loop.
"""

import asyncio
import contextlib
import os
import threading
from collections.abc import Callable
from subprocess import Popen
from time import monotonic, sleep

from enchufe.core.limits import PROGRAM_KILL_S
from enchufe.programs.family import LOOK_AGAIN_S, Family, Mark
from enchufe.programs.orphans import UNDERTAKER


class Watch:
    """Watches one program.

    Args:
        process: the program, just started, first of a session of its own.
        mark: what its children inherit.
        gone: called in the event loop with its exit status, once nothing of it is left.

    Raises:
        RuntimeError: the system has no thread for it; nothing is watched then.
    """

    def __init__(self, process: Popen[bytes], mark: Mark, gone: Callable[[int], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._process = process
        self._family = Family(process.pid, mark)
        self._gone = gone
        self._asked_until_s = 0.0
        self._kill_timer: asyncio.TimerHandle | None = None
        threading.Thread(target=self._wait, name="program", daemon=True).start()

    def kill(self) -> None:
        """Ask the program and all its children to end, and kill what is left a moment later."""
        if self._kill_timer is None:
            self._asked_until_s = monotonic() + PROGRAM_KILL_S
            self._kill_timer = self._loop.call_later(PROGRAM_KILL_S, self._family.kill)
            self._family.ask()

    def kill_now(self) -> None:
        """Kill the program and all its children without asking."""
        self._asked_until_s = 0.0
        self._family.kill()

    # What follows is done in a thread

    def _wait(self) -> None:
        """Wait for the program; what it leaves running has no longer than it was given itself."""
        UNDERTAKER.awaited.add(self._process.pid)
        self._await_end()
        while monotonic() < self._asked_until_s and self._family.is_alive():
            sleep(LOOK_AGAIN_S)
        self._family.end()
        self._family.forget()
        UNDERTAKER.awaited.discard(self._process.pid)  # before its number is free for the next
        code = self._process.wait()
        with contextlib.suppress(RuntimeError):  # the run is over, and its event loop with it
            self._loop.call_soon_threadsafe(self._report, code)
        UNDERTAKER.go_round()

    def _await_end(self) -> None:
        """Return when the program has ended, but leave its number to it."""
        if hasattr(os, "waitid"):
            with contextlib.suppress(ChildProcessError):
                os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOWAIT)
            return
        while self._family.is_led():  # macOS, before Python 3.13
            sleep(LOOK_AGAIN_S)

    # Done in the event loop

    def _report(self, code: int) -> None:
        if self._kill_timer is not None:
            self._kill_timer.cancel()
        self._gone(code)
