"""Hostile peers: one attack after another, chosen with a seed, until they are stopped.

They run in a process of their own, so that the honest do not wait for them on our side.
"""

import contextlib
import random
import signal
import socket
import struct
import sys
import time
from collections.abc import Callable, Iterator

import msgspec

from enchufe.core.frames import FRAME_PAYLOAD_BYTES_MAX, Frame, Kind
from enchufe.core.room import Join, frame_of
from enchufe.wire.frames import PREFACE, encoded
from soak.places import LOOPBACK, Places, session

CROWD = 150
"""Connections of one attack: many, and still few enough for the descriptors of any system."""

HOLD_S = 0.5
PAUSE_S_MAX = 0.6
"""Between two attacks: without it they take all of a small machine, and what is measured is that
the honest wait for the processor."""

CONNECT_S = 5.0
TAKEN_S = 0.2

_HEADER = struct.Struct(">IBI")


class Hostile:
    """Attacks one server.

    Args:
        places: where it listens.
        chance: decides what is done next.
    """

    def __init__(self, places: Places, chance: random.Random) -> None:
        self._places = places
        self._chance = chance

    def attacks(self) -> Iterator[str]:
        """Do one attack after another; yield the name of each once it is over."""
        kinds: tuple[Callable[[], None], ...] = (
            self.says_nothing,
            self.trickles,
            self.promises_much,
            self.begins_much,
            self.says_rubbish,
            self.breaks_off,
            self.reads_nothing,
            self.orders_much,
            self.floods,
            self.goes_away,
            self.opens_rooms,
        )
        while True:
            attack = self._chance.choice(kinds)
            with contextlib.suppress(OSError):  # the server may well have had enough
                attack()
            yield attack.__name__
            time.sleep(PAUSE_S_MAX * self._chance.random())

    # The attacks

    def says_nothing(self) -> None:
        """Open many connections and hold them."""
        with self._crowd(CROWD):
            time.sleep(HOLD_S)

    def trickles(self) -> None:
        """Say one byte at a time."""
        with self._crowd(CROWD) as socks:
            for byte in PREFACE[:5]:
                for sock in socks:
                    _push(sock, bytes([byte]))
                time.sleep(HOLD_S / 5)

    def promises_much(self) -> None:
        """Announce frames of 4 GiB."""
        with self._crowd(CROWD // 3, self._places.chat_tcp) as socks:
            for sock in socks:
                _push(sock, PREFACE + _HEADER.pack(2**32 - 1, Kind.SAY, 1) + bytes(10_000))

    def begins_much(self) -> None:
        """Send the first half of many large frames."""
        with self._crowd(CROWD // 3, self._places.chat_tcp) as socks:
            half = PREFACE + _HEADER.pack(FRAME_PAYLOAD_BYTES_MAX, Kind.DATA, 1)
            for sock in socks:
                _push(sock, half + bytes(FRAME_PAYLOAD_BYTES_MAX // 2))
            time.sleep(HOLD_S)

    def says_rubbish(self) -> None:
        """Send random bytes to everybody."""
        with self._crowd(CROWD) as socks:
            for sock in socks:
                _push(sock, self._chance.randbytes(self._chance.randrange(1, 20_000)))

    def breaks_off(self) -> None:
        """Reset a conversation after any number of its bytes."""
        said = (
            PREFACE
            + encoded(frame_of(Join("eva", session())))
            + b"".join(encoded(Frame(Kind.SAY, number, b"hola")) for number in range(1, 5))
        )
        for _ in range(CROWD):
            with self._crowd(1, self._places.chat_tcp) as (sock,):
                _push(sock, said[: self._chance.randrange(len(said) + 1)])

    def reads_nothing(self) -> None:
        """Be in the room, ask for much, and read nothing of it."""
        with self._crowd(10, self._places.chat_tcp) as socks:
            for sock in socks:
                _push(sock, b"hola\n" + b"/history 200\n" * 5_000)
            time.sleep(HOLD_S)

    def orders_much(self) -> None:
        """Ask who is there, over and over."""
        with self._crowd(5, self._places.chat_tcp) as socks:
            for sock in socks:
                _push(sock, b"hola\n" + b"/who\n/rooms\n/help\n" * 5_000)

    def floods(self) -> None:
        """Send datagrams from many sources."""
        for port in (self._places.echo_udp, self._places.chat_udp):
            for _ in range(CROWD):
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
                    if sys.platform == "linux":  # elsewhere there is one loopback address
                        sock.bind((f"127.{self._chance.randrange(1, 250)}.1.1", 0))
                    sock.connect((LOOPBACK, port))
                    sock.send(self._chance.choice([b"x", b"/who", PREFACE + b"\xff" * 9]))

    def goes_away(self) -> None:
        """Join under a name, and lose the connection."""
        for _ in range(CROWD // 3):
            with self._crowd(1, self._places.chat_tcp) as (sock,):
                sock.sendall(PREFACE + encoded(frame_of(Join("", session()))))
                sock.recv(1000)

    def opens_rooms(self) -> None:
        """Say something in one new room after another."""
        with self._crowd(5, self._places.chat_tcp) as socks:
            for sock in socks:
                names = (f"/room r{self._chance.randrange(10**6)}\nhola\n" for _ in range(15))
                _push(sock, "".join(names).encode())
            time.sleep(HOLD_S)

    # Their sockets

    @contextlib.contextmanager
    def _crowd(self, count: int, port: int = 0) -> Iterator[list[socket.socket]]:
        """Give so many connections, to a port or to any; half of the crowds leave with resets."""
        is_rude = self._chance.random() < 0.5
        with contextlib.ExitStack() as leaving:
            socks = []
            for _ in range(count):
                to = port or self._chance.choice(self._places.stream_ports)
                sock = leaving.enter_context(socket.create_connection((LOOPBACK, to), CONNECT_S))
                sock.settimeout(TAKEN_S)
                if is_rude:
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                socks.append(sock)
            yield socks


def _push(sock: socket.socket, data: bytes) -> None:
    """Send as much of ``data`` as the server takes."""
    with contextlib.suppress(OSError):
        sock.sendall(data)


def main() -> None:
    """Attack the places told on standard input; say the name of each attack when it is over."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started us ends us
    words = sys.stdin.readline()
    seed, places = msgspec.json.decode(words, type=tuple[int, Places])
    for name in Hostile(places, random.Random(seed)).attacks():
        print(name, flush=True)


if __name__ == "__main__":
    main()
