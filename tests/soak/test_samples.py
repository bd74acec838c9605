"""What speaks against a server that was soaked, and what does not."""

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from soak.samples import (
    GROWTH_BYTES_MAX,
    GROWTH_DESCRIPTORS_MAX,
    LEFT_BYTES_MAX,
    MIB,
    Outcome,
    Sample,
    objections,
)


def sample(at_s: float, memory_mib: float = 50, descriptors: int = 20, served: int = 1) -> Sample:
    return Sample(at_s, int(memory_mib * MIB), descriptors, served, [0.001, 0.002, 0.1], 1)


def steady(count: int = 40) -> list[Sample]:
    """Return a run in which attacks come and go."""
    return [sample(at_s, 60 + at_s % 7, 20 + at_s % 5 * 30, at_s + 1) for at_s in range(count)]


def outcome(samples: Sequence[Sample], **changes: Any) -> Outcome:
    well = Outcome(samples, sample(0), sample(99), [], [], 0)
    return msgspec.structs.replace(well, **changes)


def test_nothing_speaks_against_a_run_in_which_attacks_come_and_go() -> None:
    assert objections(outcome(steady())) == []


LEAKS = [sample(at_s, 50 + 5 * at_s) for at_s in range(40)]
FORGETS_SOCKETS = [sample(at_s, 50, 20 + 20 * at_s) for at_s in range(40)]
SERVES_NOBODY = [sample(at_s, served=0) for at_s in range(40)]


@pytest.mark.parametrize(
    ("found", "objection"),
    [
        (outcome(LEAKS), "memory grows: 100 MiB since the second quarter"),
        (outcome(FORGETS_SOCKETS), "descriptors grow: 400 since the second quarter"),
        (outcome(SERVES_NOBODY), "nobody honest was served at all"),
        (outcome([]), "nobody honest was served at all"),
        (outcome(steady(), failures=["ana: x"]), "an honest peer was not served: ana: x"),
        (outcome(steady(), lost=["hola"]), "acknowledged and lost: hola"),
        (outcome(steady(), exit_code=1), "the server ended with exit code 1"),
        (outcome(steady(), last=sample(99, 50, 200)), "180 descriptors are left open"),
        (outcome(steady(), last=sample(99, 950)), "900 MiB are not given back"),
    ],
)
def test_each_fault_is_found_out(found: Outcome, objection: str) -> None:
    assert objections(found) == [objection]


def test_the_bounds_are_wider_than_one_attack_and_narrower_than_a_machine() -> None:
    assert 16 * MIB < GROWTH_BYTES_MAX < LEFT_BYTES_MAX < 256 * MIB
    assert GROWTH_DESCRIPTORS_MAX < 1_000


def test_waits_are_shown_as_half_nearly_all_and_all() -> None:
    measured = msgspec.structs.replace(sample(1), latencies_s=[n / 1000 for n in range(1, 201)])
    assert (measured.median_ms, measured.slow_ms, measured.slowest_ms) == pytest.approx(
        (100.5, 199.0, 200.0)
    )
    nobody = msgspec.structs.replace(sample(1), latencies_s=[])
    assert (nobody.median_ms, nobody.slow_ms, nobody.slowest_ms) == (0, 0, 0)
