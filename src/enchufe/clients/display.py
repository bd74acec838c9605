"""What arrives, as the person or the next program wants it."""

import asyncio
import os
import sys
from typing import BinaryIO, Protocol, TextIO

from enchufe.core.limits import LINE_BYTES_MAX, TEXT_QUIET_S
from enchufe.core.text import SafeStream, safe_bytes
from enchufe.wire.hexadecimal import dump


class Display(Protocol):
    """Shows what a peer said."""

    def show(self, message: bytes) -> None:
        """Show bytes of a stream as they came, or one datagram."""

    def end(self) -> None:
        """Show what was kept back: nothing more will come."""


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

    def end(self) -> None:
        """Do nothing: all has been passed on."""


class _ScreenText:
    """Safe text of a stream, the network's ends of line as a screen's own, whatever the cuts."""

    def __init__(self) -> None:
        self._safe = SafeStream()
        self._held = b""

    def feed(self, data: bytes, *, final: bool = False) -> str:
        """Return the text of ``data`` as far as its characters and ends of line are complete."""
        data = self._held + data
        self._held = b"\r" if data.endswith(b"\r") and not final else b""
        return self._safe.feed(_with_plain_ends(data.removesuffix(self._held)), final=final)


def _with_plain_ends(data: bytes) -> bytes:
    return data.replace(b"\r\n", b"\n")


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
        self._text = _ScreenText()
        self._line_is_open = False

    def show(self, message: bytes) -> None:
        """Write the text as far as its characters are complete."""
        if self._ends_messages:
            self._write(
                safe_bytes(_with_plain_ends(message), keep="\n\t").removesuffix("\n") + "\n"
            )
        else:
            self._write(self._text.feed(message))

    def end(self) -> None:
        """Write the bytes of a character that was never completed, and end the line."""
        self._write(self._text.feed(b"", final=True))
        if self._line_is_open:
            self._write("\n")

    def _write(self, text: str) -> None:
        if text:
            stream = self._stream or sys.stdout
            stream.write(text)
            stream.flush()
            self._line_is_open = not text.endswith("\n")


class SafeLines:
    """Shows a stream to a person who is typing: whole lines, above the one being typed.

    A line without an end is shown once nothing follows it for `TEXT_QUIET_S`.
    """

    def __init__(self) -> None:
        self._text = _ScreenText()
        self._held = ""
        self._quiet: asyncio.TimerHandle | None = None

    def show(self, message: bytes) -> None:
        """Write the lines that ``message`` completes."""
        whole, end, self._held = (self._held + self._text.feed(message)).rpartition("\n")
        self._write(whole + end)
        self._cancel()
        if len(self._held) >= LINE_BYTES_MAX:
            self._write_held()
        elif self._held:
            self._quiet = asyncio.get_running_loop().call_later(TEXT_QUIET_S, self._write_held)

    def end(self) -> None:
        """Write the last line, if it has no end."""
        self._cancel()
        self._held += self._text.feed(b"", final=True)
        self._write_held()

    def _write_held(self) -> None:
        self._write(self._held and self._held + "\n")
        self._held = ""

    def _cancel(self) -> None:
        if self._quiet is not None:
            self._quiet.cancel()

    def _write(self, text: str) -> None:
        if text:
            sys.stdout.write(text)
            sys.stdout.flush()


class Marked:
    """Shows messages to a person who types too: a line each, marked as the other side's.

    Args:
        stream: as in `SafeText`.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream
        self._mark = "< " if os.environ.get("NO_COLOR") else f"{_CYAN}<{_PLAIN} "

    def show(self, message: bytes) -> None:
        """Write one line; an end of line within the message cannot begin another."""
        stream = self._stream or sys.stdout
        stream.write(self._mark + safe_bytes(message, keep="\t") + "\n")
        stream.flush()

    def end(self) -> None:
        """Do nothing: every line is written whole."""


_CYAN, _PLAIN = "\x1b[36m", "\x1b[0m"  # ECMA-48, 8.3.117; no-color.org says who wants none


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

    def end(self) -> None:
        """Do nothing: every row is written whole."""


class Hide:
    """Shows nothing: something else shows the traffic already."""

    def show(self, message: bytes) -> None:
        """Do nothing."""

    def end(self) -> None:
        """Do nothing."""
