"""Text or frames, as the peer chooses: text, until a line is the preface.

A peer that never sends the preface is served as text for ever, and need not know that
there are frames. One that does may do so at once, or between any two of its lines.
"""

from enum import Enum
from typing import TypeAlias

from enchufe.core.frames import Frame
from enchufe.wire.frames import (
    PREFACE_BEGINNING,
    PREFACE_BYTES_MAX,
    FrameDecoder,
    check_version,
    version_of,
)
from enchufe.wire.text import TextDecoder


class Change(Enum):
    """What a decoder says once, between the last line and the first frame."""

    TO_FRAMES = "to frames"


Piece: TypeAlias = bytes | Frame | Change
"""A line of text, a frame, or the change from one to the other."""


class EitherDecoder:
    """Cuts a stream into lines, and after the preface into frames."""

    def __init__(self) -> None:
        self._text = TextDecoder(skips_too_long=True)
        self._frames: FrameDecoder | None = None
        self._opening = b""  # the beginning of what may become a preface
        self._at_line_start = True

    @property
    def waits_for_end(self) -> bool:
        """Whether text is held whose end of line may never come."""
        if self._text.has_lines or self._frames is not None:
            return False
        return bool(self._opening) or self._text.waits_for_end

    def feed(self, data: bytes) -> list[Piece]:
        """Return the lines and frames that ``data`` completes.

        Raises:
            ProtocolError: what came is no frame, or of another version.
        """
        pieces: list[Piece] = []
        rest = self._opening + data
        self._opening = b""
        while rest and self._frames is None:
            start = self._start_of_preface(rest)
            pieces += self._as_text(rest[:start])
            rest = self._after_opening(rest[start:], pieces)
        if self._frames is not None:
            pieces += self._frames.feed(rest)
        return pieces

    def _start_of_preface(self, data: bytes) -> int:
        """Return where a line begins as a preface does, as far as it is there; else the end."""
        start = 0 if self._at_line_start else data.find(b"\n\0") + 1 or len(data)
        while start < len(data):
            if PREFACE_BEGINNING.startswith(data[start : start + len(PREFACE_BEGINNING)]):
                return start
            start = data.find(b"\n\0", start) + 1 or len(data)
        return len(data)

    def _after_opening(self, data: bytes, pieces: list[Piece]) -> bytes:
        """Take the line that may be a preface; return what follows it."""
        line, end, rest = data.partition(b"\n")
        if not end and len(line) < PREFACE_BYTES_MAX:
            self._opening = line
            return b""
        version = version_of(line + end)
        if version is None:
            pieces += self._as_text(line + end)
            return rest
        check_version(version)
        self._frames = FrameDecoder()
        pieces.append(Change.TO_FRAMES)
        return rest

    def _as_text(self, data: bytes) -> list[bytes]:
        if not data:
            return []
        self._at_line_start = data.endswith(b"\n")
        return self._text.feed(data)

    def flush(self) -> list[bytes]:
        """Return the text that is held, as a last line without an end; [] if there is none."""
        opening, self._opening = self._opening, b""
        lines = [*self._as_text(opening), *self._text.flush()]
        self._at_line_start = True
        return lines

    def finish(self) -> None:
        """Say that no more comes.

        Raises:
            ProtocolError: a frame was begun and not ended.
        """
        if self._frames is not None:
            self._frames.finish()
