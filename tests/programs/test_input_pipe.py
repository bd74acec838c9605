"""What a program is given: in order, as it reads, and dropped when it does not any more."""

import os

from tests.net.recording import until
from tests.programs.conftest import Play

from enchufe.core.limits import PROGRAM_INPUT_BYTES_MAX
from enchufe.programs.input_pipe import InputPipe

PIPE_BYTES_MAX = 1024 * 1024  # more than any pipe holds unless it is made to
READ_BYTES = 64 * 1024


class Given:
    """A pipe that is written to, whose other end the test holds."""

    def __init__(self) -> None:
        self.reading, writing = os.pipe()
        self.behind: list[bool] = []
        self.pipe = InputPipe(os.fdopen(writing, "wb", 0), self.behind.append)
        os.set_blocking(self.reading, False)

    async def read(self) -> bytes:
        """Read until the end."""
        read = bytearray()

        def is_at_its_end() -> bool:
            try:
                while data := os.read(self.reading, READ_BYTES):
                    read.extend(data)
            except BlockingIOError:
                return False
            return True

        await until(is_at_its_end)
        return bytes(read)

    def close(self) -> None:
        os.close(self.reading)
        self.pipe.close()


def test_all_comes_in_order_and_then_the_end(play: Play) -> None:
    async def main() -> None:
        given = Given()
        pieces = [bytes([i]) * 50_000 for i in range(20)]
        for piece in pieces:
            given.pipe.write(piece)
        given.pipe.finish()
        given.pipe.write(b"too late")
        assert await given.read() == b"".join(pieces)
        given.close()

    play(main())


def test_behind_is_said_once_and_caught_up_when_nothing_waits(play: Play) -> None:
    async def main() -> None:
        given = Given()
        given.pipe.write(bytes(PIPE_BYTES_MAX))
        given.pipe.write(bytes(PROGRAM_INPUT_BYTES_MAX))
        assert given.behind == [True]
        given.pipe.finish()
        await given.read()
        assert given.behind == [True, False]
        given.close()

    play(main())


def test_as_much_as_may_wait_is_not_behind(play: Play) -> None:
    async def main() -> None:
        given = Given()
        given.pipe.write(bytes(PROGRAM_INPUT_BYTES_MAX))
        assert given.behind == []
        given.close()

    play(main())


def test_when_the_reader_goes_what_waits_is_dropped(play: Play) -> None:
    async def main() -> None:
        given = Given()
        given.pipe.write(bytes(PIPE_BYTES_MAX + PROGRAM_INPUT_BYTES_MAX))
        os.close(given.reading)
        await until(lambda: given.behind == [True, False])
        given.pipe.write(b"nobody hears")
        given.pipe.finish()
        given.reading = os.open(os.devnull, os.O_RDONLY)
        given.close()
        assert given.behind == [True, False]

    play(main())


def test_it_sleeps_while_nothing_waits_and_works_again_later(play: Play) -> None:
    async def main() -> None:
        given = Given()
        for _ in range(3):
            given.pipe.write(bytes(PIPE_BYTES_MAX + PROGRAM_INPUT_BYTES_MAX))
            left = PIPE_BYTES_MAX + PROGRAM_INPUT_BYTES_MAX

            def all_read() -> bool:
                nonlocal left
                try:
                    left -= len(os.read(given.reading, READ_BYTES))
                except BlockingIOError:
                    return False
                return left == 0

            await until(all_read)
        await until(lambda: given.behind == [True, False] * 3)
        given.close()

    play(main())
