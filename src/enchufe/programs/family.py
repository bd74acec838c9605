"""A family: one program and all that came of it, however it hides.

Whoever stays in the program's session is found by that, even when its parents have ended.
Who left it, as a daemon does, is found by the mark it inherited
(`enchufe.programs.environment`) or by its parent, and its own session is the family's from
then on. On Linux all of them are below us (`enchufe.programs.orphans`), and nobody else is
touched. Asking for a session costs next to nothing (getsid(2)); the rest is asked only of
sessions that are younger than the program and no other program's.

Two can escape: a daemon that has wiped its environment and lost its parent before anybody
looked, and one that does not let us read its environment (proc(5)), as another user's.
"""

import contextlib
import os
import secrets
import signal
import sys
import threading
from collections.abc import Container, Iterable
from time import monotonic, sleep

import psutil
from msgspec import Struct

from enchufe.core.limits import PROGRAM_KILL_S
from enchufe.programs.environment import carries
from enchufe.programs.orphans import UNDERTAKER, take_away

LOOK_AGAIN_S = 0.005
"""How long those who were killed have before we look whether they are gone."""

TOKEN_BYTES = 16

NO_SESSION = 0
"""What has gone has none, and neither has what began outside of our container (getsid(2))."""

EMPTY_LOOKS = 2
"""A process that divides and ends while the list is read can be missed once, hardly twice."""

_UNSEEN = (psutil.Error, OSError)
"""It has gone, or is another user's, or no descriptor is left to look at it with."""

_ENDED = (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD)


class Mark(Struct, frozen=True):
    """What tells a program's children from everybody else.

    Args:
        token: what they inherit, and nobody else can guess.
        older_sessions: those that were there before the program.
    """

    token: str
    older_sessions: frozenset[int]


def new_mark() -> Mark:
    """Return a mark for a program that is about to start."""
    older_sessions = frozenset({NO_SESSION, *map(_session_of, psutil.pids())})
    return Mark(secrets.token_hex(TOKEN_BYTES), older_sessions)


class Family:
    """The processes of one program.

    Its own process must not be waited for before `forget`: so long the system gives its
    number, which is its group's and its session's too, to nobody else (waitid(2), WNOWAIT).

    Args:
        pid: the program's own process, first of its session.
        mark: what its children inherit.
    """

    def __init__(self, pid: int, mark: Mark) -> None:
        self._leader = psutil.Process(pid)
        self._mark = mark
        self._members = {pid: self._leader}
        self._is_over = False
        self._lock = threading.Lock()  # asked by the event loop, ended by a thread

    def ask(self) -> None:
        """Ask everyone once to end."""
        for process in self._living():
            with contextlib.suppress(*_UNSEEN):
                process.terminate()

    def kill(self) -> None:
        """Kill everyone who is there now."""
        self._kill(self._living())

    def is_led(self) -> bool:
        """Return whether the program's own process lives."""
        return _lives(self._leader)

    def is_alive(self) -> bool:
        """Return whether anyone we know of lives; nobody new is looked for."""
        with self._lock:
            return any(map(_lives, self._members.values()))

    def end(self) -> None:
        """Kill until nobody is left, and take the dead away; after `PROGRAM_KILL_S` give up."""
        until_s = monotonic() + PROGRAM_KILL_S
        empty_looks = 0
        while empty_looks < EMPTY_LOOKS and monotonic() < until_s:
            living = self._living()
            empty_looks = 0 if living else empty_looks + 1
            if living:
                self._kill(living)
                sleep(LOOK_AGAIN_S)
        for member in self._members.values():
            if member is not self._leader:
                take_away(member)

    def forget(self) -> None:
        """Look for nobody any more: the number of the program may be another's from now on."""
        with self._lock:
            self._is_over = True

    def _living(self) -> list[psutil.Process]:
        """Return who lives; the program itself, if we cannot look."""
        with contextlib.suppress(OSError):
            return self._look()
        return [self._leader]

    def _look(self) -> list[psutil.Process]:
        """Find who has come into the family; return those who live."""
        with self._lock:
            if self._is_over:
                return []
            members = {pid: member for pid, member in self._members.items() if member.is_running()}
            sessions = {_session_of(pid) for pid in members} - self._mark.older_sessions
            for pid in psutil.pids():
                if pid not in members and self._is_ours(pid, sessions, members):
                    with contextlib.suppress(psutil.Error):
                        members[pid] = psutil.Process(pid)
                        sessions.add(_session_of(pid))
            self._members = members
            return [member for member in members.values() if _lives(member)]

    def _is_ours(self, pid: int, sessions: Container[int], members: Container[int]) -> bool:
        session = _session_of(pid)
        is_inside = session in sessions
        is_others = session in UNDERTAKER.awaited and not is_inside
        if is_others or session in self._mark.older_sessions:
            return False
        with contextlib.suppress(psutil.Error):
            process = psutil.Process(pid)
            return _may_be_of_a_family(process) and (
                is_inside
                or process.ppid() in members
                or carries(process.environ(), self._mark.token)
            )
        return False

    def _kill(self, living: Iterable[psutil.Process]) -> None:
        """Kill the group in one go, which no process outruns by dividing, then everyone else."""
        with self._lock, contextlib.suppress(ProcessLookupError, PermissionError):
            if not self._is_over:
                os.killpg(self._leader.pid, signal.SIGKILL)
        for process in living:
            with contextlib.suppress(*_UNSEEN):
                process.kill()


def _may_be_of_a_family(process: psutil.Process) -> bool:
    """Return whether it is below us: on Linux all of every family are, so nobody else is killed."""
    return sys.platform != "linux" or os.getpid() in [parent.pid for parent in process.parents()]


def _session_of(pid: int) -> int:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        return os.getsid(pid)
    return NO_SESSION


def _lives(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() not in _ENDED
    except psutil.Error:
        return False
    except OSError:  # no descriptor is left to look with
        return True
