"""A certificate of our own: made once, kept for ourselves, the same for everybody."""

import os
import ssl
import stat
import threading
from pathlib import Path

import pytest
from cryptography import x509

from enchufe.core.errors import UsageError
from enchufe.net import tls_identity
from enchufe.net.tls_identity import own_identity, tls_folder


@pytest.fixture(autouse=True)
def _folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))


def test_it_is_made_once_and_kept() -> None:
    first, second = own_identity(), own_identity()
    assert (first.is_new, second.is_new) == (True, False)
    assert first.path == second.path == tls_folder() / "identity.pem"


def test_nobody_else_can_read_it() -> None:
    path = own_identity().path
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert list(path.parent.iterdir()) == [path]


def test_it_names_this_machine_for_years(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: "aula-7")
    certificate = x509.load_pem_x509_certificate(own_identity().path.read_bytes())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["localhost", "aula-7"]
    assert [str(a) for a in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1", "::1"]
    valid = certificate.not_valid_after_utc - certificate.not_valid_before_utc
    assert valid.days > 3600


@pytest.mark.parametrize("name", ["", "localhost", "ñandú"])
def test_a_name_a_certificate_cannot_carry_is_left_out(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: name)
    certificate = x509.load_pem_x509_certificate(own_identity().path.read_bytes())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["localhost"]


def test_it_is_loaded_as_it_is() -> None:
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(own_identity().path)


def test_servers_that_start_at_once_get_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """All of them find none there, and all of them make one."""
    together = threading.Barrier(8)
    made, kept, found = tls_identity._made, [], []

    def make() -> bytes:
        together.wait(10)
        return made()

    def start() -> None:
        identity = own_identity()
        kept.append(identity.is_new)
        found.append(identity.path.read_bytes())

    monkeypatch.setattr(tls_identity, "_made", make)
    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert sorted(kept) == [False] * 7 + [True]
    assert len(set(found)) == 1


def test_a_place_that_cannot_be_written_to_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "file"))
    with pytest.raises(UsageError, match=r"cannot keep a certificate in .*identity\.pem: Not a"):
        own_identity()


def test_without_a_wish_it_is_among_the_users_own_data(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_DATA_HOME")
    monkeypatch.setenv("HOME", f"{os.sep}home{os.sep}ana")
    assert tls_folder() == Path("/home/ana/.local/share/enchufe/tls")
