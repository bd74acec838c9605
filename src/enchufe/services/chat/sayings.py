"""What is said: kept first, and told to everybody once it is safe."""

from collections.abc import Sequence

from enchufe.core.commands import Command, ReadOn, Remember, Report, Rest
from enchufe.core.events import NotRemembered
from enchufe.core.history import Attachment, Saying
from enchufe.core.notices import HistoryNotKept
from enchufe.core.room import SAID_BYTES_MAX, Notice, What
from enchufe.core.text import safe_bytes
from enchufe.services.chat.kept import Safe
from enchufe.services.chat.members import Member, State
from enchufe.services.chat.room import Room

UNKEPT_LINES_MAX = 1000
"""Lines of one person on their way to the disk, after which that person is left unread."""

TOLD_AT_ONCE_MAX = 50_000
"""Lines on their way times those who are told: where many come in datagrams it takes a tenth of
a second, in which nobody else is served. A crowd that speaks all at once may make it twice as
much."""

TOLD_TOGETHER_MAX = 600_000
"""The same where all come in streams: what is said in a row is told each of them in one piece."""


class Sayings:
    """Takes in what members say.

    Args:
        room: the rooms.
    """

    def __init__(self, room: Room) -> None:
        self._room = room

    def say(self, member: Member, text: bytes, at_ns: int, number: int = 0) -> list[Command]:
        """Have ``text`` remembered, unless it is too long or nothing can be kept any more.

        Args:
            member: who says it.
            text: what.
            at_ns: when.
            number: the sender's own number for it; 0 for none.
        """
        room = self._room
        if len(text) > SAID_BYTES_MAX:
            too_long = Notice(What.TOO_LONG, count=len(text), number=number)
            return room.tell.notice(member, too_long)
        return self._keep(member, (safe_bytes(text, keep="\t"),), at_ns, number)

    def say_together(
        self, member: Member, texts: Sequence[bytes], at_ns: int
    ) -> list[Command] | None:
        """Have what somebody says in a row remembered as one; None if it must be line by line."""
        if max(map(len, texts)) > SAID_BYTES_MAX or self._room.kept.read_only_because:
            return None
        has_datagrams = self._room.members.datagrams_count > 0
        most = TOLD_AT_ONCE_MAX if has_datagrams else TOLD_TOGETHER_MAX
        if self._told_at_once(len(texts)) > most:
            return None
        safe = [safe_bytes(text, keep="\t") for text in texts]
        return self._keep(member, tuple(safe), at_ns)

    def _keep(
        self,
        member: Member,
        texts: tuple[str, ...],
        at_ns: int,
        number: int = 0,
        attachment: Attachment | None = None,
    ) -> list[Command]:
        room = self._room
        if room.kept.read_only_because:
            return room.tell.notice(member, room.read_only(number))
        saying = Saying(
            id=room.kept.next_id(),
            at_ns=at_ns,
            room=member.room,
            name=member.name,
            texts=texts,
            session=member.session if number else "",
            number=number,
            attachment=attachment,
        )
        room.kept.wait(saying, member.peer)
        member.unkept += len(texts)
        if member.unkept < UNKEPT_LINES_MAX and not self._is_much():
            return [Remember(saying)]
        member.rests = True  # and said again with each line, as their files may have read on
        return [Remember(saying), Rest(member.peer)]

    def _is_much(self) -> bool:
        """Return whether as much is on its way as may be told in one go.

        Then each who says something waits until it is kept, so that everybody has their turn.
        """
        return self._told_at_once() > TOLD_AT_ONCE_MAX

    def _told_at_once(self, more: int = 0) -> int:
        """Return how often a line will be told of what is on its way, and of ``more`` lines."""
        return (self._room.kept.waiting_count + more) * self._room.members.count

    def say_numbered(
        self, member: Member, text: bytes, at_ns: int, number: int
    ) -> Sequence[Command]:
        """Have something remembered, unless this session has said it before."""
        if not member.session or not number:
            return self.say(member, text, at_ns)
        known = self._known(member, number)
        return self.say(member, text, at_ns, number) if known is None else known

    def share(
        self, member: Member, attachment: Attachment | None, at_ns: int, number: int
    ) -> Sequence[Command]:
        """Have a file remembered, unless this session has said it before, or it is not here."""
        known = self._known(member, number) if member.session and number else None
        if known is not None:
            return known
        if attachment is None:
            return self._room.tell.notice(member, Notice(What.NO_FILE, number=number))
        return self._keep(member, ("",), at_ns, number, attachment)

    def _known(self, member: Member, number: int) -> Sequence[Command] | None:
        """Return the answer to what was said before; None to what was not."""
        last_number, last_id = self._room.kept.told_of(member.session)
        if number <= last_number:
            known_id = last_id if number == last_number else 0
            return self._room.tell.taken(member, number, known_id, known_id)
        return () if self._room.kept.is_waiting(member.session, number) else None

    def remembered(self, last_id: int) -> list[Command]:
        """Tell everybody what is safe now; what one person said, together."""
        room = self._room
        commands: list[Command] = []
        for safe in room.kept.safe_up_to(last_id):
            commands += self._acknowledge(safe)
            audience = room.members.audience(safe.room)
            commands += room.tell.safe(audience, safe)
        if room.kept.has_many_rooms:
            room.kept.forget_rooms(but=room.members.rooms())
        return commands

    def _acknowledge(self, safe: Safe) -> list[Command]:
        """Tell whoever said it that it is kept, unless catching up will tell them."""
        member = self._room.members.of(safe.peer)
        if member is None:
            return []
        member.unkept -= safe.lines_count
        commands: list[Command] = []
        if member.session and member.state is State.PRESENT:
            for saying, previous in safe.with_previous():
                if saying.number:
                    commands += self._room.tell.taken(member, saying.number, saying.id, previous)
        return [*commands, *self._read_on(member)]

    def _read_on(self, member: Member) -> list[Command]:
        """Read again from somebody of whom little is on its way any more."""
        if not member.rests or member.unkept > UNKEPT_LINES_MAX // 4:
            return []
        member.rests = False
        return [ReadOn(member.peer)]

    def not_remembered(self, event: NotRemembered) -> list[Command]:
        """Tell those whose lines cannot be kept that they were not said, and the host once."""
        is_new = not self._room.kept.read_only_because
        report = Report(HistoryNotKept(event.at_ns, event.why))
        commands: list[Command] = [report] if is_new else []
        for lost in self._room.kept.lost_from(event.first_id, event.why):
            member = self._room.members.of(lost.peer)
            if member is not None:
                member.unkept -= len(lost.saying.texts)
                notice = self._room.read_only(lost.saying.number)
                for _line in lost.saying.texts:
                    commands += self._room.tell.notice(member, notice)
                commands += self._read_on(member)
        return commands
