"""Strands: work that may wait for a disk, done beside the event loop, in order."""

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeAlias

Job: TypeAlias = Callable[[], None]


class Strand:
    """Jobs done one after another, each in some thread of a pool.

    Args:
        pool: whose threads do them.
    """

    def __init__(self, pool: ThreadPoolExecutor) -> None:
        self._pool = pool
        self._jobs: deque[Job] = deque()
        self._lock = threading.Lock()
        self._is_running = False

    def add(self, job: Job) -> None:
        """Do ``job`` after those added before it."""
        with self._lock:
            self._jobs.append(job)
            if self._is_running:
                return
            self._is_running = True
        self._pool.submit(self._run).add_done_callback(_loudly)

    def clear(self) -> None:
        """Forget what has not been begun."""
        with self._lock:
            self._jobs.clear()

    def _run(self) -> None:
        while True:
            with self._lock:
                if not self._jobs:
                    self._is_running = False
                    return
                job = self._jobs.popleft()
            job()


def _loudly(done: Future[None]) -> None:
    """Report a job that failed: jobs answer for what may go wrong, so this is our mistake."""
    error = done.exception()
    if error is not None:
        threading.excepthook(
            threading.ExceptHookArgs((type(error), error, error.__traceback__, None))
        )
