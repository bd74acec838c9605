"""Seals: what comes through one is from whoever holds the key, unchanged, and for the first time.

Both sides of a conversation choose a nonce. The key and both nonces give a key for each
direction (HMAC-SHA256 as a pseudorandom function: RFC 2104, RFC 5869 section 2), and with
that every frame is sealed together with its number in that direction. So a frame that was
changed, left out, repeated, sent back, or played back in another conversation does not
pass; and whoever does not hold the key cannot make one. Nothing is hidden by a seal: for
that there is TLS.
"""

import hmac
from enum import Enum
from hashlib import sha256

from enchufe.core.frames import Frame, Kind

SEAL_BYTES = 32
"""Of each sealed frame; then comes the kind of what is sealed, one byte, and its payload."""

KEY_BYTES = 32
"""Of a key: as many as the hash gives, so that guessing one is hopeless."""


class Side(Enum):
    """Who of the two somebody is; a seal says it, so that none can be sent back."""

    CALLER = b"caller"
    SERVER = b"server"

    @property
    def other(self) -> "Side":
        """The one at the other end."""
        return Side.SERVER if self is Side.CALLER else Side.CALLER


class Sealing:
    """Seals what one side says, and opens what the other does.

    Args:
        key: the secret both hold, `KEY_BYTES` long.
        side: which of the two we are.
        caller_nonce: what the caller chose, never before and never again.
        server_nonce: what the server chose, likewise.
    """

    def __init__(self, key: bytes, side: Side, caller_nonce: bytes, server_nonce: bytes) -> None:
        nonces = caller_nonce + server_nonce
        self._ours = _direction_key(key, side, nonces)
        self._theirs = _direction_key(key, side.other, nonces)
        self._sealed_count = 0
        self._opened_count = 0

    def seal(self, frame: Frame) -> Frame:
        """Return ``frame`` sealed, as the next one that we say."""
        content = bytes((frame.kind,)) + frame.payload
        seal = _seal_of(self._ours, self._sealed_count, content)
        self._sealed_count += 1
        return Frame(Kind.SEALED, frame.stream, seal + content)

    def opened(self, sealed: Frame) -> Frame | None:
        """Return what is sealed if it is the next that they say, else None."""
        seal, content = sealed.payload[:SEAL_BYTES], sealed.payload[SEAL_BYTES:]
        expected = _seal_of(self._theirs, self._opened_count, content)
        if not hmac.compare_digest(seal, expected) or not content:
            return None
        self._opened_count += 1
        return Frame(content[0], sealed.stream, content[1:])


def key_name(key: bytes) -> str:
    """Return what a key may be called in a log: it says which one it is, and nothing else."""
    return sha256(b"enchufe key name\n" + key).hexdigest()[:12]


def _direction_key(key: bytes, side: Side, nonces: bytes) -> bytes:
    return hmac.digest(key, b"enchufe control 1 " + side.value + b"\n" + nonces, sha256)


def _seal_of(key: bytes, number: int, content: bytes) -> bytes:
    return hmac.digest(key, number.to_bytes(8, "big") + content, sha256)
