"""Those who say nothing, or next to nothing, and stay."""

import contextlib
import socket
import time

import pytest
from tests.attacks.honest import Honest, asked_aloud, raw_frame
from tests.attacks.victims import (
    MIB,
    Victim,
    attacked,
    descriptors_for,
    leave,
    push,
    read_until,
)

from enchufe.core.frames import Kind
from enchufe.core.room import SAID_BYTES_MAX
from enchufe.wire.frames import PREFACE

pytestmark = pytest.mark.xdist_group("the machine alone")

CONNECTIONS = 10_000
CONNECTION_BYTES = 16 * 1024
"""What one that is open may take: transport, link, decoder and membership; measured, 8 KiB."""

KEPT_BYTES = 64 * MIB
"""What Python keeps of it for the next time: its allocator gives whole arenas back, and few get
empty while what is served meanwhile lies among them. A leak would grow with every round."""


def test_ten_thousand_who_say_nothing_keep_nobody_out() -> None:
    with descriptors_for(CONNECTIONS) as count, attacked("echo@tcp://127.0.0.1:0") as victim:
        for is_rude in (True, False):
            silent = victim.crowd(count)
            victim.assert_echoes()
            held = victim.memory_bytes - victim.memory_before_bytes
            assert held < KEPT_BYTES + count * CONNECTION_BYTES
            leave(silent, rudely=is_rude)
            victim.until(lambda: victim.descriptors < 100, "all of them have left")
            victim.assert_gives_back(KEPT_BYTES)
        victim.assert_echoes()


def test_a_room_full_of_those_who_say_nothing_still_hears_and_tells() -> None:
    count_wanted = CONNECTIONS // 5
    with descriptors_for(count_wanted) as count, attacked("chat@tcp://127.0.0.1:0") as victim:
        with Honest(victim) as ana:
            ana.says("before")
            silent = victim.crowd(count)
            ana.says("while they come")
            with Honest(victim, "luis") as luis:
                luis.says("hola")
                ana.hear(Kind.SAID)
            leave(silent, rudely=True)
            ana.says("after")
        victim.until(lambda: victim.descriptors < 100, "all of them have left")
        assert asked_aloud(victim, "/who").count("(tcp)") == 1
        victim.assert_gives_back(KEPT_BYTES)


TRICKLES = {
    "a line": b"/name eva and so on and on",
    "a preface": PREFACE,
    "a frame": PREFACE + raw_frame(Kind.SAY, b"x" * 40, stream=1),
    "TLS, which is not spoken here": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(20),
}


def trickle(socks: list[socket.socket], beginnings: list[bytes], turn: int) -> None:
    for sock, beginning in zip(socks, beginnings, strict=True):
        with contextlib.suppress(ConnectionError):
            sock.send(beginning[turn % len(beginning) :][:1])


def test_one_byte_a_moment_from_many_slows_nobody() -> None:
    """A second would be the classic pace; the server sees no difference but its own clock."""
    kinds = list(TRICKLES.values())
    with attacked("chat@tcp://127.0.0.1:0") as victim, Honest(victim) as ana:
        slow = [victim.dial() for _ in range(400)]
        beginnings = [kinds[number % len(kinds)] for number in range(len(slow))]
        for turn in range(12):
            trickle(slow, beginnings, turn)
            ana.says(f"line {turn}")
            time.sleep(0.1)
        leave(slow)
        ana.says("after")
        victim.until(lambda: victim.descriptors < 100, "all of them have left")
        victim.assert_gives_back(KEPT_BYTES)


def test_those_who_read_nothing_of_a_busy_room_are_left_out() -> None:
    """Each could make the server hold a queue; together they hold no more than a few of them."""
    with attacked("chat@tcp://127.0.0.1:0", "--max-held", "16M") as victim:
        deaf = [_deaf(victim) for _ in range(40)]
        with Honest(victim) as ana, Honest(victim, "luis") as luis:
            for number in range(400):
                ana.says(f"{number} " + "x" * (SAID_BYTES_MAX - 10))
            luis.hear(Kind.SAID)
            luis.says("still here")
            assert victim.memory_bytes - victim.memory_before_bytes < KEPT_BYTES + 64 * MIB
        leave(deaf)
        victim.until(lambda: victim.descriptors < 100, "all of them have left")
        victim.assert_gives_back(KEPT_BYTES)


def _deaf(victim: Victim) -> socket.socket:
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.settimeout(10)
    sock.connect(("127.0.0.1", victim.server.port))
    push(sock, b"hola\n")
    read_until(sock, b"Welcome")
    return sock
