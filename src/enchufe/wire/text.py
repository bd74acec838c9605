"""Text: a message is a line, or what came before the peer fell silent.

Course scripts end their lines with ``\\n``, ``\\r\\n`` or not at all, and a line may
come cut anywhere; what the message is must not depend on the cuts.
"""

from enchufe.core.limits import LINE_BYTES_MAX


class TextDecoder:
    """Cuts a stream into lines; keeps the last one until its end comes."""

    def __init__(self) -> None:
        self._held = bytearray()
        self._return_flushed = False

    @property
    def holds(self) -> bool:
        """Whether the beginning of a line is waiting for its end."""
        return bool(self._held)

    def feed(self, data: bytes) -> list[bytes]:
        """Return the lines that ``data`` completes, without their ends.

        A line longer than `LINE_BYTES_MAX` is cut there, so that a peer that never
        ends its line cannot make us hold more.
        """
        if self._return_flushed and data:
            self._return_flushed = False
            data = data.removeprefix(b"\n")  # the rest of an end of line already taken
        if b"\n" not in data:
            self._held += data
            return self._cut_too_long()
        *whole, rest = (bytes(self._held) + data).split(b"\n")
        self._held = bytearray(rest)
        lines = [piece for line in whole for piece in _pieces(line)]
        return lines + self._cut_too_long()

    def _cut_too_long(self) -> list[bytes]:
        lines = []
        while len(self._held) > LINE_BYTES_MAX:
            lines.append(bytes(self._held[:LINE_BYTES_MAX]))
            del self._held[:LINE_BYTES_MAX]
        return lines

    def flush(self) -> list[bytes]:
        """Return what is held, as a last line without an end; [] if nothing is."""
        held = bytes(self._held)
        self._held.clear()
        self._return_flushed = held.endswith(b"\r")
        return [held.removesuffix(b"\r")] if held else []


def _pieces(line: bytes) -> list[bytes]:
    if len(line) <= LINE_BYTES_MAX:
        return [line.removesuffix(b"\r")]
    pieces = [line[i : i + LINE_BYTES_MAX] for i in range(0, len(line), LINE_BYTES_MAX)]
    return [*pieces[:-1], pieces[-1].removesuffix(b"\r")]


def line_of(message: bytes) -> bytes:
    """Return ``message`` as a line of a stream."""
    return message if message.endswith(b"\n") else message + b"\n"


def text_of(datagram: bytes) -> bytes:
    """Return a datagram's text without the one end of line that ``ncat`` adds."""
    return datagram.removesuffix(b"\n").removesuffix(b"\r")
