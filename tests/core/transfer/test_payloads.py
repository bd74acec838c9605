"""Payloads of a transfer: what is not one is none, whatever it is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enchufe.core.files import Objection
from enchufe.core.transfer.payloads import (
    PAYLOAD_BYTES_MAX,
    Accept,
    End,
    Offer,
    Refuse,
    Start,
    packed,
    unpacked,
)


@pytest.mark.parametrize(
    ("payload", "data"),
    [
        (Offer("sea.png", 3, "image/png", 7), b'{"name":"sea.png","size":3,"media":"image/png",'
         b'"modified_ns":7}'),
        (Offer("x", 0), b'{"name":"x","size":0}'),
        (Accept(), b"{}"),
        (Accept(5, "ab"), b'{"offset":5,"sha256":"ab"}'),
        (Refuse("size", 9), b'{"why":"size","limit":9}'),
        (Start(0), b'{"offset":0}'),
        (End("ab"), b'{"sha256":"ab"}'),
    ],
)  # fmt: skip
def test_each_is_the_json_of_the_specification(payload: Offer, data: bytes) -> None:
    assert packed(payload) == data
    assert unpacked(type(payload), data) == payload


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b"[]", b"null", b'{"name":1,"size":2}', b'{"name":"x"}', b'{"name":"x","size":"2"}',
     b'\xff\xfe', b'{"name":"\xff","size":1}', b'{"name":"x","size":1e999}'],
)  # fmt: skip
def test_what_is_no_offer_is_none(data: bytes) -> None:
    assert unpacked(Offer, data) is None


def test_a_description_has_a_limit() -> None:
    longest = b'{"name":"x","size":1}'.ljust(PAYLOAD_BYTES_MAX)
    assert unpacked(Offer, longest) == Offer("x", 1)
    assert unpacked(Offer, longest + b" ") is None


@given(st.binary())
def test_any_bytes_are_a_payload_or_none(data: bytes) -> None:
    for kind in (Offer, Accept, Refuse, Start, End):
        read = unpacked(kind, data)
        assert read is None or isinstance(read, kind)


@given(st.text())
def test_every_reason_is_an_objection(why: str) -> None:
    expected = Objection(why) if why in list(Objection) else Objection.FAILED
    assert Refuse(why).objection is expected


@pytest.mark.parametrize("objection", Objection)
def test_a_known_reason_is_understood(objection: Objection) -> None:
    assert Refuse(objection.value).objection is objection
