"""What a program says: read piece by piece, held back, and never waited for in vain."""

import fcntl
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from tests.net.recording import until
from tests.programs.conftest import Play

from enchufe.programs.output_pipe import PIECE_BYTES_MAX, OutputPipe


class Said:
    """What was read of a pipe whose other end the test holds."""

    def __init__(self) -> None:
        reading, self.writing = os.pipe()
        self.pieces: list[bytes] = []
        self.ends = 0
        self.pipe = OutputPipe(os.fdopen(reading, "rb", 0), self.pieces.append, self._ended)

    def _ended(self) -> None:
        self.ends += 1

    def write(self, data: bytes) -> None:
        assert os.write(self.writing, data) == len(data)


@asynccontextmanager
async def saying() -> AsyncIterator[Said]:
    said = Said()
    try:
        yield said
    finally:
        os.close(said.writing)
        said.pipe.close()


def test_it_is_read_until_its_end(play: Play) -> None:
    async def main() -> None:
        said = Said()
        said.write(b"hello")
        await until(lambda: said.pieces == [b"hello"])
        assert not said.pipe.is_ended
        os.close(said.writing)
        await until(lambda: said.ends == 1)
        assert said.pipe.is_ended

    play(main())


@pytest.mark.skipif(not hasattr(fcntl, "F_SETPIPE_SZ"), reason="no pipe holds more elsewhere")
def test_no_piece_is_too_large(play: Play) -> None:
    async def main() -> None:
        async with saying() as said:
            fcntl.fcntl(said.writing, fcntl.F_SETPIPE_SZ, 4 * PIECE_BYTES_MAX)
            said.write(bytes(4 * PIECE_BYTES_MAX))
            said.pipe.finish()
            await until(lambda: said.ends == 1)
            assert list(map(len, said.pieces)) == [PIECE_BYTES_MAX] * 4

    play(main())


def test_while_it_is_held_nothing_is_read(play: Play) -> None:
    async def main() -> None:
        async with saying() as said, saying() as other:
            said.pipe.hold(True)
            said.write(b"hello")
            other.write(b"meanwhile")
            await until(lambda: other.pieces == [b"meanwhile"])
            assert said.pieces == []
            said.pipe.hold(False)
            await until(lambda: said.pieces == [b"hello"])

    play(main())


def test_what_somebody_holds_open_ends_after_what_is_there(play: Play) -> None:
    async def main() -> None:
        async with saying() as said:
            said.write(b"the rest")
            said.pipe.finish()
            await until(lambda: said.ends == 1)
            assert said.pieces == [b"the rest"]

    play(main())


def test_where_nothing_is_left_it_ends_at_once(play: Play) -> None:
    async def main() -> None:
        async with saying() as said:
            said.pipe.hold(True)
            said.pipe.finish()
            assert said.ends == 1

    play(main())


def test_closed_twice_it_ends_once(play: Play) -> None:
    async def main() -> None:
        async with saying() as said:
            said.pipe.close()
            said.pipe.close()
            said.pipe.finish()
            said.pipe.hold(True)
            said.pipe.hold(False)
            assert said.ends == 1

    play(main())
