"""What was said and is not safe yet, and what has been told to everybody."""

from collections import OrderedDict, deque
from collections.abc import Collection, Iterator

from msgspec import Struct

from enchufe.core.events import HistoryOpened
from enchufe.core.history import Line
from enchufe.core.limits import ROOMS_REMEMBERED_MAX
from enchufe.core.peer import Peer

RECENT_LINES_MAX = 1000
"""Lines kept in mind, to tell those who were just being told what was before."""

SESSIONS_MAX = 10_000
"""Sessions whose last number is kept in mind, so that what is said again is known."""


class Saying(Struct, frozen=True):
    """What somebody said in a row, in one room, and is kept or lost as one.

    Args:
        peer: who said it.
        room: where.
        lines: what; at least one.
    """

    peer: Peer
    room: str
    lines: tuple[Line, ...]


class Safe(Struct, frozen=True):
    """Lines that became safe together and were said in a row, by one in one room.

    Args:
        peer: who said them.
        room: where.
        previous: the id of the line before them in that room.
        lines: what.
    """

    peer: Peer
    room: str
    previous: int
    lines: list[Line]

    def with_previous(self) -> Iterator[tuple[Line, int]]:
        """Yield each line with the id of the one before it."""
        previous = self.previous
        for line in self.lines:
            yield line, previous
            previous = line.id


class Kept:
    """Gives lines their ids and follows them until they are safe."""

    def __init__(self) -> None:
        self.read_only_because = ""
        self.told_id = 0  # every line up to here has been told to those present
        self._last_id = 0
        self._opened_id = 0  # the last line of earlier runs, in whatever room
        self._waiting: deque[Saying] = deque()
        self.waiting_count = 0  # lines on their way to safety
        self._waiting_numbers: dict[str, int] = {}
        self._recent: deque[Saying] = deque()
        self._recent_count = 0
        self._last_in_room: dict[str, int] = {}
        self._count_in_room: dict[str, int] = {}
        self._forgotten_id = 0  # the last line of all rooms that were forgotten
        self._rooms_max = ROOMS_REMEMBERED_MAX
        self._told: OrderedDict[str, tuple[int, int]] = OrderedDict()

    def open(self, event: HistoryOpened) -> None:
        """Go on where an earlier run ended."""
        self._last_id = self.told_id = self._opened_id = event.last_id
        for told in event.told:
            self._told[told.session] = (told.number, told.id)

    def next_ids(self, count: int) -> range:
        """Return so many ids never given before."""
        first_id = self._last_id + 1
        self._last_id += count
        return range(first_id, first_id + count)

    def wait(self, saying: Saying) -> None:
        """Follow what was said until it is safe."""
        self._waiting.append(saying)
        self.waiting_count += len(saying.lines)
        last = saying.lines[-1]
        if last.session:
            self._waiting_numbers[last.session] = last.number

    def is_waiting(self, session: str, number: int) -> bool:
        """Return whether a session's number is on its way to safety."""
        return number <= self._waiting_numbers.get(session, 0)

    def told_of(self, session: str) -> tuple[int, int]:
        """Return the highest number of a session that is kept, and its line's id."""
        return self._told.get(session, (0, 0))

    def safe_up_to(self, last_id: int) -> list[Safe]:
        """Return the lines now safe, in order, those that were said in a row together.

        For the first line in a room the id before it is the last of earlier runs, or of the rooms
        that were forgotten: whoever does not have that one asks, for a line may have become safe
        just before that run ended.
        """
        waiting = self._waiting
        all_safe: list[Safe] = []
        safe: Safe | None = None
        while waiting and waiting[0].lines[-1].id <= last_id:
            said = waiting.popleft()
            self._note(said)
            if safe is None or safe.peer is not said.peer or safe.room != said.room:
                previous = self._last_in_room.get(said.room, self._unknown_id)
                safe = Safe(said.peer, said.room, previous, [])
                all_safe.append(safe)
            safe.lines.extend(said.lines)
            self._last_in_room[said.room] = said.lines[-1].id
        return all_safe

    def _note(self, said: Saying) -> None:
        """Count what has become safe, and keep it in mind for a while."""
        recent, count, last = self._recent, len(said.lines), said.lines[-1]
        self.waiting_count -= count
        self._count_in_room[said.room] = self.count_in(said.room) + count
        self.told_id = last.id
        if last.session:
            self._note_session(last)
        recent.append(said)
        self._recent_count += count
        while self._recent_count - len(recent[0].lines) >= RECENT_LINES_MAX:
            self._recent_count -= len(recent.popleft().lines)

    @property
    def _unknown_id(self) -> int:
        """The id that a room's last line had at most, if that is not known."""
        return max(self._opened_id, self._forgotten_id)

    @property
    def has_many_rooms(self) -> bool:
        """Whether it is time to forget rooms."""
        return len(self._last_in_room) > self._rooms_max

    def forget_rooms(self, but: Collection[str]) -> None:
        """Forget all rooms except those of ``but``, where somebody is."""
        empty = self._last_in_room.keys() - set(but)
        for room in empty:
            self._forgotten_id = max(self._forgotten_id, self._last_in_room.pop(room))
            del self._count_in_room[room]
        self._rooms_max = max(ROOMS_REMEMBERED_MAX, 2 * len(self._last_in_room))

    def _note_session(self, line: Line) -> None:
        self._told[line.session] = (line.number, line.id)
        self._told.move_to_end(line.session)
        if len(self._told) > SESSIONS_MAX:
            self._told.popitem(last=False)
        if self._waiting_numbers.get(line.session) == line.number:
            del self._waiting_numbers[line.session]

    def lost_from(self, first_id: int, why: str) -> list[Saying]:
        """Return what cannot be kept; from now on nothing can."""
        self.read_only_because = why
        lost = [saying for saying in self._waiting if saying.lines[0].id >= first_id]
        for saying in lost:
            self._waiting.remove(saying)
            self.waiting_count -= len(saying.lines)
            self._waiting_numbers.pop(saying.lines[-1].session, None)
        return lost

    def count_in(self, room: str) -> int:
        """Return how many lines were told in a room since this run began."""
        return self._count_in_room.get(room, 0)

    def told_after(self, room: str, after_id: int, but: Peer | None) -> list[Line]:
        """Return the recent lines of a room after ``after_id``, in order, but not of ``but``."""
        told = (said for said in self._recent if said.room == room and said.peer is not but)
        return [line for said in told for line in said.lines if line.id > after_id]
