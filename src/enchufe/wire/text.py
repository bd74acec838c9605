"""Text: a message is a line, or what came before the peer fell silent.

Course scripts end their lines with ``\\n``, ``\\r\\n`` or not at all, and a line may
come cut anywhere; what the message is must not depend on the cuts. Who has ended one
line will most often end the next, so its silence is taken for an end much later than
that of a peer that never did.
"""

import codecs

from enchufe.core.limits import LINE_BYTES_MAX, LINE_QUIET_S, TEXT_QUIET_S

_utf_8_decoder = codecs.getincrementaldecoder("utf-8")


class TextDecoder:
    """Cuts a stream into lines; keeps the last one until its end comes.

    Args:
        skips_too_long: whether of a line longer than `LINE_BYTES_MAX` only the beginning
            is returned, so that whoever refuses it refuses it once; otherwise such a
            line comes in pieces. Either way a peer that never ends its line cannot make
            us hold more.
    """

    def __init__(self, *, skips_too_long: bool = False) -> None:
        self._ends_lines = False  # as far as the peer's latest message tells
        self._held = bytearray()
        self._return_flushed = False
        self._skips_too_long = skips_too_long
        self._skipping = False

    @property
    def quiet_s(self) -> float | None:
        """After how long a silence what is held is a message; None if nothing is held."""
        if not self._held:
            return None
        must_go_on = self._ends_lines or _ends_within_character(self._held)
        return LINE_QUIET_S if must_go_on else TEXT_QUIET_S

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
            self._ends_lines = True
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
        if not held:
            return []
        self._ends_lines = False
        self._return_flushed = held.endswith(b"\r")
        return [held.removesuffix(b"\r")]

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


def _ends_within_character(data: bytearray) -> bool:
    """Return whether the rest of a UTF-8 character is still to come."""
    decoder = _utf_8_decoder("replace")
    decoder.decode(data[-4:])  # none is longer
    return bool(decoder.getstate()[0])


def line_of(message: bytes) -> bytes:
    """Return ``message`` as a line of a stream."""
    return message if message.endswith(b"\n") else message + b"\n"


def text_of(datagram: bytes) -> bytes:
    """Return a datagram's text without the one end of line that ``ncat`` adds."""
    return datagram.removesuffix(b"\n").removesuffix(b"\r")
