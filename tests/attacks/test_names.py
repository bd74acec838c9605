"""Somebody who wants to be taken for somebody else in a room: by sessions, and by names alike."""

import contextlib
from typing import Self

import msgspec
import pytest
from tests.attacks.honest import Honest, asked_aloud
from tests.attacks.victims import Victim, attacked

from enchufe.core.frames import Frame, Kind
from enchufe.core.room import Join, Joined, frame_of
from enchufe.wire.either import EitherDecoder
from enchufe.wire.frames import PREFACE, encoded


class Sly:
    """A connection that joins as often as it likes, under whatever name and session."""

    def __init__(self, victim: Victim) -> None:
        self.sock = victim.dial()
        self.sock.sendall(PREFACE)
        self._decoder = EitherDecoder()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.sock.close()

    def joins(self, name: str, session: str) -> str:
        """Return the name that was given."""
        self.sock.sendall(encoded(frame_of(Join(name, session))))
        while True:
            data = self.sock.recv(65536)
            assert data, "it ended"
            for piece in self._decoder.feed(data):
                if isinstance(piece, Frame) and piece.kind == Kind.JOINED:
                    return msgspec.json.decode(piece.payload, type=Joined).name


def test_a_session_that_was_left_for_another_leads_to_nobody() -> None:
    with attacked("chat@tcp://127.0.0.1:0") as victim:
        with Sly(victim) as first:
            assert first.joins("ana", "one") == "ana"
            first.joins("", "two")
        victim.server.out.until("ana left")
        with Honest(victim, "ana"), Sly(victim) as again:
            assert again.joins("zoe", "one") == "zoe"
            assert asked_aloud(victim, "/who").count("ana (tcp)") == 1


@pytest.mark.parametrize("like", ["ana\ufe0f", "ana\u034f", "ana\U000e0100", "\u1160", "an\u0430"])
def test_no_name_looks_like_another(like: str) -> None:
    with attacked("chat@tcp://127.0.0.1:0") as victim, Honest(victim, "ana"), Sly(victim) as sly:
        assert sly.joins(like, "s").startswith("guest")


def test_a_name_that_can_be_foreseen_is_given_to_nobody_twice() -> None:
    with (
        attacked("chat@tcp://127.0.0.1:0") as victim,
        Honest(victim, "ana"),
        contextlib.ExitStack() as stack,
    ):
        *foreseeing, last = [stack.enter_context(Sly(victim)) for _number in range(10)]
        for number, sly in enumerate(foreseeing, 8):
            assert sly.joins(f"ana.{number}", f"s{number}") == f"ana.{number}"
        last.joins("ana", "last")
        told = asked_aloud(victim, "/who").strip().removeprefix("* Here: ").split(", ")
        names = [each.partition(" (")[0] for each in told]
        assert len(set(names)) == len(names) >= len(foreseeing) + 2
