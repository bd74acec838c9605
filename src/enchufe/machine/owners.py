"""Who has each socket of the machine open.

On Linux the kernel is asked for the sockets (`enchufe.machine.socket_diag`) and proc(5) for
the processes; where that is not possible, psutil gives the same list without queues,
drops and owners' ids.
"""

import contextlib
import functools
import socket
from collections.abc import Iterable, Iterator
from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path

import psutil
from msgspec import Struct

from enchufe.core.endpoint import EVERYWHERE
from enchufe.core.peer import Transport
from enchufe.machine import socket_diag
from enchufe.machine.socket_diag import KernelSocket

TIME_WAIT = "TIME_WAIT"
_NOBODYS_YET = ("ESTABLISHED", "CLOSE_WAIT", "SYN_RECV")
"""The states of a connection the kernel has made and no program has accepted; one that
its program has closed is in none of them (RFC 9293, 3.3.2)."""


class Ownership(StrEnum):
    """Who has a socket open."""

    PROGRAM = "program"  # the program that is named
    HIDDEN = "hidden"  # one that this user may not see
    NOT_ACCEPTED = "not accepted"  # nobody yet: it waits in a listener's accept queue
    ORPHAN = "orphan"  # nobody any more: its program closed it, the kernel ends it


_SCRIPT_SUFFIXES = frozenset({".py", ".pyw", ".pl", ".rb", ".js", ".mjs", ".sh", ".jar"})


class Program(Struct, frozen=True):
    """What can be known of a process."""

    name: str | None = None
    command_line: tuple[str, ...] | None = None
    user: str | None = None

    @property
    def shown(self) -> str | None:
        """Its name, and of an interpreter also the script: ``python3 server.py``."""
        words = (self.command_line or ())[1:]
        scripts = [Path(word).name for word in words if Path(word).suffix in _SCRIPT_SUFFIXES]
        return f"{self.name} {scripts[0]}" if self.name and scripts else self.name


class Held(Struct, frozen=True):
    """A socket and the processes that have it open."""

    socket: KernelSocket
    pids: tuple[int, ...]
    ownership: Ownership


def held_sockets(transports: Iterable[Transport]) -> list[Held]:
    """Return the sockets of each transport, from the best source there is."""
    told: list[KernelSocket] = []
    listed: list[Held] = []
    for transport in dict.fromkeys(transport.carrier for transport in transports):
        try:
            told += socket_diag.dump(transport)
        except OSError:
            listed += _listed_by_psutil(transport)
    owners = _owners() if told else {}
    return listed + [_held_by(found, tuple(owners.get(found.inode, ()))) for found in told]


def _held_by(found: KernelSocket, pids: tuple[int, ...]) -> Held:
    if pids:
        return Held(found, pids, Ownership.PROGRAM)
    if found.inode:
        return Held(found, pids, Ownership.HIDDEN)
    waits = found.state in _NOBODYS_YET
    return Held(found, pids, Ownership.NOT_ACCEPTED if waits else Ownership.ORPHAN)


def _owners() -> dict[int, list[int]]:
    """Return which processes have each socket open, by its inode (proc(5), ``/proc/PID/fd``)."""
    owners: dict[int, list[int]] = {}
    for pid in psutil.pids():
        for inode in _socket_inodes(pid):
            owners.setdefault(inode, []).append(pid)
    return owners


def _socket_inodes(pid: int) -> set[int]:
    """Return the inodes of the sockets a process has open, as far as it may be looked into."""
    inodes = set()
    with contextlib.suppress(OSError):  # it ended, or belongs to another user
        for link in Path(f"/proc/{pid}/fd").iterdir():
            with contextlib.suppress(OSError):  # it was closed meanwhile
                kind, _colon, inode = str(link.readlink()).partition(":[")
                if kind == "socket":
                    inodes.add(int(inode.rstrip("]")))
    return inodes


def _listed_by_psutil(transport: Transport) -> list[Held]:
    """Return what psutil lists: no queues, drops or inodes, and names only where rights allow."""
    kind = socket.SOCK_STREAM if transport.is_stream else socket.SOCK_DGRAM
    family = transport.value if transport.is_internet else "unix"
    return [
        _held_as_listed(transport, local, remote, state, pid)
        for found, local, remote, state, pid in _psutil_rows(family)
        if found == kind
    ]


def _psutil_rows(family: str) -> Iterator[tuple[int, object, object, str, int | None]]:
    """Yield kind, both addresses, state and process of each socket psutil may see."""
    try:
        for row in psutil.net_connections(family):
            yield row.type, row.laddr, row.raddr, row.status, row.pid
    except psutil.AccessDenied:  # macOS tells only root all at once, the others one by one
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                for own in process.net_connections(family):
                    yield own.type, own.laddr, own.raddr, own.status, process.pid


def _held_as_listed(
    transport: Transport, local: object, remote: object, state: str, pid: int | None
) -> Held:
    local_host, local_port, path = _end(local)
    remote_host, remote_port, remote_path = _end(remote)
    if state == psutil.CONN_NONE:
        state = "ESTABLISHED" if remote_host or remote_path else ""
    found = KernelSocket(
        transport,
        state=state,
        local_host=EVERYWHERE if local_host == "::" else local_host,
        local_port=local_port,
        remote_host=remote_host,
        remote_port=remote_port,
        path=path,
        remote_path=remote_path,
    )
    if pid is not None:
        return Held(found, (pid,), Ownership.PROGRAM)
    is_over = state == TIME_WAIT
    return Held(found, (), Ownership.ORPHAN if is_over else Ownership.HIDDEN)


def _end(address: object) -> tuple[str, int, str]:
    """Return host, port and path of an address as psutil gives it: a pair, a path or nothing."""
    match address:
        case str(path):
            return "", 0, path
        case (str(host), int(port)):
            return str(parsed(host)), port, ""
        case _:
            return "", 0, ""


def program_of(pid: int) -> Program:
    """Return what this user may know of a process; nothing, if it has ended."""
    with contextlib.suppress(psutil.Error):
        process = psutil.Process(pid)
        with process.oneshot():
            name = readable(process.name())
            return Program(name, _command_line(process), process.username())
    return Program()


def _command_line(process: psutil.Process) -> tuple[str, ...] | None:
    try:
        return tuple(readable(word) for word in process.cmdline())
    except psutil.Error:  # macOS does not show other users'
        return None


@functools.cache
def user_of(uid: int | None) -> str | None:
    """Return the name of a user, or the number where it has none (as in a container)."""
    if uid is None:
        return None
    import pwd  # only where users have numbers: not on Windows

    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def parsed(host: str) -> IPv4Address | IPv6Address:
    """Return the address, IPv4 where it is one mapped into IPv6 (RFC 4291, 2.5.5.2)."""
    address = ip_address(host)
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def readable(text: str) -> str:
    """Return ``text`` with bytes that are not UTF-8 as ``\\xff``, so that JSON can carry it."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
