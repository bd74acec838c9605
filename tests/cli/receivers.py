"""A running ``enchufe receive``, and a line to it that is slow enough to break."""

import contextlib
import re
import socket
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.cli.programs import Program

SLOW_RATE = 20_000_000
"""Bytes a second that a slow line carries in these tests."""


class Receiver(Program):
    """A running ``enchufe receive``, ready for its senders."""

    def __init__(self, folder: Path, *words: str, listen: str = "tcp://127.0.0.1:0") -> None:
        super().__init__(
            "receive", "--listen", listen, "--into", str(folder), *words, stdin=subprocess.DEVNULL
        )
        self.folder = folder
        try:
            self.out.until("Ctrl-C stops")
        except AssertionError:
            self.close()
            raise

    @property
    def url(self) -> str:
        """What to send to."""
        return str(re.findall(r"enchufe send (\S+)", self.out.text)[0])

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    @property
    def names(self) -> Sequence[str]:
        return sorted(path.name for path in self.folder.iterdir())


@contextlib.contextmanager
def receiving(folder: Path, *words: str, listen: str = "tcp://127.0.0.1:0") -> Iterator[Receiver]:
    receiver = Receiver(folder, *words, listen=listen)
    try:
        yield receiver
    finally:
        receiver.close()


@contextlib.contextmanager
def slow_line(port: int) -> Iterator[int]:
    """Yield a port that leads to ``port`` over a line that is slow, while the block lasts."""
    listener = socket.create_server(("127.0.0.1", 0))
    over = threading.Event()

    def carry(source: socket.socket, target: socket.socket, rate: int) -> None:
        try:
            while data := source.recv(64 * 1024):
                target.sendall(data)
                time.sleep(len(data) / rate)
            target.shutdown(socket.SHUT_WR)
        except OSError:  # one end is gone: the other learns of it
            for sock in (source, target):
                sock.close()

    def accept() -> None:
        with contextlib.suppress(OSError):
            while not over.is_set():
                near, _address = listener.accept()
                try:
                    far = socket.create_connection(("127.0.0.1", port))
                except ConnectionRefusedError:  # so is whoever came
                    near.close()
                    continue
                for pair in ((near, far, SLOW_RATE), (far, near, 1 << 40)):
                    threading.Thread(target=carry, args=pair, daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield listener.getsockname()[1]
    finally:
        over.set()
        listener.close()


def until_some_came(inbox: Path) -> int:
    """Wait until a part is there; return its size."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        for part in inbox.glob(".big.bin.*.part"):
            if (size_bytes := part.stat().st_size) > 1_000_000:
                return size_bytes
        time.sleep(0.01)
    raise AssertionError("nothing came")
