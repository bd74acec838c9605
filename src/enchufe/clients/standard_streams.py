"""The streams a program is born with, also when it is born without them or they close."""

import errno
import os
import sys
from collections.abc import Callable
from typing import ParamSpec

Arguments = ParamSpec("Arguments")

_OUTPUT_LOST = frozenset({errno.EPIPE, errno.EIO, errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""Its reader left, its terminal was closed, its disk is full, its file may not grow."""


def fill_missing_streams() -> None:
    """Open the null device for each standard stream that was closed by whoever started us.

    Otherwise the first socket we open would take the free number, and what is meant for
    the screen would go to a peer.
    """
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest free number (open(2))
    sys.stdin = sys.stdin or os.fdopen(0, encoding="utf-8", closefd=False)
    sys.stdout = sys.stdout or os.fdopen(1, "w", encoding="utf-8", closefd=False)
    sys.stderr = sys.stderr or os.fdopen(2, "w", encoding="utf-8", closefd=False)


def discard_output() -> None:
    """Give what is still to be written somewhere to go, once nobody reads our output.

    Python would complain when it flushes standard output at exit (library/signal, "Note
    on SIGPIPE").
    """
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, sys.stdout.fileno())
    os.close(null)


def is_output_lost(error: BaseException) -> bool:
    """Return whether ``error`` means that our output takes no more."""
    return isinstance(error, OSError) and error.errno in _OUTPUT_LOST


class OutputGuard:
    """Ends a run, once, when its output takes no more.

    What is written on a network event must not fail there: the peer is not to blame.
    """

    def __init__(self) -> None:
        self.is_lost = False
        self.end_run: Callable[[], None] = _nothing

    def guard(self, write: Callable[Arguments, None]) -> Callable[Arguments, None]:
        """Return ``write``, changed to end the run instead of failing."""

        def guarded(*arguments: Arguments.args, **keywords: Arguments.kwargs) -> None:
            if self.is_lost:
                return
            try:
                write(*arguments, **keywords)
            except OSError as error:
                if not is_output_lost(error):
                    raise
                self.is_lost = True
                discard_output()
                self.end_run()

        return guarded


def _nothing() -> None:
    """Do nothing: there is no run yet."""
