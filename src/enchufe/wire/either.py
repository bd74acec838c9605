"""Text or frames, as the peer chooses: text, until a line is the preface.

A peer that never sends the preface is served as text for ever, and need not know that
there are frames. One that does may do so at once, or between any two of its lines.
"""

from collections.abc import Iterator, Sequence
from enum import Enum
from typing import TypeAlias

from enchufe.core.frames import Frame
from enchufe.wire.frames import PREFACE_LINE, FrameDecoder, check_version, may_become_preface
from enchufe.wire.text import TextDecoder


class Change(Enum):
    """What a decoder says once, between the last line and the first frame."""

    TO_FRAMES = "to frames"


Piece: TypeAlias = bytes | list[bytes] | Frame | Change
"""A line of text or a run of them, a frame, or the change from text to frames."""


class EitherDecoder:
    """Cuts a stream into lines, and after the preface into frames.

    Args:
        in_runs: whether lines that came together are returned together, as a list.
    """

    def __init__(self, *, in_runs: bool = False) -> None:
        self._in_runs = in_runs
        self._text = TextDecoder(skips_too_long=True)
        self._frames: FrameDecoder | None = None
        self._opening = b""  # the beginning of what may become a preface
        self._at_line_start = True

    @property
    def quiet_s(self) -> float | None:
        """After how long a silence the text that is held is a message; None if none is held.

        The beginning of a preface is not text: a slow network may cut it anywhere.
        """
        return self._text.quiet_s

    @property
    def is_framed(self) -> bool:
        """Whether frames are read, and no text any more."""
        return self._frames is not None

    @property
    def held_bytes(self) -> int:
        """How much is held of a line or frame that is not finished."""
        if self._frames is not None:
            return self._frames.held_bytes
        return len(self._opening) + self._text.held_bytes

    def feed(self, data: bytes) -> Iterator[Piece]:
        """Yield the lines and frames that ``data`` completes.

        Raises:
            ProtocolError: after the pieces before it, something came that is no frame,
                or a preface of another version.
        """
        if self._frames is not None:
            yield from self._frames.feed(data)
        elif self._opening or b"\0" in data:
            yield from self._with_preface(self._opening + data)
        else:
            yield from self._as_pieces(data)

    def _with_preface(self, data: bytes) -> Iterator[Piece]:
        """Yield the pieces of what may hold a preface, or the beginning of one at its end."""
        preface = PREFACE_LINE.search(data, 0 if self._at_line_start else 1)
        if preface is None:
            end = self._end_of_text(data)
            self._opening = data[end:]
            yield from self._as_pieces(data[:end])
            return
        self._opening = b""
        yield from self._as_pieces(data[: preface.start()])
        check_version(preface[1])
        self._frames = FrameDecoder()
        yield Change.TO_FRAMES
        yield from self._frames.feed(data[preface.end() :])

    def _end_of_text(self, data: bytes) -> int:
        """Return where a preface begins whose rest is to come, or the end of ``data``."""
        start = data.rfind(b"\n") + 1
        return start if may_become_preface(data[start:]) else len(data)

    def _as_pieces(self, data: bytes) -> Sequence[Piece]:
        lines = self._as_text(data)
        return [lines] if lines and self._in_runs else lines

    def _as_text(self, data: bytes) -> list[bytes]:
        if data:
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
