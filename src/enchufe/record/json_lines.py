"""JSON Lines: every event, command and notice as one JSON object a line, for programs.

The key ``type`` says which of `enchufe.core.events`, `enchufe.core.commands` or
`enchufe.core.notices` it is; bytes are in base64 (RFC 4648), times in nanoseconds
since 1970.
"""

from typing import BinaryIO

import msgspec

from enchufe.core.commands import Command
from enchufe.core.events import Event
from enchufe.core.notices import Notice


class JsonLines:
    """Writes facts to a stream as they happen.

    Args:
        stream: where to; flushed after each line, so that a reader sees it at once.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._encoder = msgspec.json.Encoder()

    def write(self, fact: Event | Command | Notice) -> None:
        """Write one line."""
        self._stream.write(self._encoder.encode(fact) + b"\n")
        self._stream.flush()
