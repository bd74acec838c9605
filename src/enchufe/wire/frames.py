"""Frames in bytes: a preface, then one frame after another.

The preface is one line that no text begins with. A frame is nine bytes, the length of
its payload (4), its kind (1) and its stream (4), the most significant byte first, and
the payload. A length beyond the limit is an error at once, before anything is held.
``docs/en/frames.md`` is the specification.
"""

import re
from collections.abc import Iterator
from struct import Struct

from enchufe.core.errors import N_, ProtocolError
from enchufe.core.frames import FRAME_PAYLOAD_BYTES_MAX, Frame

VERSION = 1
PREFACE_BEGINNING = b"\0enchufe/"
PREFACE = PREFACE_BEGINNING + b"%d\n" % VERSION

PREFACE_LINE = re.compile(rb"^\0enchufe/([1-9][0-9]{0,2})\n", re.MULTILINE)
"""A preface of any version, at the beginning of a line."""

_BEGUN_VERSION = re.compile(rb"(?:[1-9][0-9]{0,2})?")
_HEADER = Struct(">IBI")


def encoded(frame: Frame) -> bytes:
    """Return the bytes of ``frame``."""
    assert len(frame.payload) <= FRAME_PAYLOAD_BYTES_MAX
    return _HEADER.pack(len(frame.payload), frame.kind, frame.stream) + frame.payload


def may_become_preface(line: bytes) -> bool:
    """Return whether ``line``, which has no end yet, is as much of a preface as is there."""
    begun = line[: len(PREFACE_BEGINNING)]
    version = line[len(PREFACE_BEGINNING) :]
    return PREFACE_BEGINNING.startswith(begun) and _BEGUN_VERSION.fullmatch(version) is not None


def check_version(digits: bytes) -> None:
    """Raise an error unless a preface with that version is the one spoken here.

    Raises:
        ProtocolError: it is another.
    """
    if int(digits) != VERSION:
        raise ProtocolError(
            N_("version {version} of the frames is not spoken here; {ours} is"),
            version=int(digits),
            ours=VERSION,
        )


class FrameDecoder:
    """Cuts a stream into frames; holds less than one of them."""

    def __init__(self) -> None:
        self._held = bytearray()

    @property
    def held_bytes(self) -> int:
        """How much is held of a frame that is not finished."""
        return len(self._held)

    def feed(self, data: bytes) -> Iterator[Frame]:
        """Yield the frames that ``data`` completes.

        Raises:
            ProtocolError: after the frames before it, one is longer than allowed. The
                stream cannot be read any further.
        """
        held = self._held
        held += data
        while len(held) >= _HEADER.size:
            length, kind, stream = _HEADER.unpack_from(held)
            _check_length(length)
            end = _HEADER.size + length
            if len(held) < end:
                return
            payload = bytes(memoryview(held)[_HEADER.size : end])
            del held[:end]  # moves nothing: a bytearray is cut at its front by a number
            yield Frame(kind, stream, payload)

    def finish(self) -> None:
        """Say that no more comes.

        Raises:
            ProtocolError: a frame was begun and not ended.
        """
        if self._held:
            raise ProtocolError(
                N_("the stream ended {count} bytes into a frame"), count=len(self._held)
            )


def _check_length(length_bytes: int) -> None:
    if length_bytes > FRAME_PAYLOAD_BYTES_MAX:
        raise ProtocolError(
            N_("a frame of {length} bytes was announced; the longest allowed has {most}"),
            length=length_bytes,
            most=FRAME_PAYLOAD_BYTES_MAX,
        )


def decoded_datagram(data: bytes) -> Frame | None:
    """Return the one frame of a datagram, or None if it is text: no preface stands before it.

    Raises:
        ProtocolError: after the preface comes not just one frame, or it is of another version.
    """
    preface = PREFACE_LINE.match(data) if data.startswith(PREFACE_BEGINNING) else None
    if preface is None:
        return None
    check_version(preface[1])
    rest = data[preface.end() :]
    if len(rest) >= _HEADER.size:
        length, kind, stream = _HEADER.unpack_from(rest)
        if len(rest) == _HEADER.size + length:
            return Frame(kind, stream, rest[_HEADER.size :])
    raise ProtocolError(N_("a datagram must hold one whole frame and nothing else"))
