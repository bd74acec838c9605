"""A match: two seats, its rounds, and how far it is."""

from enum import Enum
from typing import Generic, Protocol, TypeVar

from enchufe.core.cachipun import (
    NOBODY,
    SEATS,
    Choice,
    Commit,
    Result,
    Reveal,
    Round,
    Why,
    commitment,
    winner,
    wins_needed,
)
from enchufe.core.cachipun import (
    Match as Matched,
)
from enchufe.core.limits import GAME_ROUNDS_MAX

MISSED_MAX = 2
"""Rounds running that somebody may leave without a choice, or without its reveal, before the
match is lost."""

NS_PER_S = 1_000_000_000


class State(Enum):
    """How far a match is."""

    CHOOSING = "choosing"  # not both have said their digests
    REVEALING = "revealing"  # both have, and not both what was behind them
    KEEPING = "keeping"  # it is over, and told once its score is safe
    OVER = "over"


class Who(Protocol):
    """What a match has to know of those who play it."""

    name: str

    @property
    def connection(self) -> int:
        """The number of their connection; 0 if there is none."""
        ...

    @property
    def is_away(self) -> bool:
        """Whether they are waited for."""
        ...


P = TypeVar("P", bound=Who)


class Seat(Generic[P]):
    """One of the two who play, and their round.

    Args:
        player: who.
    """

    __slots__ = (
        "choice",
        "digest",
        "is_false",
        "losses",
        "missed",
        "nonce",
        "player",
        "revealed",
        "wins",
    )

    def __init__(self, player: P) -> None:
        self.player = player
        self.wins = 0
        self.missed = 0  # rounds running
        self.losses = 0  # of the line
        self.begin_round()

    def begin_round(self) -> None:
        """Forget the round before."""
        self.digest = ""
        self.choice: Choice | None = None  # of those for whom we keep it
        self.nonce = ""
        self.revealed: Choice | None = None
        self.is_false = False

    @property
    def is_settled(self) -> bool:
        """Whether nothing more is to come of it in this round."""
        return self.revealed is not None or self.is_false


class Match(Generic[P]):
    """A match between two.

    Args:
        number: never another's in this run.
        best: of how many rounds.
        players: who plays, by seat.
    """

    def __init__(self, number: int, best: int, players: tuple[P, P]) -> None:
        self.number = number
        self.best = best
        self.seats = (Seat(players[0]), Seat(players[1]))
        self.state = State.CHOOSING
        self.round = 0
        self.watchers: list[P] = []
        self.last: list[Reveal | Result] = []  # what the last round ended with
        self.due_ns = 0  # when time is up, unless it stands still
        self.left_ns: int | None = None  # of a time that stands still, as somebody is away

    @property
    def is_on(self) -> bool:
        """Whether it goes on."""
        return self.state is not State.OVER

    @property
    def names(self) -> tuple[str, str]:
        """Who plays."""
        first, second = self.seats
        return first.player.name, second.player.name

    @property
    def connections(self) -> tuple[int, int]:
        """The numbers of their connections."""
        first, second = self.seats
        return first.player.connection, second.player.connection

    @property
    def score(self) -> tuple[int, int]:
        """Rounds won."""
        first, second = self.seats
        return first.wins, second.wins

    @property
    def someone_is_away(self) -> bool:
        """Whether a player is waited for."""
        return any(seat.player.is_away for seat in self.seats)

    def seat_of(self, player: P) -> int:
        """Return the seat of ``player``; `NOBODY` for who has none."""
        return next((seat for seat in SEATS if self.seats[seat].player is player), NOBODY)

    def opponent_of(self, player: P) -> P:
        """Return against whom ``player`` plays."""
        return self.seats[1 - self.seat_of(player)].player

    def begin_round(self) -> None:
        """Go on to the next round."""
        self.round += 1
        self.state = State.CHOOSING
        for seat in self.seats:
            seat.begin_round()

    # Time

    def set_due(self, limit_s: float, now_ns: int) -> None:
        """Give so much time from now on; it stands still while somebody is away."""
        self.due_ns = now_ns + round(limit_s * NS_PER_S)
        self.left_ns = self.due_ns - now_ns if self.someone_is_away else None

    def stand_still(self, now_ns: int) -> None:
        """Let no time pass."""
        if self.left_ns is None:
            self.left_ns = max(self.due_ns - now_ns, 0)

    def go_on(self, now_ns: int) -> None:
        """Let time pass again."""
        if self.left_ns is not None:
            self.due_ns, self.left_ns = now_ns + self.left_ns, None

    def left_s(self, now_ns: int) -> float:
        """Return how much time is left."""
        left_ns = self.due_ns - now_ns if self.left_ns is None else self.left_ns
        return max(left_ns, 0) / NS_PER_S

    # Choosing

    def commit(self, seat: int, digest: str) -> bool:
        """Take a digest, which stands; return whether it was taken."""
        if self.state is not State.CHOOSING or self.seats[seat].digest:
            return False
        self.seats[seat].digest = digest
        if all(other.digest for other in self.seats):
            self.state = State.REVEALING
        return True

    def choose(self, seat: int, choice: Choice, nonce: str) -> bool:
        """Take a choice that is kept here until it is revealed; return whether it was taken."""
        digest = commitment(self.number, self.round, seat, choice, nonce)
        if not self.commit(seat, digest):
            return False
        self.seats[seat].choice, self.seats[seat].nonce = choice, nonce
        return True

    def reveal(self, seat: int, choice: str, nonce: str) -> None:
        """Take what was behind a digest, once both are known; only the first word counts."""
        own = self.seats[seat]
        if self.state is not State.REVEALING or own.is_settled:
            return
        digest = commitment(self.number, self.round, seat, choice, nonce)
        if digest == own.digest and choice in frozenset(Choice):
            own.revealed, own.nonce = Choice(choice), nonce
        else:
            own.is_false = True

    def reveal_kept(self) -> None:
        """Reveal the choices that are kept here."""
        for number in SEATS:
            seat = self.seats[number]
            if seat.choice is not None:
                self.reveal(number, seat.choice, seat.nonce)

    @property
    def is_settled(self) -> bool:
        """Whether the round can end before its time."""
        return self.state is State.REVEALING and all(seat.is_settled for seat in self.seats)

    # Ending

    def end_round(self) -> list[Reveal | Result]:
        """End the round as it stands; return what was revealed, and the result."""
        reveals = self._reveals()
        won_by, why = self._outcome()
        for seat in self.seats:
            seat.missed = 0 if seat.revealed is not None or self._waited(seat) else seat.missed + 1
        if won_by != NOBODY:
            self.seats[won_by].wins += 1
        self.last = [*reveals, self._result(won_by, why)]
        return self.last

    def _waited(self, seat: Seat[P]) -> bool:
        """Return whether a seat has chosen, and the other has not."""
        return self.state is State.CHOOSING and seat.digest != ""

    def forfeit(self, seat: int, why: Why) -> list[Reveal | Result]:
        """End the match for the other seat; return the result."""
        self.last = [self._made(1 - seat, why, over=True, choices=("", ""))]
        return self.last

    def _reveals(self) -> list[Reveal]:
        """Return what was revealed; nothing of it was told before."""
        return [
            Reveal(self.number, self.round, seat.revealed, seat.nonce, number)
            for number, seat in enumerate(self.seats)
            if seat.revealed is not None
        ]

    def _outcome(self) -> tuple[int, Why]:
        """Return who wins the round, and why."""
        first, second = self.seats
        if first.revealed is not None and second.revealed is not None:
            return winner((first.revealed, second.revealed)), Why.PLAYED
        if self.state is State.CHOOSING:
            done = [number for number in SEATS if self.seats[number].digest]
        else:
            done = [number for number in SEATS if self.seats[number].revealed is not None]
        why = Why.FALSE if any(seat.is_false for seat in self.seats) else Why.LATE
        return (done[0] if done else NOBODY), why

    def _result(self, won_by: int, why: Why) -> Result:
        shown = tuple(seat.revealed or "" for seat in self.seats)
        choices = (str(shown[0]), str(shown[1]))
        missing = [number for number in SEATS if self.seats[number].missed >= MISSED_MAX]
        if len(missing) == len(SEATS):
            return self._made(NOBODY, Why.MISSED, over=True, choices=choices)
        if max(self.score) >= wins_needed(self.best):
            return self._made(won_by, why, over=True, choices=choices)
        if missing:
            return self._made(1 - missing[0], Why.MISSED, over=True, choices=choices)
        if self.round >= GAME_ROUNDS_MAX:
            return self._made(NOBODY, Why.ENDLESS, over=True, choices=choices)
        return self._made(won_by, why, over=False, choices=choices)

    def _made(self, won_by: int, why: Why, *, over: bool, choices: tuple[str, str]) -> Result:
        return Result(self.number, self.round, choices, won_by, self.score, over, why)

    # Telling

    def told_to(self, player: P) -> Matched:
        """Return what somebody is told who plays or watches."""
        seat = self.seat_of(player)
        return Matched(self.number, self.best, self.names, self.score, seat, self.connections)

    def round_now(self, now_ns: int) -> Round:
        """Return the round, with the time that is left."""
        return Round(self.number, self.round, round(self.left_s(now_ns), 3))

    def commits(self) -> list[Commit]:
        """Return the digests that are known."""
        return [self.commit_of(number) for number in SEATS if self.seats[number].digest]

    def commit_of(self, seat: int) -> Commit:
        """Return the digest of a seat."""
        return Commit(self.number, self.round, self.seats[seat].digest, seat)
