"""The machine's sockets and the programs that hold them.

On Linux the kernel itself is asked (`enchufe.net.socket_diag`); where that is not
possible, psutil gives the same list without queues, drops and owners' ids. Sequential-packet
Unix sockets, raw sockets and the like are left out: enchufe does not speak them.
"""

import contextlib
import functools
import os
import socket
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path

import psutil
from msgspec import Struct

from enchufe.core.endpoint import EVERYWHERE
from enchufe.core.peer import Transport
from enchufe.core.text import safe_text
from enchufe.net import socket_diag
from enchufe.net.socket_diag import KernelSocket

LISTEN = "LISTEN"
TIME_WAIT = "TIME_WAIT"
_LOOPBACK = ("127.0.0.1", "::1")
_EVERY_INTERFACE = ("0.0.0.0", "::")
_NOBODYS_YET = ("ESTABLISHED", "CLOSE_WAIT", "SYN_RECV")
"""The states of a connection the kernel has made and no program has accepted; one that
its program has closed is in none of them (RFC 9293, 3.3.2)."""


class Ownership(StrEnum):
    """Who has a socket open."""

    PROGRAM = "program"  # the program that is named
    HIDDEN = "hidden"  # one that this user may not see
    NOT_ACCEPTED = "not accepted"  # nobody yet: it waits in a listener's accept queue
    ORPHAN = "orphan"  # nobody any more: its program closed it, the kernel ends it


class SocketEntry(Struct, frozen=True, tag=True):
    """One socket of this machine; None stands for what the system does not say.

    Args:
        transport: how it talks.
        local: ``127.0.0.1:3500``, ``[::1]:3500``, ``*:3500`` (every interface, both
            families), a path, ``@name`` for an abstract name, or "".
        remote: the same of the other end, or "".
        state: the kernel's word (LISTEN, ESTABLISHED, …); "" for a datagram socket
            that is not connected.
        local_port: 0 for a Unix socket.
        remote_port: 0 where there is none.
        ownership: who has it open.
        pid: the process that has it open.
        program: that process's name.
        command_line: that process's arguments, the program itself first.
        sharing_pids: other processes with the same socket open (inherited, or passed on).
        uid: number of the user whose program made it.
        user: name of that user.
        receive_queue_bytes: bytes the program has not read yet. TCP counts the end of the
            stream as one; UDP counts memory, so the kernel's overhead too.
        send_queue_bytes: bytes not sent, or not acknowledged, yet.
        accept_queue: connections that wait for a listener to accept them.
        accept_queue_max: the backlog the listener asked for (listen(2)); Linux lets one more in.
        drops: datagrams thrown away because the receive queue was full; of a listener,
            connection attempts turned away because the accept queue was.
    """

    transport: Transport
    local: str
    remote: str = ""
    state: str = ""
    local_port: int = 0
    remote_port: int = 0
    ownership: Ownership = Ownership.HIDDEN
    pid: int | None = None
    program: str | None = None
    command_line: tuple[str, ...] | None = None
    sharing_pids: tuple[int, ...] = ()
    uid: int | None = None
    user: str | None = None
    receive_queue_bytes: int | None = None
    send_queue_bytes: int | None = None
    accept_queue: int | None = None
    accept_queue_max: int | None = None
    drops: int | None = None

    @property
    def listens(self) -> bool:
        """Whether anybody may begin to talk to it."""
        return self.state == LISTEN or bool(self.local and not self.remote and not self.state)


class SocketSelection(Struct, frozen=True):
    """Which sockets are wanted.

    Args:
        transports: only these.
        listening_only: only those that anybody may begin to talk to.
        everything: also Unix sockets that have no path or do not listen, and connections
            of which only the waiting time is left (TIME_WAIT).
        ports: only those with one of these ports at either end, TIME_WAIT included,
            because it may be why a port cannot be had; empty means all.
        program: only programs with this in their name or command line.
        pid: only this process.
    """

    transports: frozenset[Transport] = frozenset(Transport)
    listening_only: bool = False
    everything: bool = False
    ports: frozenset[int] = frozenset()
    program: str = ""
    pid: int | None = None

    def takes(self, entry: SocketEntry) -> bool:
        """Whether ``entry`` is wanted."""
        return (
            entry.transport in self.transports
            and (entry.listens or not self.listening_only)
            and (self.everything or self._is_of_interest(entry))
            and (not self.ports or not self.ports.isdisjoint((entry.local_port, entry.remote_port)))
            and (self.pid is None or self.pid in (entry.pid, *entry.sharing_pids))
            and self._takes_program(entry)
        )

    def _is_of_interest(self, entry: SocketEntry) -> bool:
        if entry.transport.is_internet:
            return entry.state != TIME_WAIT or bool(self.ports)
        return entry.listens and not entry.local.startswith("@")

    def _takes_program(self, entry: SocketEntry) -> bool:
        words = (entry.program or "", *(entry.command_line or ()))
        return self.program.lower() in " ".join(words).lower()


class Holder(Struct, frozen=True):
    """Who holds a port or a path.

    Args:
        pid: the process, or None if this user may not see it.
        program: its name, or None.
        uid: number of the user whose program it is, or None.
        user: name of that user, or None.
    """

    pid: int | None
    program: str | None
    uid: int | None
    user: str | None

    def __str__(self) -> str:
        """``python3 (pid 4711)``, or ``uid 0 (root)``: the same in every language."""
        if self.pid is None:
            return f"uid {'?' if self.uid is None else self.uid} ({safe_text(self.user or '?')})"
        return f"{safe_text(self.program or '?')} (pid {self.pid})"


class _Program(Struct, frozen=True):
    """What can be known of a process."""

    name: str | None = None
    command_line: tuple[str, ...] | None = None
    user: str | None = None


class _Held(Struct, frozen=True):
    """A socket and the processes that have it open."""

    socket: KernelSocket
    pids: tuple[int, ...]
    ownership: Ownership


_DEFAULT = SocketSelection()
_HOLDING = (Ownership.PROGRAM, Ownership.HIDDEN)


def list_sockets(selection: SocketSelection = _DEFAULT) -> list[SocketEntry]:
    """Return the sockets of this machine (of this network namespace), listeners first.

    Args:
        selection: which ones; by default those that listen or talk.

    Source: sock_diag(7) and proc(5) on Linux, psutil elsewhere.
    """
    program_of = functools.cache(_program)
    held = _held([transport for transport in Transport if transport in selection.transports])
    entries = [_entry(each, program_of(each.pids[0]) if each.pids else _Program()) for each in held]
    return sorted(filter(selection.takes, entries), key=_order)


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
    everyone = [held for held in _held([transport]) if held.ownership in _HOLDING]
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


def is_root() -> bool:
    """Whether this process may look into everybody's programs."""
    return psutil.POSIX and os.geteuid() == 0


def hides_other_users() -> bool:
    """Whether other users' sockets are missing from the list altogether.

    macOS shows them to root only; Linux shows every socket, and hides its program.
    """
    return psutil.MACOS and not is_root()


def _entry(held: _Held, program: _Program) -> SocketEntry:
    found = held.socket
    is_listener = found.state == LISTEN
    return SocketEntry(
        transport=found.transport,
        local=_readable(found.path) or _address(found.local_host, found.local_port),
        remote=_readable(found.remote_path) or _address(found.remote_host, found.remote_port),
        state=found.state,
        local_port=found.local_port,
        remote_port=found.remote_port,
        ownership=held.ownership,
        pid=held.pids[0] if held.pids else None,
        program=program.name,
        command_line=program.command_line,
        sharing_pids=held.pids[1:],
        uid=found.uid,
        user=_user(found.uid) or program.user,
        receive_queue_bytes=None if is_listener else found.receive_queue,
        send_queue_bytes=None if is_listener else found.send_queue,
        accept_queue=found.receive_queue if is_listener else None,
        accept_queue_max=found.send_queue if is_listener else None,
        drops=found.drops if _counts_drops(found) else None,
    )


def _counts_drops(found: KernelSocket) -> bool:
    """Whether a drop was a loss; a connection only has segments dropped that are sent again."""
    return found.state == LISTEN or not found.transport.is_stream


def _order(entry: SocketEntry) -> tuple[bool, int, int, str, str]:
    transports = list(Transport)
    rank = transports.index(entry.transport)
    return (not entry.listens, rank, entry.local_port, entry.local, entry.remote)


def _address(host: str, port: int) -> str:
    if not host:
        return ""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _readable(text: str) -> str:
    """Return ``text`` with bytes that are not UTF-8 as ``\\xff``, so that JSON can carry it."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _held(transports: Iterable[Transport]) -> list[_Held]:
    """Return the sockets of each transport, from the best source there is."""
    told: list[KernelSocket] = []
    listed: list[_Held] = []
    for transport in transports:
        try:
            told += socket_diag.dump(transport)
        except OSError:
            listed += _listed_by_psutil(transport)
    owners = _owners() if told else {}
    return listed + [_held_by(found, tuple(owners.get(found.inode, ()))) for found in told]


def _held_by(found: KernelSocket, pids: tuple[int, ...]) -> _Held:
    if pids:
        return _Held(found, pids, Ownership.PROGRAM)
    if found.inode:
        return _Held(found, pids, Ownership.HIDDEN)
    waits = found.state in _NOBODYS_YET
    return _Held(found, pids, Ownership.NOT_ACCEPTED if waits else Ownership.ORPHAN)


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


def _listed_by_psutil(transport: Transport) -> list[_Held]:
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
) -> _Held:
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
        return _Held(found, (pid,), Ownership.PROGRAM)
    is_over = state == TIME_WAIT
    return _Held(found, (), Ownership.ORPHAN if is_over else Ownership.HIDDEN)


def _end(address: object) -> tuple[str, int, str]:
    """Return host, port and path of an address as psutil gives it: a pair, a path or nothing."""
    match address:
        case str(path):
            return "", 0, path
        case (str(host), int(port)):
            return str(_parsed(host)), port, ""
        case _:
            return "", 0, ""


def _program(pid: int) -> _Program:
    with contextlib.suppress(psutil.Error):
        process = psutil.Process(pid)
        with process.oneshot():
            name = _readable(process.name())
            return _Program(name, _command_line(process), process.username())
    return _Program()


def _command_line(process: psutil.Process) -> tuple[str, ...] | None:
    try:
        return tuple(_readable(word) for word in process.cmdline())
    except psutil.Error:  # macOS does not show other users'
        return None


@functools.cache
def _user(uid: int | None) -> str | None:
    """Return the name of a user, or the number where it has none (as in a container)."""
    if uid is None:
        return None
    import pwd  # only where users have numbers: not on Windows

    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _numeric(host: str) -> Sequence[str]:
    """Return the addresses that ``host`` asks for."""
    if host in ("", "localhost"):
        return _LOOPBACK
    return _EVERY_INTERFACE if host == EVERYWHERE else (str(_parsed(host)),)


def _parsed(host: str) -> IPv4Address | IPv6Address:
    """Return the address, IPv4 where it is one mapped into IPv6 (RFC 4291, 2.5.5.2)."""
    address = ip_address(host)
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


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


def _paths(held: _Held) -> list[Path]:
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


def _as_holder(held: _Held) -> Holder:
    pid = held.pids[0] if held.pids else None
    program = _program(pid) if pid is not None else _Program()
    return Holder(pid, program.name, held.socket.uid, _user(held.socket.uid) or program.user)
