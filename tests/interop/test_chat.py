"""A room in which foreign programs, course scripts and our client sit together."""

import contextlib
import re
import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO

import pytest
from tests.cli.programs import Program, running
from tests.cli.talkers import datagrams_to, stream_to
from tests.interop.programs import ANSWER_S_MAX, SCRIPTS, OurServer, serving, wait_until
from tests.interop.typists import Typist, typist
from tests.ports import free_port

RAW_MEMBERS = 100
LINE_BYTES = 1_000
LINES_EACH = 10_000  # of two who speak: 20 MB
LINES_AT_ONCE = 100  # far less than the queue of one who reads, even on a busy machine


class Member:
    """A raw member of a room, over TCP, who hears all the time.

    Args:
        port: where the room is.
        name: how to be called there.
    """

    def __init__(self, port: int, name: str) -> None:
        self.sock = stream_to(port)
        self.sock.settimeout(ANSWER_S_MAX)
        self.name = name
        self.heard: list[str] = []
        self._lines: IO[str] = self.sock.makefile("r", encoding="utf-8", newline="\n")
        self.says(f"/name {name}")
        self.until(lambda line: line.endswith(f"is now {name}"))

    def says(self, text: str) -> None:
        self.sock.sendall(text.encode() + b"\n")

    def hears(self) -> str:
        """Return the next line."""
        line = self._lines.readline()
        assert line.endswith("\n"), f"{line!r} after {self.heard[-3:]}"
        self.heard.append(line[:-1])
        return line[:-1]

    def until(self, is_it: Callable[[str], bool]) -> str:
        """Return the next line that is the one awaited."""
        while not is_it(line := self.hears()):
            pass
        return line

    def hears_said(self, count: int) -> list[str]:
        """Return the next lines that somebody said, so many of them."""
        said: list[str] = []
        while len(said) < count:
            line = self.hears()
            if not line.startswith("*"):
                said.append(line)
        return said

    def close(self) -> None:
        self._lines.close()
        self.sock.close()


@contextlib.contextmanager
def members(port: int, *names: str) -> Iterator[list[Member]]:
    """Let raw members be in the room while the block lasts."""
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(contextlib.closing(Member(port, name))) for name in names]


# Together


def tools(server: OurServer, path: str) -> dict[str, Sequence[str]]:
    """Return the command line of each foreign program, by the name it takes in the room."""
    tcp, udp, tls = (str(server.port(transport)) for transport in ("tcp", "udp", "tls"))
    here = "127.0.0.1"
    return {
        "ncat": ("ncat", here, tcp),
        "ncat-udp": ("ncat", "-u", here, udp),
        "ncat-unix": ("ncat", "-U", path),
        "ncat-tls": ("ncat", "--ssl", here, tls),
        "nc": ("nc", here, tcp),
        "nc-udp": ("nc", "-u", here, udp),
        "nc-unix": ("nc", "-U", path),
        "socat": ("socat", "-", f"TCP:{here}:{tcp}"),
        "socat-udp": ("socat", "-", f"UDP:{here}:{udp}"),
        "socat-unix": ("socat", "-", f"UNIX-CONNECT:{path}"),
        "lines": (sys.executable, str(SCRIPTS / "tcp_lines_chat.py"), here, tcp),
        "no-lines": (sys.executable, str(SCRIPTS / "tcp_threads_chat.py"), here, tcp),
        "by-datagrams": (sys.executable, str(SCRIPTS / "udp_threads_chat.py"), here, udp, "leaves"),
    }


@contextlib.contextmanager
def plaza(folder: Path) -> Iterator[tuple[dict[str, Typist], list[Program]]]:
    """Give a room with everybody in it: foreign programs by their names, and our clients."""
    path = f"{folder}/plaza"
    tcp, udp, tls = (f"chat@{transport}://127.0.0.1:0" for transport in ("tcp", "udp", "tls"))
    with (
        serving(tcp, udp, tls, f"chat@unix://{path}") as server,
        contextlib.ExitStack() as stack,
    ):
        guests = {}
        for name, words in tools(server, path).items():
            guest = guests[name] = stack.enter_context(typist(*words))
            guest.types(f"/name {name}")
            guest.sees.until(rf"\* guest\d+ is now {name}\b")
        ours = []
        for transport in ("tcp", "udp"):
            endpoint = f"{transport}://127.0.0.1:{server.port(transport)}"
            words = ("chat", endpoint, "--name", f"our-{transport}")
            ours.append(stack.enter_context(running(*words)))
            ours[-1].err.until(f"You are our-{transport} in plaza")
        yield guests, ours


def test_foreign_programs_scripts_and_ours_talk_in_one_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    with plaza(tmp_path) as (guests, ours):
        for name, guest in guests.items():
            guest.types(f"hola, soy {name} ñ 你好")
        for our in ours:
            our.say(b"hola, soy nuestro\n")
        said = {name: f"{name}: hola, soy {name} ñ 你好" for name in guests}
        said |= {f"our-{transport}": f"our-{transport}: hola" for transport in ("tcp", "udp")}
        outputs = {name: guest.sees for name, guest in guests.items()}
        outputs |= {f"our-{t}": our.out for t, our in zip(("tcp", "udp"), ours, strict=True)}
        for hearer, output in outputs.items():
            for speaker, line in said.items():
                if speaker != hearer:
                    output.until(line)
                    assert output.text.count(line) == 1
        assert guests["ncat"].sees.text.count("ncat: ") == 0, "nobody hears their own lines"
        for name, guest in guests.items():
            guest.types("bye")
            ours[0].err.until(rf"^\* {name} (left|lost the connection)$")
        ours[1].say(b"/who\n")
        ours[1].err.until(r"^\* Here: host \(console\), our-tcp \(tcp\), our-udp \(udp\)$")


def test_a_hundred_members_hear_each_line_exactly_once_in_one_order() -> None:
    names = [f"m{number}" for number in range(RAW_MEMBERS)]
    said = [f"{name}: hola" for name in names]
    with (
        serving("chat@tcp://127.0.0.1:0") as server,
        members(server.port(), "listener", *names) as (listener, *everybody),
    ):
        for member in everybody:
            member.says("hola")
        order = listener.hears_said(RAW_MEMBERS)
        assert sorted(order) == sorted(said)
        for member, own in zip(everybody, said, strict=True):
            assert member.hears_said(RAW_MEMBERS - 1) == [line for line in order if line != own]


# Those who do not read


@contextlib.contextmanager
def flood(*words: str) -> Iterator[tuple[Member, Member]]:
    """Let two exchange 20 MB while a third reads nothing.

    When the block begins, everybody else has heard everything.

    Yields:
        the one who does not read, and one who does.
    """
    port = free_port()
    with (
        serving(f"chat@tcp://127.0.0.1:{port}", "--quiet", *words, ready=""),
        listening_at(port),
        members(port, "slow", "eva", "ana", "luis") as (slow, eva, ana, luis),
    ):
        for first in range(0, LINES_EACH, LINES_AT_ONCE):
            numbers = range(first, first + LINES_AT_ONCE)
            for speaker in (ana, luis):
                speaker.says("\n".join(line_of(number) for number in numbers))
            for hearer, names in ((eva, {"ana", "luis"}), (ana, {"luis"}), (luis, {"ana"})):
                said = hearer.hears_said(len(names) * LINES_AT_ONCE)
                for name in names:
                    own = [line for line in said if line.startswith(f"{name}: ")]
                    assert own == [f"{name}: {line_of(number)}" for number in numbers]
        yield slow, eva


@contextlib.contextmanager
def listening_at(port: int) -> Iterator[None]:
    """Begin the block when somebody lets callers in."""
    with socket.socket() as probe:
        wait_until(lambda: probe.connect_ex(("127.0.0.1", port)) == 0, "a server")
    yield


def line_of(number: int) -> str:
    return f"{number} ".ljust(LINE_BYTES, "x")


def test_who_does_not_read_keeps_nobody_waiting_and_learns_what_was_left_out() -> None:
    with flood("--slow", "drop") as (slow, eva):
        told = slow.until(lambda line: line.startswith("* You did not read: "))
        missed = int(re.findall(r"\d+", told)[0])
        assert told == (
            f"* You did not read: {missed} lines were not sent to you; /history N shows the last"
        )
        heard = [line for line in slow.heard if not line.startswith("*")]
        assert len(heard) + missed == 2 * LINES_EACH
        slow.says("I am back")
        eva.until(lambda line: line == "slow: I am back")
        eva.says("welcome back")
        slow.until(lambda line: line == "eva: welcome back")


def test_who_does_not_read_can_be_disconnected_instead_and_all_are_told() -> None:
    with flood("--slow", "disconnect") as (slow, eva):
        assert "* slow left: it did not read" in eva.heard
        slow.until(lambda line: line == "* You do not read what you are sent, so this ends here.")
        assert slow.sock.recv(1) == b""
        eva.says("/who")
        here = eva.until(lambda line: line.startswith("* Here: "))
        assert here == "* Here: ana (tcp), eva (tcp), luis (tcp)"


# What is said


def test_a_line_in_pieces_is_one_line_and_one_too_long_is_refused_with_the_limit() -> None:
    with serving("chat@tcp://127.0.0.1:0") as server, members(server.port(), "ana", "luis") as both:
        ana, luis = both
        ana.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for size_bytes in (4_096, 5_000):
            for begin in range(0, size_bytes, 500):
                ana.sock.sendall(b"x" * min(500, size_bytes - begin))
            ana.sock.sendall(b"\n")
        ana.says("short")
        assert ana.until(lambda line: "Not said" in line) == (
            "* Not said: a line has at most 4096 bytes, yours has 5000 or more"
        )
        assert luis.hears_said(2) == ["ana: " + "x" * 4_096, "ana: short"]


def test_letters_stay_whole_however_they_are_cut() -> None:
    text = "café 你好 🔌"
    with (
        serving("chat@tcp://127.0.0.1:0", "chat@udp://127.0.0.1:0") as server,
        members(server.port(), "ana", "luis") as (ana, luis),
        datagrams_to(server.port("udp")) as eva,
    ):
        ana.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in f"{text}\n".encode():
            ana.sock.sendall(bytes([byte]))
        assert luis.hears_said(1) == [f"ana: {text}"]
        eva.send(text.encode())
        assert re.fullmatch(rf"guest\d+: {text}", luis.hears_said(1)[0])


def test_a_forged_line_is_shown_as_what_it_is() -> None:
    with (
        serving("chat@tcp://127.0.0.1:0", "chat@udp://127.0.0.1:0") as server,
        members(server.port(), "ana", "luis") as (ana, luis),
        datagrams_to(server.port("udp")) as eva,
    ):
        for forged, shown in (
            ("* luis left", "* luis left"),
            ("luis: hola", "luis: hola"),
            ("\r* luis left", "* luis left"),
            ("hola\r* luis left\x1b[2J", "hola\\r* luis left\\e[2J"),
        ):
            ana.says(forged)
            assert luis.hears_said(1) == [f"ana: {shown}"]
        eva.send(b"/name eva")
        luis.until(lambda line: line.endswith("is now eva"))
        eva.send(b"hola\n* luis left\nluis: hola")
        assert luis.hears_said(1) == ["eva: hola\\n* luis left\\nluis: hola"]
