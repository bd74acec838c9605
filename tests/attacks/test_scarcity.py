"""Attacks on what the system has little of: descriptors, and place on a disk."""

import contextlib
import socket
from pathlib import Path

import pytest
from tests.attacks.honest import Honest, kept_in
from tests.attacks.victims import MIB, Victim, attacked, leave, push

from enchufe.core.room import What

pytestmark = pytest.mark.xdist_group("the machine alone")

DESCRIPTORS = 80
KEPT_BYTES = 64 * MIB
"""What Python keeps for the next time (see `test_silence`)."""


def limited(what: str) -> tuple[str, ...]:
    """Return what runs a program with a limit of the system's (ulimit, in sh(1))."""
    return ("sh", "-c", f'ulimit {what}; exec "$@"', "sh")


def knocks(victim: Victim) -> socket.socket:
    """Connect, and say something, whether anybody takes it or not."""
    sock = victim.dial()
    push(sock, b"hola\n")
    return sock


def test_when_descriptors_run_out_a_room_goes_on_and_loses_nothing(tmp_path: Path) -> None:
    path = tmp_path / "plaza.db"
    words = ("chat@tcp://127.0.0.1:0", "--history", str(path))
    with attacked(*words, before=limited(f"-n {DESCRIPTORS}")) as victim:
        with Honest(victim) as ana:
            ana.says("before")
            greedy = [knocks(victim) for _ in range(2 * DESCRIPTORS)]
            victim.server.out.until(f"may have {DESCRIPTORS} open files")
            for number in range(20):
                ana.says(f"line {number} without a descriptor left")
            leave(greedy)
            with Honest(victim, "luis") as luis:
                luis.says("I got in")
        victim.until(lambda: victim.descriptors < 40, "all of them have left")
        victim.assert_gives_back(KEPT_BYTES)
    kept = kept_in(path)
    honest = [*ana.acknowledged, *luis.acknowledged]
    assert [text for text in kept if text in honest] == honest


def test_a_disk_filled_on_purpose_costs_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    path = tmp_path / "plaza.db"
    words = ("chat@tcp://127.0.0.1:0", "--history", str(path))
    with attacked(*words, before=limited("-f 3000")) as victim:
        with Honest(victim) as ana, contextlib.ExitStack() as noisy:
            ana.says("before")
            filling = [noisy.enter_context(victim.dial()) for _ in range(4)]
            for one in filling:
                one.settimeout(1)
                push(one, (b"x" * 4000 + b"\n") * 500)
            refused = next(filter(None, (ana.tries_to_say(f"line {n}") for n in range(10_000))))
            assert refused.what == What.READ_ONLY
            with victim.dial() as late, late.makefile("r", encoding="utf-8") as heard:
                late.sendall(b"hola?\n")
                refusal = next(line for line in heard if line.startswith("* Not said: "))
                assert "you can still read" in refusal
        victim.assert_gives_back(KEPT_BYTES)
    kept = kept_in(path)
    assert ana.acknowledged[0] == "before"
    assert [text for text in kept if text in ana.acknowledged] == ana.acknowledged
