"""Cutting a stream anywhere: what comes of it must not depend on where."""

from hypothesis import strategies as st


def one_by_one(data: bytes) -> list[bytes]:
    """Return ``data`` byte by byte."""
    return [data[i : i + 1] for i in range(len(data))]


def cut_at(data: bytes, places: list[int]) -> list[bytes]:
    """Return the pieces of ``data`` between ``places``; some may be empty."""
    ends = [*sorted(places), len(data)]
    return [data[start:end] for start, end in zip([0, *ends[:-1]], ends, strict=True)]


def cut_anywhere(data: bytes, choices: st.DataObject) -> list[list[bytes]]:
    """Return ``data`` whole, byte by byte, and cut where Hypothesis likes."""
    places = choices.draw(st.lists(st.integers(0, len(data)), max_size=8), label="cuts")
    return [[data], one_by_one(data), cut_at(data, places)]
