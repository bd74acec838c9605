"""tshark reads what we convert: the same bytes, no wrong checksum, nothing malformed."""

import shutil
import subprocess
from pathlib import Path

import pytest
from tests.cli.programs import run, running, serving
from tests.record.facts import recorded

from enchufe.core.exits import ExitCode

pytestmark = pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")

CHECKED = [
    word
    for name in ("ip.check_checksum", "tcp.check_checksum", "udp.check_checksum")
    for word in ("-o", f"{name}:TRUE")
]
FAULTS = (
    "_ws.malformed || _ws.expert.severity >= 0x600000 || tcp.analysis.flags || "
    "ip.checksum.status == 0 || tcp.checksum.status == 0 || udp.checksum.status == 0"
)

SAID = bytes(range(256)) * 1024  # more than one read, and more than one segment


def tshark(path: Path, *words: str) -> str:
    command = ["tshark", "-r", str(path), *CHECKED, *words]
    return subprocess.run(command, capture_output=True, check=True, text=True).stdout


def followed(path: Path, count: int) -> list[tuple[bytes, bytes]]:
    """Return what caller and called said in the first TCP streams, as tshark puts them together."""
    wanted = [word for i in range(count) for word in ("-z", f"follow,tcp,raw,{i}")]
    streams: dict[str, tuple[bytearray, bytearray]] = {}
    said = (bytearray(), bytearray())
    for line in tshark(path, "-q", *wanted).splitlines():
        if line.startswith("Filter: "):
            said = streams.setdefault(line, (bytearray(), bytearray()))
        elif line.strip().isalnum():
            said[line.startswith("\t")].extend(bytes.fromhex(line))
    return [(bytes(one), bytes(other)) for _name, (one, other) in sorted(streams.items())]


def converted(source: str) -> Path:
    target = Path(source).with_suffix(".pcapng")
    ended = run("convert", source, str(target))
    assert ended.code == ExitCode.DONE, ended
    assert "written from a recording and not captured" in ended.out.decode()
    return target


@pytest.fixture(autouse=True)
def _here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)


def test_an_echo_over_every_transport_is_read_back() -> None:
    hosts = ("127.0.0.1", "[::1]")
    services = [f"echo@{transport}://{host}:0" for transport in ("tcp", "udp") for host in hosts]
    services += ["echo@tls://127.0.0.1:0", "echo@unix://./e.sock"]
    with serving(*services, "--record", "run.enchufe") as server:
        endpoints = {end.split(":")[0]: end for end in server.endpoints}
        for endpoint in server.endpoints:
            is_datagram = endpoint.startswith("udp")
            words = ("--send", "hola") if is_datagram else ()
            ended = run("connect", endpoint, *words, said=b"" if is_datagram else SAID)
            assert ended.code == ExitCode.DONE, (endpoint, ended.err)
        assert server.stop() == ExitCode.DONE
    assert len(endpoints) == 4
    path = converted("run.enchufe")
    assert tshark(path, "-Y", FAULTS) == ""
    assert followed(path, 4) == [(SAID, SAID)] * 4
    fields = ("tcp.checksum.status", "udp.checksum.status", "ip.dst", "ipv6.dst", "frame.comment")
    wanted = [word for field in (*fields, "udp.payload") for word in ("-e", field)]
    lines = tshark(path, "-T", "fields", *wanted).splitlines()
    rows = [line.split("\t") for line in lines]
    assert len(rows) > 50
    assert {row[0] + row[1] for row in rows} == {"1"}  # each was checked, and right
    assert {row[2] + row[3] for row in rows} == {"127.0.0.1", "::1", "127.85.88.1", "127.85.88.2"}
    assert all(row[4] for row in rows)
    assert [row[5] for row in rows if row[1]] == ["686f6c61"] * 4
    sections = subprocess.run(["capinfos", str(path)], capture_output=True, check=True, text=True)
    assert "not captured" in sections.stdout
    assert "not an interface" in sections.stdout


def test_a_room_and_a_visit_are_read_back_and_tell_the_same() -> None:
    with (
        serving("chat@tcp://127.0.0.1:0", "--record", "room.enchufe") as server,
        running("chat", server.endpoints[0], "--name", "ana", "--record", "ana.enchufe") as ana,
    ):
        ana.err.until("You are ana")
        run("connect", server.endpoints[0], said=b"hello\nbye\n")
        ana.out.until("hello")
        ana.end_input()
        assert ana.wait() == ExitCode.DONE
        assert server.stop() == ExitCode.DONE
    room, visit = converted("room.enchufe"), converted("ana.enchufe")
    for path in (room, visit):
        assert tshark(path, "-Y", FAULTS) == ""
    member, guest = followed(room, 2)
    assert followed(visit, 1) == [member]
    assert guest[0] == b"hello\nbye\n"
    assert b"Welcome to plaza" in guest[1]


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("run.enchufe", "run.pcap"), "run.pcap is not the name of a pcapng file"),
        (("run.enchufe", "there.pcapng"), "there.pcapng is there already"),
        (("there.pcapng", "new.pcapng"), "there.pcapng is no recording of enchufe"),
        (("nowhere.enchufe", "new.pcapng"), "cannot read nowhere.enchufe: No such file"),
    ],
)
def test_what_cannot_be_converted_is_said(words: tuple[str, ...], why: str) -> None:
    recorded(Path("run.enchufe"), [])
    Path("there.pcapng").write_text("dear to somebody\n")
    ended = run("convert", *words)
    assert ended.code in (ExitCode.USAGE, ExitCode.DENIED)
    assert why in ended.err
    assert Path("there.pcapng").read_text() == "dear to somebody\n"
    assert not Path("new.pcapng").exists()
