"""A room whose server is killed, and whose disk is full: what was taken is never lost."""

import contextlib
import itertools
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from tests.cli.programs import Server, run, serving
from tests.cli.programs import running as talking
from tests.cli.talkers import stream_to
from tests.interop.programs import ENCHUFE, END_S_MAX, ENVIRONMENT, Program, running, wait_until
from tests.ports import free_port

from enchufe.core.exits import ExitCode

KILLS = 50
IN_FLIGHT = 20
ROUND_S_MAX = 60.0  # a round takes about 0.3 s; this is for a machine that hardly moves


def kept_in(path: Path) -> list[str]:
    """Return what a history holds, in order, as it is said."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT name, text FROM line ORDER BY id").fetchall()
    return [f"{name}: {text}" for name, text in rows]


class Speaker:
    """Somebody in a room who says numbered lines, always a few ahead of what is taken.

    Args:
        endpoint: where the room is.
        name: how to be called there.
        folder: where what enchufe itself says is kept.
    """

    def __init__(self, endpoint: str, name: str, folder: Path) -> None:
        self.name = name
        self.said = 0
        self.taken = 0
        self.heard: list[str] = []
        self._errors = folder / name
        with self._errors.open("wb") as errors:
            self.process = subprocess.Popen(
                [ENCHUFE, "chat", endpoint, "--name", name],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                env=ENVIRONMENT,
                text=True,
            )
        self._goes_on = True
        self._hears = threading.Thread(target=self._hear, daemon=True)
        self._hears.start()

    def begin(self) -> None:
        """Begin to speak."""
        for _ in range(IN_FLIGHT):
            self._say()

    def _say(self) -> None:
        assert self.process.stdin is not None
        self.said += 1
        self.process.stdin.write(f"{self.said}\n")
        self.process.stdin.flush()

    def _hear(self) -> None:
        """Take what is told, and for each line of our own that is taken say another."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.heard.append(line.rstrip("\n"))
            if line.startswith(f"{self.name}: "):
                if self._goes_on:
                    self._say()
                self.taken += 1

    @property
    def errors(self) -> str:
        return self._errors.read_text(encoding="utf-8")

    def is_in(self) -> bool:
        return f"You are {self.name} in" in self.errors

    def says_no_more(self) -> None:
        self._goes_on = False

    @property
    def has_said_all(self) -> bool:
        return not self._goes_on and self.taken == self.said

    def leave(self) -> int:
        """End the input; return the exit code."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        code = self.process.wait(END_S_MAX)
        self._hears.join(END_S_MAX)
        return code

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self._hears.join(END_S_MAX)
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                with contextlib.suppress(BrokenPipeError):
                    stream.close()


@contextlib.contextmanager
def speakers(**endpoints: str) -> Iterator[list[Speaker]]:
    """Let somebody speak at each endpoint, by their names, once all are in."""
    with TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        everybody = []
        for name, endpoint in endpoints.items():
            somebody = Speaker(endpoint, name, Path(folder))
            stack.callback(somebody.close)
            everybody.append(somebody)
        for somebody in everybody:
            wait_until(somebody.is_in, f"that {somebody.name} is in")
        for somebody in everybody:
            somebody.begin()
        yield everybody


@contextlib.contextmanager
def once_it_listens(path: Path) -> Iterator[None]:
    """Begin the block when somebody lets callers in at ``path``."""
    with socket.socket(socket.AF_UNIX) as probe:
        wait_until(lambda: probe.connect_ex(str(path)) == 0, "a server")
    yield


def is_killed_after(phoenix: Program, number: int, speaker: Speaker, lines: int) -> None:
    """Kill the server of that number in the middle of traffic: when it has taken some lines."""
    wait_until(lambda: phoenix.output.count("\n") > number, "a server")
    wanted = speaker.taken + lines
    what = f"that server {number} takes {lines} lines of {speaker.name}"
    wait_until(lambda: speaker.taken >= wanted, what, ROUND_S_MAX)
    os.kill(int(phoenix.output.splitlines()[-1]), signal.SIGKILL)


def test_killing_the_server_fifty_times_loses_nothing_that_was_taken_and_doubles_nothing(
    tmp_path: Path,
) -> None:
    history, port = tmp_path / "plaza.db", free_port()
    tcp, udp, unix = f"tcp://127.0.0.1:{port}", f"udp://127.0.0.1:{port}", f"unix://{tmp_path}/s"
    places = [f"chat@{endpoint}" for endpoint in (tcp, udp, unix)]
    server = [sys.executable, "-m", "tests.interop.phoenix", *places]
    with (
        running(*server, "--quiet", "--history", str(history)) as phoenix,
        once_it_listens(tmp_path / "s"),
        speakers(ana=tcp, luis=udp, eva=unix) as everybody,
    ):
        for number in range(KILLS):
            speaker, lines = everybody[number % 3], 1 + number * 7 % 30
            is_killed_after(phoenix, number, speaker, lines)
        for speaker in everybody:
            speaker.says_no_more()
        wait_until(lambda: all(speaker.has_said_all for speaker in everybody), "that all is taken")
        said = sum(speaker.said for speaker in everybody)
        wait_until(
            lambda: all(len(speaker.heard) >= said for speaker in everybody), "that all is heard"
        )
        assert [speaker.leave() for speaker in everybody] == [ExitCode.DONE] * 3
        os.kill(int(phoenix.output.splitlines()[-1]), signal.SIGINT)
        assert phoenix.wait() == 0, phoenix.errors
        kept = kept_in(history)
        for speaker in everybody:
            own = [line for line in kept if line.startswith(f"{speaker.name}: ")]
            assert own == [f"{speaker.name}: {number + 1}" for number in range(speaker.said)]
            assert speaker.heard == kept
            assert "Traceback" not in speaker.errors
        assert everybody[0].errors.count("The connection is lost") >= KILLS // 3


# A disk that takes no more, and files that are no history


@contextlib.contextmanager
def room(path: Path, *before: str) -> Iterator[Server]:
    """Serve a room with a history, run by the program ``before``."""
    places = ("chat@tcp://127.0.0.1:0", "chat@udp://127.0.0.1:0")
    with serving(*places, "--history", str(path), before=before) as server:
        yield server


def fills_up(server: Server, path: Path, why: str) -> None:
    """Speak until nothing more can be kept, and see that the room goes on without it.

    Over datagrams one line is taken after the other, so that no great group fails whole.
    """
    endpoint, one_by_one = server.endpoints
    lines = [f"{number} " + "x" * 1000 for number in range(300)]
    ana = run("chat", one_by_one, "--name", "ana", said="\n".join(lines).encode(), timeout_s=60)
    assert ana.code == ExitCode.OVER_LIMIT
    taken = ana.out.decode().splitlines()
    assert 20 < len(taken) < len(lines)
    assert taken == [f"ana: {line}" for line in lines[: len(taken)]]
    refused = f"* Not said: nothing more can be kept here ({why}); you can still read\n"
    assert ana.err.count(refused) == len(lines) - len(taken)
    with talking("chat", endpoint, "--name", "luis") as luis:
        luis.say(b"hola?\n")
        luis.err.until("you can still read")
        luis.out.until(f"^{taken[-1]}$")
        assert luis.out.text.splitlines() == taken[-20:]
    with stream_to(server.port) as raw, raw.makefile("r", encoding="utf-8") as heard:
        raw.sendall(b"hola?\n")
        told = list(itertools.islice(heard, 24))
        assert refused in told
        assert told[-21:-1] == [f"{line}\n" for line in taken[-20:]]
    assert server.stop() == ExitCode.DONE
    if path.exists():
        assert kept_in(path) == taken


def test_a_file_that_may_not_grow_makes_the_room_read_only(tmp_path: Path) -> None:
    path = tmp_path / "plaza.db"
    limit = ("sh", "-c", 'ulimit -f 1000; exec "$@"', "sh")
    with room(path, *limit) as server:
        fills_up(server, path, "disk I/O error (SQLITE_IOERR_WRITE)")


def test_a_full_disk_makes_the_room_read_only(tmp_path: Path) -> None:
    mount = 'mount -t tmpfs -o size=400k none "$0"; exec "$@"'
    own = ("unshare", "--user", "--map-root-user", "--mount", "sh", "-ec", mount, str(tmp_path))
    if shutil.which("unshare") is None or subprocess.run([*own, "true"], check=False).returncode:
        pytest.skip("no disk of one's own can be had here")
    path = tmp_path / "plaza.db"
    with room(path, *own) as server:
        fills_up(server, path, "database or disk is full (SQLITE_FULL)")


def test_a_second_server_cannot_have_the_same_history(tmp_path: Path) -> None:
    path = tmp_path / "plaza.db"
    with room(path) as server:
        second = run("serve", "chat@tcp://127.0.0.1:0", "--history", str(path))
        assert second.code == ExitCode.DENIED
        assert f"the history {path} is in use by another program" in second.err
        said = run("chat", server.endpoints[0], "--name", "ana", "--send", "hola")
        assert said.out == b"ana: hola\n"


def test_a_file_that_is_no_history_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "novel.txt"
    path.write_text("En un lugar de la Mancha\n" * 100, encoding="utf-8")
    before = path.read_bytes()
    ended = run("serve", "chat@tcp://127.0.0.1:0", "--history", str(path))
    assert ended.code == ExitCode.USAGE
    assert f"{path} is not a history: it is not a SQLite file" in ended.err
    assert path.read_bytes() == before


def test_a_damaged_history_is_named_with_the_way_to_save_it(tmp_path: Path) -> None:
    path = tmp_path / "plaza.db"
    with room(path) as server:
        run("chat", server.endpoints[0], "--send", "hola")
        assert server.stop() == ExitCode.DONE
    whole = path.read_bytes()
    path.write_bytes(whole[:4096] + b"\xff" * (len(whole) - 4096))
    ended = run("serve", "chat@tcp://127.0.0.1:0", "--history", str(path))
    assert ended.code == ExitCode.USAGE
    assert f"the history {path} is damaged" in ended.err
    assert re.search(r"sqlite3 \S+/plaza\.db \.recover", ended.err)
