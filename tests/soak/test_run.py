"""A soak of a few seconds: everybody does what they are there for."""

from pathlib import Path

import pytest
from soak.run import soak

pytestmark = pytest.mark.xdist_group("the machine alone")

SECONDS = 5.0


def test_a_short_soak_finds_nothing_and_writes_what_it_saw(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = [each for each in soak(SECONDS, seed=3, results=tmp_path) if "grow" not in each]
    assert found == [], "growth needs longer than that to show"
    table = (tmp_path / "latest.md").read_text(encoding="utf-8").splitlines()
    first, last = table[2], table[-1]
    assert "| 0 ms | 0 |" in first
    attacks, served = (int(last.split("|")[cell]) for cell in (8, 4))
    assert attacks > 0
    assert served > 50
    assert "attacks" in capsys.readouterr().out
