"""Who keeps a port or a path from being listened on."""

import contextlib
from collections.abc import Iterable, Sequence
from ipaddress import ip_address
from pathlib import Path

import psutil
from msgspec import Struct

from enchufe.core.endpoint import EVERYWHERE
from enchufe.core.peer import Transport
from enchufe.core.text import safe_text
from enchufe.machine.owners import (
    Held,
    Ownership,
    Program,
    held_sockets,
    parsed,
    program_of,
    user_of,
)
from enchufe.machine.socket_diag import KernelSocket

LISTEN = "LISTEN"
_LOOPBACK = ("127.0.0.1", "::1")
_EVERY_INTERFACE = ("0.0.0.0", "::")
_HOLDING = (Ownership.PROGRAM, Ownership.HIDDEN)


class Holder(Struct, frozen=True):
    """Who holds a port or a path.

    Args:
        pid: the process, or None if this user may not see it.
        program: its name, of an interpreter with its script; None as for `pid`.
        uid: number of the user whose program it is, or None.
        user: name of that user, or None.
    """

    pid: int | None
    program: str | None
    uid: int | None
    user: str | None

    def __str__(self) -> str:
        """``python3 server.py (pid 4711)``, or ``uid 0 (root)``: the same in every language."""
        if self.pid is None:
            return f"uid {'?' if self.uid is None else self.uid} ({safe_text(self.user or '?')})"
        return f"{safe_text(self.program or '?')} (pid {self.pid})"


def holder(transport: Transport, host: str = "", port: int = 0, path: str = "") -> Holder | None:
    """Return who keeps ``host`` and ``port``, or ``path``, from being listened on.

    Args:
        transport: how one wants to listen.
        host: a numeric address, ``::`` meaning IPv6 only; ``*`` for every interface of
            both families; "" or ``localhost`` for loopback of both.
        port: 1 to 65535.
        path: the path of a Unix socket.

    Returns:
        None if nobody does, or nobody can be found. Where several do, one that listens
        comes before one that only talks, then one with just this address before others.

    Raises:
        ValueError: ``host`` is a name.
    """
    everyone = [held for held in held_sockets([transport]) if held.ownership in _HOLDING]
    if not transport.is_internet:
        wanted = Path(path).resolve()
        holding = [held for held in everyone if wanted in _paths(held)]
    else:
        hosts = _numeric(host)
        holding = [held for held in everyone if _blocks(held.socket, hosts, port)]
        holding.sort(
            key=lambda held: (
                held.socket.state not in (LISTEN, ""),
                held.socket.local_host not in hosts,
            )
        )
    return _as_holder(holding[0]) if holding else None


def _numeric(host: str) -> Sequence[str]:
    """Return the addresses that ``host`` asks for."""
    if host in ("", "localhost"):
        return _LOOPBACK
    return _EVERY_INTERFACE if host == EVERYWHERE else (str(parsed(host)),)


def _blocks(found: KernelSocket, hosts: Iterable[str], port: int) -> bool:
    return found.local_port == port and any(_overlap(found.local_host, host) for host in hosts)


def _overlap(held: str, wanted: str) -> bool:
    """Whether two addresses cannot be listened on with one port (ip(7), ipv6(7))."""
    if held == EVERYWHERE:
        return True
    one, other = ip_address(held), ip_address(wanted)
    if one.version != other.version:
        return False
    return one == other or one.is_unspecified or other.is_unspecified


def _paths(held: Held) -> list[Path]:
    """Return what a bound path may mean: a relative one starts where its program works."""
    path = held.socket.path
    if not path or path.startswith("@"):
        return []
    if Path(path).is_absolute():
        return [Path(path).resolve()]
    folders = []
    for pid in held.pids:
        with contextlib.suppress(psutil.Error):
            folders.append(psutil.Process(pid).cwd())
    return [(Path(folder) / path).resolve() for folder in folders]


def _as_holder(held: Held) -> Holder:
    pid = held.pids[0] if held.pids else None
    program = program_of(pid) if pid is not None else Program()
    return Holder(pid, program.shown, held.socket.uid, user_of(held.socket.uid) or program.user)
