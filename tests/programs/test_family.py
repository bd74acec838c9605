"""All that came of a program is found and ended, however it hides."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from tests.programs.stage import DAEMON, left_of, linux

from enchufe.programs.environment import PATH, marked
from enchufe.programs.family import Family, Mark, new_mark
from enchufe.programs.orphans import adopt
from enchufe.programs.starting import started

STUBBORN = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("ready", flush=True)
time.sleep(1000)
"""


class Home:
    """Programs, started with their families; the test waits for none of them itself."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._started: list[tuple[subprocess.Popen[bytes], Family]] = []

    def start(
        self, *arguments: str, mark: Mark | None = None
    ) -> tuple[subprocess.Popen[bytes], Family]:
        mark = mark or new_mark()
        process = started(arguments, marked({"PATH": PATH}, mark.token, {}), self._folder)
        assert isinstance(process, subprocess.Popen), process
        self._started.append((process, Family(process.pid, mark)))
        return self._started[-1]

    def close(self) -> None:
        for process, family in self._started:
            family.end()
            family.forget()
            with process:
                process.kill()


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    adopt()
    home = Home(tmp_path)
    yield home
    home.close()


def numbers(process: subprocess.Popen[bytes], count: int) -> list[int]:
    """Return the processes whose numbers the program says, one a line."""
    assert process.stdout is not None
    return [int(process.stdout.readline()) for _ in range(count)]


def test_children_end_with_the_program(home: Home) -> None:
    process, family = home.start("sh", "-c", "sleep 1000 & echo $!; sleep 1000 & echo $!; wait")
    children = numbers(process, 2)
    family.end()
    assert left_of(children) == []
    assert process.wait(10) == -signal.SIGKILL


@linux
def test_an_orphan_without_a_mark_is_known_by_its_session(home: Home) -> None:
    bare = "env -i sh -c 'echo $$; exec sleep 1000'"
    process, family = home.start("sh", "-c", f"({bare} &); exec sleep 1000")
    orphans = numbers(process, 1)
    family.end()
    assert left_of(orphans) == []


@linux
def test_a_child_in_a_session_of_its_own_ends_too(home: Home) -> None:
    process, family = home.start("sh", "-c", "setsid sh -c 'echo $$; exec sleep 1000' & wait")
    children = numbers(process, 1)
    family.end()
    assert left_of(children) == []


@linux
def test_a_daemon_ends_too(home: Home) -> None:
    process, family = home.start(sys.executable, "-c", f"{DAEMON}\ntime.sleep(1000)")
    daemons = numbers(process, 1)
    assert psutil.Process(daemons[0]).ppid() == os.getpid()
    family.end()
    assert left_of(daemons) == []


@linux
def test_a_daemon_whose_program_has_ended_ends_too(home: Home) -> None:
    process, family = home.start(sys.executable, "-c", DAEMON)
    daemons = numbers(process, 1)
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    family.end()
    assert left_of(daemons) == []
    assert process.wait(10) == 0


@linux
def test_who_forgot_the_mark_is_known_if_it_was_seen_before(home: Home) -> None:
    hidden = "env -i setsid sh -c 'echo $$; exec sleep 1000'"
    process, family = home.start("sh", "-c", f"trap '' TERM; {hidden} & echo $$; exec sleep 1000")
    numbers(process, 2)
    family.ask()  # all of them are seen; the program itself does not care
    children = [child.pid for child in psutil.Process(process.pid).children(recursive=True)]
    family.end()
    assert left_of(children) == []


def test_nobody_else_is_touched_neither_older_nor_younger(home: Home) -> None:
    older, _family = home.start("sleep", "1000")
    process, family = home.start("sh", "-c", "sleep 1000 & echo $!; wait")
    numbers(process, 1)
    younger, _family = home.start("sleep", "1000")
    stranger = subprocess.Popen(["sleep", "1000"], start_new_session=True)
    try:
        family.ask()
        family.end()
        assert [other.poll() for other in (older, younger, stranger)] == [None] * 3
    finally:
        stranger.kill()
        stranger.wait()


@linux
@pytest.mark.skipif(os.getpid() == 1, reason="the system's first process adopts everyone")
def test_who_is_not_below_us_is_left_alone_whatever_it_carries(tmp_path: Path) -> None:
    mark = new_mark()
    lost = started((sys.executable, "-c", DAEMON), marked({"PATH": PATH}, mark.token, {}), tmp_path)
    assert isinstance(lost, subprocess.Popen)
    with lost:
        (daemon,) = numbers(lost, 1)  # nobody adopts it: it goes to the system's first process
    home = Home(tmp_path)
    _process, family = home.start("sleep", "1000", mark=mark)
    try:
        assert psutil.Process(daemon).ppid() != os.getpid()
        family.end()
        assert psutil.Process(daemon).is_running()
    finally:
        home.close()
        psutil.Process(daemon).kill()


def test_whoever_does_not_hear_is_killed(home: Home) -> None:
    process, family = home.start(sys.executable, "-c", STUBBORN)
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    family.ask()
    assert family.is_led()
    family.kill()
    assert process.wait(10) == -signal.SIGKILL


def test_everyone_is_asked_once(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    process, family = home.start("sh", "-c", "sleep 1000 & echo $!; wait")
    children = numbers(process, 1)
    asked: list[int] = []
    monkeypatch.setattr(psutil.Process, "terminate", lambda member: asked.append(member.pid))
    family.ask()
    assert sorted(asked) == sorted([process.pid, *children])


def test_once_forgotten_nobody_is_looked_for(home: Home) -> None:
    process, family = home.start("sleep", "1000")
    family.forget()
    family.ask()
    family.kill()
    family.end()
    assert process.poll() is None


def test_without_descriptors_to_look_with_the_group_ends_all_the_same(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    process, family = home.start("sh", "-c", "sleep 1000 & echo $!; wait")
    children = numbers(process, 1)

    def no_descriptor() -> list[int]:
        raise OSError

    with monkeypatch.context() as patch:
        patch.setattr(psutil, "pids", no_descriptor)
        family.kill()
        assert process.wait(10) == -signal.SIGKILL
    (child,) = children
    psutil.wait_procs([psutil.Process(child)] if psutil.pid_exists(child) else [], timeout=10)
    assert left_of(children) == []
