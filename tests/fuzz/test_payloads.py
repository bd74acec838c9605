"""What frames carry in JSON: a stranger's bytes are what they should be, or the one error."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct
from tests.fuzz.strangers import JSON_TEXTS

from enchufe.core import cachipun, control, room
from enchufe.core.errors import ProtocolError
from enchufe.core.frames import Frame
from enchufe.core.payloads import encoded_payload, payload_of
from enchufe.core.transfer import payloads
from enchufe.core.transfer.payloads import unpacked

ROOM = tuple(room._KINDS)
CONTROL = tuple(control._KINDS)
GAME = tuple(cachipun._KINDS)
TRANSFER = tuple(
    kind
    for kind in vars(payloads).values()
    if isinstance(kind, type) and issubclass(kind, Struct) and kind.__module__ == payloads.__name__
)

PAYLOADS = JSON_TEXTS | st.binary(max_size=200)


def test_all_payloads_are_tried() -> None:
    assert len(ROOM) >= 8
    assert len(TRANSFER) >= 6
    assert len(CONTROL) >= 6
    assert len(GAME) >= 12


@pytest.mark.parametrize("kind", ROOM + CONTROL + GAME, ids=lambda kind: kind.__name__)
@given(data=PAYLOADS)
def test_what_a_room_control_or_a_game_is_sent(kind: type[Struct], data: bytes) -> None:
    try:
        payload = payload_of(Frame(0, 0, data), kind)
    except ProtocolError:
        return
    assert payload_of(Frame(0, 0, encoded_payload(payload)), kind) == payload


@pytest.mark.parametrize("kind", TRANSFER, ids=lambda kind: kind.__name__)
@given(data=PAYLOADS)
def test_what_a_transfer_is_sent(kind: type[Struct], data: bytes) -> None:
    payload = unpacked(kind, data)
    assert payload is None or unpacked(kind, payloads.packed(payload)) == payload
