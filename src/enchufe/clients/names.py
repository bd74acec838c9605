"""A colour for every name: the same wherever it is seen, as legible on dark as on light."""

from zlib import crc32

HUES = (
    "color(33)",
    "color(37)",
    "color(71)",
    "color(99)",
    "color(134)",
    "color(136)",
    "color(166)",
    "color(167)",
    "color(168)",
    "color(69)",
    "color(72)",
    "color(103)",
)
"""Of middling lightness in the terminal's palette of 256 colours; red alone means trouble."""


def style_of(name: str) -> str:
    """Return how ``name`` is shown."""
    return f"bold {HUES[crc32(name.encode()) % len(HUES)]}"
