"""Candidates and reference in turn, several rounds, and the ratios between them.

In each round every candidate is measured between two runs of the reference and
divided by their mean, so what slows the machine for a while slows both sides
of the fraction. Every other round goes backwards, so that no candidate always
follows the same neighbour.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import mean

from comparison.candidate import Candidate, CannotMeasureError, Figures

Measure = Callable[[Candidate], Figures]
Report = Callable[[Candidate], None]


@dataclass
class Row:
    """All that was measured of one candidate.

    `ratios` has an entry for each round in which the candidate was measured,
    under the number of the round; `problems` says what went wrong in the others.
    """

    candidate: Candidate
    ratios: dict[int, float] = field(default_factory=dict)
    figures: list[Figures] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Comparison:
    """The row of the reference, and one for each candidate in the order given."""

    reference: Row
    rows: list[Row]


def compare(
    reference: Candidate,
    candidates: Sequence[Candidate],
    rounds: int,
    measure: Measure,
    report: Report,
) -> Comparison:
    """Measure all of them for `rounds`; `report` is told before each measurement.

    Where the reference itself cannot be measured, its row says so and there is
    nothing else to say.
    """
    comparison = Comparison(Row(reference), [Row(candidate) for candidate in candidates])

    def measured(row: Row) -> Figures:
        report(row.candidate)
        figures = measure(row.candidate)
        row.figures.append(figures)
        return figures

    try:
        for number in range(rounds):
            _round(number, comparison, measured)
    except CannotMeasureError as problem:
        comparison.reference.problems.append(str(problem))
    return comparison


def _round(number: int, comparison: Comparison, measured: Callable[[Row], Figures]) -> None:
    """Measure reference, candidate, reference, candidate … reference.

    A candidate's failure is noted in its row; the reference's is raised.
    """
    rows = comparison.rows if number % 2 == 0 else comparison.rows[::-1]
    before = measured(comparison.reference)
    for row in rows:
        try:
            figures = measured(row)
        except CannotMeasureError as problem:
            row.problems.append(str(problem))
            continue
        after = measured(comparison.reference)
        row.ratios[number] = figures.value / mean((before.value, after.value))
        before = after
