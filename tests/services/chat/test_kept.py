"""What is on its way to safety, and what is kept in mind of what was told."""

import pytest
from tests.playbook import ANA, NOW_NS

from enchufe.core.history import Saying
from enchufe.services.chat.kept import RECENT_LINES_MAX, Kept


def say(kept: Kept, count: int) -> None:
    """Let ana say so many lines in a row."""
    kept.wait(Saying(kept.next_id(), NOW_NS, "plaza", "ana", ("hola",) * count), ANA)


@pytest.mark.parametrize("in_a_row", [1, 7, 400])
def test_the_latest_lines_are_kept_in_mind_and_not_many_more(in_a_row: int) -> None:
    kept = Kept()
    for _ in range(3 * RECENT_LINES_MAX // in_a_row):
        say(kept, in_a_row)
        kept.safe_up_to(kept.told_id + in_a_row)
    recent = kept.told_after("plaza", 0, but=None)
    assert RECENT_LINES_MAX <= len(recent) < RECENT_LINES_MAX + in_a_row
    assert recent[-1].id == kept.told_id == kept.count_in("plaza")


def test_what_waits_is_counted_until_it_is_safe_or_lost() -> None:
    kept = Kept()
    for count in (3, 2, 4):
        say(kept, count)
    assert kept.waiting_count == 9
    assert [safe.previous for safe in kept.safe_up_to(5)] == [0]
    assert kept.waiting_count == 4
    assert [len(lost.saying.texts) for lost in kept.lost_from(6, "No space left on device")] == [4]
    assert kept.waiting_count == 0
