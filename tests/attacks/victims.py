"""A server under attack: whom it still serves, what it still holds, what it still knows.

After every attack the same is asked of it: a new honest peer is served, memory is back within
a stated bound, and nothing acknowledged is lost. The server is the real command, in a process
of its own; whoever attacks is a plain socket in this one.
"""

import contextlib
import itertools
import resource
import socket
import sys
import time
from collections.abc import Callable, Iterator, Sequence

import psutil
from tests.cli.programs import Server, serving
from tests.cli.silent_places import reset

PATIENCE_S = 30.0
"""Far more than anything here takes; the promise is a second, and a busy machine is no liar."""

MIB = 1024 * 1024
SPARE_DESCRIPTORS = 200
"""What a test and a server need beside the sockets of an attack."""


CROWD = 1_000
"""Connections that come from one address."""

_CROWDS = itertools.count()


class Victim:
    """A running server, and what it took when it began.

    Args:
        server: which one.
    """

    def __init__(self, server: Server) -> None:
        self.server = server
        self._process = psutil.Process(server.process.pid)
        self.memory_before_bytes = self.memory_bytes

    @property
    def memory_bytes(self) -> int:
        """What it holds of the machine's memory now."""
        held: int = self._process.memory_info().rss
        return held

    @property
    def descriptors(self) -> int:
        """How many it has open."""
        count: int = self._process.num_fds()
        return count

    def dial(self, *, number: int = 0) -> socket.socket:
        """Connect to its endpoint of that number, over whatever stream that is."""
        scheme, _, where = self.server.endpoints[number].partition("://")
        if scheme == "unix":
            sock = socket.socket(socket.AF_UNIX)
            sock.settimeout(PATIENCE_S)
            sock.connect(where)
            return sock
        port = int(where.rpartition(":")[2])
        return socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S)

    def crowd(self, count: int) -> list[socket.socket]:
        """Connect so many times to its first endpoint, from several addresses.

        One address has no more ports than it has; those that linger make each new one slow.
        """
        where = ("127.0.0.1", self.server.port)
        here = [
            (f"127.{next(_CROWDS) % 250 + 1}.0.1", 0) if sys.platform == "linux" else None
            for _ in range(-(-count // CROWD))
        ]
        return [
            socket.create_connection(where, PATIENCE_S, source_address=here[number // CROWD])
            for number in range(count)
        ]

    def until(self, is_so: Callable[[], bool], what: str) -> None:
        """Wait until something is so."""
        end = time.monotonic() + PATIENCE_S
        while not is_so():
            assert self.server.process.poll() is None, self.server.err.text
            assert time.monotonic() < end, f"not within {PATIENCE_S:g} s: {what}"
            time.sleep(0.02)

    def assert_gives_back(self, spare_bytes: int) -> None:
        """Fail unless it holds no more than at the beginning and ``spare_bytes``."""
        most = self.memory_before_bytes + spare_bytes
        told = f"memory back below {most >> 20} MiB, from {self.memory_bytes >> 20} MiB"
        self.until(lambda: self.memory_bytes <= most, told)

    def assert_echoes(self, *, number: int = 0) -> None:
        """Fail unless a new honest peer is served."""
        with self.dial(number=number) as sock:
            sock.sendall(b"anyone there?")
            assert read(sock, 13) == b"anyone there?"


@contextlib.contextmanager
def attacked(
    *words: str, before: Sequence[str] = (), env: dict[str, str] | None = None
) -> Iterator[Victim]:
    """Run a server while the block lasts; it must end well after it."""
    with serving(*words, before=before, env=env) as server:
        victim = Victim(server)
        yield victim
        assert server.process.poll() is None, server.err.text
        assert server.stop() == 0


@contextlib.contextmanager
def descriptors_for(wanted: int) -> Iterator[int]:
    """Raise what this process, and those it starts, may open; yield how many sockets that makes.

    Where the hard limit is lower there are fewer, and never so few that nothing is shown.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    may = wanted + SPARE_DESCRIPTORS
    raised = may if hard == resource.RLIM_INFINITY else min(may, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, raised), hard))
    count = min(wanted, raised - SPARE_DESCRIPTORS)
    assert count >= wanted // 20, f"too few descriptors for an attack: ulimit -Hn is {hard}"
    if count < wanted:
        print(f"only {count} connections instead of {wanted}: ulimit -Hn is {hard}")
    try:
        yield count
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def read(sock: socket.socket, size_bytes: int) -> bytes:
    """Read so many bytes, or fewer if there is an end before."""
    data = bytearray()
    while len(data) < size_bytes and (piece := sock.recv(size_bytes - len(data))):
        data += piece
    return bytes(data)


def read_until(sock: socket.socket, wanted: bytes) -> bytes:
    """Read until something has come; return all that came."""
    data = bytearray()
    while wanted not in data:
        piece = sock.recv(65536)
        assert piece, f"it ended without {wanted!r}: {bytes(data[-500:])!r}"
        data += piece
    return bytes(data)


def push(sock: socket.socket, data: bytes) -> None:
    """Send as much of ``data`` as is taken, by somebody who may be let go at any moment."""
    with contextlib.suppress(ConnectionError, TimeoutError):
        sock.sendall(data)


def leave(socks: Sequence[socket.socket], *, rudely: bool = False) -> None:
    """Close all of them, or reset them."""
    for sock in socks:
        reset(sock) if rudely else sock.close()
