"""What commands' parsers share: sizes, and words whose place counts."""

import argparse
from pathlib import Path
from typing import Any

import pytest

from enchufe.cli import send
from enchufe.cli.parsing import CommandParser, size_bytes


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0),
        ("500", 500),
        ("1K", 1024),
        ("20m", 20 * 1024**2),
        ("2G", 2 * 1024**3),
        ("1T", 1024**4),
        ("3KiB", 3072),
        ("3KB", 3072),
        ("7b", 7),
    ],
)
def test_a_size_has_a_unit_or_is_in_bytes(text: str, value: int) -> None:
    assert size_bytes(text) == value


@pytest.mark.parametrize("text", ["", "K", "-1", "1.5M", "1X", "1 K", "1MM", "٣", "1Ki"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="is not a size"):
        size_bytes(text)


def parsed(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="enchufe")
    commands: Any = parser.add_subparsers(parser_class=CommandParser)
    send.add_parser(commands)
    return parser.parse_args(["send", "tcp://:1", *words])


@pytest.mark.parametrize(
    ("words", "items"),
    [
        (["a", "--text", "x", "b", "--text=y"], [Path("a"), "x", Path("b"), "y"]),
        (["--text", "x", "a"], ["x", Path("a")]),
        (["--text", "-x", "a"], ["-x", Path("a")]),
        (["--text", "--text", "a"], ["--text", Path("a")]),
        (["--text=", "a"], ["", Path("a")]),
        (["a", "--connect-timeout", "3", "b", "--text", "x"], [Path("a"), Path("b"), "x"]),
        (["--text", "x", "--", "--text", "-a"], ["x", Path("--text"), Path("-a")]),
        (["--text", "placed", "placed"], ["placed", Path("placed")]),
        ([], []),
    ],
)
def test_texts_and_files_keep_their_order(words: list[str], items: list[str | Path]) -> None:
    assert parsed(*words).items == items


@pytest.mark.parametrize("words", [["--text"], ["--tex", "x"], ["a", "--nonsense"]])
def test_what_is_no_option_or_lacks_its_value_is_a_mistake(words: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parsed(*words)
    assert ended.value.code == 2
