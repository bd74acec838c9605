"""Whom we trust: a server somebody vouches for, or the one we have met before.

As in SSH: at the first meeting a certificate is remembered, later it must be the same.
A server whose certificate the system's authorities vouch for needs no memory, as in a
browser; it changes its certificate every few weeks.
"""

import ssl
import time
import warnings
from collections.abc import Callable, Sequence
from ipaddress import ip_address
from typing import Any, cast

from enchufe.core.endpoint import Endpoint
from enchufe.core.errors import N_, DeniedError
from enchufe.core.notices import Notice, ServerNotRemembered, ServerRemembered
from enchufe.net.known_servers import KnownServer, KnownServers, address_of, called_name
from enchufe.net.tls import TlsSettings, fingerprint_of, parsed_fingerprint
from enchufe.net.tls_identity import tls_folder


class Trust:
    """Approves of a server once its certificate is known.

    Args:
        endpoint: whom we called.
        settings: what was asked for.
        notify: told of a server met for the first time.

    Raises:
        UsageError: the fingerprint asked for is none.
    """

    def __init__(
        self, endpoint: Endpoint, settings: TlsSettings, notify: Callable[[Notice], None]
    ) -> None:
        self._endpoint = endpoint
        self._notify = notify
        self._is_verified = settings.authorities is not None
        asked = settings.fingerprint
        self._demanded = None if asked is None else parsed_fingerprint(asked)
        self._known = KnownServers(tls_folder() / "known_servers")

    def approve(self, tls: ssl.SSLObject) -> None:
        """Return if the server is trusted; a new one is remembered.

        Raises:
            DeniedError: it is not the one it should be.
        """
        certificate = tls.getpeercert(binary_form=True)
        assert certificate is not None  # a server without one does not get through a handshake
        seen = fingerprint_of(certificate)
        if self._demanded is not None:
            self._check_demanded(self._demanded, seen)
        elif not self._is_verified:
            self._check_met(tls, seen)

    def _check_demanded(self, demanded: str, seen: str) -> None:
        if seen != demanded:
            raise DeniedError(
                N_("{endpoint} is not the server you asked for: its fingerprint is {seen}"),
                hint=N_("You demanded {demanded}; somebody else may be answering"),
                endpoint=self._endpoint,
                seen=seen,
                demanded=demanded,
            )

    def _check_met(self, tls: ssl.SSLObject, seen: str) -> None:
        address = address_of(self._endpoint)
        try:
            met = self._known.met(address)
        except OSError as error:
            raise DeniedError(
                N_("cannot read which servers are known, {path}: {why}"),
                hint=N_("Make it readable, or demand the server's --fingerprint"),
                path=self._known.path,
                why=error.strerror or error,
            ) from None
        if any(known.fingerprint == seen for known in met):
            return
        if is_vouched_for(_chain(tls), called_name(self._endpoint)):
            return
        if met:
            raise self._stranger(address, met[-1], seen)
        self._remember(address, seen)

    def _stranger(self, address: str, known: KnownServer, seen: str) -> DeniedError:
        return DeniedError(
            N_(
                "{address} is not the server it was: since {since} its fingerprint was "
                "{remembered}, now it is {seen}"
            ),
            hint=N_(
                "Somebody may be answering in its place. If you know that it has a new "
                "certificate, remove line {line} of {path}"
            ),
            address=address,
            since=known.since,
            remembered=known.fingerprint,
            seen=seen,
            line=known.line,
            path=self._known.path,
        )

    def _remember(self, address: str, seen: str) -> None:
        at_ns, path = time.time_ns(), str(self._known.path)
        try:
            self._known.remember(address, seen)
        except OSError as error:
            why = error.strerror or str(error)
            self._notify(ServerNotRemembered(at_ns, address, seen, path, why))
        else:
            self._notify(ServerRemembered(at_ns, address, seen, path))


def _chain(tls: ssl.SSLObject) -> Sequence[bytes]:
    """Return the certificates the server showed, its own first (DER)."""
    public = getattr(tls, "get_unverified_chain", None)
    if public is not None:  # since Python 3.13
        return cast("Sequence[bytes]", public())
    inner = cast("Any", tls)._sslobj  # noqa: SLF001 -- the same method, before it was public
    return [ssl.PEM_cert_to_DER_cert(each.public_bytes()) for each in inner.get_unverified_chain()]


def is_vouched_for(chain: Sequence[bytes], host: str) -> bool:
    """Whether the system's authorities vouch that ``host`` is whom the certificate names.

    Args:
        chain: what the server showed, its own certificate first (DER).
        host: the name or address it was called by.
    """
    from cryptography import x509
    from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

    with warnings.catch_warnings(action="ignore"):  # old authorities have odd certificates
        try:
            own, *others = [x509.load_der_x509_certificate(each) for each in chain]
            if own.issuer == own.subject:  # nobody else has signed it
                return False
            roots = ssl.create_default_context().get_ca_certs(binary_form=True)
            store = Store([x509.load_der_x509_certificate(each) for each in roots])
            verifier = PolicyBuilder().store(store).build_server_verifier(_subject(host))
            verifier.verify(own, others)
        except (VerificationError, ValueError):  # also where the system names no authority
            return False
    return True


def _subject(host: str) -> Any:
    """Return the host as the verifier wants it; a name outside ASCII as it travels (IDNA)."""
    from cryptography import x509

    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host.encode("idna").decode("ascii"))
