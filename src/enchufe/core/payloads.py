"""What frames carry in JSON: read from a stranger, so checked before it is believed."""

from typing import TypeVar

import msgspec
from msgspec import Struct

from enchufe.core.errors import N_, ProtocolError
from enchufe.core.frames import Frame

Payload = TypeVar("Payload", bound=Struct)

_ENCODER = msgspec.json.Encoder()


def encoded_payload(payload: Struct) -> bytes:
    """Return the bytes of ``payload``."""
    return _ENCODER.encode(payload)


def payload_of(frame: Frame, kind: type[Payload]) -> Payload:
    """Return what ``frame`` carries.

    Raises:
        ProtocolError: it is not what its kind says.
    """
    try:
        return msgspec.json.decode(frame.payload, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ProtocolError(
            N_("a frame of kind {kind} does not carry what it should: {why}"),
            kind=frame.kind,
            why=error,
        ) from None
