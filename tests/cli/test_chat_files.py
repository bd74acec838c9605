"""``/send`` and ``/get`` in a room, on real sockets, in pipes and at a terminal."""

import contextlib
import os
import re
import shutil
import signal
import time
from pathlib import Path

import pytest
from tests.cli.programs import Server, run, running, serving
from tests.cli.receivers import slow_line
from tests.cli.talkers import stream_to
from tests.cli.terminals import screen
from tests.cli.test_chat import room, visiting
from tests.ports import free_port
from tests.services.chat.plaza import sha256

from enchufe.core.exits import ExitCode
from enchufe.core.frames import Frame, Kind
from enchufe.core.payloads import payload_of
from enchufe.core.room import Fetch, Join, Said, Share, frame_of
from enchufe.core.transfer.payloads import End, Offer, Start, packed
from enchufe.wire.either import EitherDecoder
from enchufe.wire.frames import PREFACE, encoded

PNG = b"\x89PNG\r\n\x1a\n"
BIG_BYTES = 20_000_000


@pytest.fixture(autouse=True)
def _home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_DOWNLOAD_DIR", str(tmp_path / "downloads"))


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo.png"
    path.write_bytes(PNG + os.urandom(12_592))
    return path


@pytest.fixture
def big(tmp_path: Path) -> Path:
    path = tmp_path / "big.bin"
    path.write_bytes(os.urandom(BIG_BYTES))
    return path


def send(endpoint: str, path: Path, *words: str, name: str = "ana") -> str:
    ended = run("chat", endpoint, "--name", name, "--send", f"/send {path}", *words)
    assert ended.code == ExitCode.DONE, ended.err
    return ended.out.decode()


def some_came(folder: Path) -> int:
    """Wait until a good part of a big file is there; return its size."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        for part in folder.rglob("*.part"):
            with contextlib.suppress(FileNotFoundError):
                if (size_bytes := part.stat().st_size) > 1_000_000:
                    return size_bytes
        time.sleep(0.01)
    raise AssertionError("nothing came")


@pytest.mark.parametrize("transport", ["tcp", "tls", "unix"])
def test_a_picture_is_seen_by_all_and_got_by_those_who_ask(
    photo: Path, tmp_path: Path, transport: str
) -> None:
    place = f"unix://{tmp_path}/s" if transport == "unix" else f"{transport}://127.0.0.1:0"
    with (
        serving(f"chat@{place}", "chat@tcp://127.0.0.1:0", "--max-file", "1M") as server,
        stream_to(int(server.endpoints[-1].rpartition(":")[2])) as ncat,
    ):
        ncat.sendall(b"/name eva\n")
        endpoint = server.endpoints[0]
        assert send(endpoint, photo) == "ana: [photo.png, 12.3 KiB, image/png]\n"
        heard = b""
        while b"image/png" not in heard:
            heard += ncat.recv(65_536)
        assert b"\nana: [photo.png, 12.3 KiB, image/png]\n" in heard
        server.out.until(r"ana: \[photo\.png, 12\.3 KiB, image/png\]$")
        into = tmp_path / "luis"
        for _again in range(2):
            ended = run("chat", endpoint, "--into", str(into), "--send", "/get")
            assert ended.code == ExitCode.DONE
            assert "ana: [photo.png, 12.3 KiB, image/png] /get 1\n" in ended.out.decode()
            assert re.search(
                r"^\* photo\.png is here: .*/luis/photo\.png, ", ended.err, re.MULTILINE
            )
        assert "was there already" in ended.err
        assert {path.name: path.read_bytes() for path in into.iterdir()} == {
            "photo.png": photo.read_bytes()
        }


def test_pictures_come_unasked_where_that_is_wanted(photo: Path, tmp_path: Path) -> None:
    notes, large = tmp_path / "notes.pdf", tmp_path / "large.png"
    notes.write_bytes(b"%PDF")
    large.write_bytes(PNG + bytes(20_000))
    with (
        room() as (_server, endpoint),
        visiting(endpoint, "luis", "--auto-fetch", "13K") as luis,
        visiting(endpoint, "eva") as eva,
    ):
        for path in (notes, large, photo):
            send(endpoint, path)
        luis.err.until(r"^\* photo\.png is here: .*/downloads/enchufe/photo\.png, ")
        luis.out.until(r"^ana: \[notes\.pdf, 4 B, application/pdf\] /get 1$")
        luis.out.until(r"^ana: \[large\.png, 19\.5 KiB, image/png\] /get 2$")
        eva.out.until(r"^ana: \[photo\.png, 12\.3 KiB, image/png\] /get 3$")
    downloads = tmp_path / "downloads" / "enchufe"
    assert [path.name for path in downloads.iterdir()] == ["photo.png"]


def test_nothing_is_written_over_and_no_name_leads_out_of_the_folder(
    photo: Path, tmp_path: Path
) -> None:
    """Our own client would send no such name; the room passes on what a stranger says."""
    into = tmp_path / "deep" / "into"
    into.mkdir(parents=True)
    (into / "x").write_bytes(b"mine")
    with room() as (server, endpoint):
        send_as_stranger(server, "../../x", photo.read_bytes())
        ended = run("chat", endpoint, "--into", str(into), "--send", "/get")
        assert "[../../x, 12.3 KiB]" in ended.out.decode()
    assert {path.name: path.read_bytes() for path in into.iterdir()} == {
        "x": b"mine",
        "x (2)": photo.read_bytes(),
    }
    assert not (tmp_path / "x").exists()


class Stranger:
    """Another program that speaks frames to a room."""

    def __init__(self, server: Server, name: str) -> None:
        self.frames: list[Frame] = []
        self.sock = stream_to(server.port)
        self._decoder = EitherDecoder()
        self.sock.sendall(PREFACE)
        self.say(frame_of(Join(name, f"session of {name}")))
        self.until(Kind.JOINED)

    def say(self, *frames: Frame) -> None:
        self.sock.sendall(b"".join(map(encoded, frames)))

    def until(self, kind: Kind) -> None:
        """Read until a frame of that kind has come."""
        while not self.of(kind):
            pieces = self._decoder.feed(self.sock.recv(65_536))
            self.frames += [piece for piece in pieces if isinstance(piece, Frame)]

    def of(self, kind: Kind) -> list[Frame]:
        return [frame for frame in self.frames if frame.kind == kind]


def send_as_stranger(server: Server, name: str, data: bytes) -> None:
    """Send a file under whatever name, and say it."""
    mallory = Stranger(server, "mallory")
    mallory.say(Frame(Kind.OFFER, 1, packed(Offer(name, len(data)))))
    mallory.until(Kind.ACCEPT)
    mallory.say(Frame(Kind.START, 1, packed(Start(0))), Frame(Kind.DATA, 1, data))
    mallory.say(Frame(Kind.END, 1, packed(End(sha256(data)))))
    mallory.until(Kind.KEPT)
    mallory.say(frame_of(Share(sha256(data)), 1))
    mallory.until(Kind.TAKEN)
    mallory.sock.close()


@pytest.mark.parametrize(
    ("path", "said", "exit_code"),
    [
        ("gone.png", "there is no file gone.png", ExitCode.USAGE),
        (".", ". is a folder", ExitCode.USAGE),
        ("/dev/null", "/dev/null is not a file but a device, a pipe or a socket", ExitCode.USAGE),
        ("", "Which file? /send FILE", ExitCode.DONE),
    ],
)
def test_what_cannot_be_sent_is_said_at_once(path: str, said: str, exit_code: ExitCode) -> None:
    with room() as (_server, endpoint):
        ended = run("chat", endpoint, "--send", f"/send {path}", "--send", "all the same")
        assert f"* {said}\n" in ended.err
        assert ended.out.endswith(b": all the same\n")
        assert ended.code == exit_code


def test_a_file_that_is_too_large_is_refused_with_the_figures(big: Path) -> None:
    with room("--max-file", "10M") as (_server, endpoint):
        ended = run("chat", endpoint, "--send", f"/send {big}")
        why = "it has 19.1 MiB, and at most 10.0 MiB are taken"
        assert f"* big.bin not taken: {why}\n" in ended.err
        assert ended.code == ExitCode.OVER_LIMIT


def test_a_room_may_take_no_files(photo: Path) -> None:
    with room("--max-file", "0") as (_server, endpoint):
        ended = run("chat", endpoint, "--send", f"/send {photo}")
        assert "* photo.png not taken: it is not wanted\n" in ended.err
        assert ended.code == ExitCode.DENIED


def test_over_datagrams_no_file_is_sent(photo: Path) -> None:
    with room(transport="udp") as (_server, endpoint):
        ended = run("chat", endpoint, "--send", f"/send {photo}", "--send", "/get")
        assert "* files need a stream" in ended.err
        assert "* Files travel in frames, over a stream" in ended.err
        assert ended.code == ExitCode.USAGE


def test_others_talk_while_twenty_megabytes_travel_both_ways(big: Path, tmp_path: Path) -> None:
    with (
        room("--max-file", "1G") as (server, endpoint),
        slow_line(server.port) as port,
        visiting(f"tcp://127.0.0.1:{port}", "ana") as ana,
        visiting(endpoint, "luis", "--into", str(tmp_path / "luis")) as luis,
        visiting(endpoint, "eva") as eva,
    ):
        ana.say(f"/send {big}\n".encode())
        eva.say(b"is it coming?\n")
        ana.out.until("^eva: is it coming\\?$")
        ana.say(b"slowly\n")
        eva.out.until("^ana: slowly$")
        assert "big.bin" not in eva.out.text
        ana.say(b"bye\n")
        assert ana.wait(60) == ExitCode.DONE
        luis.out.until(r"^ana: \[big\.bin, 19\.1 MiB, application/octet-stream\] /get 3$")
        luis.say(b"/get 3\n")
        eva.say(b"and now?\n")
        luis.out.until("^eva: and now\\?$")
        luis.err.until(r"^\* big\.bin is here: ", timeout_s=30)
    assert (tmp_path / "luis" / "big.bin").read_bytes() == big.read_bytes()


def test_who_fetches_and_does_not_read_slows_nobody_and_misses_nothing(big: Path) -> None:
    lines = [f"{i} " + "x" * 4000 for i in range(600)]
    with room("--max-file", "1G") as (server, endpoint):
        send(endpoint, big)
        luis = Stranger(server, "luis")
        luis.say(frame_of(Fetch(1)))
        luis.until(Kind.OFFER)
        luis.say(Frame(Kind.ACCEPT, 1, b"{}"))
        luis.until(Kind.DATA)
        with visiting(endpoint, "eva") as eva:
            eva.say("".join(line + "\n" for line in lines).encode())
            eva.out.until("^eva: 599 x", timeout_s=30)
        luis.until(Kind.END)
        assert b"".join(frame.payload for frame in luis.of(Kind.DATA)) == big.read_bytes()
        while len(heard := [payload_of(frame, Said) for frame in luis.of(Kind.SAID)]) < 601:
            pieces = luis.frames
            luis.frames = []
            luis.until(Kind.SAID)
            luis.frames = pieces + luis.frames
        luis.sock.close()
    assert [said.text for said in heard if not said.file] == lines
    assert [said.previous for said in heard[2:]] == [said.id for said in heard[1:-1]]


def test_a_server_that_is_killed_in_the_middle_gets_the_rest_when_it_is_back(
    big: Path, tmp_path: Path
) -> None:
    port, history = free_port(), tmp_path / "plaza.db"
    words = (f"chat@tcp://127.0.0.1:{port}", "--history", str(history), "--max-file", "1G")
    with (
        slow_line(port) as slow,
        running("serve", *words) as server,
        contextlib.ExitStack() as stack,
    ):
        server.out.until("Ctrl-C stops")
        ana = stack.enter_context(visiting(f"tcp://127.0.0.1:{slow}", "ana", "--give-up", "30"))
        ana.say(f"/send {big}\nlook\nbye\n".encode())
        there_bytes = some_came(tmp_path)
        server.signal(signal.SIGKILL)
        server.wait()
        ana.err.until("The connection is lost")
        assert there_bytes < BIG_BYTES
        with running("serve", *words) as later:
            assert ana.wait(60) == ExitCode.DONE
            assert ana.out.text.splitlines() == [
                "ana: look",
                "ana: [big.bin, 19.1 MiB, application/octet-stream]",
            ]
            endpoint = f"tcp://127.0.0.1:{port}"
            ended = run("chat", endpoint, "--into", str(tmp_path / "in"), "--send", "/get")
            assert ended.out.decode().count("[big.bin") == 1
            later.out.until(r"ana\b.*big\.bin")
            came = re.search(r"127\.0\.0\.1:\d+ left after .*: (\S+) MiB received", later.out.text)
            assert came is not None
            assert float(came[1]) < 19.0, "all of it came once more"
    assert (tmp_path / "in" / "big.bin").read_bytes() == big.read_bytes()
    shelf = tmp_path / "plaza.db.files"
    assert len([path for path in shelf.iterdir() if path.is_file()]) == 1


def test_files_outlive_the_server_that_remembers(photo: Path, tmp_path: Path) -> None:
    history = ("--history", str(tmp_path / "plaza.db"))
    with room(*history) as (_server, endpoint):
        send(endpoint, photo)
    with room(*history) as (_server, endpoint):
        run("chat", endpoint, "--into", str(tmp_path / "in"), "--send", "/get 1")
    assert (tmp_path / "in" / "photo.png").read_bytes() == photo.read_bytes()
    shutil.rmtree(tmp_path / "plaza.db.files")
    with room(*history) as (_server, endpoint):
        ended = run("chat", endpoint, "--send", "/get 1")
        assert "* There is no such file here\n" in ended.err


def test_a_room_that_forgets_leaves_no_files(
    photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    with room() as (server, endpoint):
        send(endpoint, photo)
        assert [path.stat().st_size for path in temporary.glob("*/*") if path.is_file()] == [12_600]
        server.stop()
    assert list(temporary.iterdir()) == []


def test_at_a_terminal_a_file_never_breaks_the_line_being_typed(
    photo: Path, tmp_path: Path
) -> None:
    with (
        room() as (_server, endpoint),
        screen(
            "chat", endpoint, "--name", "luis", XDG_DOWNLOAD_DIR=str(tmp_path / "downloads")
        ) as luis,
    ):
        luis.until(lambda lines: "> " in "\n".join([*lines, "> "]) and len(lines) > 1)
        luis.type("half a li")
        send(endpoint, photo)
        lines = luis.until(lambda lines: any("photo.png is here" in line for line in lines))
        assert any("[photo.png, 12.3 KiB, image/png]" in line for line in lines)
        luis.until(lambda lines: lines[-1] == "> half a li")
        luis.press("C-u")
        luis.type(f"/send {photo}")
        luis.press("Enter")
        luis.until(lambda lines: any("luis: [photo.png" in line for line in lines))
        luis.type("bye")
        luis.press("Enter")
        assert luis.wait() == ExitCode.DONE
    downloads = tmp_path / "downloads" / "enchufe"
    assert (downloads / "photo.png").read_bytes() == photo.read_bytes()
