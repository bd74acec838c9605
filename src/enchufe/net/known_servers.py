"""The servers we have met, and the fingerprints of their certificates: a line each.

``localhost:7443 sha256:… 2026-11-25``; what cannot be read as that is left alone.
"""

import os
import time
from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

from enchufe.core.endpoint import EVERYWHERE, Endpoint


class KnownServer(Struct, frozen=True):
    """A server as it was when we met it first.

    Args:
        fingerprint: of its certificate.
        since: the day, as YYYY-MM-DD.
        line: where that stands in the file, from 1 on.
    """

    fingerprint: str
    since: str
    line: int


def called_name(endpoint: Endpoint) -> str:
    """Return whom a caller means, as certificates name it: without a zone (RFC 6874)."""
    named = "localhost" if endpoint.host in ("", EVERYWHERE) else endpoint.host.lower()
    return named.partition("%")[0]


def address_of(endpoint: Endpoint) -> str:
    """Return what a server is remembered as: the name the person called it by, and the port."""
    host = called_name(endpoint)
    return f"[{host}]:{endpoint.port}" if ":" in host else f"{host}:{endpoint.port}"


class KnownServers:
    """The file of those we have met.

    Args:
        path: the file; it need not exist.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def met(self, address: str) -> Sequence[KnownServer]:
        """Return what is known of ``address``; without a file, nothing.

        Raises:
            OSError: there is a file, and it cannot be read.
        """
        try:
            lines = self.path.read_text(encoding="utf-8", errors="replace").splitlines()
        except (FileNotFoundError, NotADirectoryError):
            return ()
        rows = [(number, line.split()) for number, line in enumerate(lines, 1)]
        return [
            KnownServer(row[1], row[2], number)
            for number, row in rows
            if len(row) == 3 and row[0] == address
        ]

    def remember(self, address: str, fingerprint: str) -> None:
        """Add a line, in one write: two callers at once do not lose each other's.

        Raises:
            OSError: it cannot be written.
        """
        day = time.strftime("%Y-%m-%d", time.localtime())
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        with os.fdopen(descriptor, "r+b", buffering=0) as file:
            end = file.seek(0, os.SEEK_END)
            file.seek(max(end - 1, 0))
            newline = "" if file.read(1) in (b"", b"\n") else "\n"
            file.write(f"{newline}{address} {fingerprint} {day}\n".encode())
