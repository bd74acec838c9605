"""The options `--seed` and `--seeds`, and the command a failure prints."""

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
FAILING = """
import pytest

def test_of_one_seed(seed: int) -> None:
    assert seed != 2, "broken by hand"

@pytest.mark.parametrize("name", ["a b"])
def test_of_another(name: str, seed: int) -> None:
    assert seed < 1000
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a project with these very options, and a simulation that fails with seed 2."""
    (tmp_path / "tests" / "simulation").mkdir(parents=True)
    for name in ("conftest.py", "simulation/conftest.py"):
        shutil.copy(HERE.parent / name, tmp_path / "tests" / name)
    (tmp_path / "tests" / "simulation" / "test_failing.py").write_text(FAILING)
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --import-mode=importlib\n")
    return tmp_path


def run(project: Path, *arguments: str) -> str:
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments]
    ended = subprocess.run(
        command, cwd=project, capture_output=True, text=True, timeout=60, check=False
    )
    return ended.stdout + ended.stderr


@pytest.mark.parametrize("where", [(), ("tests",), ("tests/simulation",), ("-n", "1")])
def test_as_many_seeds_run_as_are_asked_for(project: Path, where: tuple[str, ...]) -> None:
    assert "1 failed, 5 passed" in run(project, *where, "--seeds", "3")


@pytest.mark.parametrize("wrong_seed", [2, 1000])
def test_a_failure_prints_the_command_that_replays_just_that(
    project: Path, wrong_seed: int
) -> None:
    said = run(project, "--seed", str(wrong_seed))
    assert "1 failed, 1 passed" in said
    replay = re.search(r"^Replay it with: pytest (.*)$", said, re.MULTILINE)
    assert replay is not None
    assert replay[1].endswith(f" --seed {wrong_seed}")
    assert "1 failed in" in run(project, *shlex.split(replay[1]))
