"""Bytes as people write them, and the dump they come back as."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enchufe.core.errors import UsageError
from enchufe.wire.hexadecimal import bytes_of, dump


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("", b""),
        ("  \n", b""),
        ("de ad be ef", b"\xde\xad\xbe\xef"),
        ("DEADBEEF", b"\xde\xad\xbe\xef"),
        ("0xDEADBEEF", b"\xde\xad\xbe\xef"),
        ("0xde, 0xad,0xbe:ef", b"\xde\xad\xbe\xef"),
        ("00:00:5e:00:53:af", b"\x00\x00\x5e\x00\x53\xaf"),
        ("00ff\r\n", b"\x00\xff"),
    ],
)
def test_pairs_of_digits_are_understood_however_they_are_grouped(text: str, data: bytes) -> None:
    assert bytes_of(text) == data


@pytest.mark.parametrize("text", ["a", "abc", "0 1", "zz", "ab cg", "é", "0xa", "1٣", "{x}"])
def test_anything_else_is_refused_and_named(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        bytes_of(f" {text} ")
    assert f"“{text}”" in str(caught.value)
    assert "pairs of digits" in caught.value.hint


@pytest.mark.parametrize(
    ("data", "offset_bytes", "rows"),
    [
        (b"", 0, ""),
        (
            b"hola",
            0,
            "00000000  68 6f 6c 61                                       |hola|\n",
        ),
        (
            bytes(range(0x1E, 0x2F)),
            0x10,
            "00000010  1e 1f 20 21 22 23 24 25  26 27 28 29 2a 2b 2c 2d  |.. !\"#$%&'()*+,-|\n"
            "00000020  2e                                                |.|\n",
        ),
        (
            b"\x00~\x7f\xff\n\xc3\xb1",
            0xFFFFFFFF,
            "ffffffff  00 7e 7f ff 0a c3 b1                              |.~.....|\n",
        ),
    ],
)
def test_a_dump_has_rows_of_sixteen(data: bytes, offset_bytes: int, rows: str) -> None:
    assert dump(data, offset_bytes) == rows


@given(st.binary(max_size=100))
def test_a_dump_says_every_byte_and_only_ascii(data: bytes) -> None:
    rows = dump(data).splitlines()
    assert b"".join(bytes_of(row[10:58]) for row in rows) == data
    assert all(row.isascii() and row.isprintable() for row in rows)
    assert len({row.index("|") for row in rows}) <= 1


@given(st.binary(max_size=100), st.sampled_from(["", " ", ":", ", "]))
def test_what_is_written_is_what_is_read(data: bytes, between: str) -> None:
    assert bytes_of(between.join(f"{byte:02x}" for byte in data)) == data
