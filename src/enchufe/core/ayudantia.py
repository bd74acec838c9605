"""What the course's own cachipún says: a program called Ayudantia 14, with a window a player.

A window sends ``{"status": "eleccion", "data": "papel"}`` when a picture is clicked, and locks
its buttons until ``{"status": "result", "data": {"eleccion_1": …, "eleccion_2": …, "res": …}}``
comes: its own move, the other's, and Gana, Pierde or Empate. It knows nothing else. How these
texts are cut out of a stream is `enchufe.wire.lengths`' business.
"""

from typing import Literal

import msgspec
from msgspec import Struct

from enchufe.core.cachipun import BEATEN, Choice

_WORDS = {Choice.ROCK: "piedra", Choice.PAPER: "papel", Choice.SCISSORS: "tijera"}
_CHOICES = {word: choice for choice, word in _WORDS.items()}


class _Move(Struct):
    status: Literal["eleccion"]
    data: str


class _Outcome(Struct):
    eleccion_1: str
    eleccion_2: str
    res: str


class _Result(Struct):
    status: Literal["result"]
    data: _Outcome


def move_bytes(choice: Choice) -> bytes:
    """Return how a window says its move."""
    return msgspec.json.encode(_Move("eleccion", _WORDS[choice]))


def move_of(message: bytes) -> Choice | None:
    """Return the move in ``message``; None if it is anything else."""
    try:
        return _CHOICES.get(msgspec.json.decode(message, type=_Move).data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def result_bytes(own: Choice, other: Choice) -> bytes:
    """Return how a window is told the result of ``own`` against ``other``."""
    outcome = _Outcome(_WORDS[own], _WORDS[other], outcome_of(own, other))
    return msgspec.json.encode(_Result("result", outcome))


def result_of(message: bytes) -> tuple[Choice, Choice] | None:
    """Return our move and the other's in ``message``; None if it is anything else."""
    try:
        outcome = msgspec.json.decode(message, type=_Result).data
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    own, other = _CHOICES.get(outcome.eleccion_1), _CHOICES.get(outcome.eleccion_2)
    return None if own is None or other is None else (own, other)


def outcome_of(own: Choice, other: Choice) -> str:
    """Return the window's word for ``own`` against ``other``."""
    if own is other:
        return "Empate"
    return "Gana" if BEATEN[own] is other else "Pierde"
