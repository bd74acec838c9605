"""What the course's own cachipún says, byte for byte; rubbish is nothing."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.fuzz.strangers import JSON_TEXTS

from enchufe.core.ayudantia import move_bytes, move_of, outcome_of, result_bytes, result_of
from enchufe.core.cachipun import Choice

ROCK, PAPER, SCISSORS = Choice


@pytest.mark.parametrize(
    ("choice", "word"), [(ROCK, "piedra"), (PAPER, "papel"), (SCISSORS, "tijera")]
)
def test_a_move(choice: Choice, word: str) -> None:
    assert json.loads(move_bytes(choice)) == {"status": "eleccion", "data": word}
    assert move_of(move_bytes(choice)) is choice


@pytest.mark.parametrize(
    ("own", "other", "outcome"),
    [(ROCK, SCISSORS, "Gana"), (ROCK, PAPER, "Pierde"), (ROCK, ROCK, "Empate")],
)
def test_a_result(own: Choice, other: Choice, outcome: str) -> None:
    told = json.loads(result_bytes(own, other))
    assert told["status"] == "result"
    assert told["data"]["res"] == outcome == outcome_of(own, other)
    assert result_of(result_bytes(own, other)) == (own, other)


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"null",
        b'"eleccion"',
        b'{"status":"eleccion"}',
        b'{"status":"eleccion","data":"lagarto"}',
        b'{"status":"eleccion","data":3}',
        b'{"status":"otra","data":"papel"}',
        b'{"status":"result","data":{"eleccion_1":"papel","eleccion_2":"x","res":"Gana"}}',
        b"\xff\xfe",
        b"[" * 100_000,
    ],
)
def test_anything_else_is_nothing(message: bytes) -> None:
    assert move_of(message) is None
    assert result_of(message) is None


@given(JSON_TEXTS | st.binary(max_size=200))
def test_no_bytes_make_it_fail(message: bytes) -> None:
    assert move_of(message) is None or isinstance(move_of(message), Choice)
    assert result_of(message) is None or len(result_of(message) or ()) == 2
