"""The server of a soak, in a process of its own, and what it holds."""

import asyncio
import os
import signal
import subprocess
import sys
from typing import IO

import psutil

from soak.places import Places, dial

START_S_MAX = 20.0
END_S_MAX = 30.0


class Served:
    """One run of ``enchufe serve``.

    Args:
        places: where it listens.
        output: where what it prints goes.
    """

    def __init__(self, places: Places, output: IO[bytes]) -> None:
        self._places = places
        self._process = subprocess.Popen(
            [sys.executable, "-m", "enchufe", "serve", *places.services, "--quiet"],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, "XDG_DATA_HOME": places.folder, "LC_ALL": "C.UTF-8"},
        )
        self._seen = psutil.Process(self._process.pid)

    async def ready(self) -> None:
        """Wait until it listens."""
        async with asyncio.timeout(START_S_MAX):
            while True:
                try:
                    _reader, writer = await dial(self._places.chat_unix)
                except OSError:
                    assert self._process.poll() is None, "the server has ended"
                    await asyncio.sleep(0.05)
                else:
                    writer.close()
                    return

    @property
    def has_ended(self) -> bool:
        """Whether it is no more, which it should not be of itself."""
        return self._process.poll() is not None

    @property
    def memory_bytes(self) -> int:
        """What it holds of the machine's memory."""
        return int(self._seen.memory_info().rss)

    @property
    def descriptors(self) -> int:
        """How many it has open."""
        return int(self._seen.num_fds())

    def stop(self) -> int:
        """End it in good order; return its exit code."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
        try:
            return self._process.wait(END_S_MAX)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()
