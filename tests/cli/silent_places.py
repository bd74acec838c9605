"""Places where nobody answers: ports nobody has, servers that say nothing or break off."""

import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Iterator


@contextlib.contextmanager
def silent_datagrams() -> Iterator[socket.socket]:
    """Give a UDP server that never answers."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        sock.settimeout(5)
        yield sock


@contextlib.contextmanager
def full_backlog() -> Iterator[int]:
    """Give the port of a listener whose accept queue is full: the system drops who knocks."""
    with socket.socket() as listener, contextlib.ExitStack() as waiting:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(8):
            sock = waiting.enter_context(socket.socket())
            sock.setblocking(False)
            sock.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


@contextlib.contextmanager
def one_conversation(talk: Callable[[socket.socket], object]) -> Iterator[int]:
    """Give the port of a TCP server that does ``talk`` with its first peer, then ends."""

    def accept() -> None:
        with contextlib.suppress(OSError):
            sock, _address = listener.accept()
            with sock:
                sock.settimeout(10)
                talk(sock)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(10)
        server = threading.Thread(target=accept)
        server.start()
        yield listener.getsockname()[1]
        server.join(10)


def reset(sock: socket.socket) -> None:
    """Close so that the other side gets a reset (SO_LINGER with no time, socket(7))."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()
