"""Orphans: processes whose parents have ended become our children, to be found and buried.

That has to be asked of Linux (prctl(2), PR_SET_CHILD_SUBREAPER). Elsewhere they become
children of the system's first process, which buries them; so nothing is done here.
"""

import contextlib
import ctypes
import os
import sys
import threading
from time import monotonic

import psutil

from enchufe.core.limits import PROGRAM_KILL_S

_PR_SET_CHILD_SUBREAPER = 36


def adopt() -> None:
    """Become the parent of all orphans among our descendants; a kernel that cannot is as it was."""
    if sys.platform == "linux":
        yes, unused = ctypes.c_ulong(1), ctypes.c_ulong(0)
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, yes, unused, unused, unused)


class Undertaker:
    """Takes away orphans that ended before anybody saw whose they were.

    An ended process shows no mark any more. It is taken for a forgotten orphan if it has a
    session of its own, nobody here awaits it, and it has lain there from one round to the
    next: an event loop that awaits a child takes it at once.
    """

    def __init__(self) -> None:
        self.awaited: set[int] = set()  # the processes whose ends somebody here waits for
        self._found: set[psutil.Process] = set()
        self._last_round_s = 0.0
        self._lock = threading.Lock()

    def go_round(self) -> None:
        """Take away whoever lay there the last time too, if that is long enough ago."""
        with self._lock, contextlib.suppress(OSError):  # no descriptor is left to look with
            now_s = monotonic()
            if now_s - self._last_round_s < PROGRAM_KILL_S:
                return
            self._last_round_s = now_s
            found = {child for child in psutil.Process().children() if self._is_forgotten(child)}
            for orphan in found & self._found:
                take_away(orphan)
            self._found = found

    def _is_forgotten(self, child: psutil.Process) -> bool:
        with contextlib.suppress(psutil.Error, OSError):
            is_unknown = child.pid not in self.awaited and os.getsid(child.pid) != os.getsid(0)
            return is_unknown and child.status() == psutil.STATUS_ZOMBIE
        return False


UNDERTAKER = Undertaker()
"""Children are the whole process's, whoever in it has started them; so there is one."""


def take_away(orphan: psutil.Process) -> None:
    """Let the system forget a child of ours that has ended; do nothing if it is no such."""
    with contextlib.suppress(psutil.Error, OSError):
        if orphan.status() == psutil.STATUS_ZOMBIE and orphan.ppid() == os.getpid():
            os.waitpid(orphan.pid, os.WNOHANG)
