"""What every history promises."""

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import TypeAlias

import pytest
from tests.store.witnesses import Told, everything, saying

from enchufe.core.commands import Recall, Remember
from enchufe.core.events import Event, NotRemembered, Recalled, Remembered
from enchufe.store.memory import MemoryHistory
from enchufe.store.sqlite import SqliteHistory

History: TypeAlias = MemoryHistory | SqliteHistory


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture(params=["memory", "sqlite"])
def history(request: pytest.FixtureRequest, tmp_path: Path, told: Told) -> Iterator[History]:
    opened: dict[str, Callable[[], History]] = {
        "memory": lambda: MemoryHistory(told.put),
        "sqlite": lambda: SqliteHistory(tmp_path / "plaza.db", told.put),
    }
    with closing(opened[request.param]()) as kept:
        yield kept


def test_what_is_recalled_is_exactly_what_was_remembered_before(
    history: History, told: Told
) -> None:
    for id_ in range(1, 301):
        history.perform([Remember(saying(id_))])
        if id_ % 7 == 0:
            history.perform([everything()])
    history.close()
    remembered, answers = 0, 0
    for event in told.all():
        assert not isinstance(event, NotRemembered)
        if isinstance(event, Remembered):
            remembered = event.last_id
        elif isinstance(event, Recalled):
            answers += 1
            assert [line.id for line in event.lines] == list(range(1, remembered + 1))
    assert (remembered, answers) == (300, 300 // 7)


@pytest.mark.parametrize("oldest", [False, True])
def test_an_answer_is_in_order_and_bears_its_tag(
    history: History, told: Told, oldest: bool
) -> None:
    for id_ in range(1, 6):
        history.perform([Remember(saying(id_))])
    history.perform([Recall("newcomer 7", "plaza", 1, 2, oldest=oldest)])
    event: Event = told.next()
    while not isinstance(event, Recalled):
        event = told.next()
    assert event.tag == "newcomer 7"
    assert [line.id for line in event.lines] == ([2, 3] if oldest else [4, 5])
