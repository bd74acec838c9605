"""What members order with a line that begins with ``/``."""

from collections.abc import Callable
from itertools import islice

from enchufe.core.commands import Command
from enchufe.core.room import Notice, Said, What
from enchufe.services.chat.arrivals import Arrivals
from enchufe.services.chat.members import Member, State
from enchufe.services.chat.memories import HISTORY_LINES, Memories
from enchufe.services.chat.room import Room

_UNPACED = frozenset({"/msg", "/bye"})
"""Orders that cost no more than a line that is said."""

NAMES_TOLD_MAX = 1_000
"""Names in one answer: more than anybody reads, and fewer than a frame has room for."""

_Obey = Callable[[Member, str, int], list[Command]]


class Orders:
    """Obeys members.

    Args:
        room: the rooms.
        arrivals: name, move and see off.
        memories: tell what was said.
    """

    def __init__(self, room: Room, arrivals: Arrivals, memories: Memories) -> None:
        self._room = room
        self._arrivals = arrivals
        self._memories = memories
        self._known: dict[str, _Obey] = {
            "/help": self._help,
            "/name": self._name,
            "/who": self._who,
            "/room": self._move,
            "/rooms": self._rooms,
            "/history": self._history,
            "/msg": self._private,
            "/bye": self._bye,
            "/send": self._file,
            "/get": self._file,
        }

    def obey(self, member: Member, line: str, at_ns: int) -> list[Command]:
        """Do what ``line`` says.

        Args:
            member: who says it.
            line: a command and what follows it, safe to show.
            at_ns: when.
        """
        command, _, rest = line.partition(" ")
        known = self._known.get(command.lower())
        if known is None:
            return self._room.tell.notice(member, Notice(What.UNKNOWN, other=command[:40]))
        if command.lower() in _UNPACED or member.may_order(at_ns):
            return known(member, rest.strip(), at_ns)
        if member.is_too_fast:  # and has been told so
            return []
        member.is_too_fast = True
        return self._room.tell.notice(member, Notice(What.TOO_FAST, other=command))

    def _usage(self, member: Member, example: str) -> list[Command]:
        return self._room.tell.notice(member, Notice(What.USAGE, other=example))

    def _help(self, member: Member, _rest: str, _at_ns: int) -> list[Command]:
        return self._room.tell.words(member, self._room.words.help)

    def _name(self, member: Member, rest: str, _at_ns: int) -> list[Command]:
        return self._arrivals.rename(member, rest) if rest else self._usage(member, "/name ana")

    def _who(self, member: Member, _rest: str, _at_ns: int) -> list[Command]:
        inside = self._room.members.inside(member.room)
        told = [(other, other.state is State.AWAY) for other in inside[:NAMES_TOLD_MAX]]
        names = [f"{other.name} ({'…' if away else other.peer.transport})" for other, away in told]
        numbers = tuple(0 if away else other.peer.id for other, away in told)
        present = Notice(What.PRESENT, names=_with_more(names, len(inside)), numbers=numbers)
        return self._room.tell.notice(member, present)

    def _move(self, member: Member, rest: str, _at_ns: int) -> list[Command]:
        return self._arrivals.move(member, rest) if rest else self._usage(member, "/room patio")

    def _rooms(self, member: Member, _rest: str, _at_ns: int) -> list[Command]:
        rooms = self._room.members.rooms()
        names = [f"{name} ({count})" for name, count in islice(rooms.items(), NAMES_TOLD_MAX)]
        told = _with_more(names, len(rooms))
        return self._room.tell.notice(member, Notice(What.ROOMS, names=told))

    def _history(self, member: Member, rest: str, _at_ns: int) -> list[Command]:
        if rest and not (rest.isascii() and rest.isdecimal() and len(rest) < 7 and int(rest)):
            return self._usage(member, "/history 20")
        return self._memories.history(member, int(rest or HISTORY_LINES))

    def _private(self, member: Member, rest: str, at_ns: int) -> list[Command]:
        name, _, text = rest.partition(" ")
        other = self._room.members.named(name)
        if not text.strip():
            return self._usage(member, "/msg luis hola")
        if other is None:
            return self._room.tell.notice(member, Notice(What.NOBODY, other=name))
        if other.state in (State.AWAY, State.BEHIND):
            return self._room.tell.notice(member, Notice(What.UNHEARD, other=other.name))
        said = Said(0, 0, at_ns, "", member.name, text.strip(), to=other.name)
        return [*self._room.tell.said(other, said), *self._room.tell.said(member, said)]

    def _file(self, member: Member, _rest: str, _at_ns: int) -> list[Command]:
        """Say how files travel: whoever speaks frames has not asked in words."""
        return self._room.tell.notice(member, Notice(What.FRAMES_ONLY))

    def _bye(self, member: Member, _rest: str, _at_ns: int) -> list[Command]:
        return self._arrivals.leave(member)


def _with_more(names: list[str], count: int) -> tuple[str, ...]:
    """Return the first of ``count`` names, and how many more there are."""
    more = count - len(names)
    return (*names, f"… (+{more})") if more else tuple(names)
