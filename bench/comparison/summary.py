"""What a comparison says: medians, ranges, and whether an aim was reached."""

from collections import Counter
from dataclasses import dataclass
from statistics import median
from typing import Any

from comparison.rounds import Comparison, Row
from comparison.scenarios import Scenario
from comparison.servers_compared import AGAIN


@dataclass(frozen=True)
class Ratio:
    """The ratio of a candidate to something: median of the rounds, least, greatest."""

    median: float
    least: float
    greatest: float


@dataclass(frozen=True)
class Line:
    """One candidate's result: its ratios where there are any, its figures, a note."""

    name: str
    ours: bool
    ratio: Ratio | None
    also: dict[str, Ratio]
    figures: dict[str, float]
    rounds: list[float]
    note: str


@dataclass(frozen=True)
class Result:
    """One scenario's result; `lines` begins with the reference."""

    scenario: Scenario
    lines: list[Line]

    def record(self) -> dict[str, Any]:
        """Give the result as JSON has it."""
        scenario = self.scenario
        return {
            "key": scenario.key,
            "title": scenario.title,
            "measured": scenario.measured,
            "better": scenario.better,
            "reference": scenario.reference.name,
            "aim": scenario.aim,
            "also_against": list(scenario.also_against),
            "ahead_of": list(scenario.ahead_of),
            "rounds": scenario.rounds,
            "lines": [_line_record(line) for line in self.lines],
        }


def summarise(scenario: Scenario, comparison: Comparison) -> Result:
    """Draw the medians and ranges from what was measured."""
    others = {
        row.candidate.name: row
        for row in comparison.rows
        if row.candidate.name in scenario.also_against
    }
    reference = comparison.reference
    whole = Row(
        reference.candidate,
        ratios=dict.fromkeys(range(scenario.rounds), 1.0) if reference.figures else {},
        figures=reference.figures,
        problems=reference.problems,
    )
    rows = [whole, *comparison.rows]
    return Result(scenario, [_line(row, others, scenario) for row in rows])


def aim_note(scenario: Scenario, ratio: Ratio) -> str:
    """Whether `ratio` reaches the aim of `scenario`, in words."""
    if scenario.aim is None:
        return ""
    higher = scenario.better == "higher"
    reached = ratio.median >= scenario.aim if higher else ratio.median <= scenario.aim
    wanted = f"aim {'at least' if higher else 'at most'} {scenario.aim:.2f}"
    return f"{wanted}: {'reached' if reached else '**not reached**'}"


def _line(row: Row, others: dict[str, Row], scenario: Scenario) -> Line:
    ratio = _ratio(list(row.ratios.values()))
    between = {name: _ratio(_ratios_between(row, other)) for name, other in others.items()}
    also = {name: to_other for name, to_other in between.items() if to_other is not None}
    return Line(
        name=row.candidate.name,
        ours=row.candidate.ours,
        ratio=ratio,
        also=also,
        figures=_medians(row),
        rounds=list(row.ratios.values()),
        note="; ".join(_notes(row, ratio, also, scenario)),
    )


def _ratio(ratios: list[float]) -> Ratio | None:
    if not ratios:
        return None
    return Ratio(median(ratios), min(ratios), max(ratios))


def _ratios_between(row: Row, other: Row) -> list[float]:
    """Ratios to another candidate, by way of the reference each was measured beside."""
    both = row.ratios.keys() & other.ratios.keys()
    return [row.ratios[number] / other.ratios[number] for number in sorted(both)]


def _medians(row: Row) -> dict[str, float]:
    if not row.figures:
        return {}
    keys = row.figures[0].details
    return {key: median(figures.details[key] for figures in row.figures) for key in keys}


def ahead_note(name: str, ratio: Ratio | None) -> str:
    """Whether `ratio`, to the candidate `name`, is ahead of it, in words."""
    if ratio is None:
        return f"aim ahead of {name}: unknown"
    return f"aim ahead of {name}: {'reached' if ratio.median > 1.0 else '**not reached**'}"


def _notes(row: Row, ratio: Ratio | None, also: dict[str, Ratio], scenario: Scenario) -> list[str]:
    notes = []
    is_reference = row.candidate.name == scenario.reference.name
    if row.candidate.ours and ratio is not None and not is_reference:
        notes.append(aim_note(scenario, ratio))
        notes += [ahead_note(name, also.get(name)) for name in scenario.ahead_of]
    if is_reference:
        notes.append("the reference")
    if row.candidate.name.endswith(AGAIN):
        notes.append("what differs from the first is noise")
    if not row.ratios and not row.problems:
        notes.append("not measured, for want of the reference")
    if row.problems:
        [(commonest, _)] = Counter(row.problems).most_common(1)
        tries = len(row.problems) + len(row.ratios)
        notes.append(f"failed in {len(row.problems)} of {tries} rounds: {commonest}")
    return [note for note in notes if note]


def _line_record(line: Line) -> dict[str, Any]:
    return {
        "name": line.name,
        "ours": line.ours,
        "ratio": _ratio_record(line.ratio),
        "also_ratio": {name: _ratio_record(ratio) for name, ratio in line.also.items()},
        "ratio_of_each_round": [round(ratio, 4) for ratio in line.rounds],
        "median_figures": {key: round(value, 3) for key, value in line.figures.items()},
        "note": line.note,
    }


def _ratio_record(ratio: Ratio | None) -> dict[str, float] | None:
    if ratio is None:
        return None
    return {
        "median": round(ratio.median, 4),
        "least": round(ratio.least, 4),
        "greatest": round(ratio.greatest, 4),
    }
