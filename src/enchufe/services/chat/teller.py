"""Tells the members of a room things, each in text or in frames as they speak themselves."""

from collections.abc import Iterator

from enchufe.core.commands import Command, Send, SendFrame, Spread, SpreadFrame
from enchufe.core.history import Line
from enchufe.core.limits import ROOM_ANNOUNCED_PEERS_MAX
from enchufe.core.room import Joined, Notice, Said, Taken, What, frame_of
from enchufe.core.room_words import RoomWords, notice_text, said_text, saying_texts
from enchufe.services.chat.kept import Safe
from enchufe.services.chat.members import Audience, Member, Members

_COMINGS = frozenset({What.CAME, What.LEFT, What.LOST, What.RENAMED})


class Teller:
    """Makes commands of what is to be told.

    Args:
        members: who there is.
        words: what the room says in text.
    """

    def __init__(self, members: Members, words: RoomWords) -> None:
        self._members = members
        self._words = words

    def words(self, member: Member, text: str) -> list[Command]:
        """Say ``text`` to somebody; over datagrams it is one, whatever its lines."""
        return [Send(member.peer, text.encode())]

    def notice(self, member: Member, notice: Notice) -> list[Command]:
        """Tell somebody what happened."""
        if member.framed:
            return [SendFrame(member.peer, frame_of(notice))]
        return self.words(member, notice_text(notice, self._words))

    def notice_all(
        self,
        room: str,
        notice: Notice,
        *,
        but: Member | None = None,
        also: Member | None = None,
    ) -> list[Command]:
        """Tell everybody in ``room`` what happened; in a crowd not who comes and goes.

        Args:
            room: where.
            notice: what.
            but: who is not told.
            also: who is told even while they are left out of what is said.
        """
        if notice.what in _COMINGS and self._members.count > ROOM_ANNOUNCED_PEERS_MAX:
            return [] if also is None else self.notice(also, notice)
        audience = self._members.audience(room)
        text = notice_text(notice, self._words).encode()
        left_out = but or also
        peer = None if left_out is None else left_out.peer
        commands: list[Command] = [
            Spread(peers, text, peer) for peers in (audience.streams, audience.datagrams) if peers
        ]
        if audience.framed:
            commands.append(SpreadFrame(audience.framed, frame_of(notice), peer))
        return commands if also is None else [*commands, *self.notice(also, notice)]

    def said(self, member: Member, said: Said) -> list[Command]:
        """Tell somebody what was said."""
        if member.framed:
            return [SendFrame(member.peer, frame_of(said))]
        return self.words(member, said_text(said, self._words, member.name))

    def joined(self, member: Member, number: int, last_id: int, history: str) -> list[Command]:
        """Tell somebody that they are in, and what of theirs is kept."""
        member.acknowledged = number
        if member.framed:
            joined = Joined(member.name, member.room, number, last_id, history)
            return [SendFrame(member.peer, frame_of(joined))]
        welcome = self._words.welcome.format(name=member.name, room=member.room)
        return self.words(member, welcome)

    def taken(self, member: Member, number: int, line_id: int, previous: int) -> list[Command]:
        """Tell somebody that what they said with that number is kept."""
        member.acknowledged = max(member.acknowledged, number)
        return [SendFrame(member.peer, frame_of(Taken(line_id, previous), number))]

    def safe(self, audience: Audience, safe: Safe) -> list[Command]:
        """Tell everybody what one of them said, but not the one; to streams of text at once."""
        commands: list[Command] = []
        but = safe.peer
        if audience.streams or audience.datagrams:
            texts = [text for saying in safe.sayings for text in saying_texts(saying, self._words)]
            if audience.streams:
                commands.append(Spread(audience.streams, "\n".join(texts).encode(), but))
            if audience.datagrams:
                commands += [Spread(audience.datagrams, text.encode(), but) for text in texts]
        if audience.framed and audience.framed != (but,):
            for said in _all_said(safe):
                commands.append(SpreadFrame(audience.framed, frame_of(said), but))
        return commands


def _all_said(safe: Safe) -> Iterator[Said]:
    """Yield what became safe, line by line, as it is told in frames."""
    for saying, previous in safe.with_previous():
        at_ns, room, name, file = saying.at_ns, saying.room, saying.name, saying.attachment
        before = previous
        for id_, text in enumerate(saying.texts, saying.id):
            yield Said(id_, before, at_ns, room, name, text, file=file)
            before = id_


def said_of(line: Line, previous: int, *, number: int = 0, again: bool = False) -> Said:
    """Return ``line`` as its hearers are told it."""
    return Said(
        id=line.id,
        previous=previous,
        at_ns=line.at_ns,
        room=line.room,
        name=line.name,
        text=line.text,
        number=number,
        file=line.attachment,
        again=again,
    )
