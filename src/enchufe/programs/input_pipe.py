"""What a program is given on its input, written as it reads."""

import asyncio
import os
from collections.abc import Callable
from typing import IO

from enchufe.core.limits import PROGRAM_INPUT_BYTES_MAX


class InputPipe:
    """Our end of a program's input.

    Args:
        pipe: closed with the input.
        behind: called with True when more than `PROGRAM_INPUT_BYTES_MAX` waits, and with False
            when nothing does any more.
    """

    def __init__(self, pipe: IO[bytes], behind: Callable[[bool], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._pipe = pipe
        self._behind = behind
        self._waiting = bytearray()
        self._is_behind = False
        self._is_finishing = False
        os.set_blocking(pipe.fileno(), False)

    def write(self, data: bytes) -> None:
        """Give the program ``data``; if it reads no more, drop it."""
        if self._is_finishing or not data:
            return
        was_idle = not self._waiting
        self._waiting += data
        if was_idle:
            self._write()
        if len(self._waiting) > PROGRAM_INPUT_BYTES_MAX and not self._is_behind:
            self._is_behind = True
            self._behind(True)

    def finish(self) -> None:
        """Let the program see the end of its input, after what waits."""
        self._is_finishing = True
        if not self._waiting:
            self.close()

    def close(self) -> None:
        """Drop what waits, and let the program see the end."""
        self._is_finishing = True
        if self._pipe.closed:
            return
        self._waiting.clear()
        self._settle()
        self._pipe.close()

    def _write(self) -> None:
        try:
            count = os.write(self._pipe.fileno(), self._waiting)
        except BlockingIOError:
            count = 0
        except BrokenPipeError:  # the program has closed it
            self.close()
            return
        del self._waiting[:count]
        self._settle()
        if self._is_finishing and not self._waiting:
            self.close()

    def _settle(self) -> None:
        """Watch the pipe exactly while something waits, and say when nothing does any more."""
        if self._waiting:
            self._loop.add_writer(self._pipe.fileno(), self._write)
            return
        self._loop.remove_writer(self._pipe.fileno())
        if self._is_behind:
            self._is_behind = False
            self._behind(False)
