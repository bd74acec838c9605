"""What we say in a call: the words given, the lines a person types, or what a pipe brings."""

import os
import sys
from collections.abc import AsyncIterator, Sequence

from msgspec import Struct

from enchufe.wire.crlf import CrlfEncoder
from enchufe.wire.hexadecimal import bytes_of
from enchufe.wire.text import TextDecoder


class Manner(Struct, frozen=True):
    """How we speak.

    Args:
        messages: what to send instead of the input; None to send the input.
        interactive: whether a person types at a terminal.
        crlf: whether ends of line are sent as ``\\r\\n``.
        hexadecimal: whether what is typed spells bytes.
    """

    messages: Sequence[str] | None = None
    interactive: bool = False
    crlf: bool = False
    hexadecimal: bool = False


class Speech:
    """The messages we send, one after another.

    Args:
        manner: how we speak.
        is_stream: whether they travel as one stream; over datagrams a line is a message.

    Raises:
        UsageError: a given message should spell bytes in hexadecimal, and does not.
    """

    def __init__(self, manner: Manner, *, is_stream: bool) -> None:
        self._manner = manner
        self._is_stream = is_stream
        self._crlf = CrlfEncoder()
        given = manner.messages
        self._given = None if given is None else [self._spoken(text) for text in given]

    async def messages(self) -> AsyncIterator[bytes]:
        """Yield each message as it is to be sent.

        Raises:
            UsageError: a line should spell bytes in hexadecimal, and does not.
            KeyboardInterrupt: Ctrl-C at the line being typed.
        """
        if self._given is not None:
            for message in self._given:
                yield message
        elif self._manner.interactive:
            async for message in self._typed():
                yield message
        else:
            async for message in self._piped():
                yield message

    async def _typed(self) -> AsyncIterator[bytes]:
        from enchufe.clients.prompt import lines

        end = "\n" if self._is_stream and not self._manner.hexadecimal else ""
        async for line in lines("> "):
            yield self._spoken(line + end)

    async def _piped(self) -> AsyncIterator[bytes]:
        from enchufe.clients.standard_input import chunks

        whole_lines = not self._is_stream or self._manner.hexadecimal
        decoder = TextDecoder()
        async for chunk in chunks(sys.stdin.fileno() if sys.stdin else -1):
            if not whole_lines:
                yield self._crlf.feed(chunk) if self._manner.crlf else chunk
                continue
            for line in decoder.feed(chunk):
                yield self._spoken_line(line)
        for line in decoder.flush():
            yield self._spoken_line(line)

    def _spoken_line(self, line: bytes) -> bytes:
        if self._manner.hexadecimal:
            return bytes_of(line.decode("ascii", "replace"))
        return line + b"\r\n" if self._manner.crlf else line

    def _spoken(self, text: str) -> bytes:
        """Return what is sent for ``text``; with ``--crlf`` it is a line and ends as one."""
        if self._manner.hexadecimal:
            return bytes_of(text)
        data = os.fsencode(text)
        if self._manner.crlf:
            data = self._crlf.feed(data if data.endswith(b"\n") else data + b"\n")
        return data
