"""Draws the ratios: a bar for each candidate, whiskers from least to greatest.

One panel for each scenario. A line stands at 1, the reference; a dashed one at
the aim, where there is one.
"""

from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from comparison.summary import Line, Result

OURS, OTHERS, INK, AIM = "#1f6f8b", "#c9cfd4", "#30363c", "#c0562f"
COLUMNS = 2
ROW_INCHES, TITLE_INCHES, WIDTH_INCHES = 0.27, 1.0, 11.0
PLACES_MIN = 4
AXIS_RATIO_MAX = 6.0
"""Longer bars are cut here, and their number says so: one should not flatten the rest."""


def draw(path: Path, results: list[Result], caption: str) -> None:
    """Write the plot of `results` to `path`, an SVG file, with `caption` below."""
    drawn = [result for result in results if _bars(result)]
    if not drawn:
        return
    pairs = [drawn[at : at + COLUMNS] for at in range(0, len(drawn), COLUMNS)]
    heights_inches = [_height_inches(pair) for pair in pairs]
    layout = ConstrainedLayoutEngine(h_pad=0.12, w_pad=0.08)
    figure = Figure(figsize=(WIDTH_INCHES, sum(heights_inches)), layout=layout)
    axes = figure.subplots(
        len(pairs),
        COLUMNS,
        squeeze=False,
        gridspec_kw={"height_ratios": heights_inches},
    )
    panels = list(axes.flat)
    for number, result in enumerate(drawn):
        _panel(panels[number], result, places=_places(pairs[number // COLUMNS]))
    for panel in panels[len(drawn) :]:
        panel.set_axis_off()
    figure.supxlabel(caption, fontsize=8, color=INK)
    # Without date and random identifiers the same figures give the same file; text
    # stays text, which is small and can be read aloud and searched.
    with mpl.rc_context({"svg.hashsalt": "enchufe", "svg.fonttype": "none"}):
        figure.savefig(path, format="svg", metadata={"Date": None})


def _height_inches(pair: list[Result]) -> float:
    return TITLE_INCHES + ROW_INCHES * _places(pair)


def _places(pair: list[Result]) -> int:
    """Count the places for bars in both panels of a row, so that bars are alike."""
    return max(PLACES_MIN, *(len(_bars(result)) for result in pair))


def _bars(result: Result) -> list[Line]:
    """Choose the lines that have a ratio, without the reference, whose ratio is 1."""
    return [line for line in result.lines[1:] if line.ratio is not None]


def _panel(axes: Axes, result: Result, places: int) -> None:
    lines = _bars(result)
    end = _axis_end(result, lines)
    for place, line in enumerate(lines):
        _bar(axes, place, line, end)
    axes.set_yticks(range(len(lines)), [line.name for line in lines], fontsize=8)
    axes.set_ylim(places - 0.4, -0.6)
    axes.set_xlim(0, end * 1.12)
    _marks(axes, result)
    _calm(axes)


def _axis_end(result: Result, lines: list[Line]) -> float:
    greatest = max(line.ratio.greatest for line in lines if line.ratio is not None)
    return min(max(greatest, 1.0, result.scenario.aim or 0.0), AXIS_RATIO_MAX)


def _bar(axes: Axes, place: int, line: Line, end: float) -> None:
    assert line.ratio is not None
    ratio = line.ratio
    length = min(ratio.median, end)
    axes.barh(place, length, height=0.62, color=OURS if line.ours else OTHERS, zorder=2)
    tip = min(ratio.greatest, end)
    axes.hlines(place, min(ratio.least, end), tip, color=INK, linewidth=1.0, zorder=4)
    for edge in (ratio.least, ratio.greatest):
        if edge <= end:
            axes.vlines(edge, place - 0.14, place + 0.14, color=INK, linewidth=1.0, zorder=4)
    axes.annotate(
        f"{ratio.median:.2f}",
        (max(length, tip), place),
        xytext=(4, 0),
        textcoords="offset points",
        va="center",
        fontsize=8,
        fontweight="bold" if line.ours else "normal",
        color=INK,
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.6},
        zorder=5,
    )


def _marks(axes: Axes, result: Result) -> None:
    """Draw the line of the reference, and that of the aim."""
    scenario = result.scenario
    axes.axvline(1.0, color=INK, linewidth=1.0, zorder=3)
    under = f"1 = {scenario.reference.name}; {scenario.better} is better"
    if scenario.aim is not None:
        axes.axvline(scenario.aim, color=AIM, linewidth=1.2, linestyle=(0, (4, 3)), zorder=3)
        under += f"; dashed: aim {scenario.aim:.2f}"
    axes.set_xlabel(under, fontsize=8, color=INK)
    axes.set_title(scenario.title, loc="left", fontsize=10, fontweight="bold", color=INK, pad=8)


def _calm(axes: Axes) -> None:
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(OTHERS)
    axes.tick_params(axis="y", length=0, labelcolor=INK)
    axes.tick_params(axis="x", colors=INK, labelsize=8)
    axes.grid(axis="x", color="#eceff1", linewidth=0.8, zorder=0)
    axes.set_axisbelow(True)
