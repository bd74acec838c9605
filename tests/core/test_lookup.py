"""Looking up what was said."""

import pytest

from enchufe.core.commands import Recall
from enchufe.core.history import Line, Told
from enchufe.core.lookup import latest_told, recalled


def said(id_: int, room: str = "plaza", session: str = "", number: int = 0) -> Line:
    return Line(id_, id_ * 10, room, "ana", f"line {id_}", session, number)


PLAZA = [said(1), said(2, "bar"), said(3), said(5), said(8, "bar"), said(9)]


@pytest.mark.parametrize(
    ("after_id", "count_max", "oldest", "ids"),
    [
        (0, 10, False, [1, 3, 5, 9]),
        (0, 10, True, [1, 3, 5, 9]),
        (0, 2, False, [5, 9]),
        (0, 2, True, [1, 3]),
        (1, 2, True, [3, 5]),
        (4, 2, False, [5, 9]),
        (9, 10, False, []),
        (0, 0, False, []),
        (0, 0, True, []),
        (0, -1, False, []),
        (0, -1, True, []),
    ],
)
def test_the_latest_or_the_first_of_a_room_are_found_in_order(
    after_id: int, count_max: int, oldest: bool, ids: list[int]
) -> None:
    order = Recall("", "plaza", after_id, count_max, oldest=oldest)
    assert [line.id for line in recalled(PLAZA, order)] == ids


def test_in_a_room_where_nothing_was_said_nothing_is_found() -> None:
    assert recalled(PLAZA, Recall("", "patio", 0, 10)) == ()


def test_of_each_session_the_highest_number_is_told_with_its_line() -> None:
    lines = [said(1, session="a", number=1), said(2, session="b", number=7), said(3)]
    lines += [said(4, session="a", number=3), said(5, session="a", number=2)]
    assert latest_told(lines) == (Told("b", 7, 2), Told("a", 3, 4))
