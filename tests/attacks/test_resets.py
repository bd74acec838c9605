"""A peer that breaks off at every possible byte of what it has to say."""

from pathlib import Path

import pytest
from tests.attacks.honest import Honest, asked_aloud, kept_in, raw_frame
from tests.attacks.victims import MIB, Victim, attacked, push
from tests.cli.silent_places import reset

from enchufe.core.frames import Frame, Kind
from enchufe.core.room import Fetch, Join, Share, Since, frame_of
from enchufe.core.transfer.payloads import End, Offer, Start, packed
from enchufe.wire.frames import PREFACE, encoded

pytestmark = pytest.mark.xdist_group("the machine alone")

KEPT_BYTES = 64 * MIB
"""What Python keeps for the next time (see `test_silence`)."""

TEXT = b"/name eva\nhola\r\n/who\n/msg ana psst\n/room patio\n//x\nbye\n"

FRAMED = PREFACE + b"".join(
    [
        encoded(frame_of(Join("eva", "a session of hers"))),
        encoded(Frame(Kind.TEXT, 0, b"/who")),
        encoded(Frame(Kind.SAY, 1, b"hola")),
        encoded(frame_of(Since(0))),
    ]
)

DIGEST = "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"  # of "x"

WITH_FILE = PREFACE + b"".join(
    [
        encoded(frame_of(Join("eva", "another session of hers"))),
        encoded(Frame(Kind.OFFER, 1, packed(Offer("x.txt", 1)))),
        encoded(Frame(Kind.START, 1, packed(Start(0)))),
        encoded(Frame(Kind.DATA, 1, b"x")),
        encoded(Frame(Kind.END, 1, packed(End(DIGEST)))),
        encoded(frame_of(Share(DIGEST), 1)),
        encoded(frame_of(Fetch(0))),
        raw_frame(Kind.DATA, b"half", length=1000),
    ]
)


def breaks_off_everywhere(victim: Victim, said: bytes) -> None:
    """Say the first byte and break off, then the first two, and so on to the end."""
    for length in range(len(said) + 1):
        sock = victim.dial()
        push(sock, said[:length])
        reset(sock)


def test_an_echo_survives_resets_at_every_byte() -> None:
    with attacked("echo@tcp://127.0.0.1:0") as victim:
        breaks_off_everywhere(victim, FRAMED)
        victim.until(lambda: victim.descriptors < 50, "all of them have left")
        victim.assert_echoes()
        victim.assert_gives_back(KEPT_BYTES)


@pytest.mark.parametrize("said", [TEXT, FRAMED, WITH_FILE], ids=["text", "frames", "file"])
def test_a_room_survives_resets_at_every_byte_and_loses_nothing(
    said: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "plaza.db"
    with attacked("chat@tcp://127.0.0.1:0", "--history", str(path)) as victim:
        with Honest(victim) as ana:
            breaks_off_everywhere(victim, said)
            for number in range(20):
                ana.says(f"line {number}")
            victim.until(lambda: victim.descriptors < 50, "all of them have left")
            assert "ana (tcp)" in asked_aloud(victim, "/who")
        victim.assert_gives_back(KEPT_BYTES)
    kept = kept_in(path)
    assert [text for text in kept if text in ana.acknowledged] == ana.acknowledged
