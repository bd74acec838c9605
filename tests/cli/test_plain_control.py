"""``--plain-control``: the guides' own scripts stop a server and run programs on it."""

import socket
from pathlib import Path

import pytest
from tests.cli.controlled import connected_to, control
from tests.cli.programs import PATIENCE_S, serving

pytestmark = pytest.mark.usefixtures("home")


@pytest.mark.parametrize("transport", ["tcp", "unix"])
def test_a_script_stops_the_server_and_runs_programs_the_guides_way(
    home: Path, transport: str
) -> None:
    words = ("--plain-control", "STOP", "RUN", "--allow-stop", "--allow-run", "sh -c *")
    with (
        control(home, *words, transport=transport) as (server, endpoint),
        connected_to(endpoint) as sock,
        sock.makefile("rb") as answers,
    ):
        sock.sendall(b"RUN sh -c 'echo hola; exit 5'\n")
        assert answers.readline() == b"5\n"
        server.out.until("hola from")
        sock.sendall(b"RUN rm -r /\n")
        assert answers.readline() == b"* Not allowed here\n"
        sock.sendall(b"STOP\n")
        assert answers.readline() == b"* This server ends now\n"
        assert server.wait() == 0


def test_a_script_does_so_in_datagrams_too() -> None:
    words = ("--plain-control", "ADIOS", "HAZ", "--allow-stop", "--allow-run", "true")
    with (
        serving("control@udp://127.0.0.1:0", *words) as server,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock,
    ):
        sock.settimeout(PATIENCE_S)
        sock.connect(("127.0.0.1", server.port))
        sock.send(b"HAZ true")
        assert sock.recv(100) == b"0"
        sock.send(b"ADIOS")
        assert server.wait() == 0


@pytest.mark.usefixtures("key")
def test_without_the_owners_word_text_gets_nothing(home: Path) -> None:
    with control(home, "--allow-stop") as (server, endpoint), connected_to(endpoint) as sock:
        sock.sendall(b"STOP\n")
        heard = b"".join(iter(lambda: sock.recv(4096), b""))
        assert heard.startswith(b"* This is control")
        assert server.process.poll() is None
