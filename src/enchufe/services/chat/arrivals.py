"""Who comes and who leaves, and what they are called."""

from collections.abc import Sequence

from enchufe.core.commands import CancelTimer, Close, Command, SetTimer
from enchufe.core.events import PeerClosed, Reason
from enchufe.core.limits import ROOM_AWAY_PEERS_MAX
from enchufe.core.names import proper_name, proper_room
from enchufe.core.peer import Peer, Transport
from enchufe.core.room import (
    NAME_CHARACTERS_MAX,
    SESSION_CHARACTERS_MAX,
    Join,
    Notice,
    What,
)
from enchufe.core.text import safe_text
from enchufe.services.chat.members import Member, State
from enchufe.services.chat.memories import Memories
from enchufe.services.chat.room import Room, arrival_timer, away_timer

ARRIVAL_S = 0.3
"""A program of ours says so within a round trip; after so long a silence it is taken for text."""

AWAY_S = 30.0
"""How long the name of somebody whose connection broke is kept for them."""

_LOST = frozenset({Reason.RESET, Reason.UNFINISHED, Reason.FAILED})
_BROKEN = _LOST | {Reason.AWAY, Reason.REFUSED, Reason.SILENT}


class Arrivals:
    """Lets members in and out.

    Args:
        room: the rooms.
        memories: tell newcomers what was said.
    """

    def __init__(self, room: Room, memories: Memories) -> None:
        self._room = room
        self._memories = memories
        self._leaving: list[Member] = []

    def opened(self, peer: Peer) -> Sequence[Command]:
        """Take note of somebody; whether they speak text or frames they will show."""
        room = self._room
        member = Member(peer, "", room.words.room)
        room.members.add(member)
        if peer.transport is Transport.CONSOLE:
            room.members.call(member, room.words.host)
            room.members.become(member, State.PRESENT)
            return ()
        return (*self._make_place(), SetTimer(arrival_timer(peer), ARRIVAL_S))

    def _make_place(self) -> list[Command]:
        """Let go of whoever has been silent longest, if too many come in datagrams."""
        silent = self._room.members.most_silent()
        if silent is None:
            return []
        self._room.members.remove(silent)
        return [Close(silent.peer, Reason.SILENT), *self._gone(silent, What.LOST)]

    def framed(self, member: Member) -> None:
        """Speak frames to somebody from now on."""
        member.framed = True
        self._room.members.become(member, member.state)

    def enter(self, member: Member) -> list[Command]:
        """Let somebody in who has not said how to be called."""
        self._room.members.call(member, self._room.guest_name(member))
        return self._come_in(member, after=-1)

    def join(self, member: Member, join: Join) -> Sequence[Command]:
        """Let somebody in who says how to be called, or who comes back.

        On a slow network they may have been taken for a guest before that.
        """
        room = self._room
        session = join.session[:SESSION_CHARACTERS_MAX]
        is_guest = member.state is not State.ARRIVING
        if member.has_joined and member.session == session:  # our answer may have got lost
            return [*room.tell_joined(member), *self._memories.catch_up(member, join.after)]
        before = room.members.with_session(session)
        room.members.know(member, session)
        member.has_joined = True
        if before is not None:
            return self._come_back(member, before, join.after)
        if is_guest:
            return self._join_late(member, join)
        room.members.move(member, proper_room(join.room) or room.words.room)
        room.members.call(member, room.guest_name(member))
        told = self._as_asked(member, join)
        return [*self._come_in(member, join.after), *told]

    def _join_late(self, member: Member, join: Join) -> list[Command]:
        """Let somebody in who has been taken for a guest, or says anew who they are."""
        before, asked = member.name, proper_room(join.room)
        told = self._as_asked(member, join)
        renamed = self._renamed(member, before)
        if asked and asked != member.room:
            return [*renamed, *self._go_to(member, asked, join.after), *told]
        caught_up = self._memories.catch_up(member, join.after)
        return [*self._room.tell_joined(member), *renamed, *caught_up, *told]

    def _as_asked(self, member: Member, join: Join) -> list[Command]:
        """Call a newcomer as they ask, and tell them what of it cannot be."""
        told = self._call_newcomer(member, join.name) if join.name else []
        if join.room and proper_room(join.room) is None:
            told += self._unfit(member, join.room, member.room)
        return told

    def _renamed(self, member: Member, before: str) -> list[Command]:
        """Tell all others what somebody is called now, if that is new."""
        if member.name == before:
            return []
        renamed = Notice(What.RENAMED, before, member.name)
        return self._room.tell.notice_all(member.room, renamed, but=member)

    def _unfit(self, member: Member, asked: str, stays: str) -> list[Command]:
        """Tell somebody that what they asked for is no name, and what it is instead."""
        shown = safe_text(asked[:NAME_CHARACTERS_MAX])
        unfit = Notice(What.NAME_UNFIT, stays, shown, count=NAME_CHARACTERS_MAX)
        return self._room.tell.notice(member, unfit)

    def _call_newcomer(self, member: Member, asked: str) -> list[Command]:
        """Call somebody as they ask, or nearly so if that name is taken."""
        room, name = self._room, proper_name(asked)
        if name is not None and not room.may_be_called(member, name):
            room.members.call(member, room.name_like(member, name))
            return room.tell.notice(member, Notice(What.NAME_TAKEN, member.name, name))
        return self._call(member, asked)

    def _call(self, member: Member, asked: str) -> list[Command]:
        """Call somebody as they ask, or tell them why that cannot be."""
        room, name = self._room, proper_name(asked)
        if name is None:
            return self._unfit(member, asked, member.name)
        if not room.may_be_called(member, name):
            return room.tell.notice(member, Notice(What.NAME_TAKEN, member.name, name))
        room.members.call(member, name)
        return []

    def rename(self, member: Member, asked: str) -> list[Command]:
        """Call somebody otherwise, and say so to everybody."""
        before = member.name
        told = self._call(member, asked)
        if member.name == before:
            return told
        return self._room.tell.notice_all(
            member.room, Notice(What.RENAMED, before, member.name), also=member
        )

    def move(self, member: Member, name: str) -> list[Command]:
        """Take somebody to another room."""
        asked = proper_room(name)
        if asked is None:
            return self._unfit(member, name, member.room)
        if asked == member.room:
            return self._room.tell_joined(member)
        return self._go_to(member, asked, after=-1)

    def _go_to(self, member: Member, asked: str, after: int) -> list[Command]:
        room = self._room
        left = room.tell.notice_all(member.room, Notice(What.LEFT, member.name), but=member)
        room.members.move(member, asked)
        return [*left, *self._come_in(member, after)]

    def _come_in(self, member: Member, after: int) -> list[Command]:
        """Say who came, and tell them what was said before."""
        room = self._room
        came = Notice(What.CAME, member.name)
        return [
            CancelTimer(arrival_timer(member.peer)),
            *room.tell_joined(member),
            *room.tell.notice_all(member.room, came, but=member),
            *self._memories.catch_up(member, after),
        ]

    def _come_back(self, member: Member, before: Member, after: int) -> Sequence[Command]:
        """Let somebody whose connection broke go on under the same name, without ado."""
        room = self._room
        guest_left = self._gone(member, What.LEFT) if member.name else []
        room.members.remove(before)
        room.members.move(member, before.room)
        room.members.call(member, before.name)
        gone = CancelTimer(away_timer(before)) if before.state is State.AWAY else Close(before.peer)
        return [
            *guest_left,
            gone,
            CancelTimer(arrival_timer(member.peer)),
            *room.tell_joined(member),
            *self._memories.catch_up(member, after),
        ]

    # Leaving

    def leave(self, member: Member) -> list[Command]:
        """See somebody off who wants to go, after what they said and what they asked for.

        Whoever runs the server has no connection to close, and would sit before a dead screen.
        """
        if member.peer.transport is Transport.CONSOLE:
            return self._room.tell.words(member, self._room.words.host_stays)
        if member.is_busy:
            member.is_leaving = True
            self._leaving.append(member)
            return []
        room = self._room
        room.members.remove(member)
        bye = room.words.bye.format(name=member.name)
        told = [] if member.framed or not member.name else room.tell.words(member, bye)
        return [*told, Close(member.peer), *self._gone(member, What.LEFT)]

    def see_off(self) -> list[Command]:
        """See those off who wanted to go and of whom nothing is under way any more."""
        if not self._leaving:
            return []
        done = [member for member in self._leaving if not member.is_busy]
        self._leaving = [member for member in self._leaving if member.is_busy]
        here = (member for member in done if self._room.members.of(member.peer) is member)
        return [command for member in here for command in self.leave(member)]

    def closed(self, member: Member, event: PeerClosed) -> list[Command]:
        """Take note that a connection is over, and keep the name of whoever may come back."""
        room = self._room
        may_come_back = event.reason in _BROKEN and member.session and not member.is_leaving
        if may_come_back and member.name and room.members.away_count < ROOM_AWAY_PEERS_MAX:
            room.members.keep_away(member)
            return [SetTimer(away_timer(member), AWAY_S)]
        room.members.remove(member)
        broke = event.reason in _LOST and not member.is_leaving
        return self._gone(member, What.LOST if broke else What.LEFT)

    def away_too_long(self, member: Member) -> list[Command]:
        """Give up waiting for somebody."""
        self._room.members.remove(member)
        return self._gone(member, What.LOST)

    def _gone(self, member: Member, what: What) -> list[Command]:
        cancelled: list[Command] = [CancelTimer(arrival_timer(member.peer))]
        if not member.name:
            return cancelled
        return [*cancelled, *self._room.tell.notice_all(member.room, Notice(what, member.name))]
