"""Those who are told what was said before: newcomers, those who come back, those who were slow."""

from collections.abc import Sequence

from enchufe.core.commands import AwaitDrained, Close, Command, Recall, Report
from enchufe.core.events import Reason, Recalled
from enchufe.core.history import Line
from enchufe.core.notices import ReaderLeftOut
from enchufe.core.room import Notice, What
from enchufe.services.chat.members import Member, State
from enchufe.services.chat.room import Room, Slow
from enchufe.services.chat.teller import said_of

CATCH_UP_LINES_MAX = 500
"""Lines told at once to somebody who missed some; the next when these have left."""

HISTORY_LINES = 20
HISTORY_LINES_MAX = 200

_WELCOME = "welcome"
_CATCH_UP = "catch-up"
_HISTORY = "history"


class Memories:
    """Tells members what they do not know.

    Args:
        room: the rooms.
    """

    def __init__(self, room: Room) -> None:
        self._room = room
        self._asked = 0

    def catch_up(self, member: Member, after: int) -> list[Command]:
        """Tell somebody all that came after a line, or with -1 the last few lines before now.

        Until that is done nothing else is told them, so that they hear it in order. Whoever
        claims to have a line that was not told yet has it from an earlier run, of which nothing
        was kept; so all of this one is new to them.
        """
        after = after if after <= self._room.kept.told_id else 0
        self._room.members.become(member, State.CATCHING_UP)
        self._asked += 1
        member.lookups += 1
        kind = _WELCOME if after < 0 else _CATCH_UP
        member.awaits = f"{kind} {member.peer.id} {self._asked}"  # whatever was asked before
        if after < 0:
            member.last_id = self._room.kept.told_id
            return [Recall(member.awaits, member.room, 0, HISTORY_LINES)]
        member.last_id = after
        return [Recall(member.awaits, member.room, after, CATCH_UP_LINES_MAX, oldest=True)]

    def since(self, member: Member, after: int) -> list[Command]:
        """Tell somebody what they may have missed; over datagrams also that we are there."""
        if member.state is State.PRESENT and after < self._room.kept.told_id:
            return self.catch_up(member, after)
        return [] if member.peer.is_stream else self._room.tell_joined(member)

    def history(self, member: Member, count: int) -> list[Command]:
        """Tell somebody the last lines, because they asked."""
        count = min(count, HISTORY_LINES_MAX)
        member.lookups += 1
        return [Recall(f"{_HISTORY} {member.peer.id}", member.room, 0, count)]

    def recalled(self, event: Recalled) -> Sequence[Command]:
        """Tell whoever waits for it what was looked up."""
        kind, number, *_asked = event.tag.split(" ")
        member = self._room.members.numbered(int(number))
        if member is None:
            return ()
        member.lookups -= 1
        lines = [line for line in event.lines if line.id <= self._room.kept.told_id]
        if kind == _HISTORY:
            return self._as_history(member, lines)
        if member.state is not State.CATCHING_UP or member.awaits != event.tag:
            return ()
        if kind == _WELCOME:
            return self._welcomed(member, lines)
        return self._caught_up(member, lines, was_cut=len(event.lines) >= CATCH_UP_LINES_MAX)

    def _as_history(self, member: Member, lines: list[Line]) -> Sequence[Command]:
        tell = self._room.tell
        if not lines:
            return tell.notice(member, Notice(What.EMPTY))
        return [c for line in lines for c in tell.said(member, said_of(line, 0, again=True))]

    def _welcomed(self, member: Member, lines: list[Line]) -> list[Command]:
        """Tell a newcomer the last lines from before they came, and all from then on."""
        room = self._room
        before = [line for line in lines if line.id <= member.last_id]
        commands: list[Command] = []
        if before and not member.framed:
            commands += room.tell.words(member, room.words.history)
        for line in before:
            commands += room.tell.said(member, said_of(line, 0, again=True))
        if before and not member.framed:
            commands += room.tell.words(member, room.words.history_end)
        return [*commands, *self._now(member)]

    def _caught_up(self, member: Member, lines: list[Line], *, was_cut: bool) -> list[Command]:
        """Tell somebody what they missed, and go on when they have read it."""
        commands = self._lines(member, lines)
        if was_cut:
            return [*commands, self._await_drained(member)]
        return [*commands, *self._now(member)]

    def _now(self, member: Member) -> list[Command]:
        """Tell somebody what was told to the others meanwhile; from now on they are with them.

        Where a thousand lines are said while somebody comes in, the last of them will do.
        """
        heard_by_itself = None if member.framed else member.peer  # who types, sees it
        lines = self._room.kept.told_after(member.room, member.last_id, but=heard_by_itself)
        if not member.framed:  # who speaks frames would ask for the rest
            lines = lines[-HISTORY_LINES_MAX:]
        commands = self._lines(member, lines)
        self._room.members.become(member, State.PRESENT)
        return commands

    def _lines(self, member: Member, lines: list[Line]) -> list[Command]:
        own = member.session
        commands: list[Command] = []
        for line in lines:
            number = line.number if own and line.session == own else 0
            previous, member.last_id = member.last_id, line.id
            commands += self._room.tell.said(member, said_of(line, previous, number=number))
            if number > member.acknowledged:  # said while they were being told what was before
                commands += self._room.tell.taken(member, number, line.id, previous)
        return commands

    # Those who do not read

    def behind(self, member: Member, at_ns: int) -> list[Command]:
        """Leave somebody out who does not read, so that nobody waits for them."""
        room = self._room
        if member.state not in (State.PRESENT, State.CATCHING_UP):
            return []
        if room.slow is Slow.DISCONNECT:
            room.members.remove(member)
            slow = Notice(What.SLOW, member.name)
            return [
                *room.tell.words(member, room.words.slow_bye),
                Close(member.peer, Reason.SLOW),
                *room.tell.notice_all(member.room, slow),
            ]
        if member.state is State.PRESENT:
            member.last_id = room.kept.told_id
        member.missed = -room.kept.count_in(member.room)
        room.members.become(member, State.BEHIND)
        return [Report(ReaderLeftOut(at_ns, member.peer)), self._await_drained(member)]

    def _await_drained(self, member: Member) -> Command:
        member.awaits_drained = True
        return AwaitDrained(member.peer)

    def drained(self, member: Member, at_ns: int) -> list[Command]:
        """Go on with somebody who has read what waited for them, if we waited for that."""
        if not member.awaits_drained:
            return []
        member.awaits_drained = False
        if member.state is State.CATCHING_UP or (member.state is State.BEHIND and member.framed):
            return self.catch_up(member, member.last_id)
        if member.state is not State.BEHIND:
            return []
        self._room.members.become(member, State.PRESENT)
        missed = member.missed + self._room.kept.count_in(member.room)
        if missed == 0:
            return []
        return [
            Report(ReaderLeftOut(at_ns, member.peer, missed)),
            *self._room.tell.notice(member, Notice(What.MISSED, count=missed)),
        ]
