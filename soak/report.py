"""What a soak found: a line while it runs, a table and a plot at its end."""

from collections.abc import Sequence
from pathlib import Path

from soak.samples import MIB, Outcome, Sample

ROWS = 24
"""Of the table; a long run has more samples than anybody reads."""


def progress(sample: Sample, seconds: float) -> str:
    """Return the line shown while it runs."""
    return (
        f"{sample.at_s:4.0f} of {seconds:.0f} s  {sample.memory_bytes / MIB:5.0f} MiB  "
        f"{sample.descriptors:4d} open  {sample.served:6d} served  "
        f"half within {sample.median_ms:.1f} ms, all within {sample.slowest_ms:.0f} ms  "
        f"{sample.attacks} attacks"
    )


def table(outcome: Outcome) -> str:
    """Return the run as a table in Markdown."""
    step = max(len(outcome.samples) // ROWS, 1)
    lines = [
        "| at | memory | descriptors | served | half within | 99 % within | all within | attacks |",
        "| --: | --: | --: | --: | --: | --: | --: | --: |",
    ]
    samples = (outcome.first, *outcome.samples[::step], outcome.last)
    return "\n".join([*lines, *map(_row, samples)]) + "\n"


def _row(sample: Sample) -> str:
    return (
        f"| {sample.at_s:.0f} s | {sample.memory_bytes / MIB:.0f} MiB | {sample.descriptors} "
        f"| {sample.served} | {sample.median_ms:.1f} ms | {sample.slow_ms:.0f} ms "
        f"| {sample.slowest_ms:.0f} ms | {sample.attacks} |"
    )


def plot(samples: Sequence[Sample], path: Path) -> None:
    """Draw memory, descriptors and waiting times over time."""
    import matplotlib as mpl

    mpl.use("svg")
    import matplotlib.pyplot as plt

    times = [sample.at_s for sample in samples]
    figure, (memory, descriptors, latency) = plt.subplots(3, 1, sharex=True, figsize=(9, 7))
    memory.plot(times, [sample.memory_bytes / MIB for sample in samples])
    memory.set_ylabel("memory, MiB")
    memory.set_ylim(bottom=0)
    descriptors.plot(times, [sample.descriptors for sample in samples])
    descriptors.set_ylabel("descriptors")
    descriptors.set_ylim(bottom=0)
    for label, values in (
        ("half within", [sample.median_ms for sample in samples]),
        ("99 % within", [sample.slow_ms for sample in samples]),
        ("all within", [sample.slowest_ms for sample in samples]),
    ):
        latency.plot(times, values, label=label)
    latency.set_yscale("log")
    latency.set_ylabel("an honest peer waits, ms")
    latency.set_xlabel("time, s")
    latency.legend(loc="upper right")
    figure.tight_layout()
    figure.savefig(path)
    plt.close(figure)
