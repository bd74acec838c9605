"""What encrypted endpoints are set up with, and what went wrong, as a person understands it."""

import errno
import ssl
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from typing import NoReturn

from msgspec import Struct

from enchufe.core.endpoint import Endpoint
from enchufe.core.errors import (
    N_,
    DeniedError,
    EnchufeError,
    ProtocolError,
    TimedOutError,
    UnreachableError,
    UsageError,
)
from enchufe.core.notices import TlsFault
from enchufe.core.peer import Transport
from enchufe.net.tls_identity import FINGERPRINT_PREFIX, own_identity

OPTIONS = {
    "certificate": "--cert",
    "key": "--key",
    "authorities": "--ca",
    "client_authorities": "--client-ca",
    "fingerprint": "--fingerprint",
}
"""What each setting is called on the command line."""


class TlsSettings(Struct, frozen=True):
    """What the person asked for; everything may be left out.

    Args:
        certificate: PEM file with our certificate, and those that vouch for it.
        key: PEM file with its private key; None if that is in the same file.
        authorities: PEM file with the authorities a server's certificate must come from.
        client_authorities: the same of a client's; without it clients need none.
        fingerprint: the one a server's certificate must have.
    """

    certificate: str | None = None
    key: str | None = None
    authorities: str | None = None
    client_authorities: str | None = None
    fingerprint: str | None = None


class ServingTls(Struct, frozen=True):
    """What a server's encrypted endpoints share.

    Args:
        context: for their handshakes.
        fingerprint: of the certificate.
        path: where that is kept.
        is_new: whether it was made just now.
    """

    context: ssl.SSLContext
    fingerprint: str
    path: str
    is_new: bool


def check_needed(settings: TlsSettings, endpoints: Iterable[Endpoint]) -> bool:
    """Return whether any endpoint is encrypted.

    Raises:
        UsageError: none is, and yet something was asked for that only those can do.
    """
    if any(endpoint.transport is Transport.TLS for endpoint in endpoints):
        return True
    asked = [option for name, option in OPTIONS.items() if getattr(settings, name) is not None]
    if asked:
        raise UsageError(
            N_("{option} does nothing without an encrypted endpoint"),
            hint=N_("Write the endpoint with tls:// in front"),
            option=asked[0],
        )
    return False


def serving_tls(settings: TlsSettings) -> ServingTls:
    """Return what a server needs; without a certificate of its own, one is made.

    Raises:
        UsageError: a file cannot be read, or does not hold what it should.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.num_tickets = 0  # one the client never reads would turn its close into a reset
    context.options |= ssl.OP_NO_RENEGOTIATION
    if settings.client_authorities is not None:
        _load_authorities(context, settings.client_authorities)
        context.verify_mode = ssl.CERT_REQUIRED
    if settings.certificate is None and settings.key is None:
        own = own_identity()
        _load_certificate(context, str(own.path), None, _MADE_ANEW)
        return ServingTls(context, fingerprint_in(own.path), str(own.path), own.is_new)
    path = _load_own(context, settings)
    return ServingTls(context, fingerprint_in(Path(path)), path, is_new=False)


def calling_context(settings: TlsSettings) -> ssl.SSLContext:
    """Return what a caller's handshakes need.

    The library itself verifies the server only against ``--ca``; all else is decided
    once its certificate is known (`enchufe.net.tls_trust`).

    Raises:
        UsageError: a file cannot be read, or does not hold what it should.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.options |= ssl.OP_NO_RENEGOTIATION
    if settings.authorities is not None:
        _load_authorities(context, settings.authorities)
    else:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if settings.certificate is not None or settings.key is not None:
        _load_own(context, settings)
    return context


def fingerprint_of(certificate: bytes) -> str:
    """Return what a person compares of a certificate (DER): ``sha256:`` and 64 digits."""
    return FINGERPRINT_PREFIX + sha256(certificate).hexdigest()


def fingerprint_in(path: Path) -> str:
    """Return the fingerprint of the first certificate in a PEM file that was loaded before."""
    _, begin, rest = path.read_text(encoding="ascii", errors="replace").partition(_BEGIN)
    body, end, _ = rest.partition(_END)
    return fingerprint_of(ssl.PEM_cert_to_DER_cert(begin + body + end))


_BEGIN, _END = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"


def parsed_fingerprint(text: str) -> str:
    """Return a fingerprint as `fingerprint_of` writes it; ``openssl``'s form is understood too.

    Raises:
        UsageError: it is none.
    """
    digits = text.strip().lower().removeprefix(FINGERPRINT_PREFIX).replace(":", "")
    if len(digits) == 2 * sha256().digest_size and set(digits) <= set("0123456789abcdef"):
        return FINGERPRINT_PREFIX + digits
    raise UsageError(
        N_("“{text}” is not a fingerprint"),
        hint=N_("Write it like sha256:3b9f… with all 64 digits, as the server shows it"),
        text=text,
    )


# Files


def _load_own(context: ssl.SSLContext, settings: TlsSettings) -> str:
    if settings.certificate is None:
        raise UsageError(
            N_("--key needs the certificate it belongs to"), hint=N_("Name it with --cert FILE")
        )
    _load_certificate(context, settings.certificate, settings.key)
    return settings.certificate


_AS_PEM = N_("It must be PEM: text that begins with -----BEGIN")
_MADE_ANEW = N_("Remove the file, and a new certificate will be made")


def _load_certificate(
    context: ssl.SSLContext, certificate: str, key: str | None, hint: str = _AS_PEM
) -> None:
    for path in filter(None, (certificate, key)):
        _check_readable(path)
    try:
        context.load_cert_chain(certificate, key, password=_no_passphrase)
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            raise UsageError(
                N_("the key in {key} does not belong to the certificate in {certificate}"),
                key=key or certificate,
                certificate=certificate,
            ) from None
        template = (
            N_("{certificate} does not hold a certificate and its private key")
            if key is None
            else N_("{certificate} and {key} do not hold a certificate and its private key")
        )
        raise UsageError(template, hint=hint, certificate=certificate, key=key) from None


def _no_passphrase() -> NoReturn:
    raise UsageError(
        N_("the private key is locked with a passphrase"),
        hint=N_("Unlock it first: openssl pkey -in locked.pem -out key.pem"),
    )


def _load_authorities(context: ssl.SSLContext, path: str) -> None:
    _check_readable(path)
    try:
        context.load_verify_locations(path)
    except ssl.SSLError:
        raise UsageError(
            N_("{path} holds no certificate"),
            hint=_AS_PEM,
            path=path,
        ) from None


def _check_readable(path: str) -> None:
    try:
        Path(path).read_bytes()
    except OSError as error:
        raise UsageError(
            N_("cannot read {path}: {why}"), path=path, why=error.strerror or error
        ) from None


# What went wrong

_NOT_TLS = frozenset(
    {
        "HTTP_REQUEST",
        "HTTPS_PROXY_REQUEST",
        "WRONG_VERSION_NUMBER",
        "UNEXPECTED_MESSAGE",
        "PACKET_LENGTH_TOO_LONG",
        "RECORD_LAYER_FAILURE",
        "BAD_RECORD_TYPE",
    }
)
_NOTHING_IN_COMMON = frozenset({"UNSUPPORTED_PROTOCOL", "NO_SHARED_CIPHER", "VERSION_TOO_LOW"})
_ALERTS = {
    "UNKNOWN_CA": TlsFault.DISTRUSTED,
    "BAD_CERTIFICATE": TlsFault.DISTRUSTED,
    "CERTIFICATE_UNKNOWN": TlsFault.DISTRUSTED,
    "CERTIFICATE_EXPIRED": TlsFault.DISTRUSTED,
    "CERTIFICATE_REVOKED": TlsFault.DISTRUSTED,
    "UNSUPPORTED_CERTIFICATE": TlsFault.DISTRUSTED,
    "ACCESS_DENIED": TlsFault.DISTRUSTED,
    "CERTIFICATE_REQUIRED": TlsFault.CERTIFICATE_WANTED,
    "PROTOCOL_VERSION": TlsFault.NOTHING_IN_COMMON,
    "INSUFFICIENT_SECURITY": TlsFault.NOTHING_IN_COMMON,
    "HANDSHAKE_FAILURE": TlsFault.NOTHING_IN_COMMON,
}
"""What the other side means by its alerts (RFC 8446, 6.2); OpenSSL puts ``…_ALERT_`` in front."""


def fault_of(error: Exception) -> tuple[TlsFault, str]:
    """Return what went wrong, and the library's own word for it, or ""."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return TlsFault.CERTIFICATE_BAD, error.verify_message.rstrip(".")
    if isinstance(error, TimeoutError):
        return TlsFault.SILENT, ""
    if not isinstance(error, ssl.SSLError):
        return (TlsFault.NO_GOODBYE if isinstance(error, EOFError) else TlsFault.LEFT), ""
    reason = error.reason or str(error)
    fault = _ALERTS.get(reason.partition("ALERT_")[2], TlsFault.BROKEN)
    if reason in _NOT_TLS:
        fault = TlsFault.NOT_TLS
    elif reason in _NOTHING_IN_COMMON:
        fault = TlsFault.NOTHING_IN_COMMON
    elif reason == "PEER_DID_NOT_RETURN_A_CERTIFICATE":
        fault = TlsFault.CERTIFICATE_MISSING
    return fault, reason.lower().replace("_", " ")


def handshake_fault_of(error: Exception) -> tuple[TlsFault, str]:
    """Return the same for a handshake, in which nobody has a goodbye to say yet."""
    return (TlsFault.LEFT, "") if isinstance(error, EOFError) else fault_of(error)


def explained(error: Exception, endpoint: Endpoint, handshake_s: float) -> EnchufeError:
    """Return why a server could not be spoken to, as a person understands it."""
    if isinstance(error, EnchufeError):
        return error
    fault, detail = handshake_fault_of(error)
    plain = f"tcp://{str(endpoint).partition('://')[2]}"
    match fault:
        case TlsFault.NOT_TLS:
            return ProtocolError(
                N_("{endpoint} does not speak TLS"), hint=_MAYBE_TCP, endpoint=endpoint, plain=plain
            )
        case TlsFault.SILENT:
            return TimedOutError(
                N_("{endpoint} did not finish the TLS handshake within {seconds:g} s"),
                hint=_MAYBE_TCP,
                endpoint=endpoint,
                plain=plain,
                seconds=handshake_s,
            )
        case TlsFault.LEFT if isinstance(error, OSError) and error.errno not in _WENT:
            return UnreachableError(
                N_("cannot reach {endpoint}: {why}"), endpoint=endpoint, why=error.strerror or error
            )
        case TlsFault.LEFT:
            return ProtocolError(
                N_("{endpoint} closed before the TLS handshake was over"),
                hint=_MAYBE_TCP,
                endpoint=endpoint,
                plain=plain,
            )
        case _:
            return _certificates_explained(fault, detail, endpoint)


def _certificates_explained(fault: TlsFault, detail: str, endpoint: Endpoint) -> EnchufeError:
    match fault:
        case TlsFault.CERTIFICATE_BAD:
            return DeniedError(
                N_("the certificate of {endpoint} does not pass: {detail}"),
                hint=N_("Check --ca, and that the certificate names the host you wrote"),
                endpoint=endpoint,
                detail=detail,
            )
        case TlsFault.DISTRUSTED:
            return DeniedError(
                N_("{endpoint} does not accept our certificate ({detail})"),
                endpoint=endpoint,
                detail=detail,
            )
        case _:
            return ProtocolError(
                N_("no TLS with {endpoint}: {detail}"),
                hint=N_("It may want another version of TLS, or a certificate (--cert, --key)"),
                endpoint=endpoint,
                detail=detail,
            )


_WENT = frozenset({errno.ECONNRESET, errno.EPIPE, errno.ECONNABORTED})
_MAYBE_TCP = N_("Is it a tcp:// endpoint? Try {plain}")
