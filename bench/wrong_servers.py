"""Servers that are wrong on purpose, to see that the load notices.

Usage: wrong_servers.py NAME PORT, on 127.0.0.1, until a signal.
       wrong_servers.py copy-FAULT SOURCE TARGET, which copies wrongly.

A load that finds no fault in these proves nothing about the others. Each of them
is right at first, so that the fault comes in the middle, as faults do.
"""

import itertools
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from struct import Struct
from typing import BinaryIO

HOST = "127.0.0.1"
READ_SIZE_BYTES = 65536
RIGHT_ANSWERS = 50
LIFE_SECONDS_MAX = 60
PREFACE = b"\0enchufe/1\n"
HEADER = Struct(">IBI")
JOINED, SAY, TAKEN = 33, 34, 35

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


HANG_UP = b"(closed)"


def hang_up(_data: bytes, _before: bytes) -> list[bytes]:
    """Close the connection instead of an answer."""
    return [HANG_UP]


class Swap:
    """Keep every other line until the next has been said."""

    def __init__(self) -> None:
        self._kept = b""

    def __call__(self, data: bytes, _before: bytes) -> list[bytes]:
        """Keep ``data``, or say it before the one that was kept."""
        kept, self._kept = self._kept, b"" if self._kept else data
        return [data, kept] if kept else []


ROOM_FAULTS: dict[str, Wrong] = {**FAULTS, "close-in-the-middle": hang_up, "swap": Swap()}


class WrongRoom:
    """A room that is right to all of its receivers but the newest."""

    def __init__(self, wrong: Wrong, every: int) -> None:
        self._wrong = wrong
        self._every = every
        self._members: list[socket.socket] = []

    def serve(self, port: int) -> None:
        """Serve every connection in a thread of its own."""
        with socket.create_server((HOST, port), backlog=128) as listener:
            while True:
                member, _ = listener.accept()
                self._members.append(member)
                threading.Thread(target=self._listen, args=(member,), daemon=True).start()

    def _listen(self, member: socket.socket) -> None:
        """Spread what the sender says; nobody else says anything."""
        lines = (line.rstrip(b"\n") for line in member.makefile("rb"))
        said = self._only_counted(lines, member)
        for line, answer in tee_answers(said, self._wrong, self._every):
            self._spread(line, answer, member)
        self._members.remove(member)

    def _only_counted(self, lines: Iterator[bytes], member: socket.socket) -> Iterator[bytes]:
        """Pass on the lines that count; those that ask who hears are always spread rightly."""
        for line in lines:
            if b"@probe-" in line:
                self._spread(line, [line], member)
            else:
                yield line

    def _spread(self, line: bytes, answer: list[bytes], sender: socket.socket) -> None:
        *lucky, unlucky = [member for member in self._members if member is not sender]
        for member in lucky:
            member.sendall(line + b"\n")
        unlucky.sendall(b"".join(wrong + b"\n" for wrong in answer))
        if HANG_UP in answer:
            unlucky.shutdown(socket.SHUT_RDWR)


def tee_answers(
    received: Iterator[bytes], wrong: Wrong, every: int
) -> Iterator[tuple[bytes, list[bytes]]]:
    """Give each that was received with its answer."""
    ours, theirs = itertools.tee(received)
    return zip(ours, answers(theirs, wrong, every), strict=True)


def serve_durable(port: int, wrong: Wrong) -> None:
    """Acknowledge what is said by frames, one client after the other."""
    with socket.create_server((HOST, port), backlog=128) as listener:
        while True:
            connection, _ = listener.accept()
            with connection, connection.makefile("rb") as stream:
                acknowledge(connection, stream, wrong)


def acknowledge(connection: socket.socket, stream: BinaryIO, wrong: Wrong) -> None:
    """Let the client join, and acknowledge each line by its number."""
    if stream.readline() != PREFACE:
        return
    connection.sendall(PREFACE + HEADER.pack(0, JOINED, 0))
    for answer in answers(said_streams(stream), wrong, every=1):
        for number in answer:
            connection.sendall(HEADER.pack(0, TAKEN, int(number)))


def said_streams(stream: BinaryIO) -> Iterator[bytes]:
    """Give the number of each line that is said."""
    while header := stream.read(HEADER.size):
        length, kind, number = HEADER.unpack(header)
        stream.read(length)
        if kind == SAY:
            yield b"%d" % number


def copy(wrong: Wrong, source: Path, target: Path) -> None:
    """Copy a file wrongly."""
    target.write_bytes(b"".join(wrong(source.read_bytes(), b"")))


def serve_conversation(protocol: str, fault: str, port: int) -> None:
    """Serve a room, or acknowledgements, with `fault`."""
    if protocol == "durable":
        serve_durable(port, FAULTS[fault])
    elif fault == "drop-one-in-ten":
        WrongRoom(say_nothing, every=10).serve(port)
    else:
        WrongRoom(ROOM_FAULTS[fault], every=1).serve(port)


def main(words: list[str]) -> int:
    """Run the server that the command line names; return the exit status."""
    signal.alarm(LIFE_SECONDS_MAX)
    protocol, _, fault = words[0].partition("-")
    if protocol == "copy":
        copy(FAULTS[fault], Path(words[1]), Path(words[2]))
        return 0
    port = int(words[1])
    if protocol in ("broadcast", "durable"):
        serve_conversation(protocol, fault, port)
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
