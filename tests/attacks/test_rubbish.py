"""Frames that lie, messages without end, bytes that are no TLS."""

import random
import socket
import ssl
from pathlib import Path

import pytest
from tests.attacks.honest import Honest, raw_frame
from tests.attacks.victims import MIB, PATIENCE_S, Victim, attacked, leave, push, read_until
from tests.certificates import Authority

from enchufe.core.frames import FRAME_PAYLOAD_BYTES_MAX, Kind
from enchufe.host import TOO_MUCH_HELD
from enchufe.wire.frames import PREFACE

pytestmark = pytest.mark.xdist_group("the machine alone")

KEPT_BYTES = 64 * MIB
"""What Python keeps of it for the next time (see `test_silence`)."""

PROMISES = [2**32 - 1, 2**31, FRAME_PAYLOAD_BYTES_MAX + 1]


@pytest.mark.parametrize("service", ["chat", "hello"])
def test_frames_that_promise_four_gibibytes_are_believed_by_nobody(service: str) -> None:
    with attacked(f"{service}@tcp://127.0.0.1:0") as victim:
        liars = [victim.dial() for _ in range(150)]
        for number, liar in enumerate(liars):
            length = PROMISES[number % len(PROMISES)]
            push(liar, PREFACE + raw_frame(Kind.SAY, b"", stream=1, length=length) + bytes(20_000))
        for liar in liars:
            assert b"a frame of " in read_until(liar, b"was announced")
        victim.assert_gives_back(KEPT_BYTES)
        leave(liars)
        assert_talks(victim)


def assert_talks(victim: Victim) -> None:
    """Fail unless a new honest peer is answered: by `hello`, or by a room."""
    with victim.dial() as sock:
        sock.sendall(b"hello\n/who\n")
        sock.settimeout(PATIENCE_S)
        assert read_until(sock, b"\n")


def test_half_frames_of_many_fill_no_memory_and_who_holds_most_is_told_so() -> None:
    """Sixty-four times almost a mebibyte, where sixteen may be held over all of them."""
    half = PREFACE + raw_frame(Kind.SAY, b"x" * (FRAME_PAYLOAD_BYTES_MAX - 1), length=2**20)
    with attacked("chat@tcp://127.0.0.1:0", "--max-held", "16M") as victim, Honest(victim) as ana:
        many = [victim.dial() for _ in range(64)]
        for one in many:
            push(one, half)
            ana.says("meanwhile")
        victim.server.out.until("it made this server hold too much")
        told: set[socket.socket] = set()

        def are_let_go() -> bool:
            told.update(one for one in many if one not in told and _was_told(one))
            return len(told) >= 48

        victim.until(are_let_go, "as many go as need be")
        assert len(told) < 64, "and no more"
        victim.assert_gives_back(KEPT_BYTES + 16 * MIB)
        leave(many)
        ana.says("after")
        victim.assert_gives_back(KEPT_BYTES)


def _was_told(sock: socket.socket) -> bool:
    """Return whether a peer was let go, and told why."""
    sock.settimeout(0.05)
    heard = b""
    try:
        while piece := sock.recv(65536):
            heard += piece
    except TimeoutError:
        return False
    except ConnectionError:
        pass
    assert TOO_MUCH_HELD.encode() in heard
    return True


ORDERS = {
    "look-ups": b"/history 200\n",
    "lists": b"/who\n/rooms\n",
    "help": b"/help\n",
    "moves": b"/room uno\n/room dos\n",
    "renames": b"/name eva\n/name evita\n",
    "unknown": b"/x\n",
}


@pytest.mark.parametrize("kind", ORDERS)
def test_orders_without_end_hold_nobody_up(kind: str, tmp_path: Path) -> None:
    """A few bytes that ask for much, a hundred thousand times, by somebody who reads nothing."""
    words = ("chat@tcp://127.0.0.1:0", "--history", str(tmp_path / "plaza.db"))
    with attacked(*words) as victim, Honest(victim) as ana:
        for number in range(20):
            ana.says(f"{number} " + "x" * 2000)
        order = ORDERS[kind]
        noisy = [victim.dial() for _ in range(4)]
        for one in noisy:
            one.settimeout(1)
            push(one, b"hola\n" + order * (400_000 // len(order)))
        ana.says("meanwhile")
        with Honest(victim, "luis") as luis:
            luis.says("I can still come in")
        leave(noisy, rudely=True)
        ana.says("after")
        victim.assert_gives_back(KEPT_BYTES)


# TLS


def client_hello() -> bytes:
    """Return what a client says first, of the library's own making."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(incoming, outgoing)
    with pytest.raises(ssl.SSLWantReadError):
        tls.do_handshake()
    return outgoing.read()


def tls_rubbish(count: int) -> list[bytes]:
    """Return what strangers may say to an encrypted endpoint; the seed is fixed."""
    chance, hello = random.Random(7), client_hello()
    long_record = b"\x16\x03\x01\x40\x00\x01\x01\xff\xfc"  # a ClientHello of 128 KiB begins
    found: list[bytes] = []
    while len(found) < count:
        found += [
            chance.randbytes(chance.randrange(1, 20_000)),
            hello[: chance.randrange(1, len(hello))],
            hello,
            long_record + bytes(16_000),
            hello + chance.randbytes(500),
            bytes(byte ^ (chance.random() < 0.02) for byte in hello),
            b"GET / HTTP/1.1\r\n\r\n",
            b"",
        ]
    return found[:count]


def test_rubbish_instead_of_tls_keeps_nobody_out(tmp_path: Path) -> None:
    env = {"XDG_DATA_HOME": str(tmp_path)}
    issued = Authority(tmp_path).issue("server")
    words = ("echo@tls://127.0.0.1:0", "--cert", issued.certificate, "--key", issued.key)
    with attacked(*words, env=env) as victim:
        strangers = [victim.dial() for _ in range(400)]
        for stranger, rubbish in zip(strangers, tls_rubbish(len(strangers)), strict=True):
            push(stranger, rubbish)
        assert_echoes_encrypted(victim)
        handshake_bytes = 512 * 1024  # what the library may take for one: far less, measured
        victim.assert_gives_back(KEPT_BYTES + len(strangers) * handshake_bytes)
        leave(strangers)
        victim.until(lambda: victim.descriptors < 100, "all of them have left")
        victim.assert_gives_back(KEPT_BYTES)
        assert_echoes_encrypted(victim)


def assert_echoes_encrypted(victim: Victim) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with victim.dial() as sock, context.wrap_socket(sock) as tls:
        tls.sendall(b"anyone there?")
        assert tls.recv(100) == b"anyone there?"
