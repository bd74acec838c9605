"""Standard input in pieces, from whatever it is."""

import asyncio
import os
import threading
import time
from pathlib import Path

import pytest
from tests.net.recording import on_loop

from enchufe.clients.standard_input import chunks


async def everything(descriptor: int) -> bytes:
    return b"".join([chunk async for chunk in chunks(descriptor)])


@pytest.mark.parametrize("plain", [False, True], ids=["uvloop", "asyncio"])
def test_a_file_is_read_to_its_end(plain: bool, tmp_path: Path) -> None:
    data = bytes(range(256)) * 1000
    (tmp_path / "data").write_bytes(data)
    with (tmp_path / "data").open("rb") as stream:
        assert on_loop(everything(stream.fileno()), plain=plain) == data


@pytest.mark.parametrize("plain", [False, True], ids=["uvloop", "asyncio"])
def test_the_null_device_and_a_closed_descriptor_say_nothing(plain: bool) -> None:
    null = os.open(os.devnull, os.O_RDONLY)
    assert on_loop(everything(null), plain=plain) == b""
    os.close(null)
    assert on_loop(everything(null), plain=plain) == b""
    assert on_loop(everything(-1), plain=plain) == b""


@pytest.mark.parametrize("plain", [False, True], ids=["uvloop", "asyncio"])
def test_a_pipe_is_waited_for_without_holding_up_the_rest(plain: bool) -> None:
    reader, writer = os.pipe()

    def write() -> None:
        for word in (b"one ", b"two"):
            time.sleep(0.1)
            os.write(writer, word)
        os.close(writer)

    async def main() -> tuple[list[bytes], int]:
        pieces: list[bytes] = []
        ticks = 0

        async def tick() -> None:
            nonlocal ticks
            while True:
                await asyncio.sleep(0.01)
                ticks += 1

        async with asyncio.TaskGroup() as tasks:
            ticking = tasks.create_task(tick())
            pieces = [chunk async for chunk in chunks(reader)]
            ticking.cancel()
        return pieces, ticks

    feeding = threading.Thread(target=write)
    feeding.start()
    pieces, ticks = on_loop(main(), plain=plain)
    feeding.join()
    os.close(reader)
    assert pieces == [b"one ", b"two"]
    assert ticks >= 5


def test_what_is_read_is_taken_from_the_descriptor_and_no_more() -> None:
    reader, writer = os.pipe()
    os.write(writer, b"first")

    async def main() -> bytes:
        async for chunk in chunks(reader):
            return chunk
        return b""

    assert on_loop(main()) == b"first"
    os.write(writer, b"second")
    assert os.read(reader, 100) == b"second"
    os.close(reader)
    os.close(writer)
