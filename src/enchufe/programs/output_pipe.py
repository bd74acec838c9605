"""What a program says on one of its outputs, read piece by piece."""

import asyncio
import fcntl
import os
import sys
import termios
from collections.abc import Callable
from typing import IO

PIECE_BYTES_MAX = 64 * 1024
"""As much as a pipe holds on Linux (pipe(7))."""


class OutputPipe:
    """Our end of a program's output.

    Args:
        pipe: read from the next turn of the event loop on; closed at its end.
        heard: called with each piece.
        ended: called once, when no more comes.
    """

    def __init__(
        self, pipe: IO[bytes], heard: Callable[[bytes], None], ended: Callable[[], None]
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._pipe = pipe
        self._heard = heard
        self._ended = ended
        self._left_bytes: int | None = None  # once nobody writes any more
        os.set_blocking(pipe.fileno(), False)
        self.hold(False)

    @property
    def is_ended(self) -> bool:
        """Return whether all has been read that ever will be."""
        return self._pipe.closed

    def hold(self, hold: bool) -> None:
        """Read nothing for now, or read again; a full pipe lets the program wait."""
        if self.is_ended:
            return
        if hold:
            self._loop.remove_reader(self._pipe.fileno())
        else:
            self._loop.add_reader(self._pipe.fileno(), self._read)

    def finish(self) -> None:
        """Read no more than what the pipe holds now: the program and its children are gone.

        Someone whom we could not kill may hold it open for ever.
        """
        if self.is_ended:
            return
        count = fcntl.ioctl(self._pipe.fileno(), termios.FIONREAD, bytes(4))
        self._left_bytes = int.from_bytes(count, sys.byteorder)
        if not self._left_bytes:
            self.close()

    def close(self) -> None:
        """Read no more, whatever is there."""
        if self.is_ended:
            return
        self._loop.remove_reader(self._pipe.fileno())
        self._pipe.close()
        self._ended()

    def _read(self) -> None:
        size_bytes = PIECE_BYTES_MAX
        if self._left_bytes is not None:
            size_bytes = min(size_bytes, self._left_bytes)
        try:
            data = os.read(self._pipe.fileno(), size_bytes)
        except BlockingIOError:
            return
        if data:
            self._heard(data)
        if self._left_bytes is not None:
            self._left_bytes -= len(data)
        if not data or self._left_bytes == 0:
            self.close()
