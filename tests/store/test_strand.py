"""Strands: each in order, one job at a time, beside each other."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from enchufe.store.strand import Strand

PATIENCE_S = 10.0


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(4) as pool:
        yield pool


def test_jobs_are_done_in_order_and_never_two_at_once(pool: ThreadPoolExecutor) -> None:
    strand, done, inside, finished = Strand(pool), [], threading.Lock(), threading.Event()

    def job(number: int) -> None:
        assert inside.acquire(blocking=False)
        done.append(number)
        inside.release()

    for number in range(1000):
        strand.add(lambda number=number: job(number))  # type: ignore[misc]
    strand.add(finished.set)
    assert finished.wait(PATIENCE_S)
    assert done == list(range(1000))


def test_strands_do_not_wait_for_each_other(pool: ThreadPoolExecutor) -> None:
    go_on, done = threading.Event(), threading.Event()
    slow, quick = Strand(pool), Strand(pool)

    def wait() -> None:
        go_on.wait(PATIENCE_S)

    slow.add(wait)
    quick.add(done.set)
    assert done.wait(PATIENCE_S)
    go_on.set()


def test_what_has_not_begun_can_be_forgotten(pool: ThreadPoolExecutor) -> None:
    strand, begun, go_on, finished = Strand(pool), *(threading.Event() for _ in range(3))
    done: list[str] = []

    def first() -> None:
        begun.set()
        go_on.wait(PATIENCE_S)

    strand.add(first)
    assert begun.wait(PATIENCE_S)
    strand.add(lambda: done.append("forgotten"))
    strand.clear()
    strand.add(finished.set)
    go_on.set()
    assert finished.wait(PATIENCE_S)
    assert done == []


def test_a_job_that_fails_is_reported_loudly(
    pool: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    reported, heard = [], threading.Event()

    def hook(report: threading.ExceptHookArgs) -> None:
        reported.append(report.exc_type)
        heard.set()

    def fail() -> None:
        raise AssertionError("a broken invariant")

    monkeypatch.setattr(threading, "excepthook", hook)
    Strand(pool).add(fail)
    assert heard.wait(PATIENCE_S)
    assert reported == [AssertionError]
