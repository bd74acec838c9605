"""A colour for every name."""

import pytest
from rich.color import Color
from rich.style import Style

from enchufe.clients.names import HUES, style_of


def test_a_name_has_the_same_colour_wherever_it_is_seen() -> None:
    """Not by `hash`, which differs from one run to the next."""
    assert (style_of("ana"), style_of("luis")) == ("bold color(166)", "bold color(134)")


def test_names_share_all_the_colours_about_evenly() -> None:
    counts = dict.fromkeys(HUES, 0)
    for number in range(1200):
        counts[style_of(f"guest{number}").removeprefix("bold ")] += 1
    assert all(50 < count < 150 for count in counts.values())


@pytest.mark.parametrize("hue", HUES)
def test_a_colour_is_neither_near_white_nor_near_black(hue: str) -> None:
    """By the relative luminance of WCAG 2.2: at least 3 to 1 against black, 2.4 against white."""
    color = Style.parse(f"bold {hue}").color or Color.default()
    luminance = sum(
        weight * linear(part)
        for weight, part in zip((0.2126, 0.7152, 0.0722), color.get_truecolor(), strict=True)
    )
    assert (luminance + 0.05) / 0.05 >= 3
    assert 1.05 / (luminance + 0.05) >= 2.4


def linear(part: int) -> float:
    share = part / 255
    return share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4
