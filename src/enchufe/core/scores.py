"""What a service orders so that scores survive the run, and what comes of it."""

from typing import TypeAlias

from msgspec import Struct

from enchufe.core.cachipun import Score


class KeepScore(Struct, frozen=True, tag=True):
    """Count a match; `ScoreKept` says when that is safe.

    Args:
        match: its number in this run, given back with the answer.
        winner: who won.
        loser: who lost.
    """

    match: int
    winner: str
    loser: str


class AskScores(Struct, frozen=True, tag=True):
    """Look up the best ``count_max``; `ScoresFound` answers, with ``tag``."""

    tag: str
    count_max: int


class ScoreKept(Struct, frozen=True, tag=True):
    """A match is counted: on the disk, or where that cannot be, for as long as this run."""

    at_ns: int
    match: int


class ScoresFound(Struct, frozen=True, tag=True):
    """The score table, the best first; answers `AskScores`."""

    at_ns: int
    tag: str
    rows: tuple[Score, ...]


ScoreOrder: TypeAlias = KeepScore | AskScores
ScoreEvent: TypeAlias = ScoreKept | ScoresFound
