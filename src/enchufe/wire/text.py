"""Text: a message is a line, or what came before the peer fell silent.

Course scripts end their lines with ``\\n``, ``\\r\\n`` or not at all, and a line may
come cut anywhere; what the message is must not depend on the cuts. Who has ended one
line will end the next: only of a peer that never did is silence taken for an end.
"""

from enchufe.core.limits import LINE_BYTES_MAX


class TextDecoder:
    """Cuts a stream into lines; keeps the last one until its end comes.

    Args:
        skips_too_long: whether of a line longer than `LINE_BYTES_MAX` only the beginning
            is returned, so that whoever refuses it refuses it once; otherwise such a
            line comes in pieces. Either way a peer that never ends its line cannot make
            us hold more.
    """

    def __init__(self, *, skips_too_long: bool = False) -> None:
        self.has_lines = False
        self._held = bytearray()
        self._return_flushed = False
        self._skips_too_long = skips_too_long
        self._skipping = False

    @property
    def waits_for_end(self) -> bool:
        """Whether the beginning of a line is held whose end may never come."""
        return bool(self._held) and not self.has_lines

    is_framed = False

    @property
    def held_bytes(self) -> int:
        """How much is held of a line that is not finished."""
        return len(self._held)

    def feed(self, data: bytes) -> list[bytes]:
        """Return the lines that ``data`` completes, without their ends."""
        if self._return_flushed and data:
            self._return_flushed = False
            data = data.removeprefix(b"\n")  # the rest of an end of line already taken
        *lines, rest = data.split(b"\n")
        are_short = len(self._held) + len(data) <= LINE_BYTES_MAX
        if lines:
            self.has_lines = True
            if self._held:
                lines[0] = self._taken() + lines[0]
            if self._skipping:
                self._skipping = False
                del lines[0]  # the rest of a line whose beginning was returned
        if not self._skipping:
            self._held += rest
        if are_short:
            return [line.removesuffix(b"\r") for line in lines]
        return [piece for line in lines for piece in self._pieces(line)] + self._cut_too_long()

    def flush(self) -> list[bytes]:
        """Return what is held, as a last line without an end; [] if nothing is."""
        held = self._taken()
        self._return_flushed = held.endswith(b"\r")
        return [held.removesuffix(b"\r")] if held else []

    def finish(self) -> None:
        """Say that no more comes; text may end anywhere."""

    def _taken(self) -> bytes:
        held = bytes(self._held)
        self._held.clear()
        return held

    def _cut_too_long(self) -> list[bytes]:
        lines = []
        while len(self._held) > LINE_BYTES_MAX:
            lines.append(bytes(self._held[:LINE_BYTES_MAX]))
            del self._held[:LINE_BYTES_MAX]
            if self._skips_too_long:
                self._held.clear()
                self._skipping = True
        return lines

    def _pieces(self, line: bytes) -> list[bytes]:
        if len(line) <= LINE_BYTES_MAX:
            return [line.removesuffix(b"\r")]
        if self._skips_too_long:
            return [line[:LINE_BYTES_MAX]]
        pieces = [line[i : i + LINE_BYTES_MAX] for i in range(0, len(line), LINE_BYTES_MAX)]
        return [*pieces[:-1], pieces[-1].removesuffix(b"\r")]


def line_of(message: bytes) -> bytes:
    """Return ``message`` as a line of a stream."""
    return message if message.endswith(b"\n") else message + b"\n"


def text_of(datagram: bytes) -> bytes:
    """Return a datagram's text without the one end of line that ``ncat`` adds."""
    return datagram.removesuffix(b"\n").removesuffix(b"\r")
