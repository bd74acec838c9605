"""Servers that are wrong on purpose, to see that the load notices.

Usage: wrong_servers.py NAME PORT, on 127.0.0.1, until a signal.

A load that finds no fault in these proves nothing about the others. Each of them
is right at first, so that the fault comes in the middle, as faults do.
"""

import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator

HOST = "127.0.0.1"
READ_SIZE_BYTES = 65536
RIGHT_ANSWERS = 50
LIFE_SECONDS_MAX = 60

Wrong = Callable[[bytes, bytes], list[bytes]]
"""From what has come, and what came before it, to what is sent instead of an answer."""


def flip_a_bit(data: bytes, _before: bytes) -> list[bytes]:
    """Change the last byte by one bit."""
    return [data[:-1] + bytes([data[-1] ^ 1])]


def cut_a_byte(data: bytes, _before: bytes) -> list[bytes]:
    """Keep the last byte back."""
    return [data[:-1]]


def add_a_byte(data: bytes, _before: bytes) -> list[bytes]:
    """Send one byte more than has come."""
    return [data + b"!"]


def repeat(data: bytes, _before: bytes) -> list[bytes]:
    """Answer twice."""
    return [data, data]


def merge(data: bytes, before: bytes) -> list[bytes]:
    """Answer two messages in one."""
    return [before + data]


def answer_the_last(_data: bytes, before: bytes) -> list[bytes]:
    """Send what came before instead of what has come."""
    return [before]


def say_nothing(_data: bytes, _before: bytes) -> list[bytes]:
    """Answer nothing."""
    return []


FAULTS: dict[str, Wrong] = {
    "flip-a-bit": flip_a_bit,
    "cut-a-byte": cut_a_byte,
    "add-a-byte": add_a_byte,
    "repeat": repeat,
    "merge": merge,
    "answer-the-last": answer_the_last,
    "say-nothing": say_nothing,
}


def answers(received: Iterator[bytes], wrong: Wrong, every: int) -> Iterator[list[bytes]]:
    """Answer `RIGHT_ANSWERS` times rightly, then wrongly every `every` times."""
    before = b""
    for number, data in enumerate(received):
        is_wrong = number >= RIGHT_ANSWERS and number % every == 0
        yield wrong(data, before) if is_wrong else [data]
        before = data


def serve_tcp(port: int, wrong: Wrong) -> None:
    """Serve every connection in a thread of its own."""
    with socket.create_server((HOST, port), backlog=128) as listener:
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=converse, args=(connection, wrong), daemon=True).start()


def converse(connection: socket.socket, wrong: Wrong) -> None:
    """Serve one connection until its peer ends it."""
    with connection:
        received = iter(lambda: connection.recv(READ_SIZE_BYTES), b"")
        for answer in answers(received, wrong, every=1):
            connection.sendall(b"".join(answer))


def close_in_the_middle(port: int) -> None:
    """Serve TCP rightly for a while, then close with half an answer."""
    with socket.create_server((HOST, port), backlog=128) as listener:
        while True:
            connection, _ = listener.accept()
            with connection:
                for _ in range(RIGHT_ANSWERS):
                    connection.sendall(connection.recv(READ_SIZE_BYTES))
                connection.sendall(connection.recv(READ_SIZE_BYTES)[:10])


def serve_udp(port: int, wrong: Wrong, every: int) -> None:
    """Serve datagrams from everybody, one after the other."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind((HOST, port))
        peer = ("", 0)

        def received() -> Iterator[bytes]:
            nonlocal peer
            while True:
                data, peer = server.recvfrom(READ_SIZE_BYTES)
                yield data

        for datagrams in answers(received(), wrong, every):
            for datagram in datagrams:
                server.sendto(datagram, peer)


def main(words: list[str]) -> int:
    """Run the server that the command line names; return the exit status."""
    signal.alarm(LIFE_SECONDS_MAX)
    protocol, _, fault = words[0].partition("-")
    port = int(words[1])
    if fault == "close-in-the-middle":
        close_in_the_middle(port)
    elif protocol == "tcp":
        serve_tcp(port, FAULTS[fault])
    elif fault == "drop-one-in-ten":
        serve_udp(port, say_nothing, every=10)
    else:
        serve_udp(port, FAULTS[fault], every=1)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
