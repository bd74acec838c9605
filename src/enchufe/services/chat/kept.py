"""What was said and is not safe yet, and what has been told to everybody."""

from collections import OrderedDict, deque
from collections.abc import Collection

from msgspec import Struct

from enchufe.core.events import HistoryOpened
from enchufe.core.history import Line
from enchufe.core.limits import ROOMS_REMEMBERED_MAX
from enchufe.core.peer import Peer

RECENT_LINES_MAX = 1000
"""Lines kept in mind, to tell those who were just being told what was before."""

SESSIONS_MAX = 10_000
"""Sessions whose last number is kept in mind, so that what is said again is known."""


class Waiting(Struct, frozen=True):
    """A line of this run, and who said it."""

    line: Line
    peer: Peer


class Safe(Struct, frozen=True):
    """Lines that became safe together and were said in a row, by one in one room.

    Args:
        peer: who said them.
        room: where.
        lines: what, each with the id before it in that room.
    """

    peer: Peer
    room: str
    lines: list[tuple[Line, int]]


class Kept:
    """Gives lines their ids and follows them until they are safe."""

    def __init__(self) -> None:
        self.read_only_because = ""
        self.told_id = 0  # every line up to here has been told to those present
        self._last_id = 0
        self._opened_id = 0  # the last line of earlier runs, in whatever room
        self._waiting: deque[Waiting] = deque()
        self._waiting_numbers: dict[str, int] = {}
        self._recent: deque[Waiting] = deque(maxlen=RECENT_LINES_MAX)
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

    def next_id(self) -> int:
        """Return an id never given before."""
        self._last_id += 1
        return self._last_id

    def wait(self, line: Line, peer: Peer) -> None:
        """Follow a line until it is safe."""
        self._waiting.append(Waiting(line, peer))
        if line.session:
            self._waiting_numbers[line.session] = line.number

    @property
    def waiting_count(self) -> int:
        """How many lines are on their way to safety."""
        return len(self._waiting)

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
        while waiting and waiting[0].line.id <= last_id:
            said = waiting.popleft()
            self._recent.append(said)
            line = said.line
            if safe is None or safe.peer is not said.peer or safe.room != line.room:
                safe = Safe(said.peer, line.room, [])
                all_safe.append(safe)
            previous = self._last_in_room.get(line.room, self._unknown_id)
            self._last_in_room[line.room] = line.id
            safe.lines.append((line, previous))
            if line.session:
                self._note_session(line)
        for safe in all_safe:
            self._count_in_room[safe.room] = self.count_in(safe.room) + len(safe.lines)
            self.told_id = safe.lines[-1][0].id
        return all_safe

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

    def lost_from(self, first_id: int, why: str) -> list[Waiting]:
        """Return the lines that cannot be kept; from now on nothing can."""
        self.read_only_because = why
        lost = [waiting for waiting in self._waiting if waiting.line.id >= first_id]
        for waiting in lost:
            self._waiting.remove(waiting)
            self._waiting_numbers.pop(waiting.line.session, None)
        return lost

    def count_in(self, room: str) -> int:
        """Return how many lines were told in a room since this run began."""
        return self._count_in_room.get(room, 0)

    def told_after(self, room: str, after_id: int, but: Peer | None) -> list[Line]:
        """Return the recent lines of a room after ``after_id``, in order, but not of ``but``."""
        told = (w for w in self._recent if w.line.room == room and w.line.id > after_id)
        return [waiting.line for waiting in told if waiting.peer is not but]
