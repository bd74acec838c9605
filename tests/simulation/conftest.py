"""Gives each simulation its seeds; a failure tells the command that replays it."""

import shlex
from collections.abc import Generator

import pytest


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "seed" in metafunc.fixturenames:
        only = metafunc.config.getoption("seed")
        seeds = range(metafunc.config.getoption("seeds")) if only is None else [only]
        metafunc.parametrize("seed", seeds, ids=lambda seed: f"seed{seed}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    seed = getattr(item, "callspec", None) and item.callspec.params.get("seed")  # type: ignore[attr-defined]
    if report.failed and seed is not None:
        command = f"pytest {shlex.quote(item.nodeid)} --seed {seed}"
        report.sections.append((f"seed {seed}", f"Replay it with: {command}"))
    return report
