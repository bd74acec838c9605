"""Every limit has a name, a unit and a reason."""

import ast
import re
from pathlib import Path

import pytest

from enchufe.core import limits

SOURCE = Path(limits.__file__)
NAMES = [name for name in vars(limits) if name.isupper()]
UNITS = (
    r"(BYTES|CHARACTERS|_S|PEERS|FILES|BATCH|QUEUE|LINGERING|REMEMBERED|LINES|LOOKUPS"
    r"|PROGRAMS|REQUESTS|PLAYERS|WATCHERS|INVITATIONS|ROUNDS|LOSSES|ROWS|NAMES|QUESTIONS)(_MAX)?$"
)


@pytest.mark.parametrize("name", NAMES)
def test_a_limit_is_positive_and_its_name_says_of_what(name: str) -> None:
    assert getattr(limits, name) > 0
    assert re.search(UNITS, name)


def test_each_limit_is_followed_by_its_reason() -> None:
    body = ast.parse(SOURCE.read_text(encoding="utf-8")).body[1:]
    for limit, reason in zip(body[::2], body[1::2], strict=True):
        assert isinstance(limit, ast.Assign)
        assert isinstance(reason, ast.Expr)
    assert len(body) == 2 * len(NAMES)
