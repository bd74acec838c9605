"""Orphans become ours, and the dead among them are taken away; nobody else's are."""

import os
import subprocess
import sys

import psutil
import pytest

from enchufe.programs import orphans
from enchufe.programs.orphans import Undertaker, adopt, take_away

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="orphans become ours on Linux alone"
)

PATIENCE_S = 10.0


@pytest.fixture(autouse=True)
def _rounds_as_often_as_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(orphans, "PROGRAM_KILL_S", 0.0)


def orphan(starter: str = "") -> psutil.Process:
    """Return a process whose parent has ended, started by ``starter``."""
    adopt()
    script = f"{starter} sh -c 'echo $$; exec sleep 1000 >/dev/null' &"
    said = subprocess.run(["sh", "-c", script], stdout=subprocess.PIPE, check=True)
    return psutil.Process(int(said.stdout))


def dead_orphan() -> psutil.Process:
    """Return one that has ended, in a session of its own."""
    lost = orphan("setsid")
    lost.kill()
    until_ended(lost)
    return lost


def until_ended(*processes: psutil.Process) -> None:
    """Wait until the processes are zombies."""
    for process in processes:
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)


def test_an_orphan_becomes_ours() -> None:
    lost = orphan()
    assert lost.ppid() == os.getpid()
    lost.kill()
    until_ended(lost)
    take_away(lost)
    assert not psutil.pid_exists(lost.pid)


def test_only_the_dead_are_taken_away() -> None:
    lost = orphan()
    take_away(lost)
    assert lost.is_running()
    lost.kill()
    until_ended(lost)
    take_away(lost)
    take_away(lost)  # nobody is there any more


def test_a_forgotten_orphan_is_taken_away_in_the_second_round() -> None:
    lost = dead_orphan()
    undertaker = Undertaker()
    undertaker.go_round()
    assert psutil.pid_exists(lost.pid)
    undertaker.go_round()
    assert not psutil.pid_exists(lost.pid)


def test_rounds_are_not_made_too_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(orphans, "PROGRAM_KILL_S", 1000.0)
    lost = dead_orphan()
    undertaker = Undertaker()
    for _ in range(3):
        undertaker.go_round()
    assert psutil.pid_exists(lost.pid)
    take_away(lost)


def test_the_dead_whom_somebody_awaits_stay() -> None:
    undertaker = Undertaker()
    ours = subprocess.Popen(["sh", "-c", "exit 3"], start_new_session=True)
    undertaker.awaited.add(ours.pid)
    beside = subprocess.Popen(["sh", "-c", "exit 4"])
    until_ended(psutil.Process(ours.pid), psutil.Process(beside.pid))
    for _ in range(3):
        undertaker.go_round()
    assert (ours.wait(PATIENCE_S), beside.wait(PATIENCE_S)) == (3, 4)
