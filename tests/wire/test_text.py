"""Text: a message is a line, wherever the stream was cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.cuts import cut_anywhere, cut_at, one_by_one

from enchufe.core.limits import LINE_BYTES_MAX, LINE_QUIET_S, TEXT_QUIET_S
from enchufe.wire.text import TextDecoder, line_of, text_of

LONG = b"x" * LINE_BYTES_MAX


def decoded(pieces: list[bytes]) -> list[bytes]:
    """Return every message of a stream that came in ``pieces`` and then ended."""
    decoder = TextDecoder()
    messages = [message for piece in pieces for message in decoder.feed(piece)]
    return messages + decoder.flush()


@pytest.mark.parametrize(
    ("stream", "messages"),
    [
        (b"", []),
        (b"hola", [b"hola"]),
        (b"hola\n", [b"hola"]),
        (b"hola\r\n", [b"hola"]),
        (b"hola\nadios", [b"hola", b"adios"]),
        (b"\n", [b""]),
        (b"\r\n\n", [b"", b""]),
        (b"a\rb\n", [b"a\rb"]),
        (b"a\r\r\n", [b"a\r"]),
        (b"\0\xff\n\xc3", [b"\0\xff", b"\xc3"]),
        ("¡hola!\n".encode(), ["¡hola!".encode()]),
    ],
)
def test_a_message_is_a_line_or_what_came_last(stream: bytes, messages: list[bytes]) -> None:
    assert decoded([stream]) == messages
    assert decoded(one_by_one(stream)) == messages


STREAMS = st.lists(st.sampled_from([b"\n", b"\r\n", b"\r", b"hola"]) | st.binary(max_size=6)).map(
    b"".join
)


@given(STREAMS, st.data())
def test_the_messages_are_the_same_whatever_the_cuts(stream: bytes, choices: st.DataObject) -> None:
    whole = [line.removesuffix(b"\r") for line in stream.split(b"\n")[:-1]]
    last = stream.rpartition(b"\n")[2]
    expected = whole + ([last.removesuffix(b"\r")] if last else [])
    for pieces in cut_anywhere(stream, choices):
        assert decoded(pieces) == expected


@given(STREAMS, STREAMS, st.data())
def test_what_comes_behind_changes_nothing_before_it(
    stream: bytes, rubbish: bytes, choices: st.DataObject
) -> None:
    stream += b"\n"
    first = decoded([stream])
    for pieces in cut_anywhere(stream + rubbish, choices):
        assert decoded(pieces)[: len(first)] == first


@pytest.mark.parametrize("spare", [-2, -1, 0, 1, 2])
@pytest.mark.parametrize("times", [1, 2, 3])
@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n"])
def test_a_line_too_long_is_cut_in_the_same_places_whatever_the_cuts(
    times: int, spare: int, end: bytes
) -> None:
    line = (LONG * times + b"yz")[: LINE_BYTES_MAX * times + spare]
    stream = line + end + b"next\n"
    whole = decoded([stream])
    assert b"".join(whole) == line + b"next"
    assert max(map(len, whole)) <= LINE_BYTES_MAX
    for places in ([1], [LINE_BYTES_MAX], [len(line)], [len(line) + 1], [5, len(line) - 1]):
        assert decoded(cut_at(stream, places)) == whole


@given(st.lists(st.integers(0, 3 * LINE_BYTES_MAX), max_size=6), st.data())
def test_no_message_is_longer_than_the_limit_and_no_byte_is_lost(
    lengths: list[int], choices: st.DataObject
) -> None:
    stream = b"\n".join(b"x" * length for length in lengths)
    places = choices.draw(st.lists(st.integers(0, len(stream)), max_size=8))
    messages = decoded(cut_at(stream, places))
    assert all(len(message) <= LINE_BYTES_MAX for message in messages)
    assert b"".join(messages) == stream.replace(b"\n", b"")
    assert messages == decoded([stream])


@given(st.lists(st.integers(0, 3 * LINE_BYTES_MAX), max_size=6), st.data())
def test_of_a_line_too_long_only_the_beginning_is_returned_where_that_is_wanted(
    lengths: list[int], choices: st.DataObject
) -> None:
    lines = [b"%d " % length + b"x" * length for length in lengths]
    stream = b"".join(line + b"\r\n" for line in lines)
    places = choices.draw(st.lists(st.integers(0, len(stream)), max_size=8))
    decoder = TextDecoder(skips_too_long=True)
    messages = [m for piece in cut_at(stream, places) for m in decoder.feed(piece)]
    assert messages == [line[:LINE_BYTES_MAX] for line in lines]
    assert decoder.flush() == []


@given(st.lists(st.integers(1, LINE_BYTES_MAX), max_size=6))
def test_never_more_than_one_line_is_held(sizes: list[int]) -> None:
    decoder = TextDecoder()
    for size in sizes:
        decoder.feed(b"x" * size)
        assert len(decoder._held) <= LINE_BYTES_MAX


def test_a_line_is_cut_at_the_first_byte_too_many() -> None:
    decoder = TextDecoder()
    assert decoder.feed(LONG) == []
    assert decoder.feed(b"y") == [LONG]
    assert decoder.feed(b"\n") == [b"y"]


def test_what_is_held_waits_longer_for_its_end_from_whoever_has_ended_a_line() -> None:
    decoder = TextDecoder()
    assert decoder.quiet_s is None
    assert decoder.feed(b"ho") == []
    assert decoder.quiet_s == TEXT_QUIET_S
    assert decoder.feed(b"la\n") == [b"hola"]
    assert decoder.quiet_s is None
    decoder.feed(b"x")
    assert decoder.quiet_s == LINE_QUIET_S
    assert decoder.flush() == [b"x"]
    assert decoder.quiet_s is None
    assert decoder.flush() == []


def test_whoever_ends_lines_no_more_is_waited_for_once_only() -> None:
    decoder = TextDecoder()
    decoder.feed(b"Welcome\nwho are you?")
    assert decoder.quiet_s == LINE_QUIET_S
    decoder.flush()
    decoder.feed(b"well?")
    assert decoder.quiet_s == TEXT_QUIET_S
    decoder.feed(b"\nwe")
    assert decoder.quiet_s == LINE_QUIET_S


@pytest.mark.parametrize("character", "ñ漢🔌")
def test_a_character_that_is_not_whole_is_waited_for_longer(character: str) -> None:
    data = character.encode()
    decoder = TextDecoder()
    decoder.feed(b"\xff ma")
    for byte in one_by_one(data[:-1]):
        decoder.feed(byte)
        assert decoder.quiet_s == LINE_QUIET_S
    decoder.feed(data[-1:])
    assert decoder.quiet_s == TEXT_QUIET_S
    assert decoder.flush() == [b"\xff ma" + data]


@pytest.mark.parametrize(
    ("message", "line"),
    [(b"hola", b"hola\n"), (b"hola\n", b"hola\n"), (b"", b"\n"), (b"a\r\n", b"a\r\n")],
)
def test_a_message_of_a_stream_ends_with_its_line(message: bytes, line: bytes) -> None:
    assert line_of(message) == line


@pytest.mark.parametrize(
    ("datagram", "text"),
    [
        (b"hola", b"hola"),
        (b"hola\n", b"hola"),
        (b"hola\r\n", b"hola"),
        (b"hola\n\n", b"hola\n"),
        (b"", b""),
        (b"\n", b""),
        (b"a\nb", b"a\nb"),
    ],
)
def test_a_datagrams_text_is_without_the_one_end_of_line(datagram: bytes, text: bytes) -> None:
    assert text_of(datagram) == text


def test_an_end_of_line_split_by_a_silence_is_one_end_of_line() -> None:
    decoder = TextDecoder()
    assert decoder.feed(b"hello\r") == []
    assert decoder.flush() == [b"hello"]
    assert decoder.feed(b"\nworld\n") == [b"world"]
    assert decoder.feed(b"\n") == [b""]
