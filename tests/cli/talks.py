"""Talks between programs of ours: one end waits, the other is a pipe or a person at a terminal."""

import contextlib
from collections.abc import Callable, Iterator, Sequence

from tests.cli.programs import Program, running
from tests.cli.terminals import Screen, screen


@contextlib.contextmanager
def waiting(
    *words: str, transport: str = "udp", endpoint: str = "", before: Sequence[str] = ()
) -> Iterator[tuple[Program, str]]:
    """Run ``enchufe talk --listen``, at a free port or at ``endpoint``; yield it and its URL."""
    asked = endpoint or f"{transport}://127.0.0.1:0"
    with running("talk", "--listen", asked, *words, before=before) as program:
        yield program, program.err.until(r"enchufe talk (\w+://\S+)")[1]


def port_of(endpoint: str) -> int:
    return int(endpoint.rpartition(":")[2])


def ends_with(*last: str) -> Callable[[list[str]], bool]:
    return lambda shown: shown[-len(last) :] == list(last)


@contextlib.contextmanager
def friend_on_screen(*words: str) -> Iterator[tuple[Program, Screen]]:
    """Run two ends of a talk: one in a pipe, who waits, and one at a terminal."""
    with waiting(*words) as (friend, endpoint), screen("talk", endpoint, *words) as person:
        person.until(lambda shown: shown[-1:] == [">"])
        yield friend, person


def say(person: Screen, line: str) -> None:
    person.type(line)
    person.press("Enter")
