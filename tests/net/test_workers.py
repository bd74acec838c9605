"""Processes that share endpoints: each with its own sockets, all ending together."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence

import pytest
from tests.cli.programs import environment

from enchufe.core.exits import ExitCode

posix = pytest.mark.skipif(not hasattr(os, "fork"), reason="workers need fork(2)")

PROGRAM = """
import json, os, signal, socket, sys, time
from enchufe.core.exits import ExitCode
from enchufe.net.workers import serve_in_processes

def tell(fact):
    os.write(1, (json.dumps(fact) + "\\n").encode())

def share(index, code, seconds):
    def run():
        told = []
        signal.signal(signal.SIGTERM, lambda *_: told.append("TERM"))
        signal.signal(signal.SIGINT, lambda *_: told.append("INT"))
        signal.signal(signal.SIGHUP, lambda *_: told.append("HUP"))
        tell([index, os.getpid(), [s.fileno() for s in sockets]])
        end = time.monotonic() + seconds
        while not told and time.monotonic() < end:
            time.sleep(0.01)
        tell([index, told])
        return ExitCode(code)
    return run

plan = json.loads(sys.argv[1])
sockets = [socket.create_server(("127.0.0.1", 0)) for _ in plan]
code = serve_in_processes(
    [share(i, code, seconds) for i, (code, seconds) in enumerate(plan)], [[s] for s in sockets]
)
tell(["parent", [s.fileno() for s in sockets]])
sys.exit(code)
"""


def start(plan: Sequence[tuple[int, float]]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, json.dumps(plan)],
        stdout=subprocess.PIPE,
        text=True,
        env=environment(),
    )


def told(process: subprocess.Popen[str], count: int) -> list[list[object]]:
    assert process.stdout is not None
    return [json.loads(process.stdout.readline()) for _ in range(count)]


@posix
def test_each_process_keeps_only_its_own_socket() -> None:
    with start([(0, 30), (0, 30)]) as process:
        (first, second) = sorted(told(process, 2), key=str)
        process.send_signal(signal.SIGTERM)
        told(process, 2)
        (parent,) = told(process, 1)
        assert process.wait(10) == ExitCode.DONE
    (_, _, of_first), (_, _, of_second) = first, second
    assert isinstance(of_first, list)
    assert isinstance(of_second, list)
    assert [number >= 0 for number in of_first] == [True, False]
    assert [number >= 0 for number in of_second] == [False, True]
    assert parent == ["parent", [-1, -1]]


@posix
@pytest.mark.parametrize(
    ("number", "name"),
    [(signal.SIGINT, "INT"), (signal.SIGTERM, "TERM"), (signal.SIGHUP, "HUP")],
)
def test_what_the_parent_is_told_all_are_told(number: int, name: str) -> None:
    with start([(0, 30), (0, 30), (0, 30)]) as process:
        told(process, 3)
        process.send_signal(number)
        ends = told(process, 3)
        assert process.wait(10) == ExitCode.DONE
    assert all(name in end[1] for end in ends)  # type: ignore[operator]


@posix
def test_when_one_ends_the_others_are_ended_and_its_code_is_the_whole_ones() -> None:
    with start([(ExitCode.TIMED_OUT, 0.2), (ExitCode.DONE, 30)]) as process:
        told(process, 2)
        ends = told(process, 2)
        assert process.wait(10) == ExitCode.TIMED_OUT
    assert [0, []] in ends
    assert [1, ["TERM"]] in ends


@posix
def test_one_that_is_killed_is_a_bug_and_ends_the_others() -> None:
    with start([(0, 30), (0, 30)]) as process:
        began = told(process, 2)
        os.kill(int(str(began[0][1])), signal.SIGKILL)
        assert told(process, 1)[0][1] == ["TERM"]
        assert process.wait(10) == ExitCode.BUG


@posix
def test_without_their_parent_they_end_too() -> None:
    with start([(0, 30), (0, 30)]) as process:
        began = told(process, 2)
        process.kill()
        ends = told(process, 2)
        assert [end[1] for end in ends] == [["TERM"], ["TERM"]]
    end = time.monotonic() + 10
    for _, pid, _ in began:
        while time.monotonic() < end:
            try:
                os.kill(int(str(pid)), 0)
            except ProcessLookupError:
                break
            time.sleep(0.02)
