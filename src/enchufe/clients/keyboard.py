"""The keyboard of a person at a terminal, from our first line on."""

import contextlib
import os
import select
import sys
import termios
from collections.abc import Iterator

_LOCAL_MODES = 3
"""Where they stand in the list of tcgetattr(3)."""

_ERASE_LINE = b"\r\x1b[K"


def is_typed_at() -> bool:
    """Return whether a person types here and reads what we write."""
    if sys.stdin is None or not (sys.stdin.isatty() and sys.stdout.isatty()):
        return False
    return not _is_in_background(sys.stdin.fileno())


def _is_in_background(keyboard: int) -> bool:
    """Return whether the shell keeps the keyboard: whoever touches it then is stopped (tty(4))."""
    try:
        return os.tcgetpgrp(keyboard) != os.getpgrp()
    except OSError:  # a terminal that controls nobody
        return False


@contextlib.contextmanager
def kept_for_the_prompt(*, wanted: bool) -> Iterator[None]:
    """Let what is typed appear in the line it is typed in, and nowhere before there is one.

    The terminal itself draws what is typed (termios(3), ECHO) until the prompt does; that
    takes a moment, in which lines may arrive already, and the two would get mixed.

    Args:
        wanted: whether there will be a prompt.
    """
    if not wanted:
        yield
        return
    keyboard = sys.stdin.fileno()
    before = termios.tcgetattr(keyboard)
    quiet = [*before]
    quiet[_LOCAL_MODES] &= ~(termios.ECHO | termios.ICANON)
    termios.tcsetattr(keyboard, termios.TCSANOW, quiet)
    try:
        if _is_typing(keyboard):
            os.write(sys.stdout.fileno(), _ERASE_LINE)
        yield
    finally:
        with contextlib.suppress(termios.error):  # the terminal was closed
            termios.tcsetattr(keyboard, termios.TCSANOW, before)


def _is_typing(keyboard: int) -> bool:
    """Return whether something was typed that nobody has read yet."""
    ready, _, _ = select.select([keyboard], [], [], 0)
    return bool(ready)
