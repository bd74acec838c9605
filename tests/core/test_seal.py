"""Seals: only what the holder of the key said, unchanged, in order, once, and here."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enchufe.core.frames import Frame, Kind
from enchufe.core.seal import KEY_BYTES, SEAL_BYTES, Sealing, Side, key_name

KEY = bytes(range(KEY_BYTES))
CALLER_NONCE, SERVER_NONCE = b"c" * 32, b"s" * 32
RUN = Frame(Kind.RUN, 7, b'{"arguments":["ls"]}')


def pair(
    key: bytes = KEY, caller_nonce: bytes = CALLER_NONCE, server_nonce: bytes = SERVER_NONCE
) -> tuple[Sealing, Sealing]:
    """Return a caller that holds `KEY`, and a server that holds ``key`` and chose otherwise."""
    return (
        Sealing(KEY, Side.CALLER, CALLER_NONCE, SERVER_NONCE),
        Sealing(key, Side.SERVER, caller_nonce, server_nonce),
    )


def test_what_is_sealed_comes_out_as_it_was() -> None:
    caller, server = pair()
    assert server.opened(caller.seal(RUN)) == RUN
    assert caller.opened(server.seal(Frame(Kind.OUTPUT, 7, b"file\n"))) == Frame(
        Kind.OUTPUT, 7, b"file\n"
    )


@given(st.lists(st.tuples(st.integers(0, 255), st.binary(max_size=100)), max_size=5))
def test_any_frames_come_out_in_order(frames: list[tuple[int, bytes]]) -> None:
    caller, server = pair()
    for kind, payload in frames:
        assert server.opened(caller.seal(Frame(kind, 0, payload))) == Frame(kind, 0, payload)


@pytest.mark.parametrize(
    "server",
    [
        pytest.param(pair(key=b"x" * KEY_BYTES)[1], id="another key"),
        pytest.param(pair(caller_nonce=b"d" * 32)[1], id="another caller's nonce"),
        pytest.param(pair(server_nonce=b"t" * 32)[1], id="played back, so another nonce"),
        pytest.param(Sealing(KEY, Side.CALLER, CALLER_NONCE, SERVER_NONCE), id="sent back"),
    ],
)
def test_what_was_said_elsewhere_does_not_pass(server: Sealing) -> None:
    assert server.opened(pair()[0].seal(RUN)) is None


def test_every_bit_counts() -> None:
    sealed = pair()[0].seal(RUN)
    for place in range(8 * len(sealed.payload)):
        changed = bytearray(sealed.payload)
        changed[place // 8] ^= 1 << place % 8
        assert pair()[1].opened(Frame(Kind.SEALED, 7, bytes(changed))) is None


@pytest.mark.parametrize("size_bytes", [0, 1, SEAL_BYTES - 1, SEAL_BYTES])
def test_what_is_cut_short_does_not_pass(size_bytes: int) -> None:
    sealed = pair()[0].seal(RUN)
    assert pair()[1].opened(Frame(Kind.SEALED, 7, sealed.payload[:size_bytes])) is None


def test_nothing_is_opened_twice_or_out_of_order_and_what_fails_changes_nothing() -> None:
    caller, server = pair()
    first, second = caller.seal(RUN), caller.seal(RUN)
    assert server.opened(second) is None
    assert server.opened(first) == RUN
    assert server.opened(first) is None
    assert server.opened(second) == RUN


def test_a_key_has_a_name_that_does_not_tell_it() -> None:
    assert key_name(KEY) == key_name(bytes(KEY)) != key_name(b"x" * KEY_BYTES)
    assert key_name(KEY) not in KEY.hex()
    assert len(key_name(KEY)) == 12
