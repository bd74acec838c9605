"""Measures one command once: the time from its start to its end."""

import os
import select
import subprocess
import time
from pathlib import Path

from comparison.candidate import Candidate, CannotMeasureError, Figures
from comparison.cores import Cores, started_on

RUN_SECONDS_MAX = 30.0


def measure_startup(candidate: Candidate, cores: Cores) -> Figures:
    """Run the command of `candidate` to its end; the value is milliseconds.

    Raises `CannotMeasureError` when it cannot be started, fails, or does not end.
    """
    began_at_seconds = time.perf_counter()
    with _started(candidate, cores) as process:
        ended = _wait_for_end(process)
        took_ms = 1000 * (time.perf_counter() - began_at_seconds)
        if not ended:
            process.kill()
    if not ended:
        raise CannotMeasureError(f"did not end within {RUN_SECONDS_MAX:.0f} s")
    if process.returncode != 0:
        raise CannotMeasureError(f"ended with status {process.returncode}")
    return Figures(took_ms, {"took_ms": took_ms})


def _started(candidate: Candidate, cores: Cores) -> subprocess.Popen[bytes]:
    nowhere = subprocess.DEVNULL
    try:
        with started_on(cores.server):
            return subprocess.Popen(
                candidate.command, stdin=nowhere, stdout=nowhere, stderr=nowhere
            )
    except OSError as problem:
        name = Path(candidate.command[0]).name
        raise CannotMeasureError(f"{name} cannot be started: {problem.strerror}") from problem


def _wait_for_end(process: subprocess.Popen[bytes]) -> bool:
    """Wait for the end of `process` itself; return whether it came in time.

    `Popen.wait` with a time limit looks again every 50 ms at worst, and every
    figure would be a step of that stair. A pidfd wakes at once (pidfd_open(2)).
    """
    end = os.pidfd_open(process.pid)
    try:
        ready, _, _ = select.select([end], [], [], RUN_SECONDS_MAX)
    finally:
        os.close(end)
    return bool(ready)
