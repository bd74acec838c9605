"""Text or frames: the preface at the beginning of a line, and nothing else, changes to frames."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.cuts import cut_anywhere, cut_at, one_by_one

from enchufe.core.errors import ProtocolError
from enchufe.core.frames import FRAME_PAYLOAD_BYTES_MAX, Frame, Kind
from enchufe.core.limits import LINE_BYTES_MAX, LINE_QUIET_S, TEXT_QUIET_S
from enchufe.wire.either import Change, EitherDecoder, Piece
from enchufe.wire.frames import PREFACE, encoded

TO_FRAMES = Change.TO_FRAMES
HOLA = Frame(Kind.TEXT, 0, b"hola")
CALL = encoded(HOLA)
OTHER_VERSION = "version 2 of the frames is not spoken here; 1 is"


def heard(pieces: Sequence[bytes]) -> list[Piece | str]:
    """Return what a stream that came in ``pieces`` and then ended meant, with its fault."""
    decoder = EitherDecoder()
    found: list[Piece | str] = []
    try:
        for piece in pieces:
            for part in decoder.feed(piece):
                found.append(part)  # noqa: PERF402 -- those before a fault count
            assert held_bytes(decoder) <= LINE_BYTES_MAX + FRAME_PAYLOAD_BYTES_MAX
            assert len(decoder._opening) < len(b"\0enchufe/999\n")
        found += decoder.flush()
        decoder.finish()
    except ProtocolError as error:
        found.append(str(error))
    return found


def held_bytes(decoder: EitherDecoder) -> int:
    frames = 0 if decoder._frames is None else len(decoder._frames._held)
    return len(decoder._opening) + len(decoder._text._held) + frames


@pytest.mark.parametrize(
    ("stream", "pieces"),
    [
        (b"", []),
        (b"hola\r\nadios", [b"hola", b"adios"]),
        (PREFACE, [TO_FRAMES]),
        (PREFACE + CALL + CALL, [TO_FRAMES, HOLA, HOLA]),
        (b"hola\n" + PREFACE + CALL, [b"hola", TO_FRAMES, HOLA]),
        (b"hola\r\n\n" + PREFACE + CALL, [b"hola", b"", TO_FRAMES, HOLA]),
        (b"hola" + PREFACE + CALL, [b"hola" + PREFACE[:-1], CALL]),
        (b"\0\n\0x\n" + PREFACE + CALL, [b"\0", b"\0x", TO_FRAMES, HOLA]),
        (b"\0" + PREFACE, [b"\0\0enchufe/1"]),
        (b"\0enchufe/1\r\n" + CALL, [b"\0enchufe/1", CALL]),
        (b"\0enchufe/x\n" + PREFACE, [b"\0enchufe/x", TO_FRAMES]),
        (b"\0enchufe/1000\nhola\n", [b"\0enchufe/1000", b"hola"]),
        (b"\0enchufe/1" + b"1" * 5000 + b"\n", [b"\0enchufe/1" + b"1" * 5000]),
        (b"\0enchufe/", [b"\0enchufe/"]),
        (b"x\0enchufe/1", [b"x\0enchufe/1"]),
        (b"\0", [b"\0"]),
        (b"hola\n\0enchufe/2\n" + CALL, [b"hola", OTHER_VERSION]),
        (PREFACE + CALL[:5], [TO_FRAMES, "the stream ended 5 bytes into a frame"]),
        (
            PREFACE + CALL + PREFACE,
            [
                TO_FRAMES,
                HOLA,
                f"a frame of {0x00656E63} bytes was announced; the longest allowed has 1048576",
            ],
        ),
    ],
)
def test_text_is_lines_until_a_line_is_the_preface(
    stream: bytes, pieces: list[Piece | str]
) -> None:
    assert heard([stream]) == pieces
    assert heard(one_by_one(stream)) == pieces


STREAMS = st.lists(
    st.sampled_from(
        [
            b"\0",
            b"\n",
            b"\r\n",
            b"\0enchufe/",
            b"1",
            b"20",
            b"\0enchufe/1\n",
            b"\0enchufe/2\n",
            CALL,
        ]
    )
    | st.binary(max_size=6),
    max_size=10,
).map(b"".join)


def meant(stream: bytes) -> list[Piece | str]:
    """Return what ``heard`` should, found line by line, which is slow and plain."""
    found: list[Piece | str] = []
    while stream:
        line, end, stream = stream.partition(b"\n")
        version = line.removeprefix(b"\0enchufe/")
        if end and version != line and version in {b"%d" % n for n in range(1, 1000)}:
            if version != b"1":
                return [
                    *found,
                    f"version {version.decode()} of the frames is not spoken here; 1 is",
                ]
            return [*found, TO_FRAMES, *framed(stream)]
        found.append(line.removesuffix(b"\r"))
    return found


def framed(stream: bytes) -> list[Piece | str]:
    found: list[Piece | str] = []
    while len(stream) >= 9:
        length = int.from_bytes(stream[:4])
        if length > FRAME_PAYLOAD_BYTES_MAX:
            why = f"a frame of {length} bytes was announced; the longest allowed has 1048576"
            return [*found, why]
        if len(stream) < 9 + length:
            break
        payload, rest = stream[9 : 9 + length], stream[9 + length :]
        found.append(Frame(stream[4], int.from_bytes(stream[5:9]), payload))
        stream = rest
    return [*found, f"the stream ended {len(stream)} bytes into a frame"] if stream else found


@given(STREAMS, st.data())
def test_it_means_what_the_rules_say_whatever_the_cuts(
    stream: bytes, choices: st.DataObject
) -> None:
    for pieces in cut_anywhere(stream, choices):
        assert heard(pieces) == meant(stream)


@pytest.mark.parametrize("spare", [-1, 0, 1, LINE_BYTES_MAX, 2 * LINE_BYTES_MAX + 2])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_a_line_too_long_is_returned_once_and_cut_whatever_the_cuts(spare: int, end: bytes) -> None:
    line = b"x" * (LINE_BYTES_MAX + spare)
    stream = b"a\n" + line + end + b"next\n" + PREFACE + CALL
    expected = [b"a", line[:LINE_BYTES_MAX], b"next", TO_FRAMES, HOLA]
    long_end = 2 + len(line) + len(end)
    for places in ([], [1], [2], [LINE_BYTES_MAX], [LINE_BYTES_MAX + 2, long_end - 1], [long_end]):
        assert heard(cut_at(stream, places)) == expected
    assert heard([stream[i : i + 999] for i in range(0, len(stream), 999)]) == expected


@given(
    st.lists(st.sampled_from([b"hola\n", b"\r\n", b"\0", b"ho", b"\0enchufe/"]), max_size=12),
    st.sampled_from([b"", PREFACE, PREFACE + CALL + CALL]),
    st.data(),
)
def test_lines_that_come_together_may_be_returned_together(
    parts: list[bytes], end: bytes, choices: st.DataObject
) -> None:
    for pieces in cut_anywhere(b"".join([*parts, end]), choices):
        singly, together = EitherDecoder(), EitherDecoder(in_runs=True)
        for piece in pieces:
            found = list(together.feed(piece))
            assert not any(isinstance(part, bytes) for part in found)
            assert [] not in found
            flat = [p for part in found for p in (part if isinstance(part, list) else [part])]
            assert flat == list(singly.feed(piece))


def test_no_more_than_the_limits_is_held() -> None:
    decoder = EitherDecoder()

    def goes_on_and_on(beginning: bytes, held_bytes_max: int) -> None:
        for piece in [beginning, *[b"x" * 10_000] * 300]:
            list(decoder.feed(piece))
            assert held_bytes(decoder) <= held_bytes_max

    goes_on_and_on(b"a line", LINE_BYTES_MAX)
    goes_on_and_on(b"\n\0enchufe/x", LINE_BYTES_MAX)
    list(decoder.feed(b"\n" + PREFACE))
    for _ in range(3):
        list(decoder.feed(CALL * 1000 + encoded(HOLA)[:-1]))
        assert held_bytes(decoder) == len(CALL) - 1
        list(decoder.feed(CALL[-1:]))
        assert held_bytes(decoder) == 0


def test_text_that_is_waiting_for_its_end_is_flushed_by_silence_and_a_preface_is_not() -> None:
    decoder = EitherDecoder()
    assert list(decoder.feed(b"ho")) == []
    assert decoder.quiet_s == TEXT_QUIET_S
    assert decoder.flush() == [b"ho"]
    assert decoder.quiet_s is None
    assert list(decoder.feed(PREFACE[:4])) == []
    assert decoder.quiet_s is None
    assert list(decoder.feed(PREFACE[4:] + CALL[:3])) == [TO_FRAMES]
    assert decoder.quiet_s is None
    assert decoder.flush() == []
    assert list(decoder.feed(CALL[3:])) == [HOLA]


def test_who_has_ended_a_line_is_waited_for_longer() -> None:
    decoder = EitherDecoder()
    assert list(decoder.feed(b"hola\nad")) == [b"hola"]
    assert decoder.quiet_s == LINE_QUIET_S


def test_a_line_begins_after_a_silence_too() -> None:
    decoder = EitherDecoder()
    assert list(decoder.feed(b"hola\r")) == []
    assert decoder.flush() == [b"hola"]
    assert list(decoder.feed(b"\n" + PREFACE + CALL)) == [TO_FRAMES, HOLA]
