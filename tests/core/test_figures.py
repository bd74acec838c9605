"""Sizes, as a person takes them in."""

import pytest

from enchufe.core.figures import size


@pytest.mark.parametrize(
    ("count_bytes", "text"),
    [
        (0, "0 B"),
        (1, "1 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (1536, "1.5 KiB"),
        (1024 * 1024 - 1, "1.0 MiB"),
        (5_000_000, "4.8 MiB"),
        (3 * 1024**3, "3.0 GiB"),
        (2048 * 1024**3, "2048.0 GiB"),
    ],
)
def test_sizes_have_a_unit_one_takes_in(count_bytes: int, text: str) -> None:
    assert size(count_bytes) == text
