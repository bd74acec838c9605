"""Reads a recording: a file that anybody may have written, checked line by line."""

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import msgspec
from msgspec import Struct, structs

from enchufe.core.errors import N_, DeniedError, UsageError
from enchufe.core.events import PeerClosed, PeerOpened
from enchufe.core.peer import Peer
from enchufe.record.entries import Ending, Entry, RecordingEnded
from enchufe.record.header import FORMAT, Header

LINE_BYTES_MAX = 64 * 1024 * 1024
"""A longer line is no recording's: the longest fact, all that was said before, is far shorter."""


class Numbered(Struct, frozen=True):
    """An entry, and the number of its line in the file, counted from 1."""

    line: int
    entry: Entry


class RecordedRun:
    """A recording that is read from its first line to its last.

    What it holds of each peer is one object, as in the run, so that services may
    compare peers as they did then.

    Args:
        path: the file.

    Raises:
        DeniedError: it cannot be read.
        UsageError: it is no recording.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lines = 1
        self.ending: Ending | None = None  # None as long as the last line has not been read
        self._peers: dict[int, Peer] = {}
        self._gone: set[int] = set()
        self._decoder = msgspec.json.Decoder(Entry)
        try:
            self._file: BinaryIO = path.open("rb")
        except OSError as error:
            raise DeniedError(
                N_("cannot read {path}: {why}"), path=path, why=error.strerror or error
            ) from None
        self.header = self._header()

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def _header(self) -> Header:
        line = self._file.readline(LINE_BYTES_MAX)
        try:
            header = msgspec.json.decode(line, type=Header)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise UsageError(
                N_("{path} is no recording of enchufe"),
                hint=N_("One is made with: enchufe serve --record FILE"),
                path=self.path,
            ) from None
        if header.format != FORMAT:
            raise UsageError(
                N_("{path} is written in format {format}, and this program reads {known}"),
                hint=N_("It was written by enchufe {version}"),
                path=self.path,
                format=header.format,
                known=FORMAT,
                version=header.enchufe,
            )
        return header

    def entries(self) -> Iterator[Numbered]:
        """Yield what was recorded, in order; `ending` says then whether that is all of it.

        Raises:
            UsageError: a line is not what it should be.
        """
        names = {service.name for service in self.header.services}
        while line := self._file.readline(LINE_BYTES_MAX):
            if not line.endswith(b"\n") and len(line) < LINE_BYTES_MAX:
                return  # whoever wrote it was killed
            self.lines += 1
            entry = self._entry(line)
            if isinstance(entry.fact, RecordingEnded):
                self.ending = entry.fact.ending
                return
            if entry.service not in names:
                raise self.wrong(f"service {entry.service!r}")
            yield Numbered(self.lines, entry)

    def _entry(self, line: bytes) -> Entry:
        try:
            entry = self._decoder.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise self.wrong(error) from None
        peer = getattr(entry.fact, "peer", None)
        if not isinstance(peer, Peer):
            return entry
        known = self._known(peer, entry)
        if isinstance(entry.fact, PeerClosed):
            self._gone.add(peer.id)
        fact = structs.replace(entry.fact, peer=known)
        return structs.replace(entry, fact=fact)

    def _known(self, peer: Peer, entry: Entry) -> Peer:
        known = self._peers.setdefault(peer.id, peer)
        if known != peer or (peer.id in self._gone and isinstance(entry.fact, PeerOpened)):
            raise self.wrong(f"peer {peer.id} twice")
        return known

    def wrong(self, why: object) -> UsageError:
        """Return the error that says why the line that was read last cannot be."""
        return UsageError(
            N_("{path}, line {line}, is not a recording's: {why}"),
            hint=N_("Put that line right, or leave it out"),
            path=self.path,
            line=self.lines,
            why=why,
        )
