"""The exit codes of every command: one table, for scripts that must know what happened."""

from enum import IntEnum


class ExitCode(IntEnum):
    """How a command ended.

    1 is a bug because Python itself exits with 1 on a traceback, 2 is usage because
    the standard parser does so; a signal adds its number to 128, as shells do.
    """

    DONE = 0
    BUG = 1
    USAGE = 2
    NAME_NOT_FOUND = 3
    REFUSED = 4
    TIMED_OUT = 5
    DENIED = 6
    LOST = 7
    PROTOCOL = 8
    OVER_LIMIT = 9
    INTERRUPTED = 130
    OUTPUT_CLOSED = 141
