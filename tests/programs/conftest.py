"""Both event loops, and a process that leaves this folder's tests as it came."""

import ctypes
import sys
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest
from tests.net.recording import on_loop

_PR_SET_CHILD_SUBREAPER = 36

Play = Callable[[Coroutine[Any, Any, None]], None]


@pytest.fixture(autouse=True)
def _orphans_left_to_the_system() -> Iterator[None]:
    """Later tests of the same process are no parents of strangers' orphans."""
    yield
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, *map(ctypes.c_ulong, (0, 0, 0, 0)))


@pytest.fixture(params=["uvloop", "asyncio"])
def play(request: pytest.FixtureRequest) -> Play:
    """Run a test's coroutine on each event loop."""

    def run(main: Coroutine[Any, Any, None]) -> None:
        on_loop(main, plain=request.param == "asyncio")

    return run
