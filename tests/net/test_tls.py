"""What encrypted endpoints are set up with, and what is said when something is wrong."""

import errno
import os
import ssl
from pathlib import Path

import pytest
from tests.certificates import Authority

from enchufe.core.endpoint import parse_endpoint
from enchufe.core.errors import (
    DeniedError,
    EnchufeError,
    ProtocolError,
    TimedOutError,
    UnreachableError,
    UsageError,
)
from enchufe.core.notices import TlsFault
from enchufe.net.tls import (
    TlsSettings,
    calling_context,
    check_needed,
    explained,
    fault_of,
    fingerprint_of,
    handshake_fault_of,
    parsed_fingerprint,
    serving_tls,
)

TLS, TCP = parse_endpoint("tls://localhost:7443"), parse_endpoint("tcp://localhost:3500")


@pytest.fixture(autouse=True)
def _folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def failed(reason: str) -> ssl.SSLError:
    error = ssl.SSLError(1, reason)
    error.reason = reason
    return error


# Settings


def test_what_only_encryption_can_do_is_refused_without_it() -> None:
    assert check_needed(TlsSettings(), [TCP, TLS])
    assert not check_needed(TlsSettings(), [TCP])
    with pytest.raises(UsageError, match="--client-ca does nothing without an encrypted"):
        check_needed(TlsSettings(client_authorities="ca.pem"), [TCP])


def test_without_a_certificate_one_is_made(tmp_path: Path) -> None:
    first, second = serving_tls(TlsSettings()), serving_tls(TlsSettings())
    assert (first.is_new, second.is_new) == (True, False)
    assert first.fingerprint == second.fingerprint
    assert Path(first.path).is_relative_to(tmp_path / "data")


def test_a_certificate_of_ones_own_is_used_and_none_is_made(
    authority: Authority, tmp_path: Path
) -> None:
    issued = authority.issue("server")
    used = serving_tls(TlsSettings(certificate=issued.certificate, key=issued.key))
    assert (used.fingerprint, used.path) == (fingerprint_of(issued.der), issued.certificate)
    assert not (tmp_path / "data").exists()


def test_certificate_and_key_may_share_a_file(authority: Authority, tmp_path: Path) -> None:
    issued, both = authority.issue("server"), tmp_path / "both.pem"
    both.write_bytes(Path(issued.key).read_bytes() + Path(issued.certificate).read_bytes())
    assert serving_tls(TlsSettings(certificate=str(both))).fingerprint == fingerprint_of(issued.der)


def test_files_that_are_not_what_they_should_be_are_named(
    authority: Authority, tmp_path: Path
) -> None:
    one, other = authority.issue("one"), authority.issue("other")
    locked = authority.issue("locked", passphrase=b"secret")
    rubbish, missing = tmp_path / "rubbish.pem", str(tmp_path / "missing.pem")
    rubbish.write_bytes(b"\xffrubbish")
    wrong: list[tuple[TlsSettings, str]] = [
        (TlsSettings(certificate=missing), "cannot read .*missing.pem: No such file"),
        (TlsSettings(certificate=one.certificate, key=missing), "cannot read .*missing.pem"),
        (TlsSettings(certificate=str(tmp_path)), "cannot read .*: Is a directory"),
        (TlsSettings(certificate=str(rubbish)), "does not hold a certificate and its private key"),
        (TlsSettings(certificate=one.certificate), "does not hold a certificate and its private"),
        (TlsSettings(certificate=one.certificate, key=other.key), "does not belong to the cert"),
        (TlsSettings(certificate=locked.certificate, key=locked.key), "locked with a passphrase"),
        (TlsSettings(key=one.key), "--key needs the certificate it belongs to"),
        (TlsSettings(certificate=one.certificate, key=one.key, client_authorities=missing), "read"),
    ]
    for settings, words in wrong:
        with pytest.raises(UsageError, match=words):
            serving_tls(settings)
    for settings, words in [*wrong[:-1], (TlsSettings(authorities=str(rubbish)), "holds no cert")]:
        with pytest.raises(UsageError, match=words):
            calling_context(settings)


def test_a_broken_certificate_of_our_own_is_named(tmp_path: Path) -> None:
    path = Path(serving_tls(TlsSettings()).path)
    path.write_text("broken")
    with pytest.raises(UsageError, match=r"identity\.pem does not hold") as told:
        serving_tls(TlsSettings())
    assert told.value.hint.startswith("Remove the file")


@pytest.mark.parametrize("form", ["{}", "sha256:{}", "SHA256:{}", " {} "])
def test_a_fingerprint_is_understood_as_others_write_it(form: str) -> None:
    digits = "0123456789abcdef" * 4
    assert parsed_fingerprint(form.format(digits)) == f"sha256:{digits}"
    with_colons = ":".join(digits[i : i + 2] for i in range(0, 64, 2)).upper()
    assert parsed_fingerprint(form.format(with_colons)) == f"sha256:{digits}"


@pytest.mark.parametrize("text", ["", "sha256:", "12", "g" * 64, "0" * 63, "0" * 65])
def test_what_is_no_fingerprint_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parsed_fingerprint(text)


# What went wrong


@pytest.mark.parametrize(
    ("error", "fault"),
    [
        (failed("WRONG_VERSION_NUMBER"), TlsFault.NOT_TLS),
        (failed("TLSV1_ALERT_UNKNOWN_CA"), TlsFault.DISTRUSTED),
        (failed("TLSV13_ALERT_CERTIFICATE_REQUIRED"), TlsFault.CERTIFICATE_WANTED),
        (failed("PEER_DID_NOT_RETURN_A_CERTIFICATE"), TlsFault.CERTIFICATE_MISSING),
        (failed("NO_SHARED_CIPHER"), TlsFault.NOTHING_IN_COMMON),
        (failed("SSLV3_ALERT_HANDSHAKE_FAILURE"), TlsFault.NOTHING_IN_COMMON),
        (failed("DECRYPTION_FAILED_OR_BAD_RECORD_MAC"), TlsFault.BROKEN),
        (TimeoutError(), TlsFault.SILENT),
        (EOFError(), TlsFault.NO_GOODBYE),
        (ConnectionResetError(), TlsFault.LEFT),
    ],
)
def test_each_error_is_a_fault_a_person_knows(error: Exception, fault: TlsFault) -> None:
    assert fault_of(error)[0] is fault


def test_an_end_in_the_handshake_is_no_missing_goodbye() -> None:
    assert handshake_fault_of(EOFError())[0] is TlsFault.LEFT
    assert handshake_fault_of(TimeoutError())[0] is TlsFault.SILENT


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (failed("WRONG_VERSION_NUMBER"), ProtocolError, "does not speak TLS"),
        (TimeoutError(), TimedOutError, "the TLS handshake within 3 s"),
        (EOFError(), ProtocolError, "closed before the TLS handshake was over"),
        (OSError(errno.ECONNRESET, "reset"), ProtocolError, "closed before the TLS handshake"),
        (OSError(errno.ENETDOWN, os.strerror(errno.ENETDOWN)), UnreachableError, "cannot reach"),
        (failed("TLSV1_ALERT_UNKNOWN_CA"), DeniedError, "does not accept our certificate"),
        (failed("NO_SHARED_CIPHER"), ProtocolError, "no TLS with .*: no shared cipher"),
        (failed("INTERNAL_ERROR"), ProtocolError, "no TLS with .*: internal error"),
        (DeniedError("not you"), DeniedError, "not you"),
    ],
)
def test_each_failure_is_explained(error: Exception, kind: type[EnchufeError], words: str) -> None:
    told = explained(error, TLS, 3.0)
    assert type(told) is kind
    with pytest.raises(EnchufeError, match=words):
        raise told


def test_who_speaks_no_tls_may_be_a_plain_endpoint() -> None:
    told = explained(failed("WRONG_VERSION_NUMBER"), TLS, 3.0)
    assert told.hint.format(**told.fields).endswith("Try tcp://localhost:7443")
