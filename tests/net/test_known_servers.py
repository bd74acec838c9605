"""The file of servers met: a line each, written beside others' and read around rubbish."""

import re
import stat
import threading
from pathlib import Path

import pytest

from enchufe.core.endpoint import parse_endpoint
from enchufe.net.known_servers import KnownServers, address_of, called_name

ONE, OTHER = "sha256:" + "1" * 64, "sha256:" + "2" * 64


@pytest.mark.parametrize(
    ("endpoint", "address", "name"),
    [
        ("tls://localhost:7443", "localhost:7443", "localhost"),
        ("tls://:7443", "localhost:7443", "localhost"),
        ("tls://*:7443", "localhost:7443", "localhost"),
        ("tls://Example.ORG:1", "example.org:1", "example.org"),
        ("tls://[::1]:7443", "[::1]:7443", "::1"),
        ("tls://[fe80::1%eth0]:7443", "[fe80::1]:7443", "fe80::1"),
    ],
)
def test_a_server_is_who_the_person_called(endpoint: str, address: str, name: str) -> None:
    assert address_of(parse_endpoint(endpoint)) == address
    assert called_name(parse_endpoint(endpoint)) == name


def test_what_was_remembered_is_known(tmp_path: Path) -> None:
    known = KnownServers(tmp_path / "new" / "folder" / "known_servers")
    assert known.met("localhost:7443") == ()
    known.remember("localhost:7443", ONE)
    known.remember("localhost:7444", OTHER)
    (found,) = known.met("localhost:7443")
    assert (found.fingerprint, found.line) == (ONE, 1)
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", found.since)
    assert known.met("localhost:7444")[0].line == 2
    assert stat.S_IMODE(known.path.stat().st_mode) == 0o600


def test_what_a_person_wrote_into_it_stays_and_harms_nothing(tmp_path: Path) -> None:
    path = tmp_path / "known_servers"
    path.write_bytes(b"# the lab\n\nlocalhost:1\n\xff\xfe\nlocalhost:1 x y z\nlocalhost:1 a 2020")
    known = KnownServers(path)
    known.remember("localhost:2", ONE)
    assert path.read_bytes().startswith(b"# the lab\n\nlocalhost:1\n\xff\xfe\n")
    assert [(found.fingerprint, found.line) for found in known.met("localhost:1")] == [("a", 6)]
    assert [found.line for found in known.met("localhost:2")] == [7]


def test_callers_at_the_same_time_lose_nobody(tmp_path: Path) -> None:
    known = KnownServers(tmp_path / "known_servers")
    threads = [
        threading.Thread(target=known.remember, args=(f"localhost:{port}", ONE))
        for port in range(1, 51)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert all(len(known.met(f"localhost:{port}")) == 1 for port in range(1, 51))


def test_a_file_that_is_none_is_no_empty_one(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError):
        KnownServers(tmp_path).met("localhost:7443")
