"""A terminal for the commands of a page: a pseudo-terminal, as wide as the page."""

import fcntl
import os
import pty
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
from pathlib import Path

from tests.docs.drawing import Drawing
from tests.docs.page import plain

ROWS, COLUMNS = 40, 100
ENDING_S = 5.0
LOGIN = "import os, sys; os.login_tty(0); os.execvp('bash', ['bash', '-c', sys.argv[1]])"
"""Makes standard input the controlling terminal, so that Ctrl-C reaches the command."""


class Terminal:
    """Runs one command after another and keeps what the last one printed.

    Args:
        folder: where the commands run.
        environment: what they run with.
    """

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self._folder = folder
        self._environment = environment
        self._process: subprocess.Popen[bytes] | None = None
        self._drawing = Drawing()
        self._looked_at = 0
        self._exit_code = 0
        self._master = -1
        self._reader: threading.Thread | None = None

    @property
    def is_busy(self) -> bool:
        """Whether a command is running."""
        return self._process is not None and self._process.poll() is None

    def type(self, command: str) -> None:
        """Start ``command``; ``$?`` in it is the exit code of the one before."""
        assert not self.is_busy or self.wait(ENDING_S), "the command before has not ended"
        self._forget()
        if "$?" in command:
            command = f"(exit {self._exit_code}); {command}"
        self._master, slave = pty.openpty()
        _prepare(slave)
        self._drawing, self._looked_at = Drawing(), 0
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-c", LOGIN, command],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            cwd=self._folder,
            env=self._environment,
        )
        os.close(slave)
        self._reader = threading.Thread(
            target=self._read, args=(self._master, self._drawing), daemon=True
        )
        self._reader.start()

    def _read(self, master: int, drawing: Drawing) -> None:
        while True:
            try:
                data = os.read(master, 65536)
            except OSError:  # EIO: every program has closed the terminal
                return
            if not data:
                return
            drawing.feed(data)

    def say(self, line: str) -> None:
        """Type a line into the program that runs."""
        os.write(self._master, line.encode() + b"\r")

    def interrupt(self) -> None:
        """Type Ctrl-C."""
        os.write(self._master, b"\x03")

    def wait(self, timeout_s: float) -> bool:
        """Wait for the command to end; return whether it did."""
        assert self._process is not None
        assert self._reader is not None
        try:
            status = self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return False
        self._exit_code = status if status >= 0 else 128 - status
        self._reader.join(1.0)
        return True

    def shown(self) -> list[str]:
        """Return what was printed since `looked`."""
        return plain(self._drawing.rows()[self._looked_at :])

    def looked(self) -> None:
        """Take what is shown as read."""
        self._looked_at = len(plain(self._drawing.rows()))

    def settle(self, quiet_s: float, timeout_s: float) -> None:
        """Wait until nothing has been printed for ``quiet_s``."""
        end, size, since = time.monotonic() + timeout_s, self._drawing.fed_bytes, time.monotonic()
        while time.monotonic() < end and time.monotonic() - since < quiet_s:
            time.sleep(0.02)
            if self._drawing.fed_bytes != size:
                size, since = self._drawing.fed_bytes, time.monotonic()

    def close(self) -> None:
        """End what still runs."""
        if self._process is not None and self.is_busy:
            os.killpg(self._process.pid, signal.SIGINT)
            if not self.wait(3.0):
                os.killpg(self._process.pid, signal.SIGKILL)
                self.wait(3.0)
        self._forget()

    def _forget(self) -> None:
        if self._master >= 0:
            os.close(self._master)
            self._master = -1


def _prepare(slave: int) -> None:
    """Give the terminal its size, and keep it from showing what is typed: the page does."""
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    attributes = termios.tcgetattr(slave)
    attributes[3] &= ~termios.ECHO
    termios.tcsetattr(slave, termios.TCSANOW, attributes)
