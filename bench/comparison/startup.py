"""Measures one command once: the time from its start to its end."""

import subprocess
import time
from pathlib import Path

from comparison.candidate import Candidate, CannotMeasureError, Figures
from comparison.cores import Cores, started_on

RUN_SECONDS_MAX = 30.0


def measure_startup(candidate: Candidate, cores: Cores) -> Figures:
    """Run the command of `candidate` to its end; the value is milliseconds.

    Raises `CannotMeasureError` when it cannot be started or fails.
    """
    began_at_seconds = time.perf_counter()
    try:
        with started_on(cores.server):
            status = subprocess.run(
                candidate.command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=RUN_SECONDS_MAX,
                check=False,
            ).returncode
    except (OSError, subprocess.TimeoutExpired) as problem:
        name = Path(candidate.command[0]).name
        raise CannotMeasureError(f"{name} cannot be run: {type(problem).__name__}") from problem
    took_ms = 1000 * (time.perf_counter() - began_at_seconds)
    if status != 0:
        raise CannotMeasureError(f"ended with status {status}")
    return Figures(took_ms, {"took_ms": took_ms})
