"""Who is in which room, and what they are called."""

from bisect import bisect_left, insort
from collections import OrderedDict
from collections.abc import Sequence
from enum import Enum

from enchufe.core.limits import (
    ROOM_DATAGRAM_PEERS_MAX,
    ROOM_ORDERS_BURST_S,
    ROOM_ORDERS_PER_S_MAX,
)
from enchufe.core.names import key_of
from enchufe.core.pace import Pace
from enchufe.core.peer import Peer


class State(Enum):
    """How far somebody is."""

    ARRIVING = "arriving"  # nothing said yet: text or frames, nobody knows
    CATCHING_UP = "catching up"  # being told what was said before
    PRESENT = "present"
    BEHIND = "behind"  # does not read; left out until it has
    AWAY = "away"  # the connection broke; the name is kept for a while


class Member:
    """Somebody who speaks to us.

    Args:
        peer: the connection or source.
        name: unique among all rooms; "" while arriving.
        room: where they are.
    """

    __slots__ = (
        "acknowledged",
        "awaits",
        "awaits_drained",
        "framed",
        "has_joined",
        "is_leaving",
        "is_too_fast",
        "last_id",
        "lookups",
        "missed",
        "name",
        "orders",
        "peer",
        "rests",
        "room",
        "session",
        "state",
        "unkept",
    )

    def __init__(self, peer: Peer, name: str, room: str) -> None:
        self.peer = peer
        self.name = name
        self.room = room
        self.state = State.ARRIVING
        self.framed = False
        self.has_joined = False  # in frames; others are members by what they say
        self.session = ""
        self.acknowledged = 0  # the highest number of theirs they know to be kept
        self.awaits = ""  # the tag of what is being looked up for them
        self.awaits_drained = False  # before they are told more of what was said
        self.last_id = 0  # the last line they were told, while not told everything
        self.lookups = 0  # answers from the history that are on their way to them
        self.is_leaving = False  # as soon as nothing of theirs is under way
        self.missed = 0  # lines left out while they did not read
        self.unkept = 0  # lines of theirs that are not on disk yet
        self.orders: Pace | None = None  # how fast they come; most give none
        self.is_too_fast = False  # and has been told so, until an order is obeyed again
        self.rests = False  # whether we leave them unread for that

    @property
    def is_busy(self) -> bool:
        """Whether something of theirs is under way: an answer, or a line to the disk."""
        return bool(self.lookups or self.unkept)

    def may_order(self, at_ns: int) -> bool:
        """Return whether they may give one more order now; if so, it counts."""
        if self.orders is None:
            at_once = ROOM_ORDERS_PER_S_MAX * ROOM_ORDERS_BURST_S
            self.orders = Pace(ROOM_ORDERS_PER_S_MAX, at_once, at_ns)
        may_order = self.orders.allows(at_ns)
        self.is_too_fast &= not may_order
        return may_order


class Audience:
    """Those present in a room, by how they are spoken to."""

    def __init__(self) -> None:
        self.streams: tuple[Peer, ...] = ()
        self.datagrams: tuple[Peer, ...] = ()
        self.framed: tuple[Peer, ...] = ()


class Members:
    """All members of all rooms."""

    def __init__(self) -> None:
        self._by_peer: dict[int, Member] = {}
        self._by_name: dict[str, Member] = {}
        self._by_session: dict[str, Member] = {}
        self._away: dict[int, Member] = {}
        self._datagrams: OrderedDict[int, Member] = OrderedDict()  # who was heard last, last
        self._audiences: dict[str, Audience] = {}
        self._inside: dict[str, list[Member]] = {}  # by name, in the order of their names

    def of(self, peer: Peer) -> Member | None:
        """Return who ``peer`` is."""
        return self._by_peer.get(peer.id)

    def numbered(self, number: int) -> Member | None:
        """Return whose peer has that id."""
        return self._by_peer.get(number)

    def away(self, number: int) -> Member | None:
        """Return who is away, by the id their peer had."""
        return self._away.get(number)

    @property
    def count(self) -> int:
        """How many are connected, in all rooms."""
        return len(self._by_peer)

    @property
    def datagrams_count(self) -> int:
        """How many of them come in datagrams."""
        return len(self._datagrams)

    @property
    def away_count(self) -> int:
        """How many are away."""
        return len(self._away)

    def named(self, name: str) -> Member | None:
        """Return who is called ``name``, also if they are away."""
        return self._by_name.get(key_of(name))

    def with_session(self, session: str) -> Member | None:
        """Return who has that session, also if they are away."""
        return self._by_session.get(session)

    def know(self, member: Member, session: str) -> None:
        """Note the session of somebody, "" for none; whatever it was before is nobody's now."""
        self._forget_session(member)
        member.session = session
        if session:
            self._by_session[session] = member

    def _forget_session(self, member: Member) -> None:
        if self._by_session.get(member.session) is member:
            del self._by_session[member.session]

    def add(self, member: Member) -> None:
        """Take somebody in, who may have no name yet."""
        self._by_peer[member.peer.id] = member
        if not member.peer.is_stream:
            self._datagrams[member.peer.id] = member

    def heard(self, member: Member) -> None:
        """Note that somebody spoke who comes in datagrams."""
        self._datagrams.move_to_end(member.peer.id)

    def most_silent(self) -> Member | None:
        """Return who of those that come in datagrams is one too many, if anybody is."""
        if len(self._datagrams) <= ROOM_DATAGRAM_PEERS_MAX:
            return None
        return next(iter(self._datagrams.values()))

    def remove(self, member: Member) -> None:
        """Forget somebody, and their name."""
        self.part(member)
        self._away.pop(member.peer.id, None)
        self._forget_session(member)
        self._unname(member)

    def part(self, member: Member) -> None:
        """Forget the connection of somebody."""
        self._by_peer.pop(member.peer.id, None)
        self._datagrams.pop(member.peer.id, None)
        self._audiences.pop(member.room, None)

    def keep_away(self, member: Member) -> None:
        """Forget the connection of somebody, and keep the name for them."""
        self.part(member)
        self.become(member, State.AWAY)
        self._away[member.peer.id] = member

    def call(self, member: Member, name: str) -> None:
        """Give somebody a name that nobody else has."""
        self._unname(member)
        member.name = name
        self._by_name[key_of(name)] = member
        insort(self._inside.setdefault(member.room, []), member, key=_place)

    def _unname(self, member: Member) -> None:
        """Take somebody's name out of the lists, if it is there."""
        if self._by_name.get(key_of(member.name)) is not member:
            return
        del self._by_name[key_of(member.name)]
        inside = self._inside[member.room]
        del inside[bisect_left(inside, _place(member), key=_place)]
        if not inside:
            del self._inside[member.room]

    def become(self, member: Member, state: State) -> None:
        """Note how far somebody is."""
        member.state = state
        self._audiences.pop(member.room, None)

    def move(self, member: Member, room: str) -> None:
        """Put somebody in another room."""
        self._audiences.pop(member.room, None)
        is_named = self._by_name.get(key_of(member.name)) is member
        self._unname(member)
        member.room = room
        self._audiences.pop(room, None)
        if is_named:
            self.call(member, member.name)

    def audience(self, room: str) -> Audience:
        """Return those who are told what is said in ``room``; the same object until it changes."""
        audience = self._audiences.get(room)
        if audience is None:
            audience = self._audiences[room] = Audience()
            present = [m for m in self._by_peer.values() if m.room == room]
            present = [m for m in present if m.state is State.PRESENT]
            raw = [m.peer for m in present if not m.framed]
            audience.framed = tuple(m.peer for m in present if m.framed)
            audience.streams = tuple(peer for peer in raw if peer.is_stream)
            audience.datagrams = tuple(peer for peer in raw if not peer.is_stream)
        return audience

    def inside(self, room: str) -> Sequence[Member]:
        """Return those who are in ``room``, in the order of their names."""
        return self._inside.get(room, ())

    def rooms(self) -> dict[str, int]:
        """Return how many are in each room."""
        return {room: len(self._inside[room]) for room in sorted(self._inside)}


def _place(member: Member) -> str:
    return key_of(member.name)
