"""The event loop: uvloop where it exists, asyncio's own elsewhere."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from enchufe.core.errors import EnchufeError

Result = TypeVar("Result")


def run(main: Coroutine[Any, Any, Result]) -> Result:
    """Run ``main`` to its end and return what it returns.

    Raises:
        EnchufeError: what ``main`` or a task of its groups raised, out of the group.
    """
    try:
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            return runner.run(main)
    except ExceptionGroup as group:
        ours, others = group.split(EnchufeError)
        if ours is None or others is not None:
            raise
        raise _first(ours) from None


def _loop_factory() -> Any:
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


def _first(group: ExceptionGroup[EnchufeError]) -> EnchufeError:
    first = group.exceptions[0]
    return _first(first) if isinstance(first, ExceptionGroup) else first
