"""Somebody honest in a room: says things, and knows which of them were acknowledged."""

import secrets
import socket
import struct
from pathlib import Path
from typing import Self

import msgspec
from tests.attacks.victims import PATIENCE_S, Victim

from enchufe.core.commands import Recall
from enchufe.core.frames import Frame, Kind
from enchufe.core.room import Join, Notice, Said, frame_of
from enchufe.store.file import HistoryFile
from enchufe.wire.either import EitherDecoder
from enchufe.wire.frames import PREFACE, encoded


class Honest:
    """A member that speaks frames.

    Args:
        victim: whose room it is in.
        name: how it is called.
        number: of the endpoint it calls.
    """

    def __init__(self, victim: Victim, name: str = "ana", *, number: int = 0) -> None:
        self.acknowledged: list[str] = []
        self._sock = victim.dial(number=number)
        self._decoder = EitherDecoder()
        self._frames: list[Frame] = []
        self._said = 0
        self._sock.sendall(PREFACE + encoded(frame_of(Join(name, secrets.token_hex(8)))))
        self.hear(Kind.JOINED)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._sock.close()

    def hear(self, *kinds: Kind) -> Frame:
        """Wait for a frame of one of those kinds; what comes before is of no interest."""
        while True:
            while self._frames:
                frame = self._frames.pop(0)
                if frame.kind in kinds:
                    return frame
            data = self._sock.recv(65536)
            assert data, f"it ended before {kinds}"
            self._frames += [p for p in self._decoder.feed(data) if isinstance(p, Frame)]

    def says(self, text: str) -> None:
        """Say something, and wait until it is acknowledged."""
        refused = self.tries_to_say(text)
        assert refused is None, refused

    def tries_to_say(self, text: str) -> Notice | None:
        """Say something; return why it was not, or None once it is acknowledged.

        Whoever is still being told what was before hears their own line among it, with its
        number, instead of TAKEN.
        """
        self._said += 1
        self._sock.sendall(encoded(Frame(Kind.SAY, self._said, text.encode())))
        while True:
            answer = self.hear(Kind.TAKEN, Kind.SAID, Kind.NOTICE)
            if answer.kind == Kind.NOTICE:
                notice = msgspec.json.decode(answer.payload, type=Notice)
                if notice.number == self._said:
                    return notice
            elif self._said == _number_of(answer):
                self.acknowledged.append(text)
                return None


def _number_of(answer: Frame) -> int:
    """Return the number of what is acknowledged."""
    if answer.kind == Kind.TAKEN:
        return answer.stream
    return msgspec.json.decode(answer.payload, type=Said).number


def asked_aloud(victim: Victim, line: str, *, number: int = 0) -> str:
    """Return the first line of the room that answers an order given in text."""
    with victim.dial(number=number) as sock, sock.makefile("r", encoding="utf-8") as heard:
        sock.sendall(line.encode() + b"\n")
        while not (answer := heard.readline()).startswith("* Here: "):
            assert answer, "it ended without an answer"
        return answer


def kept_in(path: Path) -> list[str]:
    """Return what a history that nobody holds has kept."""
    history = HistoryFile(path)
    try:
        return [line.text for line in history.found(Recall("", "plaza", 0, 10**6, oldest=True))]
    finally:
        history.close()


def raw_frame(kind: int, payload: bytes, *, stream: int = 0, length: int | None = None) -> bytes:
    """Return a frame that may lie about its length."""
    return struct.pack(">IBI", len(payload) if length is None else length, kind, stream) + payload


def udp_socket(port: int, source: str) -> socket.socket:
    """Return a datagram socket that speaks from ``source``, any address of 127.0.0.0/8."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.settimeout(PATIENCE_S)
    sock.bind((source, 0))
    sock.connect(("127.0.0.1", port))
    return sock
