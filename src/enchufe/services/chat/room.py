"""What all parts of the service share: who is there, what is kept, how it is told."""

from enum import StrEnum
from itertools import count

from enchufe.core.commands import Command
from enchufe.core.names import key_of
from enchufe.core.peer import Peer, Transport
from enchufe.core.room import NAME_CHARACTERS_MAX, Notice, What
from enchufe.core.room_words import RoomWords
from enchufe.services.chat.kept import Kept
from enchufe.services.chat.members import Member, Members
from enchufe.services.chat.teller import Teller

NUMBER_CHARACTERS = 8
"""Room at the end of a name for a point and a number that tells it from another."""


class Slow(StrEnum):
    """What becomes of those who do not read what they are sent."""

    DROP = "drop"  # they are left out until they have read what waits for them
    DISCONNECT = "disconnect"


class Room:
    """The rooms of one service.

    Args:
        words: what they say in text.
        slow: what becomes of those who do not read.
    """

    def __init__(self, words: RoomWords, slow: Slow) -> None:
        self.words = words
        self.slow = slow
        self.members = Members()
        self.kept = Kept()
        self.tell = Teller(self.members, words)
        self._reserved = frozenset(map(key_of, (RoomWords().host, words.host)))

    def guest_name(self, member: Member) -> str:
        """Return a name for somebody who gave none."""
        return self.name_like(member, self.words.guest.format(number=member.peer.id))

    def name_like(self, member: Member, name: str) -> str:
        """Return ``name``, or one like it that is free: others may have foreseen the first."""
        if self.may_be_called(member, name):
            return name
        stem = name[: NAME_CHARACTERS_MAX - NUMBER_CHARACTERS]
        alike = (f"{stem}.{number}" for number in count(member.peer.id))
        return next(like for like in alike if self.may_be_called(member, like))

    def may_be_called(self, member: Member, name: str) -> bool:
        """Return whether nobody else is called so, nor may the host be, even where none is."""
        is_host = member.peer.transport is Transport.CONSOLE
        is_reserved = key_of(name) in self._reserved and not is_host
        return not is_reserved and self.members.named(name) in (None, member)

    def read_only(self, number: int = 0) -> Notice:
        """Return what is told of something that cannot be kept any more."""
        return Notice(What.READ_ONLY, number=number, why=self.kept.read_only_because)

    def tell_joined(self, member: Member) -> list[Command]:
        """Tell a member that they are in, and how far they and the room are."""
        number = self.kept.told_of(member.session)[0]
        return self.tell.joined(member, number, self.kept.told_id, self.kept.history)

    def tell_stopping(self) -> list[Command]:
        """Tell everybody, in whatever room, that this server ends; who runs it knows."""
        commands: list[Command] = []
        for room in self.members.rooms():
            here = (m for m in self.members.inside(room) if not m.peer.is_elsewhere)
            commands += self.tell.notice_all(room, Notice(What.STOPPING), but=next(here, None))
        return commands


def arrival_timer(peer: Peer) -> str:
    """Return the name of the timer after which ``peer`` is taken for text."""
    return f"arrival {peer.id}"


def away_timer(member: Member) -> str:
    """Return the name of the timer after which somebody who is away has left."""
    return f"away {member.peer.id}"
