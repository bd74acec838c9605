"""What passes between us and a peer, as the sockets see it: for recordings.

A service is told messages; how they were cut into reads, and what left as which bytes,
only a driver knows. These facts stand beside events and commands, never instead of them.
"""

from typing import TypeAlias

from msgspec import Struct

from enchufe.core.peer import Peer


class PeerMet(Struct, frozen=True, tag=True):
    """A peer reached us, or we it, at this address of ours.

    Args:
        at_ns: when.
        peer: who.
        host: our numeric address, or "" for a Unix socket.
        port: our port; 0 for a Unix socket.
        path: the path our Unix socket is bound to, or "".
    """

    at_ns: int
    peer: Peer
    host: str = ""
    port: int = 0
    path: str = ""


class BytesReceived(Struct, frozen=True, tag=True):
    """What one read brought: some of a stream, or a datagram."""

    at_ns: int
    peer: Peer
    data: bytes


class BytesSent(Struct, frozen=True, tag=True):
    """What was queued for a peer at once: some of a stream, or a datagram."""

    at_ns: int
    peer: Peer
    data: bytes


class EndQueued(Struct, frozen=True, tag=True):
    """Nothing more is said to a peer after what is queued: a half-close, or the end."""

    at_ns: int
    peer: Peer


Traffic: TypeAlias = PeerMet | BytesReceived | BytesSent | EndQueued
