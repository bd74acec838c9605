"""A server that offers control, and what its owner can see of it."""

import contextlib
import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
from tests.cli.programs import PATIENCE_S, Server, serving

TRANSPORTS = ("tcp", "udp", "tls", "unix", "unixgram")


def place(transport: str, folder: Path) -> str:
    if transport in ("unix", "unixgram"):
        return f"{transport}://{folder}/{transport}"
    return f"{transport}://127.0.0.1:0"


@contextlib.contextmanager
def control(
    folder: Path, *words: str, transport: str = "tcp", env: dict[str, str] | None = None
) -> Iterator[tuple[Server, str]]:
    """Serve control; yield the server and its endpoint."""
    with serving(f"control@{place(transport, folder)}", *words, env=env) as server:
        yield server, server.endpoints[0]


def connected_to(endpoint: str) -> socket.socket:
    """Return a plain connection to a server of ours."""
    transport, _, where = endpoint.partition("://")
    if transport == "unix":
        sock = socket.socket(socket.AF_UNIX)
        sock.connect(where)
    else:
        host, _, port = where.rpartition(":")
        sock = socket.create_connection((host or "127.0.0.1", int(port)))
    sock.settimeout(PATIENCE_S)
    return sock


def audit(folder: Path) -> list[dict[str, object]]:
    lines = (folder / "state" / "enchufe" / "control.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def processes_with(word: str) -> list[psutil.Process]:
    """Return the processes, not zombies, that have ``word`` in their command line."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if word in process.cmdline() and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


def until_count(word: str, count: int) -> None:
    """Wait until so many processes have ``word`` in their command line."""
    end_s = time.monotonic() + PATIENCE_S
    while len(found := processes_with(word)) != count:
        assert time.monotonic() < end_s, f"{len(found)} processes have {word}"
        time.sleep(0.02)
