"""The streams a program is born with: without them, and when they close."""

import errno
import subprocess
import sys

import pytest
from tests.cli.programs import environment

from enchufe.clients import standard_streams
from enchufe.clients.standard_streams import OutputGuard, is_output_lost


def test_missing_streams_are_filled_so_that_no_socket_takes_their_numbers() -> None:
    code = (
        "import os, sys, socket\n"
        "for number in (0, 1, 2): os.close(number)\n"
        "sys.stdin = sys.stdout = sys.stderr = None\n"
        "from enchufe.clients.standard_streams import fill_missing_streams\n"
        "fill_missing_streams()\n"
        "assert sys.stdin.read() == ''\n"
        "print('nobody sees this', flush=True)\n"
        "print('nor this', file=sys.stderr, flush=True)\n"
        "sys.exit(socket.socket().fileno())\n"
    )
    ended = subprocess.run([sys.executable, "-c", code], env=environment(), check=False)
    assert ended.returncode > 2


def test_an_output_that_takes_no_more_ends_the_run_once(monkeypatch: pytest.MonkeyPatch) -> None:
    discarded: list[str] = []
    monkeypatch.setattr(standard_streams, "discard_output", lambda: discarded.append("output"))
    guard, ends, written = OutputGuard(), list[str](), list[str]()

    def write(text: str) -> None:
        if text == "too much":
            raise BrokenPipeError(errno.EPIPE, "Broken pipe")
        written.append(text)

    guarded = guard.guard(write)
    guard.end_run = lambda: ends.append("run")
    for text in ("first", "too much", "second", "too much"):
        guarded(text)
    assert (written, ends, discarded) == (["first"], ["run"], ["output"])


def test_what_is_not_the_outputs_fault_is_not_hidden() -> None:
    def write() -> None:
        raise OSError(errno.EBADF, "Bad file descriptor")

    with pytest.raises(OSError, match="Bad file"):
        OutputGuard().guard(write)()


@pytest.mark.parametrize(
    ("error", "is_lost"),
    [
        (BrokenPipeError(errno.EPIPE, ""), True),
        (OSError(errno.ENOSPC, ""), True),
        (OSError(errno.EIO, ""), True),
        (OSError(errno.ECONNREFUSED, ""), False),
        (ValueError(), False),
    ],
)
def test_an_output_is_lost_when_the_system_says_so(error: Exception, is_lost: bool) -> None:
    assert is_output_lost(error) is is_lost
