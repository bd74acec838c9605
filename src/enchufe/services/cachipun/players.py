"""Who is here, what they are called, and how they are spoken to."""

from collections import OrderedDict
from collections.abc import Sequence
from enum import Enum
from typing import TypeAlias

from enchufe.core.cachipun import Choice
from enchufe.core.limits import (
    GAME_DATAGRAM_PEERS_MAX,
    GAME_ORDERS_BURST_S,
    GAME_ORDERS_PER_S_MAX,
)
from enchufe.core.names import key_of
from enchufe.core.pace import Pace
from enchufe.core.peer import Peer
from enchufe.services.cachipun.match import Match


class Dialect(Enum):
    """How somebody is spoken to."""

    TEXT = "text"  # lines: a person with ncat
    FRAMES = "frames"  # a program of ours, or one like it
    WINDOW = "window"  # the course's own window, which knows moves and results only


class State(Enum):
    """How far somebody is."""

    ARRIVING = "arriving"  # nothing said yet: text or frames, nobody knows
    HERE = "here"
    AWAY = "away"  # the line broke; seat and name are kept for a while


class Player:
    """Somebody who plays, watches or waits; the house, which has no peer, plays only.

    Args:
        number: never another's; 0 for the house.
        peer: the connection or source; a player who comes back has another.
        name: as they are called; "" while arriving.
    """

    __slots__ = (
        "_pace",
        "asked",
        "best",
        "dialect",
        "early",
        "has_sat",
        "invited",
        "invited_by",
        "is_finished",
        "is_named",
        "is_new",
        "is_pausing",
        "is_too_fast",
        "match",
        "name",
        "number",
        "peer",
        "session",
        "state",
        "unsent",
        "watching",
        "word",
    )

    def __init__(self, number: int, peer: Peer | None, name: str = "") -> None:
        self.number = number
        self.peer = peer
        self.name = name
        self.is_named = False  # by themselves, and not by us
        self.state = State.ARRIVING if name == "" else State.HERE
        self.dialect = Dialect.TEXT
        self.has_sat = False
        self.is_new = True  # has called for nothing yet
        self.session = ""
        self.asked = ""  # how they wanted to be called
        self.word = ""  # to come back with, for those who have no session
        self.match: Table | None = None  # the one they play, or played last
        self.watching: Table | None = None
        self.best: int | None = None  # of the next match they call
        self.early: Choice | None = None  # a choice for the first round of the next match
        self.is_finished = False  # says no more, and may still hear
        self.invited: dict[Player, int] = {}  # and best of how many
        self.invited_by: dict[Player, int] = {}
        self.unsent: list[bytes] = []  # waits for a pause, which windows need
        self.is_pausing = False
        self.is_too_fast = False
        self._pace: Pace | None = None

    @property
    def is_house(self) -> bool:
        """Whether it is nobody but us."""
        return self.number == 0

    @property
    def connection(self) -> int:
        """The number of their connection; 0 for the house, and while it is broken."""
        return 0 if self.peer is None or self.is_away else self.peer.id

    @property
    def is_away(self) -> bool:
        """Whether the line is broken, and they may come back."""
        return self.state is State.AWAY

    @property
    def is_playing(self) -> bool:
        """Whether they are in a match that goes on."""
        return self.match is not None and self.match.is_on

    def may_order(self, at_ns: int) -> bool:
        """Return whether somebody may order something already."""
        if self._pace is None:
            at_once = GAME_ORDERS_PER_S_MAX * GAME_ORDERS_BURST_S
            self._pace = Pace(GAME_ORDERS_PER_S_MAX, at_once, at_ns)
        allowed = self._pace.allows(at_ns)
        self.is_too_fast = self.is_too_fast and not allowed
        return allowed


Table: TypeAlias = Match[Player]
"""A match between players."""


class Players:
    """All who are here."""

    def __init__(self) -> None:
        self._by_number: dict[int, Player] = {}
        self._by_peer: dict[int, Player] = {}
        self._by_name: dict[str, Player] = {}
        self._by_session: dict[str, Player] = {}
        self._by_word: dict[str, Player] = {}
        self._datagrams: OrderedDict[int, Player] = OrderedDict()  # who was heard last, last

    def __len__(self) -> int:
        """Return how many there are, also those who are away."""
        return len(self._by_number)

    def all(self) -> Sequence[Player]:
        """Return all, in the order in which they came."""
        return tuple(self._by_number.values())

    def of(self, peer: Peer) -> Player | None:
        """Return who ``peer`` is, who has given a sign of life."""
        player = self._by_peer.get(peer.id)
        if player is not None and not peer.is_stream:
            self._datagrams.move_to_end(peer.id)
        return player

    def numbered(self, number: int) -> Player | None:
        """Return who has that number."""
        return self._by_number.get(number)

    def named(self, name: str) -> Player | None:
        """Return who is called ``name``."""
        return self._by_name.get(key_of(name))

    def with_session(self, session: str) -> Player | None:
        """Return who has that session."""
        return self._by_session.get(session)

    def with_word(self, word: str) -> Player | None:
        """Return who can come back with ``word``."""
        return self._by_word.get(word)

    def most_silent(self) -> Player | None:
        """Return who of those that come in datagrams is one too many, if anybody is."""
        if len(self._datagrams) <= GAME_DATAGRAM_PEERS_MAX:
            return None
        return next(iter(self._datagrams.values()))

    def add(self, player: Player) -> None:
        """Take somebody in, who may have no name yet."""
        self._by_number[player.number] = player
        self._bind(player)

    def remove(self, player: Player) -> None:
        """Forget somebody."""
        self.unbind(player)
        self._by_number.pop(player.number, None)
        self._forget(self._by_name, key_of(player.name), player)
        self._forget(self._by_session, player.session, player)
        self._forget(self._by_word, player.word, player)

    def unbind(self, player: Player) -> None:
        """Forget the line of somebody."""
        if player.peer is not None:
            self._by_peer.pop(player.peer.id, None)
            self._datagrams.pop(player.peer.id, None)

    def rebind(self, player: Player, peer: Peer) -> None:
        """Give somebody another line."""
        self.unbind(player)
        player.peer = peer
        self._bind(player)

    def _bind(self, player: Player) -> None:
        assert player.peer is not None
        self._by_peer[player.peer.id] = player
        if not player.peer.is_stream:
            self._datagrams[player.peer.id] = player

    def call(self, player: Player, name: str, *, is_own: bool) -> None:
        """Give somebody a name that nobody else has."""
        self._forget(self._by_name, key_of(player.name), player)
        player.name, player.is_named = name, is_own
        self._by_name[key_of(name)] = player

    def know_session(self, player: Player, session: str) -> None:
        """Note the session of somebody, "" for none."""
        self._forget(self._by_session, player.session, player)
        player.session = session
        if session:
            self._by_session[session] = player

    def know_word(self, player: Player, word: str) -> None:
        """Note the word that somebody can come back with."""
        player.word = word
        self._by_word[word] = player

    @staticmethod
    def _forget(known: dict[str, Player], key: str, player: Player) -> None:
        if known.get(key) is player:
            del known[key]
