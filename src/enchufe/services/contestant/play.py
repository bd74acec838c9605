"""Our side of one match: what we chose, what both said, and whether it fits together."""

from enchufe.core.cachipun import (
    NOBODY,
    SEATS,
    Choice,
    Commit,
    Match,
    Payload,
    Result,
    Reveal,
    Round,
    Why,
    commitment,
    winner,
)

_CHOICES = frozenset(Choice)


class Play:
    """A match that we play or watch.

    Args:
        match: what the server told of it.
    """

    def __init__(self, match: Match) -> None:
        self.told = match
        self.round = 0
        self.is_over = False
        self._ended = 0  # the last round whose end we know
        self._forget()

    def _forget(self) -> None:
        """Forget the round before."""
        self.choice: Choice | None = None
        self._nonce = ""
        self._digests: dict[int, str] = {}
        self._revealed: dict[int, str] = {}
        self.is_open = False  # we may choose

    @property
    def seat(self) -> int:
        """Ours, or `NOBODY` where we watch."""
        return self.told.seat

    @property
    def names(self) -> tuple[str, str]:
        """Who plays."""
        return self.told.players

    @property
    def has_chosen(self) -> bool:
        """Whether we have, in this round."""
        return self.choice is not None

    def begins(self, told: Round) -> bool:
        """Take note of a round; return whether it is a new one."""
        if self.is_over or told.round <= self.round:
            return False
        self.round = told.round
        self._forget()
        self.is_open = self.seat != NOBODY
        return True

    def choose(self, choice: Choice, nonce: str) -> Commit:
        """Choose, once; return what says so."""
        assert self.choice is None
        self.choice, self._nonce = choice, nonce
        return self._commit()

    def _commit(self) -> Commit:
        assert self.choice is not None
        digest = commitment(self.told.match, self.round, self.seat, self.choice, self._nonce)
        return Commit(self.told.match, self.round, digest, self.seat)

    def commits(self, told: Commit) -> bool:
        """Take note of a digest; return whether it is new: the first word of a seat counts."""
        if told.round != self.round or told.seat in self._digests or told.seat == NOBODY:
            return False
        self._digests[told.seat] = told.digest
        return True

    def unsaid(self) -> list[Payload]:
        """Return what the server has to hear of us, and may not have heard.

        Nothing is revealed before both digests are known, our own among them as we said it.
        """
        if self.choice is None or not self.is_open:
            return []
        commit = self._commit()
        if self._digests.get(self.seat) != commit.digest:
            return [commit]
        if len(self._digests) < len(SEATS):
            return []
        return [Reveal(self.told.match, self.round, self.choice, self._nonce, self.seat)]

    def reveals(self, told: Reveal) -> bool:
        """Take note of what somebody chose; return whether it fits what they said before."""
        if told.round != self.round or told.seat == NOBODY:
            return True
        self._revealed[told.seat] = told.choice
        digest = commitment(told.match, told.round, told.seat, told.choice, told.nonce)
        return self._digests.get(told.seat, digest) == digest

    def ends(self, told: Result) -> bool:
        """Take note of how a round ended; return whether it is new."""
        if self.is_over or not (told.over or told.round > self._ended):
            return False
        self._ended, self.is_over = told.round, told.over
        self.is_open = self.is_open and told.round != self.round and not told.over
        return True

    def is_fair(self, told: Result) -> bool:
        """Return whether a result follows from what was revealed."""
        if told.why != Why.PLAYED:
            return True
        if not set(told.choices) <= _CHOICES:
            return False
        shown = [Choice(choice) for choice in told.choices]
        revealed = self._revealed if told.round == self.round else {}
        known = all(revealed.get(seat, shown[seat]) == shown[seat] for seat in SEATS)
        return known and winner(shown) == told.winner
