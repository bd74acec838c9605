"""Length-prefixed messages: four bytes, the most significant first, then so many bytes.

The wire of the course's own cachipún, and of its sister programs. Their readers break when a
header comes in pieces, or two messages in one segment: a message is said in one write, and
whoever says several leaves a pause between them. Ours takes them however they come.
"""

from collections.abc import Iterator
from struct import Struct

from enchufe.core.errors import N_, ProtocolError
from enchufe.core.limits import AYUDANTIA_FRAME_BYTES_MAX

_HEADER = Struct(">I")


def prefixed(message: bytes) -> bytes:
    """Return ``message`` with its length before it."""
    assert len(message) <= AYUDANTIA_FRAME_BYTES_MAX
    return _HEADER.pack(len(message)) + message


class LengthDecoder:
    """Cuts a stream into messages; holds less than one of them."""

    is_framed = True
    """Messages are cut out one by one, whatever their number."""

    quiet_s = None
    """However long the rest of a message is in coming, it is no message without it."""

    def __init__(self) -> None:
        self._held = bytearray()

    @property
    def held_bytes(self) -> int:
        """How much is held of a message that is not finished."""
        return len(self._held)

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield the messages that ``data`` completes.

        Raises:
            ProtocolError: after the messages before it, one is longer than allowed. The
                stream cannot be read any further.
        """
        held = self._held
        held += data
        while len(held) >= _HEADER.size:
            (length,) = _HEADER.unpack_from(held)
            _check_length(length)
            end = _HEADER.size + length
            if len(held) < end:
                return
            message = bytes(memoryview(held)[_HEADER.size : end])
            del held[:end]
            yield message

    def flush(self) -> list[bytes]:
        """Return nothing: a message that is not whole is none."""
        return []

    def finish(self) -> None:
        """Say that no more comes.

        Raises:
            ProtocolError: a message was begun and not ended.
        """
        if self._held:
            raise ProtocolError(
                N_("the stream ended {count} bytes into a frame"), count=len(self._held)
            )


def _check_length(length_bytes: int) -> None:
    if length_bytes > AYUDANTIA_FRAME_BYTES_MAX:
        raise ProtocolError(
            N_("a frame of {length} bytes was announced; the longest allowed has {most}"),
            length=length_bytes,
            most=AYUDANTIA_FRAME_BYTES_MAX,
        )
