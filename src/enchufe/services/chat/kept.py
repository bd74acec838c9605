"""What was said and is not safe yet, and what has been told to everybody."""

from collections import OrderedDict, deque
from collections.abc import Collection, Iterator

from msgspec import Struct

from enchufe.core.events import HistoryOpened
from enchufe.core.history import Line, Saying
from enchufe.core.limits import ROOMS_REMEMBERED_MAX
from enchufe.core.peer import Peer
from enchufe.core.recent import Recent

RECENT_LINES_MAX = 1000
"""Lines kept in mind, to tell those who were just being told what was before."""

SESSIONS_MAX = 10_000
"""Sessions whose last number is kept in mind, so that what is said again is known."""


class Spoken(Struct, frozen=True, gc=False):
    """What was said in this run, and by whom."""

    saying: Saying
    peer: Peer


class Safe(Struct, frozen=True):
    """What became safe together and was said in a row, by one in one room.

    Args:
        peer: who said it.
        room: where.
        previous: the id of the line before it in that room.
        sayings: what.
    """

    peer: Peer
    room: str
    previous: int
    sayings: list[Saying]

    @property
    def lines_count(self) -> int:
        """How many lines it is."""
        return sum([len(saying.texts) for saying in self.sayings])

    def with_previous(self) -> Iterator[tuple[Saying, int]]:
        """Yield what was said, each with the id of the line before it."""
        previous = self.previous
        for saying in self.sayings:
            yield saying, previous
            previous = saying.last_id


class Kept:
    """Gives lines their ids and follows them until they are safe."""

    def __init__(self) -> None:
        self.read_only_because = ""
        self.history = ""
        self.told_id = 0  # every line up to here has been told to those present
        self._last_id = 0
        self._opened_id = 0  # the last line of earlier runs, in whatever room
        self._waiting: deque[Spoken] = deque()
        self.waiting_count = 0  # lines on their way to safety
        self._waiting_numbers: dict[str, int] = {}
        self._recent = Recent[Spoken](RECENT_LINES_MAX)
        self._last_in_room: dict[str, int] = {}
        self._count_in_room: dict[str, int] = {}
        self._forgotten_id = 0  # the last line of all rooms that were forgotten
        self._rooms_max = ROOMS_REMEMBERED_MAX
        self._told: OrderedDict[str, tuple[int, int]] = OrderedDict()

    def open(self, event: HistoryOpened) -> None:
        """Go on where an earlier run ended."""
        self._last_id = self.told_id = self._opened_id = event.last_id
        self.history = event.history
        for told in event.told:
            self._told[told.session] = (told.number, told.id)

    def next_id(self) -> int:
        """Return the id of what is said next: it was never given before."""
        return self._last_id + 1

    def wait(self, saying: Saying, peer: Peer) -> None:
        """Follow what ``peer`` said until it is safe; its ids are given to nothing else."""
        self._last_id = saying.last_id
        self._waiting.append(Spoken(saying, peer))
        self.waiting_count += len(saying.texts)
        if saying.session:
            self._waiting_numbers[saying.session] = saying.number

    def is_waiting(self, session: str, number: int) -> bool:
        """Return whether a session's number is on its way to safety."""
        return number <= self._waiting_numbers.get(session, 0)

    def told_of(self, session: str) -> tuple[int, int]:
        """Return the highest number of a session that is kept, and its line's id."""
        return self._told.get(session, (0, 0))

    def safe_up_to(self, last_id: int) -> list[Safe]:
        """Return what is safe now, in order, what was said in a row together.

        For the first line in a room the id before it is the last of earlier runs, or of the rooms
        that were forgotten: whoever does not have that one asks, for a line may have become safe
        just before that run ended.
        """
        waiting = self._waiting
        all_safe: list[Safe] = []
        safe: Safe | None = None
        while waiting and waiting[0].saying.last_id <= last_id:
            spoken = waiting.popleft()
            saying, peer = spoken.saying, spoken.peer
            if safe is None or safe.peer is not peer or safe.room != saying.room:
                safe = Safe(peer, saying.room, self._last_id_in(saying.room), [])
                all_safe.append(safe)
            safe.sayings.append(saying)
            self._note(spoken)
        return all_safe

    def _note(self, spoken: Spoken) -> None:
        """Count what has become safe, and keep it in mind for a while."""
        saying, room, count = spoken.saying, spoken.saying.room, len(spoken.saying.texts)
        self.waiting_count -= count
        self._count_in_room[room] = self._count_in_room.get(room, 0) + count
        self._last_in_room[room] = self.told_id = saying.last_id
        if saying.session:
            self._note_session(saying)
        self._recent.add(spoken, count)

    def _last_id_in(self, room: str) -> int:
        """Return the id of a room's last line, or what it was at most if that is not known."""
        last_id = self._last_in_room.get(room)
        return max(self._opened_id, self._forgotten_id) if last_id is None else last_id

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

    def _note_session(self, saying: Saying) -> None:
        self._told[saying.session] = (saying.number, saying.id)
        self._told.move_to_end(saying.session)
        if len(self._told) > SESSIONS_MAX:
            self._told.popitem(last=False)
        if self._waiting_numbers.get(saying.session) == saying.number:
            del self._waiting_numbers[saying.session]

    def lost_from(self, first_id: int, why: str) -> list[Spoken]:
        """Return what cannot be kept; from now on nothing can."""
        self.read_only_because = why
        lost = [spoken for spoken in self._waiting if spoken.saying.id >= first_id]
        for spoken in lost:
            self._waiting.remove(spoken)
            self.waiting_count -= len(spoken.saying.texts)
            self._waiting_numbers.pop(spoken.saying.session, None)
        return lost

    def count_in(self, room: str) -> int:
        """Return how many lines were told in a room since this run began."""
        return self._count_in_room.get(room, 0)

    def told_after(self, room: str, after_id: int, but: Peer | None) -> list[Line]:
        """Return the recent lines of a room after ``after_id``, in order, but not of ``but``."""
        told = (spoken.saying for spoken in self._recent if spoken.peer is not but)
        here = (saying for saying in told if saying.room == room and saying.last_id > after_id)
        return [line for saying in here for line in saying.lines() if line.id > after_id]
