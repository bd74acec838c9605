"""Length-prefixed messages, however the stream is cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.cuts import cut_anywhere

from enchufe.core.errors import ProtocolError
from enchufe.core.limits import AYUDANTIA_FRAME_BYTES_MAX
from enchufe.wire.lengths import LengthDecoder, prefixed


def test_four_bytes_the_most_significant_first() -> None:
    assert prefixed(b"") == b"\0\0\0\0"
    assert prefixed(b"hola") == b"\0\0\0\4hola"
    assert prefixed(b"x" * 258)[:4] == b"\0\0\1\2"


@given(st.lists(st.binary(max_size=300), max_size=6), st.data())
def test_messages_come_out_as_they_went_in_whatever_the_cuts(
    messages: list[bytes], choices: st.DataObject
) -> None:
    data = b"".join(map(prefixed, messages))
    for pieces in cut_anywhere(data, choices):
        decoder = LengthDecoder()
        assert [message for piece in pieces for message in decoder.feed(piece)] == messages
        decoder.finish()
        assert decoder.held_bytes == 0


@given(st.binary(min_size=1, max_size=50), st.data())
def test_a_message_without_its_rest_is_an_error_at_the_end_and_no_message(
    message: bytes, choices: st.DataObject
) -> None:
    data = prefixed(message)
    end = choices.draw(st.integers(1, len(data) - 1))
    decoder = LengthDecoder()
    assert list(decoder.feed(data[:end])) == []
    assert decoder.flush() == []
    with pytest.raises(ProtocolError):
        decoder.finish()


def test_the_longest_that_may_be_and_one_byte_more() -> None:
    longest = b"x" * AYUDANTIA_FRAME_BYTES_MAX
    assert list(LengthDecoder().feed(prefixed(longest))) == [longest]
    decoder, too_long = LengthDecoder(), (AYUDANTIA_FRAME_BYTES_MAX + 1).to_bytes(4)
    with pytest.raises(ProtocolError, match="65537"):
        list(decoder.feed(too_long))
    assert decoder.held_bytes == 4


def test_what_came_before_too_long_a_message_is_heard() -> None:
    found = LengthDecoder().feed(prefixed(b"hola") + b"\xff\xff\xff\xff")
    assert next(found) == b"hola"
    with pytest.raises(ProtocolError):
        next(found)
