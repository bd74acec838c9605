"""Plain sockets that talk with a server of ours."""

import socket


def stream_to(port: int, host: str = "127.0.0.1") -> socket.socket:
    sock = socket.create_connection((host, port))
    sock.settimeout(5)
    return sock


def datagrams_to(port: int, host: str = "127.0.0.1") -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_DGRAM)
    sock.settimeout(5)
    sock.connect((host, port))
    return sock


def answer(sock: socket.socket, question: bytes) -> bytes:
    """Return what comes back for ``question``; nothing is ``b""``, for a stream its end."""
    sock.sendall(question)
    try:
        return sock.recv(65536)
    except TimeoutError:
        return b""


def is_ignored(sock: socket.socket, question: bytes = b"anyone there?") -> bool:
    sock.settimeout(0.3)
    return answer(sock, question) == b""
