"""Honest peers: each does what anybody does, measures how long it waits, and fails loudly."""

import asyncio
import contextlib
import ssl
import time
from collections.abc import Awaitable, Callable

import msgspec

from enchufe.core.frames import Frame, Kind
from enchufe.core.room import Join, Said, frame_of
from enchufe.wire.either import EitherDecoder
from enchufe.wire.frames import PREFACE, encoded
from soak.places import LOOPBACK, Places, Streams, dial, session, trusting

PATIENCE_S = 20.0
"""Who has waited so long was not served; the promise is a second."""

EXCHANGES = 30
PAUSE_S = 0.02
LINE_PAUSE_S = 0.1
DATAGRAM_S = 0.5
DATAGRAM_TRIES = 20


class Honest:
    """Everybody honest, and what became of them.

    Args:
        places: where the server listens.
    """

    def __init__(self, places: Places) -> None:
        self.acknowledged: list[str] = []
        self.served = 0
        self.failures: list[str] = []
        self._places = places
        self._latencies_s: list[float] = []
        self._context = trusting()

    def taken_latencies_s(self) -> list[float]:
        """Return how long everybody waited since last asked."""
        latencies_s, self._latencies_s = self._latencies_s, []
        return latencies_s

    async def run(self) -> None:
        """Be served until cancelled."""
        places, context = self._places, self._context
        async with asyncio.TaskGroup() as everybody:
            for where, encryption in (
                (places.echo_tcp, None),
                (places.echo_tls, context),
                (places.echo_unix, None),
            ):
                everybody.create_task(self._again(f"echo {where}", self._echoes, where, encryption))
            everybody.create_task(self._again("hello", self._greets, places.hello_tcp, None))
            everybody.create_task(self._again("echo udp", self._echoes_datagrams, "", None))
            for name, where, encryption in (
                ("ana", places.chat_tcp, None),
                ("luis", places.chat_tls, context),
                ("eva", places.chat_unix, None),
            ):
                everybody.create_task(self._again(name, self._talks, where, encryption))

    async def _again(
        self,
        who: str,
        visit: Callable[[int | str, ssl.SSLContext | None], Awaitable[None]],
        where: int | str,
        context: ssl.SSLContext | None,
    ) -> None:
        while True:
            try:
                await visit(where, context)
            except (OSError, TimeoutError, AssertionError, asyncio.IncompleteReadError) as error:
                self.failures.append(f"{who}: {type(error).__name__} {error}")
                await asyncio.sleep(1)

    async def _timed(self, done: Awaitable[bytes]) -> bytes:
        """Wait for an answer, and note how long that took."""
        began_s = time.perf_counter()
        async with asyncio.timeout(PATIENCE_S):
            answer = await done
        self._latencies_s.append(time.perf_counter() - began_s)
        self.served += 1
        return answer

    async def _echoes(self, where: int | str, context: ssl.SSLContext | None) -> None:
        reader, writer = await self._come(where, context)
        with contextlib.closing(writer):
            for number in range(EXCHANGES):
                said = b"%d " % number + b"x" * (37 * number)
                writer.write(said)
                assert await self._timed(reader.readexactly(len(said))) == said
                await asyncio.sleep(PAUSE_S)

    async def _come(self, where: int | str, context: ssl.SSLContext | None) -> Streams:
        async with asyncio.timeout(PATIENCE_S):
            return await dial(where, context)

    async def _greets(self, where: int | str, context: ssl.SSLContext | None) -> None:
        reader, writer = await self._come(where, context)
        with contextlib.closing(writer):
            for _ in range(EXCHANGES):
                writer.write(b"hello\n")
                assert await self._timed(reader.readline()) == b"hi there\n"
                await asyncio.sleep(PAUSE_S)

    async def _echoes_datagrams(self, _where: int | str, _context: object) -> None:
        """Ask again what got lost, as whoever speaks UDP has to."""
        loop = asyncio.get_running_loop()
        heard: asyncio.Queue[bytes] = asyncio.Queue()
        transport, _protocol = await loop.create_datagram_endpoint(
            lambda: _Hearing(heard), remote_addr=(LOOPBACK, self._places.echo_udp)
        )
        with contextlib.closing(transport):
            for number in range(EXCHANGES):
                await self._timed(_asked(transport, heard, b"%d" % number))
                await asyncio.sleep(PAUSE_S)

    async def _talks(self, where: int | str, context: ssl.SSLContext | None) -> None:
        """Say numbered lines in the room, each once the one before it is acknowledged."""
        reader, writer = await self._come(where, context)
        mine = session()
        with contextlib.closing(writer):
            member = _Member(reader)
            writer.write(PREFACE + encoded(frame_of(Join("", mine))))
            await self._timed(member.is_in())
            for number in range(1, EXCHANGES + 1):
                text = f"{mine} {number}"
                writer.write(encoded(Frame(Kind.SAY, number, text.encode())))
                await self._timed(member.is_told(number))
                self.acknowledged.append(text)
                await asyncio.sleep(LINE_PAUSE_S)


class _Member:
    """Hears a room."""

    def __init__(self, reader: asyncio.StreamReader) -> None:
        self._reader = reader
        self._decoder = EitherDecoder()
        self._frames: list[Frame] = []

    async def is_in(self) -> bytes:
        """Wait until it is in the room."""
        return (await self.hears(Kind.JOINED)).payload

    async def is_told(self, number: int) -> bytes:
        """Wait until what was said with a number is acknowledged.

        Whoever is still being told what was before hears it among that, instead of TAKEN.
        """
        while True:
            frame = await self.hears(Kind.TAKEN, Kind.SAID)
            is_said = frame.kind == Kind.SAID
            of = msgspec.json.decode(frame.payload, type=Said).number if is_said else frame.stream
            if of == number:
                return frame.payload

    async def hears(self, *kinds: Kind) -> Frame:
        """Wait for a frame of one of those kinds; what comes before it is of no interest."""
        while True:
            while self._frames:
                frame = self._frames.pop(0)
                if frame.kind in kinds:
                    return frame
            data = await self._reader.read(65536)
            assert data, f"the room ended before {kinds}"
            pieces = list(self._decoder.feed(data))
            self._frames += [piece for piece in pieces if isinstance(piece, Frame)]


class _Hearing(asyncio.DatagramProtocol):
    def __init__(self, heard: asyncio.Queue[bytes]) -> None:
        self._heard = heard

    def datagram_received(self, data: bytes, _address: object) -> None:
        self._heard.put_nowait(data)

    def error_received(self, error: Exception) -> None:
        """Leave it to whoever waits for an answer in vain."""


async def _asked(
    transport: asyncio.DatagramTransport, heard: asyncio.Queue[bytes], question: bytes
) -> bytes:
    for _ in range(DATAGRAM_TRIES):
        transport.sendto(question)
        with contextlib.suppress(TimeoutError):
            while (answer := await asyncio.wait_for(heard.get(), DATAGRAM_S)) != question:
                pass  # a late answer to an earlier question
            return answer
    raise TimeoutError("no answer to a datagram")
