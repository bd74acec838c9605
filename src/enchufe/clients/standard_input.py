"""Standard input in pieces, without a thread and without blocking the conversation."""

import asyncio
import os
from collections.abc import AsyncIterator

from enchufe.wire.text import TextDecoder

CHUNK_BYTES = 64 * 1024
"""As much as a pipe holds on Linux (pipe(7))."""


async def chunks(descriptor: int) -> AsyncIterator[bytes]:
    """Yield what can be read from ``descriptor`` until its end.

    Pipes and terminals are waited for; files are always ready, and epoll(7) refuses
    them. A descriptor that is closed has nothing to say.
    """
    while True:
        await _until_readable(descriptor)
        try:
            data = os.read(descriptor, CHUNK_BYTES)
        except OSError:
            return
        if not data:
            return
        yield data


async def piped_lines(descriptor: int, *, skips_too_long: bool = True) -> AsyncIterator[bytes]:
    """Yield the lines that can be read from ``descriptor``, the last with or without an end.

    Of a line longer than `LINE_BYTES_MAX` only the beginning comes, which whoever takes it
    refuses; unless that is not wanted, and such a line comes in pieces.
    """
    decoder = TextDecoder(skips_too_long=skips_too_long)
    async for chunk in chunks(descriptor):
        for line in decoder.feed(chunk):
            yield line
    for line in decoder.flush():
        yield line


async def _until_readable(descriptor: int) -> None:
    loop = asyncio.get_running_loop()
    readable = loop.create_future()
    try:
        loop.add_reader(descriptor, _settle, readable)
    except (OSError, ValueError):  # a file, or nothing: ready, or os.read tells
        await asyncio.sleep(0)
        return
    try:
        await readable
    finally:
        loop.remove_reader(descriptor)


def _settle(readable: "asyncio.Future[None]") -> None:
    if not readable.done():
        readable.set_result(None)
