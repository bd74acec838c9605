"""Looking up what was said, among lines that are at hand."""

from collections.abc import Iterable, Sequence

from enchufe.core.history import Line, Told


def lines_after(
    lines: Iterable[Line], room: str, after_id: int, count_max: int
) -> tuple[Line, ...]:
    """Return what was said in ``room`` after that line: at most so many, the latest, in order."""
    said = [line for line in lines if line.room == room and line.id > after_id]
    return tuple(said[-count_max:]) if count_max > 0 else ()


def latest_told(lines: Sequence[Line]) -> tuple[Told, ...]:
    """Return what each session among ``lines`` said last; who has no session is left out."""
    told: dict[str, Told] = {}
    for line in lines:
        known = told.get(line.session)
        if line.session and (known is None or line.number > known.number):
            told[line.session] = Told(line.session, line.number, line.id)
    return tuple(told.values())
