"""Who is in which room, and what they are called."""

from enum import Enum

from enchufe.core.peer import Peer
from enchufe.services.chat.names import key_of


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
        "awaits",
        "awaits_drained",
        "framed",
        "has_joined",
        "last_id",
        "missed",
        "name",
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
        self.awaits = ""  # the tag of what is being looked up for them
        self.awaits_drained = False  # before they are told more of what was said
        self.last_id = 0  # the last line they were told, while not told everything
        self.missed = 0  # lines left out while they did not read
        self.unkept = 0  # lines of theirs that are not on disk yet
        self.rests = False  # whether we leave them unread for that


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
        self._audiences: dict[str, Audience] = {}

    def of(self, peer: Peer) -> Member | None:
        """Return who ``peer`` is."""
        return self._by_peer.get(peer.id)

    def numbered(self, number: int) -> Member | None:
        """Return whose peer has that id."""
        return self._by_peer.get(number)

    def away(self, number: int) -> Member | None:
        """Return who is away, by the id their peer had."""
        named = self._by_name.values()
        found = (m for m in named if m.state is State.AWAY and m.peer.id == number)
        return next(found, None)

    def named(self, name: str) -> Member | None:
        """Return who is called ``name``, also if they are away."""
        return self._by_name.get(key_of(name))

    def with_session(self, session: str) -> Member | None:
        """Return who has that session."""
        found = (member for member in self._by_name.values() if member.session == session)
        return next(found, None) if session else None

    def add(self, member: Member) -> None:
        """Take somebody in, who may have no name yet."""
        self._by_peer[member.peer.id] = member

    def remove(self, member: Member) -> None:
        """Forget somebody, and their name."""
        self.part(member)
        if self._by_name.get(key_of(member.name)) is member:
            del self._by_name[key_of(member.name)]

    def part(self, member: Member) -> None:
        """Forget the connection of somebody whose name is kept."""
        self._by_peer.pop(member.peer.id, None)
        self._audiences.pop(member.room, None)

    def call(self, member: Member, name: str) -> None:
        """Give somebody a name that nobody else has."""
        if self._by_name.get(key_of(member.name)) is member:
            del self._by_name[key_of(member.name)]
        member.name = name
        self._by_name[key_of(name)] = member

    def become(self, member: Member, state: State) -> None:
        """Note how far somebody is."""
        member.state = state
        self._audiences.pop(member.room, None)

    def move(self, member: Member, room: str) -> None:
        """Put somebody in another room."""
        self._audiences.pop(member.room, None)
        member.room = room
        self._audiences.pop(room, None)

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

    def inside(self, room: str) -> list[Member]:
        """Return those who are in ``room``, in the order of their names."""
        named = (member for member in self._by_name.values() if member.room == room)
        return sorted(named, key=lambda member: key_of(member.name))

    def rooms(self) -> dict[str, int]:
        """Return how many are in each room."""
        counts: dict[str, int] = {}
        for member in self._by_name.values():
            counts[member.room] = counts.get(member.room, 0) + 1
        return dict(sorted(counts.items()))
