"""Datagrams from everywhere at once, as somebody with forged sources sends them."""

import contextlib
import socket
import sys
import time
from collections.abc import Iterator

import pytest
from tests.attacks.honest import asked_aloud, udp_socket
from tests.attacks.victims import MIB, Victim, attacked

from enchufe.core.frames import Frame, Kind
from enchufe.core.limits import DATAGRAM_PEERS_MAX
from enchufe.core.room import Join, frame_of
from enchufe.wire.frames import PREFACE, encoded

pytestmark = [
    pytest.mark.xdist_group("the machine alone"),
    pytest.mark.skipif(
        sys.platform != "linux", reason="only Linux has all of 127.0.0.0/8 for a source"
    ),
]

SOURCES = DATAGRAM_PEERS_MAX + 3_000
MEMBERS = 3_000
"""In a room each of them costs more than a datagram: it is welcomed, and told what is said."""

SEEN_SHARE = 0.3
"""A flood loses most of its datagrams in the system's buffer; with fewer that arrive than this
nothing would be shown."""

ROUNDS_MAX = 10
"""So often a flood comes again from those that were lost, where the machine is busy."""

KEPT_BYTES = 96 * MIB
"""Ten thousand sources remembered, some 4 KiB each in a room, and what Python keeps of it."""


PACE, PAUSE_S = 50, 0.01
"""So many in a row, then a moment: a buffer of the system's that is full loses all of the rest."""


def sources() -> Iterator[str]:
    """Yield addresses of this machine, another one each time."""
    number = 0
    while True:
        number += 1
        yield f"127.{1 + number % 250}.{number // 250 % 250}.{1 + number // 62_500}"


def flood(port: int, datagrams: list[bytes], count: int) -> None:
    """Send one datagram from each of so many sources."""
    for number, source in zip(range(count), sources(), strict=False):
        if number % PACE == 0:
            time.sleep(PAUSE_S)
        with udp_socket(port, source) as sock, contextlib.suppress(OSError):
            sock.send(datagrams[number % len(datagrams)])


def came(victim: Victim) -> int:
    return victim.server.out.bytes.count(b" came\n")


def echoes(victim: Victim) -> None:
    """Fail unless a new honest source is answered; like all UDP it asks again if need be."""
    with udp_socket(victim.server.port, "127.0.0.1") as sock:
        sock.settimeout(0.5)
        for _ in range(60):
            sock.send(b"anyone there?")
            with contextlib.suppress(TimeoutError):
                assert sock.recv(100) == b"anyone there?"
                return
    raise AssertionError("nobody answers")


def test_datagrams_from_thousands_of_sources_keep_nobody_out() -> None:
    with attacked("echo@udp://127.0.0.1:0") as victim:
        for _round in range(ROUNDS_MAX):
            flood(victim.server.port, [b"x", bytes(1400), b""], SOURCES)
            echoes(victim)
            if came(victim) >= SEEN_SHARE * 2 * SOURCES:
                break
        assert came(victim) >= SEEN_SHARE * 2 * SOURCES
        victim.assert_gives_back(KEPT_BYTES)


def test_a_room_flooded_with_forged_members_goes_on() -> None:
    join = PREFACE + encoded(frame_of(Join("eva", "session")))
    datagrams = [
        b"hola\n",
        join,
        PREFACE + encoded(Frame(Kind.SAY, 1, b"psst")),
        PREFACE + b"\xff" * 9,
        b"/who",
        bytes(5_000),
    ]
    with attacked("chat@udp://127.0.0.1:0", "chat@tcp://127.0.0.1:0") as victim:
        for _round in range(ROUNDS_MAX):
            flood(victim.server.port, datagrams, MEMBERS)
            assert "(tcp)" in asked_aloud(victim, "/who", number=1)
            if came(victim) >= SEEN_SHARE * MEMBERS:
                break
        assert came(victim) >= SEEN_SHARE * MEMBERS
        victim.assert_gives_back(KEPT_BYTES)


def test_one_address_may_begin_so_many_conversations_and_a_flood_fills_no_log() -> None:
    with attacked("echo@udp://127.0.0.1:0", "--rate", "20") as victim:
        socks = [udp_socket(victim.server.port, "127.9.9.9") for _ in range(400)]
        for sock in socks:
            sock.send(b"x")
        victim.server.out.until("more refusals and failures, left out")
        echoes(victim)
        assert 100 <= came(victim) < 300
        assert victim.server.out.text.count("ignored: too many at once") < 200
        for sock in socks:
            sock.close()


def test_connections_beyond_the_rate_are_told_so_and_let_in_a_moment_later() -> None:
    with attacked("echo@tcp://127.0.0.1:0", "--rate", "20") as victim:
        answers = [_first_words(victim) for _ in range(300)]
        refused = [answer for answer in answers if answer.startswith(b"enchufe: full: ")]
        assert b"x" in answers
        assert b"enchufe: full: too many at once from your address; try again in a moment\n" in (
            refused
        )
        victim.until(lambda: _first_words(victim) == b"x", "let in a moment later")
        assert victim.server.out.text.count("refused: too many at once") < 200


def _first_words(victim: Victim) -> bytes:
    with victim.dial() as sock, contextlib.suppress(ConnectionError):
        sock.sendall(b"x")
        sock.shutdown(socket.SHUT_WR)
        return sock.recv(200)
    return b""
