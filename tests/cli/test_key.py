"""``enchufe key``: made once, for its owner alone, and called by a name that tells nothing."""

import stat
from pathlib import Path

import pytest
from tests.cli.programs import run

from enchufe.core.exits import ExitCode

pytestmark = pytest.mark.usefixtures("home")


def test_a_key_is_made_once_for_its_owner_alone_and_has_a_name(home: Path) -> None:
    path = home / "deep" / "team.key"
    made = run("key", "new", str(path))
    assert made.code == 0
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    named = run("key", "name", str(path))
    assert named.out.split()[1] == made.out.split()[1]
    again = run("key", "new", str(path))
    assert again.code == ExitCode.USAGE
    assert run("key", "name", str(path)).out == named.out


def test_keys_differ(home: Path) -> None:
    names = {run("key", "new", str(home / str(number))).out.split()[1] for number in range(3)}
    assert len(names) == 3


@pytest.mark.parametrize("text", ["", "hola", "enchufe-key-1 12", "enchufe-key-1 " + "x" * 64])
def test_what_is_no_key_is_said(home: Path, text: str) -> None:
    path = home / "no.key"
    path.write_text(text)
    path.chmod(0o600)
    ended = run("key", "name", str(path))
    assert ended.code == ExitCode.USAGE
    assert "there is no key in" in ended.err


def test_a_key_file_that_is_not_there_is_said(home: Path) -> None:
    ended = run("run", "tcp://:1", "--key-file", str(home / "none"), "--", "true")
    assert ended.code == ExitCode.USAGE
    assert "cannot use the key file" in ended.err
