"""Options of the whole test run; pytest learns options only from here."""

import pytest
from hypothesis import settings

settings.register_profile("patient", deadline=None, print_blob=True)
settings.load_profile("patient")  # a busy machine is slow, not wrong

SEEDS_COUNT = 30
"""How many seeds each simulation runs where nobody says: seconds in all, not minutes."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--examples",
        type=int,
        metavar="COUNT",
        help="try so many examples of whatever Hypothesis chooses (default: 100)",
    )
    group = parser.getgroup("simulation", "the simulated network")
    group.addoption(
        "--seeds",
        type=int,
        default=SEEDS_COUNT,
        metavar="COUNT",
        help=f"run each simulation with the seeds 0 to COUNT - 1 (default: {SEEDS_COUNT})",
    )
    group.addoption(
        "--seed", type=int, metavar="N", help="run each simulation with the seed N and no other"
    )


def pytest_configure(config: pytest.Config) -> None:
    examples = config.getoption("examples")
    if examples is not None:
        patient = settings.get_profile("patient")
        settings.register_profile("thorough", patient, max_examples=examples)
        settings.load_profile("thorough")
