"""Ends of line as the network writes them: ``\\r\\n`` for every ``\\n`` (RFC 1123, 2.3.1)."""


class CrlfEncoder:
    """Writes a lone ``\\n`` as ``\\r\\n``, leaves a ``\\r\\n`` alone, whatever the cuts."""

    def __init__(self) -> None:
        self._after_return = False

    def feed(self, data: bytes) -> bytes:
        """Return ``data`` with its ends of line as the network writes them."""
        if not data:
            return data
        held = b"\r" if self._after_return else b""
        self._after_return = data.endswith(b"\r")
        joined = (held + data).replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
        return joined[len(held) :]
