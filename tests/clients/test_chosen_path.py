"""What was typed after /send, and the file that it names."""

from pathlib import Path

import pytest

from enchufe.clients.chosen_path import chosen_path


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    return tmp_path


@pytest.mark.parametrize(
    ("typed", "path"),
    [
        ("photo.png", "photo.png"),
        ("  my photo.png ", "my photo.png"),
        ("'my photo.png'", "my photo.png"),
        (r"my\ photo.png", "my photo.png"),
        ("'two' words", "'two' words"),
        ("it's", "it's"),
    ],
)
def test_a_name_is_taken_as_it_is_or_without_its_quotes(typed: str, path: str) -> None:
    assert chosen_path(typed) == Path(path)


def test_a_file_that_has_quotes_in_its_name_is_that_file(folder: Path) -> None:
    (folder / "'x'").touch()
    assert chosen_path("'x'") == Path("'x'")


def test_the_home_folder_is_known(folder: Path) -> None:
    assert chosen_path("~/x y") == folder / "home" / "x y"
    assert chosen_path('"~/x"') == folder / "home" / "x"


@pytest.mark.parametrize("typed", ["", "  "])
def test_nothing_names_nothing(typed: str) -> None:
    assert chosen_path(typed) is None
