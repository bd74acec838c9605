"""Programs that run for a peer: what a service orders about them, and what comes of it.

A service calls a program by a handle, a short text of its own. It decides what may run,
for how long and how much it may say; whoever performs the orders starts it, in a process
group of its own, and sees to it that nothing of it is left when it is over.
"""

from enum import StrEnum
from typing import TypeAlias

from msgspec import Struct


class Unstarted(StrEnum):
    """Why a program did not start."""

    NOT_FOUND = "not found"  # no such program
    NOT_EXECUTABLE = "not executable"  # it is there, and is no program, or not for us
    FAILED = "failed"  # anything else, in the system's words


# Orders


class RunProgram(Struct, frozen=True, tag=True):
    """Start a program; `ProgramStarted` or `ProgramFailed` answers.

    Args:
        run: the service's handle for it.
        arguments: the program, and what it is given; never read by a shell.
    """

    run: str
    arguments: tuple[str, ...]


class FeedProgram(Struct, frozen=True, tag=True):
    """Give a program input."""

    run: str
    data: bytes


class EndProgramInput(Struct, frozen=True, tag=True):
    """Tell a program that no more input comes, after what it was given."""

    run: str


class HoldProgram(Struct, frozen=True, tag=True):
    """Take no more of what a program says for now, or take it again: it then waits."""

    run: str
    hold: bool


class KillProgram(Struct, frozen=True, tag=True):
    """End a program and all its children: asked first, killed a moment later.

    `ProgramEnded` follows as for one that ends by itself.
    """

    run: str


ProgramOrder: TypeAlias = RunProgram | FeedProgram | EndProgramInput | HoldProgram | KillProgram


# What comes of them


class ProgramStarted(Struct, frozen=True, tag=True):
    """A program runs."""

    at_ns: int
    run: str


class ProgramFailed(Struct, frozen=True, tag=True):
    """A program did not start; nothing more is heard of it.

    ``detail`` is the system's word, or "".
    """

    at_ns: int
    run: str
    why: Unstarted
    detail: str = ""


class ProgramWrote(Struct, frozen=True, tag=True):
    """A program said something, on standard output or on standard error."""

    at_ns: int
    run: str
    data: bytes
    is_error: bool = False


class ProgramBehind(Struct, frozen=True, tag=True):
    """A program does not read: more than `PROGRAM_INPUT_BYTES_MAX` waits for it."""

    at_ns: int
    run: str


class ProgramCaughtUp(Struct, frozen=True, tag=True):
    """A program that was behind has read what waited for it."""

    at_ns: int
    run: str


class ProgramEnded(Struct, frozen=True, tag=True):
    """A program is over, all it said has been told, and none of its children is left.

    Args:
        at_ns: when.
        run: which.
        code: its exit status, 0 to 255; or minus the number of the signal that ended it.
    """

    at_ns: int
    run: str
    code: int


ProgramEvent: TypeAlias = (
    ProgramStarted | ProgramFailed | ProgramWrote | ProgramBehind | ProgramCaughtUp | ProgramEnded
)
