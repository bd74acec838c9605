"""Frames: any bytes either parse or give the one protocol error, wherever they are cut."""

import struct
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.cuts import cut_anywhere, one_by_one

from enchufe.core.errors import ProtocolError
from enchufe.core.frames import FRAME_PAYLOAD_BYTES_MAX, Frame, Kind
from enchufe.wire.frames import (
    PREFACE,
    PREFACE_LINE,
    FrameDecoder,
    check_version,
    decoded_datagram,
    encoded,
    may_become_preface,
)

HEADER_BYTES = 9
LONGEST = b"x" * FRAME_PAYLOAD_BYTES_MAX

FRAMES = st.builds(
    Frame,
    kind=st.integers(0, 255) | st.sampled_from(Kind),
    stream=st.integers(0, 2**32 - 1),
    payload=st.binary(max_size=40),
)


def heard(pieces: Sequence[bytes], decoder: FrameDecoder | None = None) -> list[Frame | str]:
    """Return the frames of a stream that came in ``pieces``, then the fault that ended it."""
    decoder = decoder or FrameDecoder()
    found: list[Frame | str] = []
    try:
        for piece in pieces:
            for frame in decoder.feed(piece):
                found.append(frame)  # noqa: PERF402 -- those before a fault count
            assert len(decoder._held) < HEADER_BYTES + FRAME_PAYLOAD_BYTES_MAX
        decoder.finish()
    except ProtocolError as error:
        found.append(str(error))
    return found


@pytest.mark.parametrize(
    ("frame", "data"),
    [
        (Frame(0), b"\0\0\0\0\0\0\0\0\0"),
        (Frame(Kind.TEXT, 0, b"hola"), b"\0\0\0\4\1\0\0\0\0hola"),
        (Frame(Kind.DATA, 1, b"\n\0"), b"\0\0\0\2\x14\0\0\0\1\n\0"),
        (Frame(Kind.KEPT, 0x01020304), b"\0\0\0\0\x16\1\2\3\4"),
        (Frame(255, 2**32 - 1, b"x" * 256), b"\0\0\1\0\xff\xff\xff\xff\xff" + b"x" * 256),
        (Frame(Kind.DATA, 9, LONGEST), b"\0\x10\0\0\x14\0\0\0\x09" + LONGEST),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_frame_is_its_length_kind_stream_and_payload(frame: Frame, data: bytes) -> None:
    assert encoded(frame) == data
    assert heard([data]) == [frame]
    assert heard([data[:5], data[5:9], data[9:], b""]) == [frame]


@given(st.lists(FRAMES, max_size=6), st.data())
def test_the_frames_are_the_same_whatever_the_cuts(
    frames: list[Frame], choices: st.DataObject
) -> None:
    for pieces in cut_anywhere(b"".join(map(encoded, frames)), choices):
        assert heard(pieces) == frames


def headers(length_bytes: st.SearchStrategy[int]) -> st.SearchStrategy[bytes]:
    return st.builds(struct.Struct(">IBI").pack, length_bytes, st.integers(0, 255), st.just(0))


BYTES = st.lists(
    st.binary(max_size=20)
    | headers(st.integers(0, 30))
    | headers(st.integers(FRAME_PAYLOAD_BYTES_MAX - 1, 2**32 - 1))
    | FRAMES.map(encoded),
    max_size=6,
).map(b"".join)


@given(BYTES, st.data())
def test_any_bytes_are_frames_or_the_one_error_and_the_same_whatever_the_cuts(
    data: bytes, choices: st.DataObject
) -> None:
    whole = heard([data])
    frames = [found for found in whole if isinstance(found, Frame)]
    assert data.startswith(b"".join(map(encoded, frames)))
    assert len(whole) - len(frames) <= 1
    for pieces in cut_anywhere(data, choices):
        assert heard(pieces) == whole


@given(st.lists(FRAMES, max_size=3), BYTES)
def test_what_comes_behind_changes_nothing_before_it(frames: list[Frame], rubbish: bytes) -> None:
    data = b"".join(map(encoded, frames))
    assert heard([data + rubbish])[: len(frames)] == frames


@pytest.mark.parametrize("length_bytes", [FRAME_PAYLOAD_BYTES_MAX + 1, 2**24, 2**32 - 1])
def test_a_frame_that_is_too_long_fails_once_it_is_announced(length_bytes: int) -> None:
    header = struct.pack(">IBI", length_bytes, Kind.DATA, 1)
    decoder = FrameDecoder()
    for byte in one_by_one(header[:-1]):
        assert list(decoder.feed(byte)) == []
    with pytest.raises(ProtocolError, match=f"a frame of {length_bytes} bytes was announced"):
        list(decoder.feed(header[-1:]))
    assert len(decoder._held) == HEADER_BYTES


def test_what_is_announced_is_not_held_before_it_comes() -> None:
    decoder = FrameDecoder()
    assert list(decoder.feed(encoded(Frame(Kind.DATA, 1, LONGEST))[:100])) == []
    assert len(decoder._held) == 100
    assert decoder._held.__sizeof__() < 1000


def test_what_was_understood_is_held_no_longer() -> None:
    decoder = FrameDecoder()
    many = encoded(Frame(Kind.TEXT, 0, b"hola")) * 10_000
    assert len(list(decoder.feed(many))) == 10_000
    assert decoder._held.__sizeof__() < 1000


@given(FRAMES, st.data())
def test_a_stream_must_not_end_within_a_frame(frame: Frame, choices: st.DataObject) -> None:
    data = encoded(frame)
    length_bytes = choices.draw(st.integers(1, len(data) - 1))
    assert heard([data + data[:length_bytes]]) == [
        frame,
        f"the stream ended {length_bytes} bytes into a frame",
    ]


# The preface


def test_the_preface_is_this_line() -> None:
    assert PREFACE == b"\0enchufe/1\n"


@pytest.mark.parametrize("version", [b"1", b"2", b"10", b"999"])
def test_every_beginning_of_a_preface_may_become_one(version: bytes) -> None:
    line = b"\0enchufe/" + version
    assert all(may_become_preface(line[:length]) for length in range(len(line) + 1))
    found = PREFACE_LINE.match(line + b"\nx")
    assert found is not None
    assert found[1] == version


NO_PREFACES = [
    b"enchufe/1\n",
    b"\0\n",
    b"\0enchufe\n",
    b"\0enchufe/\n",
    b"\0enchufe/x\n",
    b"\0enchufe/0\n",
    b"\0enchufe/01\n",
    b"\0enchufe/1000\n",
    b"\0enchufe/1\r\n",
    b"\0enchufe/1 \n",
    b"\0enchufe/-1\n",
    b"\0ENCHUFE/1\n",
    b"\0enchufe/\xb2\n",
    b"\0enchufe/" + b"1" * 5000 + b"\n",
    b"\0\0enchufe/1\n",
]


@pytest.mark.parametrize("line", NO_PREFACES)
def test_a_line_that_only_looks_like_a_preface_is_none(line: bytes) -> None:
    assert PREFACE_LINE.match(line) is None


@pytest.mark.parametrize(
    "line", [b"hola", b"\0x", b"\0enchufe/x", b"\0enchufe/1\r", b"\0enchufe/0"]
)
def test_what_cannot_become_a_preface_is_known_at_once(line: bytes) -> None:
    assert not may_become_preface(line)


def test_another_version_is_named() -> None:
    check_version(b"1")
    with pytest.raises(ProtocolError, match="version 12 of the frames is not spoken here; 1 is"):
        check_version(b"12")


# Datagrams

HOLA = Frame(Kind.TEXT, 0, b"hola")


@pytest.mark.parametrize(
    "datagram",
    [b"", b"hola", b"\0", b"\0enchufe/", b"x" + PREFACE, *NO_PREFACES, encoded(HOLA)],
)
def test_a_datagram_without_a_preface_is_text(datagram: bytes) -> None:
    assert decoded_datagram(datagram) is None


@given(FRAMES)
def test_a_datagram_holds_a_preface_and_a_frame(frame: Frame) -> None:
    assert decoded_datagram(PREFACE + encoded(frame)) == frame


@pytest.mark.parametrize(
    ("datagram", "why"),
    [
        (PREFACE, "one whole frame"),
        (PREFACE + encoded(HOLA)[:8], "one whole frame"),
        (PREFACE + encoded(HOLA) * 2, "one whole frame"),
        (PREFACE + encoded(HOLA)[:-1], "one whole frame"),
        (PREFACE + encoded(HOLA) + b"\0", "one whole frame"),
        (PREFACE + b"\xff" * 9, "one whole frame"),
        (b"\0enchufe/2\n" + encoded(HOLA), "version 2"),
    ],
)
def test_a_datagram_with_a_preface_and_not_just_one_frame_is_a_fault(
    datagram: bytes, why: str
) -> None:
    with pytest.raises(ProtocolError, match=why):
        decoded_datagram(datagram)


@given(BYTES)
def test_any_datagram_is_text_a_frame_or_the_one_error(data: bytes) -> None:
    assert decoded_datagram(data) is None
    try:
        frame = decoded_datagram(PREFACE + data)
    except ProtocolError:
        return
    assert frame is not None
    assert encoded(frame) == data
