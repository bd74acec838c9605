"""Every decoder of a stranger's bytes: it understands or says the one error, and holds little."""

from collections.abc import Callable, Iterable
from typing import Any, Protocol

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.cuts import cut_at
from tests.fuzz.strangers import DATAGRAMS, MOVES, STREAMS

from enchufe.core.errors import ProtocolError
from enchufe.core.frames import FRAME_PAYLOAD_BYTES_MAX, Frame
from enchufe.core.limits import AYUDANTIA_FRAME_BYTES_MAX, LINE_BYTES_MAX
from enchufe.wire.either import EitherDecoder
from enchufe.wire.frames import PREFACE, FrameDecoder, decoded_datagram
from enchufe.wire.lengths import LengthDecoder
from enchufe.wire.text import TextDecoder

HEADER_BYTES = 9


class Decoder(Protocol):
    """What all of them can do."""

    @property
    def held_bytes(self) -> int:
        """How much is held."""
        ...

    def feed(self, data: bytes) -> Iterable[Any]:
        """Yield what is complete."""
        ...

    def finish(self) -> None:
        """Say that no more comes."""


DECODERS: dict[str, tuple[Callable[[], Decoder], int]] = {
    "text": (TextDecoder, LINE_BYTES_MAX),
    "text without long lines": (lambda: TextDecoder(skips_too_long=True), LINE_BYTES_MAX),
    "frames": (FrameDecoder, HEADER_BYTES + FRAME_PAYLOAD_BYTES_MAX),
    "lengths": (LengthDecoder, 4 + AYUDANTIA_FRAME_BYTES_MAX),
    "either": (EitherDecoder, HEADER_BYTES + FRAME_PAYLOAD_BYTES_MAX),
}
"""How each is made, and how much it may hold."""


def understood(decoder: Decoder, pieces: list[bytes], held_bytes_max: int) -> list[Any]:
    """Return what came of a stream, and its error if there was one."""
    found: list[Any] = []
    try:
        for piece in pieces:
            found.extend(decoder.feed(piece))
            assert decoder.held_bytes <= held_bytes_max
        decoder.finish()
    except ProtocolError as error:
        found.append(str(error))
    return found


@pytest.mark.parametrize("name", DECODERS)
@given(data=STREAMS | MOVES, choices=st.data())
def test_any_bytes_are_understood_or_the_one_error_and_little_is_held(
    name: str, data: bytes, choices: st.DataObject
) -> None:
    make, held_bytes_max = DECODERS[name]
    whole = understood(make(), [data], held_bytes_max)
    places = choices.draw(st.lists(st.integers(0, len(data)), max_size=12), label="cuts")
    pieces = cut_at(data, places)
    if name in ("frames", "lengths"):
        assert _last(understood(make(), pieces, held_bytes_max)) == _last(whole)
    else:
        assert understood(make(), pieces, held_bytes_max) == whole


def _last(found: list[Any]) -> list[Any]:
    """Return only how it ended: before an error, a whole piece is taken or not at once."""
    return found[-1:]


@given(DATAGRAMS)
def test_any_datagram_is_a_frame_or_text_or_the_one_error(data: bytes) -> None:
    try:
        frame = decoded_datagram(data)
    except ProtocolError:
        assert data.startswith(PREFACE[:-2])
        return
    assert frame is None or isinstance(frame, Frame)
