"""Turns: what a peer says is told a bounded number of messages at a time.

One read may hold a hundred thousand lines. Told all at once they would keep everybody else
waiting for seconds, and a service that wants no more for now could not say so in between.
"""

from collections.abc import Iterator
from itertools import chain
from typing import TypeAlias

from enchufe.core.limits import MESSAGES_BATCH_MAX
from enchufe.core.peer import Peer
from enchufe.wire.either import EitherDecoder, Piece
from enchufe.wire.lengths import LengthDecoder
from enchufe.wire.text import TextDecoder

SLICE_BYTES = 1024
"""Text is cut so finely where it has many lines: a decoder makes all lines of what it gets."""

Decoder: TypeAlias = TextDecoder | EitherDecoder | LengthDecoder


class Turns:
    """What one peer of a stream has said, as far as the service has not been told yet.

    Args:
        peer: who.
        decoder: cuts the stream into pieces.
        lines_max: how many lines are cut at a time.
    """

    __slots__ = (
        "_came",
        "_later",
        "_lines_max",
        "decoder",
        "is_left_unread",
        "is_resting",
        "is_waiting",
        "peer",
        "pieces",
    )

    def __init__(self, peer: Peer, decoder: Decoder, lines_max: int = MESSAGES_BATCH_MAX) -> None:
        self.peer = peer
        self.decoder = decoder
        self._lines_max = lines_max
        self.pieces: Iterator[Piece] = iter(())
        self.is_waiting = False  # for its next turn, or for the service
        self.is_left_unread = False  # until all is told
        self.is_resting = False  # the service wants no more for now
        self._came = b""  # what the pieces that wait are cut from
        self._later = b""  # what came after that

    @property
    def held_bytes(self) -> int:
        """How much is held of what is not finished, or not told."""
        waiting_bytes = len(self._came) + len(self._later) if self.is_waiting else 0
        return self.decoder.held_bytes + waiting_bytes

    def begin(self, data: bytes) -> None:
        """Cut ``data`` into pieces, which are to be taken from ``pieces``."""
        if len(data) <= SLICE_BYTES:
            self.pieces = iter(self.decoder.feed(data))
            return
        self._came = data
        self.pieces = self._sliced(data)

    def put_back(self, lines: list[bytes]) -> None:
        """Have lines that were taken together taken one by one."""
        self.pieces = chain(lines, self.pieces)

    def add(self, data: bytes) -> None:
        """Keep ``data`` until what waits has been told."""
        self._later += data

    def begin_later(self) -> bool:
        """Go on with what came while pieces waited; return whether there is any."""
        later, self._later, self._came = self._later, b"", b""
        if later:
            self.begin(later)
        return bool(later)

    def end(self) -> None:
        """Note that all pieces have been told."""
        self._came = b""
        self.pieces = iter(())

    def _sliced(self, data: bytes) -> Iterator[Piece]:
        """Yield the pieces of ``data``; frames are cut out one by one, whatever their number."""
        if self.decoder.is_framed:
            self._came = b""  # the decoder holds what it has not cut yet
        if self.decoder.is_framed or data.count(b"\n") < self._lines_max:
            yield from self.decoder.feed(data)
            return
        for start in range(0, len(data), SLICE_BYTES):
            yield from self.decoder.feed(data[start : start + SLICE_BYTES])
