"""Looking up what was said, among lines that are at hand."""

from collections.abc import Iterable

from enchufe.core.commands import Recall
from enchufe.core.history import Line, Told


def recalled(lines: Iterable[Line], order: Recall) -> tuple[Line, ...]:
    """Return those of ``lines``, which are in order, that answer ``order``."""
    said = tuple(line for line in lines if line.room == order.room and line.id > order.after_id)
    count = max(order.count_max, 0)
    return said[:count] if order.oldest else said[max(len(said) - count, 0) :]


def latest_told(lines: Iterable[Line]) -> tuple[Told, ...]:
    """Return what each session among ``lines`` said last; who has no session is left out."""
    told: dict[str, Told] = {}
    for line in lines:
        known = told.get(line.session)
        if line.session and (known is None or line.number > known.number):
            told[line.session] = Told(line.session, line.number, line.id)
    return tuple(sorted(told.values(), key=lambda last: last.id))
