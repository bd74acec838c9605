"""Cachipún, which is rock, paper, scissors: who wins, and what its players tell each other.

Nobody can change their mind, and nobody needs to trust the server for it: each says the
digest of a choice first (commit), and the choice with its nonce only once both digests are
known (reveal). The digest holds the match, the round and the seat, so that it fits no other
place. The payload of each frame is a JSON object; the tables are in ``docs/en/frames.md``.
"""

from collections.abc import Sequence
from enum import StrEnum
from hashlib import sha256
from typing import Annotated, TypeAlias

from msgspec import Meta, Struct

from enchufe.core.frames import Frame, Kind
from enchufe.core.payloads import encoded_payload

SEATS = (0, 1)
NOBODY = -1
"""Stands for a seat where there is none: who watches has none, and a draw is won by none."""

BEST_DEFAULT = 3
BEST_MAX = 99
"""Rounds of a match, of which more than half must be won: nobody plays longer at a stretch."""


class Choice(StrEnum):
    """What a hand shows; also the word for it on the wire."""

    ROCK = "rock"
    PAPER = "paper"
    SCISSORS = "scissors"


BEATEN = {
    Choice.ROCK: Choice.SCISSORS,
    Choice.PAPER: Choice.ROCK,
    Choice.SCISSORS: Choice.PAPER,
}
"""What each choice wins against."""


def winner(choices: Sequence[Choice]) -> int:
    """Return the seat that wins with these ``choices`` of the two; `NOBODY` in a draw."""
    first, second = choices
    if first is second:
        return NOBODY
    return 0 if BEATEN[first] is second else 1


def commitment(match: int, number: int, seat: int, choice: str, nonce: str) -> str:
    """Return the digest that binds a seat to its choice.

    Args:
        match: its number.
        number: of the round in the match, from 1 on.
        seat: 0 or 1.
        choice: one of `Choice`.
        nonce: 32 hexadecimal characters that nobody else can know.
    """
    return sha256(f"{match}/{number}/{seat}/{choice}/{nonce}".encode()).hexdigest()


class Why(StrEnum):
    """Why a round ended as it did."""

    PLAYED = "played"
    LATE = "late"  # a choice, or its reveal, did not come in time
    FALSE = "false"  # what was revealed does not fit its digest
    LEFT = "left"
    LOST = "lost"  # the line broke, and nobody came back in time
    MISSED = "missed"  # two rounds running without a choice
    ENDLESS = "endless"  # as many rounds as may be, and nobody has won the match


class What(StrEnum):
    """What happened."""

    WAITING = "waiting"  # you wait for whoever comes
    INVITED = "invited"  # `name` wants to play with you, best of `count`
    INVITING = "inviting"  # you invited `name`, who is asked
    DECLINED = "declined"  # `name`, whom you invited, plays with somebody else
    BUSY = "busy"  # `name` is in a match
    LEFT = "left"
    LOST = "line lost"  # of `name`, who is waited for `count` seconds
    BACK = "back"
    NOBODY = "nobody"  # nobody is called `other`
    NAME_TAKEN = "name taken"  # `other` is; you are `name`
    NAME_UNFIT = "name unfit"
    NAME_KEPT = "name kept"  # during a match your name is for your opponent to know you by
    RENAMED = "renamed"  # `name` is called `other` now
    HOUSE_OFFERED = "house offered"  # nobody came for `count` seconds
    NOT_PLAYING = "not playing"  # `name` is in no match that could be watched
    WATCHED_FULL = "watched by too many"
    INVITATIONS_FULL = "too many invitations"
    TOO_FAST = "too fast"
    STRANGER = "stranger"  # sit down first
    STOPPING = "stopping"  # this server ends
    NO_MATCH = "no match"  # there is nothing to choose in
    CHOSEN = "chosen already"
    AMBIGUOUS = "ambiguous"  # `other` may be this or that
    NOT_UNDERSTOOD = "not understood"
    UNKNOWN = "unknown"  # there is no such command
    USAGE = "usage"  # a command was written wrongly; an example
    NO_REMATCH = "no rematch"  # you have not played yet
    NOT_BACK = "not back"  # nobody is waited for with that word
    PLAYING = "playing"  # you are in a match, and cannot call for another
    EARLY = "early"  # your choice counts for the first round of the match you wait for
    BEST = "best"  # the next match you call is the best of `count`


Number: TypeAlias = Annotated[int, Meta(ge=0, lt=2**53)]
"""Of a match or a round; no more than a browser counts exactly."""

Seat: TypeAlias = Annotated[int, Meta(ge=NOBODY, le=1)]
Digest: TypeAlias = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]


class Sit(Struct, frozen=True):
    """Let me in.

    Args:
        name: how I want to be called; "" for whatever name there is.
        session: known to me alone; who comes again with it is the same player.
    """

    name: str = ""
    session: str = ""


class Seated(Struct, frozen=True):
    """You are in, and called so."""

    name: str


class Call(Struct, frozen=True):
    """I want to play.

    Args:
        to: with whom, who is invited, answered, or played with again; "" for whoever comes.
        best: of how many rounds; odd.
        house: whether it is the house.
    """

    to: str = ""
    best: int = BEST_DEFAULT
    house: bool = False


class Match(Struct, frozen=True):
    """A match begins, is resumed, or is watched.

    Args:
        match: its number, never used again in a run.
        best: of how many rounds it is.
        players: who plays, by seat.
        score: rounds won, by seat.
        seat: yours; -1 for who watches.
        numbers: of the players' connections, by seat; 0 for the house, and while one is broken.
    """

    match: Number
    best: int
    players: tuple[str, str]
    score: tuple[int, int]
    seat: Seat
    numbers: tuple[Number, Number] = (0, 0)


class Round(Struct, frozen=True):
    """Choose now; ``limit_s`` seconds are left for it."""

    match: Number
    round: Number
    limit_s: float


class Commit(Struct, frozen=True):
    """A choice is made; ``seat`` is whose, which its own player need not say."""

    match: Number
    round: Number
    digest: Digest
    seat: Seat = NOBODY


class Reveal(Struct, frozen=True):
    """What a choice was; ``seat`` is whose, which its own player need not say."""

    match: Number
    round: Number
    choice: str
    nonce: str
    seat: Seat = NOBODY


class Result(Struct, frozen=True):
    """How a round ended.

    Args:
        match: the match.
        round: its round; a draw counts as one, though it is played again.
        choices: by seat; "" where none was made, or none became known.
        winner: the seat that won it; -1 for nobody. Of a match that is over: who won that.
        score: rounds won so far, by seat.
        over: whether the match is.
        why: one of `Why`.
    """

    match: Number
    round: Number
    choices: tuple[str, str]
    winner: Seat
    score: tuple[int, int]
    over: bool
    why: str


class Score(Struct, frozen=True):
    """Matches that somebody won and lost."""

    name: str
    won: int
    lost: int


class Scores(Struct, frozen=True):
    """The score table, the best first; from a player, who sends none, a question for it."""

    rows: tuple[Score, ...] = ()


class Told(Struct, frozen=True):
    """Something happened.

    Args:
        what: one of `What`, or a word that a later server has for something new.
        name: to whom.
        other: what else it is about: another name, a command.
        count: a figure: seconds, rounds.
    """

    what: str
    name: str = ""
    other: str = ""
    count: int = 0


class Watch(Struct, frozen=True):
    """Let me watch the match that ``name`` plays."""

    name: str


class Players(Struct, frozen=True):
    """Who waits for whoever comes, and who plays; from a player, who names none, a question."""

    waiting: tuple[str, ...] = ()
    matches: tuple[tuple[str, str], ...] = ()


Payload: TypeAlias = (
    Sit | Seated | Call | Match | Round | Commit | Reveal | Result | Scores | Told | Watch | Players
)

_KINDS: dict[type[Struct], Kind] = {
    Sit: Kind.SIT,
    Seated: Kind.SEATED,
    Call: Kind.CALL,
    Match: Kind.MATCH,
    Round: Kind.ROUND,
    Commit: Kind.COMMIT,
    Reveal: Kind.REVEAL,
    Result: Kind.RESULT,
    Scores: Kind.SCORES,
    Told: Kind.TOLD,
    Watch: Kind.WATCH,
    Players: Kind.PLAYERS,
}


def frame_of(payload: Payload) -> Frame:
    """Return the frame that carries ``payload``."""
    return Frame(_KINDS[type(payload)], 0, encoded_payload(payload))


def wins_needed(best: int) -> int:
    """Return how many rounds win a match that is the best of ``best``."""
    return best // 2 + 1


def is_fit_best(best: int) -> bool:
    """Return whether a match can be the best of so many rounds: odd, and no more than may be."""
    return 1 <= best <= BEST_MAX and best % 2 == 1
