"""What arrives, as the person or the next program wants it."""

import sys
from typing import BinaryIO, Protocol, TextIO

from enchufe.core.text import SafeStream, safe_bytes
from enchufe.wire.hexadecimal import dump


class Display(Protocol):
    """Shows what a peer said."""

    def show(self, message: bytes) -> None:
        """Show bytes of a stream as they came, or one datagram."""


class Pass:
    """Passes bytes on unchanged, for the next program of a pipe.

    Args:
        stream: where to.
        ends_messages: whether each message gets an end of line: datagrams have marks
            between them, and this keeps them apart.
    """

    def __init__(self, stream: BinaryIO, *, ends_messages: bool) -> None:
        self._stream = stream
        self._ends_messages = ends_messages

    def show(self, message: bytes) -> None:
        """Write the bytes at once."""
        end = b"\n" if self._ends_messages and not message.endswith(b"\n") else b""
        self._stream.write(message + end)
        self._stream.flush()


class SafeText:
    """Shows text to a person: printable characters as they are, others as escapes.

    Args:
        ends_messages: as in `Pass`.
        stream: where to; None for standard output as it is at each moment, because a
            line being typed puts itself in between.
    """

    def __init__(self, *, ends_messages: bool, stream: TextIO | None = None) -> None:
        self._ends_messages = ends_messages
        self._stream = stream
        self._text = SafeStream()

    def show(self, message: bytes) -> None:
        """Write the text as far as its characters are complete."""
        if self._ends_messages:
            text = safe_bytes(message, keep="\n\t").removesuffix("\n") + "\n"
        else:
            text = self._text.feed(message)
        stream = self._stream or sys.stdout
        stream.write(text)
        stream.flush()


class HexDump:
    """Shows bytes in hexadecimal, with their place in the conversation.

    Args:
        stream: as in `SafeText`.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream
        self._offset_bytes = 0

    def show(self, message: bytes) -> None:
        """Write the rows of one read or datagram."""
        stream = self._stream or sys.stdout
        stream.write(dump(message, self._offset_bytes) or "00000000\n")
        stream.flush()
        self._offset_bytes += len(message)


class Hide:
    """Shows nothing: something else shows the traffic already."""

    def show(self, message: bytes) -> None:
        """Do nothing."""
