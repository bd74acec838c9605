"""Who is at the other end of a connection, by the word of somebody we trust."""

import socket
import ssl
import struct

from enchufe.net.tls import fingerprint_of

_PEERCRED: int | None = getattr(socket, "SO_PEERCRED", None)
_UCRED = struct.Struct("iII")  # pid, uid, gid (unix(7), struct ucred)


def unix_user(sock: socket.socket) -> str:
    """Return ``uid 1000`` of a Unix socket's peer, as the system knows it; "" where it does not.

    It is the user who called connect(2), whatever became of the process since.
    """
    if _PEERCRED is None:
        return ""
    _pid, uid, _gid = _UCRED.unpack(sock.getsockopt(socket.SOL_SOCKET, _PEERCRED, _UCRED.size))
    return f"uid {uid}"


def certificate_user(tls: ssl.SSLObject) -> str:
    """Return ``certificate sha256:…`` of a peer whose certificate was checked; "" of others."""
    certificate = tls.getpeercert(binary_form=True)
    is_checked = tls.context.verify_mode is ssl.CERT_REQUIRED
    return f"certificate {fingerprint_of(certificate)}" if certificate and is_checked else ""
