"""Control under attack: keys tried at speed, conversations broken off anywhere, and programs."""

import contextlib
import json
import secrets
import socket
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from tests.attacks.test_resets import KEPT_BYTES, breaks_off_everywhere
from tests.attacks.victims import PATIENCE_S, Victim, attacked, push, read_until
from tests.cli.programs import run
from tests.cli.silent_places import reset

from enchufe.core.control import Ask, Run, StopServer, control_frame
from enchufe.core.frames import Frame, Kind
from enchufe.core.limits import CONTROL_REFUSALS_PER_S_MAX
from enchufe.core.seal import KEY_BYTES, Sealing, Side
from enchufe.wire.either import EitherDecoder
from enchufe.wire.frames import PREFACE, encoded

pytestmark = pytest.mark.xdist_group("the machine alone")

TRIES = 1_500


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    assert run("key", "new").code == 0
    return tmp_path


@contextlib.contextmanager
def controlled(home: Path, *words: str) -> Iterator[Victim]:
    allowed = ("--allow-stop", "--allow-run", "echo *", "--allow-run", "sleep *")
    unix = f"control@unix://{home}/control"
    places = ("control@tcp://127.0.0.1:0", "control@udp://127.0.0.1:0", unix)
    with attacked(*places, *allowed, *words) as victim:
        yield victim


def assert_obeys(victim: Victim) -> None:
    """Fail unless whoever holds the key is served, over every transport."""
    for endpoint in victim.server.endpoints:
        ended = run("run", endpoint, "--", "echo", "hola", timeout_s=PATIENCE_S)
        assert (ended.code, ended.out) == (0, b"hola\n"), ended.err


def wrong_answer(challenge: Frame, nonce: str) -> bytes:
    """Return what somebody with a key of their own says to a challenge."""
    server_nonce = bytes.fromhex(json.loads(challenge.payload)["nonce"])
    key = secrets.token_bytes(KEY_BYTES)
    sealing = Sealing(key, Side.CALLER, bytes.fromhex(nonce), server_nonce)
    return encoded(sealing.seal(control_frame(StopServer(secrets.token_hex(16)))))


def frames_in(data: bytes) -> list[Frame]:
    return [piece for piece in EitherDecoder().feed(data) if isinstance(piece, Frame)]


def test_keys_tried_at_speed_get_nothing_and_do_not_fill_the_log(home: Path) -> None:
    with controlled(home) as victim:
        for _ in range(TRIES):
            nonce = secrets.token_hex(32)
            with victim.dial() as sock:
                sock.sendall(PREFACE + encoded(control_frame(Ask(nonce))))
                (challenge,) = frames_in(read_until(sock, b'"}'))
                sock.sendall(wrong_answer(challenge, nonce))
                assert b"wrong key" in read_until(sock, b"}")
        assert_obeys(victim)
        victim.assert_gives_back(KEPT_BYTES)
    lines = (home / "state" / "enchufe" / "control.jsonl").read_text().splitlines()
    asked = [json.loads(line) for line in lines]
    refused = [entry for entry in asked if entry.get("verdict") == "wrong key"]
    assert sum(entry["count"] for entry in refused) == TRIES
    seconds = {entry["at_ns"] // 10**9 for entry in refused}
    assert len(refused) <= (CONTROL_REFUSALS_PER_S_MAX + 2) * len(seconds)


def test_datagrams_with_wrong_seals_from_many_ports_stop_nobody(home: Path) -> None:
    with controlled(home) as victim:
        where = ("127.0.0.1", int(victim.server.endpoints[1].rpartition(":")[2]))
        ask = PREFACE + encoded(control_frame(Ask(secrets.token_hex(32))))
        rubbish = PREFACE + encoded(Frame(Kind.SEALED, 0, secrets.token_bytes(80)))
        for _ in range(TRIES):
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
                sock.sendto(ask, where)
                sock.sendto(rubbish, where)
        assert_obeys(victim)
        victim.assert_gives_back(KEPT_BYTES)


def test_conversations_broken_off_at_every_byte_leave_nothing(home: Path) -> None:
    said = PREFACE + encoded(control_frame(Ask(secrets.token_hex(32))))
    said += encoded(Frame(Kind.SEALED, 0, secrets.token_bytes(60)))
    with controlled(home) as victim:
        breaks_off_everywhere(victim, said)
        victim.until(lambda: victim.descriptors < 50, "all of them have left")
        assert_obeys(victim)
        victim.assert_gives_back(KEPT_BYTES)


def test_no_program_outlives_those_who_ask_and_break_off(home: Path) -> None:
    long = f"{PATIENCE_S * 100}"
    with controlled(home, "--run-max", "8") as victim:
        for _ in range(200):
            asked = control_frame(Run(secrets.token_hex(16), ("sleep", long), has_input=True))
            sock = victim.dial(number=2)
            push(sock, PREFACE + encoded(asked) + encoded(Frame(Kind.INPUT, 0, b"x" * 1000)))
            reset(sock)
        children = psutil.Process(victim.server.process.pid).children
        victim.until(lambda: not children(recursive=True), "no program is left")
        victim.until(lambda: victim.descriptors < 50, "all of them have left")
        assert_obeys(victim)
        victim.assert_gives_back(KEPT_BYTES)
