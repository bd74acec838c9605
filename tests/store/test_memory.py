"""A history in memory."""

from tests.store.witnesses import Told, everything, saying

from enchufe.core.commands import Remember
from enchufe.core.events import HistoryOpened, Recalled, Remembered
from enchufe.core.limits import HISTORY_MEMORY_LINES_MAX
from enchufe.store.memory import MemoryHistory

NOW_NS = 1_767_225_600_000_000_000


def history(told: Told) -> MemoryHistory:
    return MemoryHistory(told.put, lambda: NOW_NS)


def test_it_begins_with_nothing() -> None:
    assert history(Told()).opened() == HistoryOpened(NOW_NS, last_id=0, history=f"{NOW_NS:x}")


def test_a_line_is_remembered_at_once_and_found() -> None:
    told = Told()
    kept = history(told)
    kept.perform([Remember(saying(1))])
    kept.perform([everything()])
    assert told.all() == [Remembered(NOW_NS, 1), Recalled(NOW_NS, "all", tuple(saying(1).lines()))]
    kept.close()


def test_the_oldest_lines_are_forgotten_first() -> None:
    told = Told()
    kept = history(told)
    for id_ in range(1, HISTORY_MEMORY_LINES_MAX + 3):
        kept.perform([Remember(saying(id_))])
    kept.perform([everything()])
    recalled = told.all()[-1]
    assert isinstance(recalled, Recalled)
    assert len(recalled.lines) == HISTORY_MEMORY_LINES_MAX
    assert recalled.lines[0].id == 3


def test_much_that_is_said_in_a_row_counts_by_its_lines() -> None:
    told = Told()
    kept = history(told)
    half = ("hola",) * (HISTORY_MEMORY_LINES_MAX // 2)
    for id_ in range(1, 5 * len(half), len(half)):
        kept.perform([Remember(saying(id_, *half))])
    told.all()
    kept.perform([everything()])
    (recalled,) = told.all()
    assert isinstance(recalled, Recalled)
    assert len(recalled.lines) == HISTORY_MEMORY_LINES_MAX
