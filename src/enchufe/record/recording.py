"""Writes a recording: what services are told and say, and what passes the sockets.

Each line is handed to the system as it happens, so that a program that is killed loses
the one it was writing at most. Nothing that befalls the file ends the run.
"""

import platform
from collections.abc import Callable
from io import FileIO
from pathlib import Path
from time import time_ns

import msgspec

from enchufe import __version__
from enchufe.core.commands import Command
from enchufe.core.events import Event
from enchufe.core.limits import RECORDING_BYTES_MAX
from enchufe.core.notices import RecordingStopped
from enchufe.core.traffic import Traffic
from enchufe.record.entries import Ending, Entry, RecordingEnded, tap_of, witness_of
from enchufe.record.header import Header, RecordedService
from enchufe.record.new_file import new_file


def header_now(command: str, services: tuple[RecordedService, ...]) -> Header:
    """Return the first line of a recording that begins now.

    Args:
        command: what runs: serve, connect, talk or chat.
        services: how each service that is recorded was set up.
    """
    return Header(time_ns(), __version__, command, platform.platform(), services)


class Recording:
    """A recording that grows while a run lasts.

    Args:
        path: a file that is not there yet; only its owner may read it.
        command: what runs: serve, connect, talk or chat.
        services: how each service that is recorded was set up.
        stopped: told if no more can be written.
        bytes_max: how large it may grow.

    Raises:
        UsageError: there is such a file already.
        DeniedError: it cannot be written.
    """

    def __init__(
        self,
        path: Path,
        command: str,
        services: tuple[RecordedService, ...],
        stopped: Callable[[RecordingStopped], None],
        bytes_max: int = RECORDING_BYTES_MAX,
    ) -> None:
        self._path = path
        self._stopped = stopped
        self._bytes_max = bytes_max
        self._size_bytes = 0
        self._encode = msgspec.json.Encoder().encode
        self._file: FileIO | None = new_file(path)
        header = header_now(command, services)
        self._write(self._encode(header), header.at_ns)

    def witness(self, service: str) -> Callable[[Event | Command], None]:
        """Return what writes down the events and commands of a service."""
        return witness_of(service, self._add)

    def tap(self, service: str) -> Callable[[Traffic], None]:
        """Return what writes down the bytes that come to a service and leave it."""
        return tap_of(service, self._add)

    def close(self) -> None:
        """End the recording with the run."""
        if self._file is not None:
            at_ns = time_ns()
            self._end(Ending.OVER, at_ns)
            self._let_go()

    def _add(self, entry: Entry) -> None:
        if self._file is None:
            return
        try:
            line = self._encode(entry)
        except UnicodeEncodeError as error:  # a path that is not UTF-8; JSON cannot hold it
            self._stop(str(error), entry.at_ns)
            return
        if self._size_bytes + len(line) >= self._bytes_max:
            self._end(Ending.LIMIT, entry.at_ns)
            self._stop("", entry.at_ns)
        else:
            self._write(line, entry.at_ns)

    def _end(self, ending: Ending, at_ns: int) -> None:
        self._write(self._encode(Entry(at_ns, "", RecordingEnded(ending))), at_ns)

    def _write(self, line: bytes, at_ns: int) -> None:
        """Write a line, or give up; half a line is taken away again."""
        if self._file is None:
            return
        line += b"\n"
        rest = memoryview(line)
        try:
            while rest:
                rest = rest[self._file.write(rest) or 0 :]
        except OSError as error:
            if len(rest) < len(line):
                self._file.truncate(self._size_bytes)
            self._stop(error.strerror or str(error), at_ns)
        else:
            self._size_bytes += len(line)

    def _stop(self, why: str, at_ns: int) -> None:
        self._let_go()
        self._stopped(RecordingStopped(at_ns, str(self._path), self._size_bytes, why))

    def _let_go(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
