"""Compares enchufe with other servers; what `make bench` runs.

Writes a table, a record and a plot of ratios into bench/results. See
bench/README.md for what is measured and how to read it.
"""

import argparse
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

if sys.platform != "linux":
    raise SystemExit("the benchmarks need Linux: epoll, recvmmsg, /proc and pinning to cores")

from comparison import machine
from comparison.candidate import Candidate
from comparison.copying import MEBIBYTE, place
from comparison.cores import pinned
from comparison.programs import BENCH, build
from comparison.progress import Progress
from comparison.report import markdown, write_record
from comparison.rounds import compare
from comparison.scenarios import GROUPS, Scenario, Settings, scenarios
from comparison.summary import Result, summarise

RESULTS = BENCH / "results"
EXIT_FAILED = 1
EXIT_INTERRUPTED = 130

NORMAL = Settings(
    rounds=5,
    seconds=2.0,
    idle_connections=5000,
    startup_rounds=20,
    room_rounds=3,
    room_seconds=0.8,
    copy_mebibytes=256,
    compiled_python=None,
)
QUICK = Settings(
    rounds=1,
    seconds=0.3,
    idle_connections=500,
    startup_rounds=3,
    room_rounds=1,
    room_seconds=0.3,
    copy_mebibytes=64,
    compiled_python=None,
)


def _every_row(_candidate: Candidate) -> bool:
    return True


def main(words: list[str]) -> int:
    """Measure what the command line asks for; return the exit status."""
    options = _options(words)
    try:
        build()
    except (OSError, subprocess.SubprocessError) as problem:
        print(f"the C programs cannot be built: {problem}", file=sys.stderr)
        return EXIT_FAILED
    _allow_descriptors()
    settings = _settings(options)
    facts = machine.facts(words, place(settings.copy_mebibytes * MEBIBYTE))
    if not pinned().apart:
        facts["warning"] = "server and load shared the only core: the ratios mean little"
    chosen = _chosen(options, settings)
    try:
        results = _measure(chosen)
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    _write(_name(options), facts, results)
    return 0


def _chosen(options: argparse.Namespace, settings: Settings) -> list[Scenario]:
    """Return the scenarios asked for, each with the candidates asked for."""
    every = scenarios(settings)
    return [
        replace(each, candidates=tuple(filter(options.rows, each.candidates)))
        for each in every
        if each.group in options.only
    ]


def _options(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="run.py", description=__doc__)
    parser.add_argument(
        "--rounds",
        type=_whole_number,
        help=f"for each candidate ({NORMAL.rounds}, rooms {NORMAL.room_rounds})",
    )
    parser.add_argument(
        "--seconds",
        type=_seconds,
        help=f"of load that count ({NORMAL.seconds:g}, rooms {NORMAL.room_seconds:g})",
    )
    parser.add_argument(
        "--only",
        type=_groups,
        default=GROUPS,
        metavar="GROUPS",
        help=f"some of {','.join(GROUPS)}",
    )
    parser.add_argument(
        "--rows",
        type=_rows,
        default=_every_row,
        metavar="WORDS",
        help="only candidates with one of these words in their name, such as enchufe,again",
    )
    parser.add_argument(
        "--quick", action="store_true", help="to see that all runs; the figures mean nothing"
    )
    parser.add_argument(
        "--compiled-python",
        default=os.environ.get("ENCHUFE_COMPILED_PYTHON"),
        metavar="PATH",
        help="an interpreter whose enchufe is compiled, measured as well "
        "(also: the variable ENCHUFE_COMPILED_PYTHON)",
    )
    parser.add_argument(
        "--name",
        type=_file_name,
        help="of the result files (latest; partial with --quick, --only or --rows)",
    )
    return parser.parse_args(words)


def _whole_number(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 1000:
        raise argparse.ArgumentTypeError(f"a whole number from 1 to 1000, not '{text}'")
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0.1 <= seconds <= 60.0:
        raise argparse.ArgumentTypeError(f"a number from 0.1 to 60, not '{text}'")
    return seconds


def _groups(text: str) -> tuple[str, ...]:
    groups = tuple(text.split(","))
    for group in groups:
        if group not in GROUPS:
            raise argparse.ArgumentTypeError(f"'{group}' is none of {', '.join(GROUPS)}")
    return groups


def _rows(text: str) -> Callable[[Candidate], bool]:
    words = text.split(",")
    return lambda candidate: any(word in candidate.name for word in words)


def _file_name(text: str) -> str:
    if not text or Path(text).name != text:
        raise argparse.ArgumentTypeError(f"a file name without a folder, not '{text}'")
    return text


def _settings(options: argparse.Namespace) -> Settings:
    usual = QUICK if options.quick else NORMAL
    return Settings(
        rounds=options.rounds or usual.rounds,
        seconds=options.seconds or usual.seconds,
        idle_connections=usual.idle_connections,
        startup_rounds=usual.startup_rounds,
        room_rounds=options.rounds or usual.room_rounds,
        room_seconds=options.seconds or usual.room_seconds,
        copy_mebibytes=usual.copy_mebibytes,
        compiled_python=options.compiled_python,
    )


def _name(options: argparse.Namespace) -> str:
    """Choose the name: the figures in the repository come from whole runs only."""
    if options.name is not None:
        return str(options.name)
    all_rows = options.rows is _every_row
    whole = not options.quick and all_rows and set(options.only) == set(GROUPS)
    return "latest" if whole else "partial"


def _allow_descriptors() -> None:
    """Raise the soft limit, which the servers and loads inherit, as far as it goes."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _measure(chosen: list[Scenario]) -> list[Result]:
    progress = Progress(sum(scenario.steps for scenario in chosen))
    results = []
    done = 0
    for scenario in chosen:

        def report(candidate: Candidate, title: str = scenario.title) -> None:
            progress.step(f"{title}: {candidate.name}")

        comparison = compare(
            scenario.reference, scenario.candidates, scenario.rounds, scenario.measure, report
        )
        results.append(summarise(scenario, comparison))
        done += scenario.steps
        progress.skip_to(done)
    progress.clear()
    return results


def _write(name: str, facts: dict[str, str], results: list[Result]) -> None:
    """Write table, record and plot, and show the table."""
    RESULTS.mkdir(exist_ok=True)
    picture = _draw(RESULTS / f"{name}.svg", facts, results)
    table = markdown(facts, results, picture)
    (RESULTS / f"{name}.md").write_text(table, encoding="utf-8")
    write_record(RESULTS / f"{name}.json", facts, results)
    print(table)


def _draw(path: Path, facts: dict[str, str], results: list[Result]) -> str | None:
    """Draw the plot; the table does not need it, so without matplotlib there is none."""
    try:
        from comparison.plot import draw
    except ImportError as problem:
        print(f"no plot: {problem}", file=sys.stderr)
        return None
    caption = (
        "bars: medians of the ratios; whiskers: least and greatest   |   "
        f"{facts['date']}, {facts['processors']} cores, kernel {facts['kernel']}, "
        f"{facts['Python']}, uvloop {facts['uvloop']}"
    )
    draw(path, results, caption)
    return path.name


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
