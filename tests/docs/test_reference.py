"""The reference lists what the program has: options, services, exit codes, events, limits."""

import re
from pathlib import Path
from typing import get_args

import pytest
from tests.docs.page import ROOT, language
from tests.docs.tables import REGION, with_tables

from enchufe.core import limits
from enchufe.core.commands import Command
from enchufe.core.events import Event, Reason
from enchufe.core.exits import ExitCode
from enchufe.core.notices import Notice, Refusal, TlsFault
from enchufe.core.traffic import Traffic
from enchufe.record.entries import RecordingEnded

PAGES = [ROOT / "docs" / code / "reference.md" for code in ("en", "es")]
READMES = [ROOT / "README.md", ROOT / "README.es.md"]


def rows(page: Path) -> list[list[str]]:
    lines = page.read_text(encoding="utf-8").split("\n")
    return [line.strip("| ").split(" | ") for line in lines if line.startswith("|")]


@pytest.mark.parametrize("page", PAGES, ids=language)
def test_the_tables_are_those_of_the_program(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert len(REGION.findall(text)) == 15
    assert text == with_tables(text, language(page)), f"run: python -m tests.docs.tables {page}"


def test_a_wrong_table_is_found_out() -> None:
    text = PAGES[0].read_text(encoding="utf-8")
    wrong = text.replace("`--backlog N`", "`--backlogs N`")
    assert wrong != text
    assert with_tables(wrong, "en") == text


@pytest.mark.parametrize("page", PAGES, ids=language)
def test_every_event_command_and_notice_is_listed_with_its_fields(page: Path) -> None:
    listed = {row[0]: row[1] for row in rows(page) if row[0].strip("`")[:1].isupper()}
    kinds = [kind for union in (Event, Command, Notice, Traffic) for kind in get_args(union)]
    kinds.append(RecordingEnded)
    for kind in kinds:
        assert listed.pop(f"`{kind.__name__}`") == f"`{', '.join(kind.__struct_fields__)}`"
    assert {name for name in listed if not name.strip("`").isupper() and "_" not in name} == set()


@pytest.mark.parametrize("page", PAGES, ids=language)
def test_every_limit_is_listed_with_its_value(page: Path) -> None:
    listed = {row[0].strip("`"): row[1] for row in rows(page) if re.match("`[A-Z0-9_]+_", row[0])}
    named = {name: value for name, value in vars(limits).items() if name.isupper()}
    assert listed.keys() == named.keys()
    for name, value in named.items():
        shown = re.match(r"[\d.,]+", listed[name])
        assert shown is not None
        assert float(shown[0].replace(",", ".")) == value, name


@pytest.mark.parametrize("page", PAGES, ids=language)
def test_every_reason_refusal_and_fault_is_named(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert [word for word in (*Reason, *Refusal, *TlsFault) if f"`{word}`" not in text] == []


@pytest.mark.parametrize(("readme", "page"), [*zip(READMES, PAGES, strict=True)], ids=["en", "es"])
def test_the_readme_has_the_same_exit_codes(readme: Path, page: Path) -> None:
    codes = {str(int(code)) for code in ExitCode}
    in_readme = [row for row in rows(readme) if row[0] in codes]
    assert in_readme == [row for row in rows(page) if row[0] in codes]
    assert len(in_readme) == len(codes)


def test_the_architecture_names_no_file_that_is_not_there() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    named = re.findall(r"`([\w/]+(?:\.\w+|/))`", text)
    source = ROOT / "src" / "enchufe"
    there = [name for name in named if (source / name).exists() or (ROOT / name).exists()]
    assert len(there) > 30
    assert [name for name in named if name not in there] == []


def test_the_architecture_leaves_no_room_out() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    source = ROOT / "src" / "enchufe"
    rooms = {f"{path.name}/" for path in source.iterdir() if path.is_dir()} - {"__pycache__/"}
    assert [room for room in rooms if f"\n  {room}" not in text] == []
