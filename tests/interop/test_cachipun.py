"""Cachipún with real programs: ncat, our client, and the course's own, byte for byte."""

import contextlib
import re
import socket
import struct
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from tests.interop.programs import (
    ENCHUFE,
    ENVIRONMENT,
    SCRIPTS,
    running,
    script,
    serving,
)
from tests.interop.typists import Typist, typist

HERE = "127.0.0.1"
ANSWER_S = 20.0
WINDOW = str(SCRIPTS / "ayudantia_window.py")


@pytest.fixture(autouse=True)
def _home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(ENVIRONMENT, "XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setitem(ENVIRONMENT, "XDG_STATE_HOME", str(tmp_path / "state"))


def until(player: Typist, pattern: str) -> str:
    return player.sees.until(pattern, ANSWER_S)[0]


def test_ncat_and_our_client_meet_in_one_match_and_a_third_watches() -> None:
    with (
        serving(f"cachipun@tcp://{HERE}:0", f"cachipun@udp://{HERE}:0") as server,
        typist("ncat", HERE, str(server.port("tcp"))) as luis,
    ):
        luis.types("/name luis")
        luis.types("/play")
        until(luis, "You wait")
        udp = f"udp://{HERE}:{server.port('udp')}"
        with typist(ENCHUFE, "play", udp, "--name", "ana") as ana:
            until(ana, "Match 1: luis against ana, best of 3")
            with running(ENCHUFE, "play", udp, "--watch", "ana", ready="Round 1") as eva:
                for _ in range(2):
                    luis.types("piedra")
                    until(ana, "luis has chosen")
                    ana.types("2")
                    ana.sees.until("paper beats rock: ana wins", ANSWER_S)
                until(luis, "ana wins the match, 2 to 0")
                until(ana, r"ana wins the match, 2 to 0")
                assert eva.wait() == 0
                assert "ana wins the match" in eva.output
            luis.types("/scores")
            until(luis, r"1\. ana +1 won +0 lost")
            ana.types("bye")
            assert ana.wait() == 0
        until(luis, r"ana left")
        checks = re.findall(r"printf %s (\S+) \| sha256sum", luis.sees.text)
        digests = re.findall(r"chosen: ([0-9a-f]{64})", luis.sees.text)
        said = [
            subprocess.check_output(["sha256sum"], input=text.encode())[:64].decode()
            for text in checks
        ]
        assert sorted(said) == sorted(digests)
        assert len(said) == 4


def test_pipes_play_a_match_each_line_waits_for_its_round() -> None:
    with serving(f"cachipun@tcp://{HERE}:0") as server:
        endpoint = f"tcp://{HERE}:{server.port()}"
        players = [
            subprocess.Popen(
                [ENCHUFE, "play", endpoint, "--name", name, "--against", other],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env=ENVIRONMENT,
            )
            for name, other in (("ana", "luis"), ("luis", "ana"))
        ]
        for player, said in zip(players, (b"rock\npaper\nrock\n", b"r\n1\np\n"), strict=True):
            assert player.stdin is not None
            player.stdin.write(said)
            player.stdin.close()
        for player in players:
            assert player.stdout is not None
            shown = player.stdout.read().decode()
            player.stdout.close()
            assert player.wait(ANSWER_S) == 0, shown
            assert "both show rock: a draw" in shown
            assert shown.count("wins") == 2, shown


def test_a_raw_pipe_hears_the_result_of_what_it_chose() -> None:
    with serving(f"cachipun@tcp://{HERE}:0") as server:
        port = str(server.port())
        with typist(ENCHUFE, "play", f"tcp://{HERE}:{port}", "--name", "ana") as ana:
            until(ana, "You wait")
            ana.types("paper")  # for the round to come
            until(ana, "kept for the round")
            said = subprocess.run(
                ["ncat", HERE, port],
                input=b"rock\n",
                capture_output=True,
                timeout=ANSWER_S,
                check=True,
            )
        assert b"paper beats rock: ana wins" in said.stdout


def test_the_courses_own_window_plays_against_our_server_unchanged() -> None:
    with serving(f"cachipun@ayudantia://{HERE}:0") as server:
        port = str(server.port("ayudantia"))
        with (
            running(sys.executable, WINDOW, port, *["papel", "tijera"] * 4) as one,
            running(sys.executable, WINDOW, port, *["piedra", "tijera"] * 4) as other,
        ):
            assert one.wait() == other.wait() == 0
            assert one.output == "papel piedra Gana\ntijera tijera Empate\n" * 4
            assert other.output == "piedra papel Pierde\ntijera tijera Empate\n" * 4


def test_a_window_alone_plays_with_the_house() -> None:
    with (
        serving(f"cachipun@ayudantia://{HERE}:0") as server,
        running(sys.executable, WINDOW, str(server.port("ayudantia")), "papel") as window,
    ):
        assert window.wait() == 0
        assert window.output.startswith("papel ")


def test_our_client_plays_at_the_courses_own_server() -> None:
    with script("ayudantia_server") as (_server, port):
        endpoint = f"ayudantia://localhost:{port}"
        with running(sys.executable, WINDOW, str(port), *["piedra"] * 3) as window:
            said = subprocess.run(
                [ENCHUFE, "play", endpoint],
                input=b"papel\ntijera\nrock\n",
                capture_output=True,
                env=ENVIRONMENT,
                timeout=ANSWER_S,
                check=True,
            )
            assert window.wait() == 0
            assert (
                window.output == "piedra papel Pierde\npiedra tijera Gana\npiedra piedra Empate\n"
            )
        assert "* Won 1, lost 1, drawn 1" in said.stdout.decode()


def test_a_server_killed_and_restarted_keeps_the_scores(tmp_path: Path) -> None:
    words = (f"cachipun@tcp://{HERE}:0", "--scores", str(tmp_path / "scores.db"))
    with running(ENCHUFE, "serve", *words, ready="Ctrl-C stops") as server:
        port = re.findall(r"127\.0\.0\.1:(\d+)", server.output)[0]
        with typist("ncat", HERE, port) as ana, typist("ncat", HERE, port) as luis:
            ana.types("/name ana\n/best 1\n/play")
            until(ana, "You wait")
            luis.types("/name luis\nrock")
            ana.types("paper")
            until(luis, "ana wins the match")
            server.kill()
    with serving(*words) as again, typist("ncat", HERE, str(again.port())) as eva:
        eva.types("/scores")
        until(eva, r"1\. ana +1 won +0 lost")


class CutLine:
    """A line to a server that can be cut as a bad network cuts it: by a reset, both ways."""

    def __init__(self, port: int) -> None:
        self._server = (HERE, port)
        self._listener = socket.create_server((HERE, 0))
        self.port = self._listener.getsockname()[1]
        self._ends: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):  # closed
            while True:
                near = self._listener.accept()[0]
                far = socket.create_connection(self._server)
                self._ends += [near, far]
                for one, other in ((near, far), (far, near)):
                    threading.Thread(target=self._pass_on, args=(one, other), daemon=True).start()

    @staticmethod
    def _pass_on(one: socket.socket, other: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := one.recv(65536):
                other.sendall(data)

    def cut(self) -> None:
        ends, self._ends = self._ends, []
        for end in ends:
            end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            end.shutdown(socket.SHUT_RD)  # wakes whoever reads it, so that the close is one
            end.close()

    def close(self) -> None:
        self.cut()
        self._listener.close()


def test_who_is_cut_off_comes_back_and_plays_on() -> None:
    with (
        serving(f"cachipun@tcp://{HERE}:0") as server,
        contextlib.closing(CutLine(server.port())) as line,
        typist("ncat", HERE, str(server.port())) as luis,
        typist(ENCHUFE, "play", f"tcp://{HERE}:{line.port}", "--name", "ana", "--best", "1") as ana,
    ):
        until(ana, "You wait")
        luis.types("/name luis")
        luis.types("/play ana")
        until(ana, "Round 1")
        ana.types("rock")
        until(luis, "ana has chosen")
        line.cut()
        until(luis, "ana lost the line, and is waited for: 30 s")
        until(luis, "ana is back")
        luis.types("scissors")
        until(luis, "rock beats scissors: ana wins")
        until(ana, "ana wins the match, 1 to 0")
        assert "Back." in ana.sees.text
