"""Names into numbers: the socket addresses behind an endpoint, and back."""

import asyncio
import os
import socket
import sys
from typing import Any

from msgspec import Struct

from enchufe.core.endpoint import EVERYWHERE, Endpoint
from enchufe.core.errors import N_, NameNotFoundError, UnreachableError
from enchufe.core.peer import Peer, Transport

RESOLVE_S_MAX = 10.0
"""Longer than a resolver's own three tries usually take; then the name counts as not found."""

PATH_BYTES_MAX = 107 if sys.platform == "linux" else 103
"""What ``sun_path`` holds beside the zero byte at its end (unix(7))."""


class SocketAddress(Struct, frozen=True):
    """What `socket.bind` and `socket.connect` want.

    Args:
        family: ``AF_INET``, ``AF_INET6`` or ``AF_UNIX``.
        kind: ``SOCK_STREAM`` or ``SOCK_DGRAM``.
        value: the address in the family's own form.
    """

    family: int
    kind: int
    value: Any

    @property
    def shown(self) -> str:
        """``127.0.0.1:3500``, ``[::1]:3500`` or a path."""
        if self.family == socket.AF_UNIX:
            return str(self.value)
        host, port = self.value[:2]
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


async def resolve(endpoint: Endpoint, *, family: int = 0, listening: bool) -> list[SocketAddress]:
    """Return every address ``endpoint`` stands for, the ones to try first first.

    Loopback comes IPv4 first: course programs listen there and rarely on ``::1``.

    Args:
        endpoint: where to listen or connect.
        family: ``AF_INET`` or ``AF_INET6`` to use only that one; 0 for both.
        listening: whether the addresses are to be bound.

    Raises:
        NameNotFoundError: the name does not resolve (in that family).
        UnreachableError: the path is longer than a socket's may be.
    """
    kind = socket.SOCK_STREAM if endpoint.transport.is_stream else socket.SOCK_DGRAM
    if not endpoint.transport.is_internet:
        return [SocketAddress(socket.AF_UNIX, kind, _path_that_fits(endpoint.path))]
    numeric = _numeric_hosts(endpoint.host, listening)
    if numeric is not None:
        wanted = [(f, host) for f, host in numeric if family in (0, f) and _available(f)]
        return [SocketAddress(f, kind, (host, endpoint.port)) for f, host in wanted]
    return await _look_up(endpoint, kind, family)


def _path_that_fits(path: str) -> str:
    size_bytes = len(os.fsencode(path))
    if size_bytes > PATH_BYTES_MAX:
        raise UnreachableError(
            N_("the path has {size} bytes, and a Unix socket has room for {size_max}: {path}"),
            hint=N_("Choose a shorter path; ./chat.sock begins in the folder you are in"),
            size=size_bytes,
            size_max=PATH_BYTES_MAX,
            path=path,
        )
    return path


def _numeric_hosts(host: str, listening: bool) -> list[tuple[int, str]] | None:
    if host in ("", "localhost") or (host == EVERYWHERE and not listening):
        return [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")]
    if host == EVERYWHERE:
        return [(socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")]
    return None


def _available(family: int) -> bool:
    """Whether this machine speaks the family at all (containers may lack IPv6)."""
    host = "::1" if family == socket.AF_INET6 else "127.0.0.1"
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind((host, 0))
    except OSError:
        return False
    return True


async def _look_up(endpoint: Endpoint, kind: int, family: int) -> list[SocketAddress]:
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(RESOLVE_S_MAX):
            found = await loop.getaddrinfo(endpoint.host, endpoint.port, family=family, type=kind)
    except (socket.gaierror, UnicodeError):
        raise NameNotFoundError(
            N_("the name “{host}” is not known here"),
            hint=N_("Check its spelling, or use an address such as 127.0.0.1"),
            host=endpoint.host,
        ) from None
    except TimeoutError:
        raise NameNotFoundError(
            N_("nobody answered within {seconds:.0f} s what “{host}” is"),
            hint=N_("Check the network, or use an address such as 127.0.0.1"),
            host=endpoint.host,
            seconds=RESOLVE_S_MAX,
        ) from None
    addresses = [SocketAddress(entry[0], kind, entry[4]) for entry in found]
    return list(dict.fromkeys(addresses))


def peer_at(number: int, transport: Transport, value: Any) -> Peer:
    """Return the peer with that id whose socket address is ``value``.

    IPv4 addresses mapped into IPv6 are shown as the IPv4 they are.
    """
    if not transport.is_internet:
        path = _path(value)
        return Peer(number, transport, path=path, is_stream=transport.is_stream)
    host, port = value[:2]
    host = host.removeprefix("::ffff:") if "." in host else host
    return Peer(number, transport, host, port, is_stream=transport.is_stream)


def _path(value: Any) -> str:
    path = value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else value or ""
    return f"@{path[1:]}" if path.startswith("\0") else path
