"""Bytes as people write them: pairs of hexadecimal digits, and the dump they come back as."""

from enchufe.core.errors import N_, UsageError

ROW_BYTES = 16


def bytes_of(text: str) -> bytes:
    """Return the bytes that ``text`` spells, such as ``de ad be ef`` or ``0xDEADBEEF``.

    Raises:
        UsageError: there is something other than pairs of hexadecimal digits.
    """
    digits = text.replace("0x", " ").replace(":", " ").replace(",", " ")
    try:
        return bytes.fromhex(digits)
    except ValueError:
        raise UsageError(
            N_("“{text}” is not hexadecimal"),
            hint=N_("Write pairs of digits 0-9 and a-f, such as: de ad be ef"),
            text=text.strip(),
        ) from None


def dump(data: bytes, offset_bytes: int = 0) -> str:
    """Return ``data`` as rows of offset, sixteen bytes in hexadecimal, and their ASCII.

    Args:
        data: the bytes to show.
        offset_bytes: where in the conversation they begin.
    """
    return "".join(
        _row(data[i : i + ROW_BYTES], offset_bytes + i) for i in range(0, len(data), ROW_BYTES)
    )


def _row(piece: bytes, offset_bytes: int) -> str:
    left, right = piece[:8].hex(" "), piece[8:].hex(" ")
    seen = "".join(chr(byte) if 0x20 <= byte < 0x7F else "." for byte in piece)
    return f"{offset_bytes:08x}  {left:<23}  {right:<23}  |{seen}|\n"
