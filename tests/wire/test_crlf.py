"""Ends of line as the network writes them."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.cuts import cut_anywhere, one_by_one

from enchufe.wire.crlf import CrlfEncoder


def encoded(pieces: list[bytes]) -> bytes:
    encoder = CrlfEncoder()
    return b"".join(encoder.feed(piece) for piece in pieces)


@pytest.mark.parametrize(
    ("text", "network"),
    [
        (b"", b""),
        (b"hola", b"hola"),
        (b"hola\n", b"hola\r\n"),
        (b"hola\r\n", b"hola\r\n"),
        (b"a\nb\r\nc\n", b"a\r\nb\r\nc\r\n"),
        (b"\n\n", b"\r\n\r\n"),
        (b"\r", b"\r"),
        (b"\r\r\n", b"\r\r\n"),
        (b"a\rb", b"a\rb"),
        (b"HEAD / HTTP/1.0\n\n", b"HEAD / HTTP/1.0\r\n\r\n"),
    ],
)
def test_every_end_of_line_becomes_one_of_the_network(text: bytes, network: bytes) -> None:
    assert encoded([text]) == network
    assert encoded(one_by_one(text)) == network
    assert encoded([b"", text, b""]) == network


@given(st.lists(st.sampled_from([b"\r", b"\n", b"\r\n", b"", b"x", b"\xff"])), st.data())
def test_the_result_is_the_same_whatever_the_cuts(
    parts: list[bytes], choices: st.DataObject
) -> None:
    text = b"".join(parts)
    network = re.sub(rb"(?<!\r)\n", b"\r\n", text)
    for pieces in cut_anywhere(text, choices):
        assert encoded(pieces) == network
    assert encoded([network]) == network
