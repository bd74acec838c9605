"""Whom we trust: the one we met before, the one somebody vouches for, the one demanded."""

import ssl
from collections.abc import Sequence
from pathlib import Path
from typing import cast

import pytest
from tests.certificates import Authority, Issued

from enchufe.core.endpoint import parse_endpoint
from enchufe.core.errors import DeniedError, UsageError
from enchufe.core.notices import Notice, ServerNotRemembered, ServerRemembered
from enchufe.net.tls import TlsSettings, fingerprint_of
from enchufe.net.tls_identity import tls_folder
from enchufe.net.tls_trust import Trust, is_vouched_for


@pytest.fixture(autouse=True)
def _folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


class Shown:
    """A handshake that is over, as far as trust looks at it."""

    def __init__(self, *chain: bytes) -> None:
        self._chain = chain

    def getpeercert(self, *, binary_form: bool) -> bytes:
        assert binary_form
        return self._chain[0]

    def get_unverified_chain(self) -> Sequence[bytes]:
        return self._chain


NOTHING_ASKED = TlsSettings()


def approve(
    issued: Issued, settings: TlsSettings = NOTHING_ASKED, endpoint: str = "tls://localhost:7443"
) -> list[Notice]:
    """Return what was said about a server that was trusted."""
    notices: list[Notice] = []
    trust = Trust(parse_endpoint(endpoint), settings, notices.append)
    trust.approve(cast("ssl.SSLObject", Shown(issued.der)))
    return notices


def test_a_new_server_is_told_of_and_then_known(authority: Authority) -> None:
    server = authority.issue("server")
    (met,) = approve(server)
    assert isinstance(met, ServerRemembered)
    assert (met.address, met.fingerprint) == ("localhost:7443", fingerprint_of(server.der))
    assert Path(met.path).read_text().startswith(f"localhost:7443 {met.fingerprint} ")
    assert approve(server) == []


def test_another_certificate_is_refused_with_all_there_is_to_know(authority: Authority) -> None:
    server, impostor = authority.issue("server"), authority.issue("impostor")
    approve(authority.issue("neighbour"), endpoint="tls://localhost:1")
    approve(server)
    with pytest.raises(DeniedError, match="is not the server it was") as refused:
        approve(impostor)
    told = refused.value
    assert told.fields["remembered"] == fingerprint_of(server.der)
    assert told.fields["seen"] == fingerprint_of(impostor.der)
    assert told.fields["line"] == 2
    assert told.fields["path"] == tls_folder() / "known_servers"
    assert approve(server) == []


def test_one_name_may_have_several_certificates(authority: Authority) -> None:
    one, other = authority.issue("one"), authority.issue("other")
    approve(one)
    path = tls_folder() / "known_servers"
    path.write_text(path.read_text() + f"localhost:7443 {fingerprint_of(other.der)} 2020-01-01\n")
    assert approve(one) == approve(other) == []


def test_a_memory_that_cannot_be_written_is_told_of_and_no_reason_to_stop(
    authority: Authority, tmp_path: Path
) -> None:
    (tmp_path / "data").write_text("not a folder")
    (told,) = approve(authority.issue("server"))
    assert isinstance(told, ServerNotRemembered)
    assert told.why
    assert told.path.endswith("known_servers")


def test_a_memory_that_cannot_be_read_trusts_nobody(authority: Authority) -> None:
    (tls_folder() / "known_servers").mkdir(parents=True)
    with pytest.raises(DeniedError, match="cannot read which servers are known"):
        approve(authority.issue("server"))


def test_a_fingerprint_demanded_is_all_that_counts(authority: Authority) -> None:
    server, impostor = authority.issue("server"), authority.issue("impostor")
    demanded = TlsSettings(fingerprint=fingerprint_of(server.der).upper().replace("SHA256:", ""))
    assert approve(server, demanded) == []
    assert not (tls_folder() / "known_servers").exists()
    with pytest.raises(DeniedError, match="is not the server you asked for"):
        approve(impostor, demanded)


def test_a_fingerprint_that_is_none_is_a_slip_of_the_pen() -> None:
    with pytest.raises(UsageError, match="“12:34” is not a fingerprint"):
        Trust(parse_endpoint("tls://:1"), TlsSettings(fingerprint="12:34"), lambda _notice: None)


def test_whom_an_authority_of_the_system_vouches_for_needs_no_memory(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.path))
    assert approve(authority.issue("first")) == []
    assert approve(authority.issue("renewed")) == []
    assert not tls_folder().exists()


@pytest.mark.parametrize(
    ("names", "host", "vouched"),
    [
        (["localhost"], "localhost", True),
        (["localhost"], "example.org", False),
        (["127.0.0.1", "::1"], "127.0.0.1", True),
        (["127.0.0.1", "::1"], "::1", True),
        (["localhost"], "127.0.0.1", False),
        (["xn--and-6ma2c.example"], "ñandú.example", True),
    ],
)
def test_an_authority_vouches_for_the_name_that_was_called(
    authority: Authority,
    monkeypatch: pytest.MonkeyPatch,
    names: Sequence[str],
    host: str,
    vouched: bool,
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.path))
    assert is_vouched_for([authority.issue("server", names).der], host) is vouched


def test_for_a_certificate_that_signed_itself_no_authority_is_even_asked(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ssl, "create_default_context", None)
    itself = ssl.PEM_cert_to_DER_cert(authority.path.read_text())
    assert not is_vouched_for([itself], "localhost")


def test_nobody_vouches_for_strangers(
    authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = authority.issue("server").der
    monkeypatch.setenv("SSL_CERT_FILE", str(Authority(tmp_path, "other").path))
    assert not is_vouched_for([server], "localhost")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "nothing.pem"))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path / "nothing"))
    assert not is_vouched_for([server], "localhost")
    assert not is_vouched_for([b"no certificate"], "localhost")
