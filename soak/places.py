"""Where the server of a soak listens, and how its peers get there."""

import asyncio
import secrets
import socket
import ssl
from pathlib import Path

from msgspec import Struct

LOOPBACK = "127.0.0.1"


class Places(Struct, frozen=True):
    """The endpoints of one server.

    Args:
        folder: where its Unix sockets, its certificate and its history are.
        echo_tcp: a port; so are the others.
    """

    folder: str
    echo_tcp: int
    echo_udp: int
    echo_tls: int
    hello_tcp: int
    chat_tcp: int
    chat_udp: int
    chat_tls: int

    @property
    def history(self) -> Path:
        """Where the room keeps what is said."""
        return Path(self.folder) / "plaza.db"

    @property
    def echo_unix(self) -> str:
        """The path of a Unix socket."""
        return f"{self.folder}/echo.sock"

    @property
    def chat_unix(self) -> str:
        """The path of a Unix socket."""
        return f"{self.folder}/chat.sock"

    @property
    def services(self) -> list[str]:
        """What follows ``enchufe serve``."""
        return [
            f"echo@tcp://{LOOPBACK}:{self.echo_tcp}",
            f"echo@udp://{LOOPBACK}:{self.echo_udp}",
            f"echo@tls://{LOOPBACK}:{self.echo_tls}",
            f"echo@unix://{self.echo_unix}",
            f"hello@tcp://{LOOPBACK}:{self.hello_tcp}",
            f"chat@tcp://{LOOPBACK}:{self.chat_tcp}",
            f"chat@udp://{LOOPBACK}:{self.chat_udp}",
            f"chat@tls://{LOOPBACK}:{self.chat_tls}",
            f"chat@unix://{self.chat_unix}",
            "--history",
            str(self.history),
        ]

    @property
    def stream_ports(self) -> list[int]:
        """The ports to which anybody may connect."""
        return [self.echo_tcp, self.echo_tls, self.hello_tcp, self.chat_tcp, self.chat_tls]


def free_places(folder: str) -> Places:
    """Return places that were free a moment ago."""
    with_all = [socket.create_server((LOOPBACK, 0)) for _ in range(7)]
    ports = [sock.getsockname()[1] for sock in with_all]
    for sock in with_all:
        sock.close()
    return Places(folder, *ports)


def trusting() -> ssl.SSLContext:
    """Return a context that takes any certificate: who is called here is our own server."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def dial(where: int | str, context: ssl.SSLContext | None = None) -> Streams:
    """Connect to a port, encrypted if there is a context, or to the path of a Unix socket."""
    if isinstance(where, str):
        return await asyncio.open_unix_connection(where)
    return await asyncio.open_connection(LOOPBACK, where, ssl=context)


def session() -> str:
    """Return what tells one member of a room from all others."""
    return secrets.token_hex(8)
