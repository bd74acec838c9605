"""The Python servers ours is compared with: the least code that echoes, or spreads lines.

Usage: reference_servers.py NAME PORT, on 127.0.0.1, until a signal.

They do nothing a real server has to do: no limits, no addresses allowed or
denied, no records, no care for a peer that stops reading. That makes them the
upper bound of what their event loop can give, which is what a ratio needs.
"""

import asyncio
import signal
import sys
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import ClassVar

import uvloop

HOST = "127.0.0.1"
BACKLOG = 4096
READ_SIZE_BYTES = 65536
LIFE_SECONDS_MAX = 3600
"""Longer than any measurement: a server its caller has forgotten ends by itself."""


class StreamEcho(asyncio.Protocol):
    """Echo (RFC 862) over TCP with the callbacks of a bare `Protocol`."""

    transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport; uvloop's is a `Transport` by duck typing only."""
        self.transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        """Send back what has come."""
        self.transport.write(data)


class DatagramEcho(asyncio.DatagramProtocol):
    """Echo (RFC 862) over UDP with the callbacks of a bare datagram endpoint."""

    transport: asyncio.DatagramTransport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport; uvloop's is a datagram transport by duck typing only."""
        self.transport = transport  # type: ignore[assignment]

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Send the datagram back to where it came from."""
        self.transport.sendto(data, addr)


class Room(asyncio.Protocol):
    """A room: the lines of each go to all the others."""

    others: ClassVar[set["Room"]] = set()
    transport: asyncio.Transport

    def __init__(self) -> None:
        self.held = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the peer into the room."""
        self.transport = transport  # type: ignore[assignment]
        self.others.add(self)

    def connection_lost(self, _reason: Exception | None) -> None:
        """Let it go."""
        self.others.discard(self)

    def data_received(self, data: bytes) -> None:
        """Spread the lines that have come, all at once."""
        whole, end, self.held = (self.held + data).rpartition(b"\n")
        if not end:
            return
        lines = whole + end
        for other in self.others:
            if other is not self:
                other.transport.write(lines)


async def serve_protocol(port: int) -> None:
    """Serve `StreamEcho` on `port`."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(StreamEcho, HOST, port, backlog=BACKLOG)
    await server.serve_forever()


async def serve_room(port: int) -> None:
    """Serve a `Room` on `port`."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Room, HOST, port, backlog=BACKLOG)
    await server.serve_forever()


async def serve_streams(port: int) -> None:
    """Serve echo on `port` with asyncio's streams."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(READ_SIZE_BYTES):
            writer.write(data)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(echo, HOST, port, backlog=BACKLOG)
    await server.serve_forever()


async def serve_datagrams(port: int) -> None:
    """Serve `DatagramEcho` on `port`."""
    loop = asyncio.get_running_loop()
    _transport, _ = await loop.create_datagram_endpoint(DatagramEcho, local_addr=(HOST, port))
    await asyncio.Event().wait()


@dataclass(frozen=True)
class Kind:
    """One kind of server: what it runs, and on which event loop."""

    serve: Callable[[int], Coroutine[None, None, None]]
    new_event_loop: Callable[[], asyncio.AbstractEventLoop]


KINDS = {
    "uvloop-protocol": Kind(serve_protocol, uvloop.new_event_loop),
    "uvloop-datagram": Kind(serve_datagrams, uvloop.new_event_loop),
    "uvloop-broadcast": Kind(serve_room, uvloop.new_event_loop),
    "asyncio-protocol": Kind(serve_protocol, asyncio.new_event_loop),
    "asyncio-streams": Kind(serve_streams, asyncio.new_event_loop),
    "asyncio-datagram": Kind(serve_datagrams, asyncio.new_event_loop),
}


def main(words: list[str]) -> int:
    """Run the server that the command line names; return the exit status."""
    if len(words) != 2 or words[0] not in KINDS or not words[1].isdecimal():
        print(f"usage: reference_servers.py {{{','.join(KINDS)}}} PORT", file=sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.alarm(LIFE_SECONDS_MAX)
    kind = KINDS[words[0]]
    with asyncio.Runner(loop_factory=kind.new_event_loop) as runner:
        runner.run(kind.serve(int(words[1])))
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
