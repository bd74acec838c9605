"""Who we are: a certificate of our own, made when it is first needed.

Nobody vouches for it, so its fingerprint is what the other side remembers (RFC 7469
calls that a pin), as with the host keys of SSH.
"""

import os
import socket
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from tempfile import NamedTemporaryFile

from msgspec import Struct

from enchufe.core.errors import N_, UsageError
from enchufe.machine.folders import data_folder

FINGERPRINT_PREFIX = "sha256:"
VALID_DAYS = 3650
"""Ten years: whoever remembered it once should not be asked again without need."""

_LOOPBACK = ("127.0.0.1", "::1")


class Identity(Struct, frozen=True):
    """A certificate and its private key, in one file so that they always belong together."""

    path: Path
    is_new: bool


def tls_folder() -> Path:
    """Return where certificates are kept."""
    return data_folder() / "tls"


def own_identity() -> Identity:
    """Return our certificate, made now if there is none yet.

    Two servers that start at once get the same one.

    Raises:
        UsageError: there is none, and it cannot be kept.
    """
    path = tls_folder() / "identity.pem"
    if path.exists():
        return Identity(path, is_new=False)
    try:
        return Identity(path, is_new=_keep(_made(), path))
    except OSError as error:
        raise UsageError(
            N_("cannot keep a certificate in {path}: {why}"),
            hint=N_("Name another folder in XDG_DATA_HOME, or give one with --cert and --key"),
            path=path,
            why=error.strerror or error,
        ) from None


def _keep(pem: bytes, path: Path) -> bool:
    """Write the file whole or not at all; return False if another was quicker."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with NamedTemporaryFile(dir=path.parent, prefix=".identity-") as file:  # mode 0600
        file.write(pem)
        file.flush()
        os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(file.name, path)
            return True
    return False


def _made() -> bytes:
    """Return a new private key and its certificate, in PEM."""
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        NoEncryption,
        PrivateFormat,
    )

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "enchufe")])
    now = datetime.fromtimestamp(time.time(), UTC)
    addresses = [x509.IPAddress(ip_address(address)) for address in _LOOPBACK]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))  # clocks differ
        .not_valid_after(now + timedelta(days=VALID_DAYS))
        .add_extension(
            x509.SubjectAlternativeName([*map(x509.DNSName, _own_names()), *addresses]),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(key, SHA256())
    )
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return secret + certificate.public_bytes(Encoding.PEM)


def _own_names() -> list[str]:
    host = socket.gethostname()
    return list(dict.fromkeys(["localhost", *([host] if host and host.isascii() else [])]))
