"""Writes the results as a table to read and a record for programs."""

import json
from pathlib import Path

from comparison.summary import Line, Ratio, Result

EN_DASH = "\N{EN DASH}"
MISSING = EN_DASH


def markdown(facts: dict[str, str], results: list[Result], picture: str | None) -> str:
    """Compose the whole table; `picture` is the file name of the plot, where there is one."""
    parts = [
        "# Enchufe beside others",
        "Ratios to the reference of each scenario, measured in turn with it. "
        "How, and how to read it: [bench/README.md](../README.md).",
    ]
    if picture is not None:
        parts.append(f"![The ratios of the tables below]({picture})")
    parts.extend(_section(result) for result in results)
    parts.append("## Measured on")
    parts.append("\n".join(f"- {name}: {_cell(value)}" for name, value in facts.items()))
    return "\n\n".join(parts) + "\n"


def write_record(path: Path, facts: dict[str, str], results: list[Result]) -> None:
    """Write everything as JSON to `path`."""
    record = {"facts": facts, "scenarios": [result.record() for result in results]}
    path.write_text(json.dumps(record, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _section(result: Result) -> str:
    scenario = result.scenario
    headings = ["", f"ratio to {scenario.reference.name}", f"least{EN_DASH}greatest"]
    headings += [f"ratio to {name}" for name in scenario.also_against]
    headings += [column.heading for column in scenario.columns] + [""]
    aligned = ["---"] + ["--:"] * (len(headings) - 2) + ["---"]
    lines = [_row(headings), _row(aligned)]
    lines += [_row(_cells(result, line)) for line in result.lines]
    rounds = "1 round" if scenario.rounds == 1 else f"{scenario.rounds} rounds"
    about = f"{scenario.measured[0].upper()}{scenario.measured[1:]}; median of {rounds}; "
    return f"## {scenario.title}\n\n{about}{scenario.better} is better.\n\n" + "\n".join(lines)


def _cells(result: Result, line: Line) -> list[str]:
    scenario = result.scenario
    name = f"**{line.name}**" if line.ours else line.name
    cells = [name, _median(line.ratio), _range(line.ratio)]
    cells += [_median(line.also.get(name)) for name in scenario.also_against]
    for column in scenario.columns:
        value = line.figures.get(column.key)
        cells.append(MISSING if value is None else format(value, column.form))
    return [*cells, _cell(line.note)]


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(text: str) -> str:
    """`text` made safe for a cell: a bar would begin the next one."""
    return text.replace("|", "\\|")


def _median(ratio: Ratio | None) -> str:
    return MISSING if ratio is None else f"{ratio.median:.2f}"


def _range(ratio: Ratio | None) -> str:
    return MISSING if ratio is None else f"{ratio.least:.2f}{EN_DASH}{ratio.greatest:.2f}"
