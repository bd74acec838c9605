"""Authorities and the certificates they give, made in a moment for a test."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import ExtendedKeyUsageOID

_FROM = datetime(2020, 1, 1, tzinfo=UTC)
_UNTIL = _FROM + timedelta(days=50 * 365)


class Issued:
    """A certificate and its key, in files."""

    def __init__(self, folder: Path, name: str, certificate: x509.Certificate, key: bytes) -> None:
        self.der = certificate.public_bytes(Encoding.DER)
        self.certificate = str(folder / f"{name}.pem")
        self.key = str(folder / f"{name}.key")
        Path(self.certificate).write_bytes(certificate.public_bytes(Encoding.PEM))
        Path(self.key).write_bytes(key)


class Authority:
    """Whoever vouches for others.

    Args:
        folder: where the files go.
        name: what it is called.
    """

    def __init__(self, folder: Path, name: str = "authority") -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _named(name)
        self._certificate = self._signed(
            self._name,
            self._key.public_key(),
            [
                (x509.BasicConstraints(ca=True, path_length=None), True),
                (_usage(signs_certificates=True), True),
            ],
        )
        self.path = folder / f"{name}-ca.pem"
        self.path.write_bytes(self._certificate.public_bytes(Encoding.PEM))

    def issue(
        self, name: str, hosts: Sequence[str] = ("localhost",), passphrase: bytes = b""
    ) -> Issued:
        """Return a certificate for ``hosts``."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._signed(
            _named(name),
            key.public_key(),
            [
                (x509.SubjectAlternativeName([_alternative(host) for host in hosts]), False),
                (x509.BasicConstraints(ca=False, path_length=None), True),
                (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False),
            ]
            if hosts
            else [(x509.BasicConstraints(ca=False, path_length=None), True)],
        )
        lock = BestAvailableEncryption(passphrase) if passphrase else NoEncryption()
        secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, lock)
        return Issued(self._folder, name, certificate, secret)

    def _signed(
        self,
        name: x509.Name,
        key: ec.EllipticCurvePublicKey,
        extensions: Sequence[tuple[x509.ExtensionType, bool]],
    ) -> x509.Certificate:
        own_key = self._key.public_key()
        builder = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(_FROM)
            .not_valid_after(_UNTIL)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(own_key), critical=False
            )
        )
        for extension, is_critical in extensions:
            builder = builder.add_extension(extension, critical=is_critical)
        return builder.sign(self._key, SHA256())


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])


def _alternative(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )
