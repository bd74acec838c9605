"""Frames in bytes: a preface, then one frame after another.

The preface is one line that no text begins with. A frame is nine bytes, the length of
its payload (4), its kind (1) and its stream (4), the most significant byte first, and
the payload. A length beyond the limit is an error at once, before anything is held.
"""

from struct import Struct

from enchufe.core.errors import N_, ProtocolError
from enchufe.core.frames import FRAME_PAYLOAD_BYTES_MAX, Frame

VERSION = 1
PREFACE_BEGINNING = b"\0enchufe/"
PREFACE = PREFACE_BEGINNING + b"%d\n" % VERSION
PREFACE_BYTES_MAX = len(PREFACE_BEGINNING) + 4
"""Room for a version of three digits and the end of the line."""

HEADER = Struct(">IBI")


def encoded(frame: Frame) -> bytes:
    """Return the bytes of ``frame``."""
    return HEADER.pack(len(frame.payload), frame.kind, frame.stream) + frame.payload


def version_of(line: bytes) -> int | None:
    """Return the version if ``line``, with its end, is a preface, else None."""
    digits = line.removeprefix(PREFACE_BEGINNING).removesuffix(b"\n")
    is_preface = line == PREFACE_BEGINNING + digits + b"\n" and digits.isdigit()
    return int(digits) if is_preface else None


class FrameDecoder:
    """Cuts a stream into frames."""

    def __init__(self) -> None:
        self._held = bytearray()

    def feed(self, data: bytes) -> list[Frame]:
        """Return the frames that ``data`` completes.

        Raises:
            ProtocolError: a frame is longer than allowed. What came before it is lost
                with it: the stream cannot be read any further.
        """
        held = self._held
        held += data
        frames: list[Frame] = []
        start = 0
        while len(held) - start >= HEADER.size:
            length, kind, stream = HEADER.unpack_from(held, start)
            _check(length)
            end = start + HEADER.size + length
            if len(held) < end:
                break
            frames.append(Frame(kind, stream, bytes(held[start + HEADER.size : end])))
            start = end
        del held[:start]
        return frames

    def finish(self) -> None:
        """Say that no more comes.

        Raises:
            ProtocolError: a frame was begun and not ended.
        """
        if self._held:
            raise ProtocolError(
                N_("the stream ended {count} bytes into a frame"), count=len(self._held)
            )


def _check(length_bytes: int) -> None:
    if length_bytes > FRAME_PAYLOAD_BYTES_MAX:
        raise ProtocolError(
            N_("a frame of {length} bytes was announced; the longest allowed has {most}"),
            length=length_bytes,
            most=FRAME_PAYLOAD_BYTES_MAX,
        )


def is_framed_datagram(data: bytes) -> bool:
    """Return whether a datagram means to hold a frame: it begins as a preface does."""
    return data.startswith(PREFACE_BEGINNING)


def decoded_datagram(data: bytes) -> Frame:
    """Return the one frame of a datagram that begins with a preface.

    Raises:
        ProtocolError: it holds another version, or no frame, or more than one.
    """
    line, end, rest = data.partition(b"\n")
    check_version(version_of(line + end))
    decoder = FrameDecoder()
    frames = decoder.feed(rest)
    decoder.finish()
    if len(frames) != 1:
        raise ProtocolError(N_("a datagram must hold one frame, not {count}"), count=len(frames))
    return frames[0]


def check_version(version: int | None) -> None:
    """Raise an error unless ``version`` is the one spoken here.

    Raises:
        ProtocolError: it is another, or None, which stands for no preface at all.
    """
    if version != VERSION:
        raise ProtocolError(
            N_("version {version} of the frames is not spoken here; {ours} is"),
            version=version,
            ours=VERSION,
        )
