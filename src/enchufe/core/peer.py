"""The other side of one conversation."""

from enum import StrEnum

from msgspec import Struct


class Transport(StrEnum):
    """How a conversation travels; also the scheme of an endpoint's URL."""

    TCP = "tcp"
    TLS = "tls"
    UDP = "udp"
    UNIX = "unix"
    UNIXGRAM = "unixgram"
    AYUDANTIA = "ayudantia"  # TCP, in the frames of the course's own cachipún
    WEBSOCKET = "ws"  # a browser with our page open; it comes through the page's own door
    CONSOLE = "console"  # the person who runs the server; no endpoint has it

    @property
    def is_stream(self) -> bool:
        """Whether bytes arrive as one stream, without marks between messages."""
        return self not in (Transport.UDP, Transport.UNIXGRAM)

    @property
    def is_internet(self) -> bool:
        """Whether its addresses are a host and a port, not a path."""
        return self not in (Transport.UNIX, Transport.UNIXGRAM, Transport.CONSOLE)

    @property
    def has_endpoint(self) -> bool:
        """Whether a URL of its own says where to listen or connect."""
        return self not in (Transport.WEBSOCKET, Transport.CONSOLE)

    @property
    def carrier(self) -> "Transport":
        """What the system knows it as: the others are matters of the two ends, over TCP."""
        over_tcp = (Transport.TLS, Transport.WEBSOCKET, Transport.AYUDANTIA)
        return Transport.TCP if self in over_tcp else self


class Peer(Struct, frozen=True):
    """A TCP, TLS or Unix connection, or a datagram source until it has been silent too long.

    Args:
        id: a number never reused within a run.
        transport: how the conversation travels.
        host: the numeric address, or "" for a Unix socket.
        port: 0 to 65535; 0 for a Unix socket.
        path: the path a Unix peer is bound to, or "" if it has none.
        is_stream: whether the conversation is a stream; kept beside `transport`
            because services ask for it on every message.
        user: who the peer is by the word of somebody we trust: ``uid 1000`` of a Unix
            socket's peer (unix(7), SO_PEERCRED), ``certificate sha256:…`` of one whose
            certificate was checked; "" where nobody says.
    """

    id: int
    transport: Transport
    host: str = ""
    port: int = 0
    path: str = ""
    is_stream: bool = True
    user: str = ""

    @property
    def is_elsewhere(self) -> bool:
        """Whether it is at the other end of a socket, and not at the server's own screen."""
        return self.transport is not Transport.CONSOLE

    @property
    def address(self) -> str:
        """``127.0.0.1:3500``, ``[::1]:3500``, or the path of a Unix socket."""
        if not self.transport.is_internet:
            return self.path or f"#{self.id}"
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"
