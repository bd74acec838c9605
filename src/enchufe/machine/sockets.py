"""The machine's sockets and the programs that hold them, as `enchufe ps` lists them.

Sequential-packet Unix sockets, raw sockets and the like are left out: enchufe does not
speak them.
"""

import functools
import os

import psutil
from msgspec import Struct

from enchufe.core.peer import Transport
from enchufe.machine.owners import (
    TIME_WAIT,
    Held,
    Ownership,
    Program,
    held_sockets,
    program_of,
    readable,
    user_of,
)
from enchufe.machine.socket_diag import KernelSocket

LISTEN = "LISTEN"


OF_SOCKETS = (Transport.TCP, Transport.UDP, Transport.UNIX, Transport.UNIXGRAM)
"""The transports the system itself knows; TLS is TCP to it."""


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

    transports: frozenset[Transport] = frozenset(OF_SOCKETS)
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


_DEFAULT = SocketSelection()


def list_sockets(selection: SocketSelection = _DEFAULT) -> list[SocketEntry]:
    """Return the sockets of this machine (of this network namespace), listeners first.

    Args:
        selection: which ones; by default those that listen or talk.

    Source: sock_diag(7) and proc(5) on Linux, psutil elsewhere.
    """
    known = functools.cache(program_of)
    held = held_sockets(
        [transport for transport in OF_SOCKETS if transport in selection.transports]
    )
    entries = [_entry(each, known(each.pids[0]) if each.pids else Program()) for each in held]
    return sorted(filter(selection.takes, entries), key=_order)


def is_root() -> bool:
    """Whether this process may look into everybody's programs."""
    return psutil.POSIX and os.geteuid() == 0


def hides_other_users() -> bool:
    """Whether other users' sockets are missing from the list altogether.

    macOS shows them to root only; Linux shows every socket, and hides its program.
    """
    return psutil.MACOS and not is_root()


def _entry(held: Held, program: Program) -> SocketEntry:
    found = held.socket
    is_listener = found.state == LISTEN
    return SocketEntry(
        transport=found.transport,
        local=readable(found.path) or _address(found.local_host, found.local_port),
        remote=readable(found.remote_path) or _address(found.remote_host, found.remote_port),
        state=found.state,
        local_port=found.local_port,
        remote_port=found.remote_port,
        ownership=held.ownership,
        pid=held.pids[0] if held.pids else None,
        program=program.name,
        command_line=program.command_line,
        sharing_pids=held.pids[1:],
        uid=found.uid,
        user=user_of(found.uid) or program.user,
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
    transports = list(OF_SOCKETS)
    rank = transports.index(entry.transport)
    return (not entry.listens, rank, entry.local_port, entry.local, entry.remote)


def _address(host: str, port: int) -> str:
    if not host:
        return ""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
