"""The Spanish catalogue says everything the program says, and nothing else."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from tools import catalogue

PLACEHOLDER = re.compile(r"\{[^{}]*\}|%(?:\(\w+\))?[srd]")
SPANISH = catalogue.read()
SOURCE_MESSAGES = list(catalogue.messages(catalogue.template()))


def key(message: Message) -> str:
    return message.id if isinstance(message.id, str) else message.id[0]


def faults(kept: Catalog) -> list[str]:
    """Return what is wrong with a catalogue: the rule itself, so that it can be tried out."""
    wanted = {key(message): message for message in SOURCE_MESSAGES}
    known = {key(message): message for message in catalogue.messages(kept)}
    found = [f"missing: {text!r}" for text in wanted.keys() - known.keys()]
    found += [f"nobody says it any more: {text!r}" for text in known.keys() - wanted.keys()]
    found += [f"obsolete: {text!r}" for text in kept.obsolete]
    for text in wanted.keys() & known.keys():
        found += [f"{fault}: {text!r}" for fault in faults_of(known[text])]
        if wanted[text].id != known[text].id:
            found.append(f"other plural: {text!r}")
    return sorted(found)


def faults_of(message: Message) -> list[str]:
    found = []
    if message.fuzzy:
        found.append("fuzzy")
    if not catalogue.is_translated(message):
        return [*found, "not translated"]
    originals = [message.id] if isinstance(message.id, str) else list(message.id)
    forms = [message.string] if isinstance(message.string, str) else list(message.string or ())
    if len(forms) != len(originals):
        found.append("wrong number of forms")
    wanted = sorted(PLACEHOLDER.findall(originals[-1]))
    if any(sorted(PLACEHOLDER.findall(form)) != wanted for form in forms):
        found.append("other placeholders")
    for original, form in zip(originals, forms, strict=False):
        if _ends(original) != _ends(form):
            found.append("other white space at an end")
    return found


def _ends(text: str) -> tuple[str, str]:
    return text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]


def test_the_catalogue_has_every_message_translated_and_no_other() -> None:
    assert faults(SPANISH) == [], "run: make catalogue"


def test_the_file_keeps_diffs_quiet() -> None:
    """No line numbers, no leftovers, no dates: a diff shows changed messages only."""
    lines = catalogue.CATALOGUE.read_text(encoding="utf-8").splitlines()
    assert not [line for line in lines if line.startswith(("#:", "#~", '"POT-', '"PO-Rev'))]


def test_updating_an_up_to_date_catalogue_changes_nothing(tmp_path: Path) -> None:
    written = [tmp_path / "once.po", tmp_path / "twice.po"]
    catalogue.write(catalogue.brought_up_to_date(SPANISH), written[0])
    catalogue.write(catalogue.brought_up_to_date(catalogue.read(written[0])), written[1])
    assert written[0].read_text() == written[1].read_text()


def spoilt(change: str) -> Catalog:
    kept = catalogue.read()
    message = kept["{who} refused: {why}"]
    match change:
        case "missing":
            kept.delete(message.id)
        case "not translated":
            message.string = ""
        case "fuzzy":
            message.flags.add("fuzzy")
        case "other placeholders":
            message.string = "{who} rechazado: {porque}"
        case "nobody says it any more":
            kept.add("an old message", "un mensaje viejo")
        case _:
            raise AssertionError(change)
    return kept


@pytest.mark.parametrize(
    "change",
    ["missing", "not translated", "fuzzy", "other placeholders", "nobody says it any more"],
)
def test_a_spoilt_catalogue_is_found_out(change: str) -> None:
    (fault,) = faults(spoilt(change))
    assert fault.startswith(change)


def test_translations_survive_a_new_message() -> None:
    kept = spoilt("missing")
    updated = catalogue.brought_up_to_date(kept)
    assert updated["{who} refused: {why}"].string in (None, "")
    assert updated["denied"].string == SPANISH["denied"].string


@pytest.mark.parametrize(
    ("words", "english"),
    [
        (("--help",), ("usage:", "options:", "show this help")),
        (("serve", "--help"), ("usage:", "positional arguments", "show this help")),
        (("connect",), ("usage:", "error: the", "required")),
        (("fly",), ("usage:", "invalid choice", "choose from")),
        (("connect", "3500", "--fly"), ("usage:", "unrecognized")),
        (("connect", "3500", "--wait"), ("usage:", "expected")),
        (("connect", "3500", "-4", "-6"), ("usage:", "not allowed")),
        (("ps", "--pid", "x"), ("usage:", "invalid int")),
    ],
)
def test_help_and_usage_errors_are_wholly_spanish(
    words: tuple[str, ...], english: tuple[str, ...]
) -> None:
    command = [sys.executable, "-m", "enchufe", *words, "--lang", "es"]
    if words[-1] == "--wait":
        command = [sys.executable, "-m", "enchufe", "--lang=es", *words]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    shown = ended.stdout + ended.stderr
    assert shown.startswith("uso: ")
    assert not [phrase for phrase in english if phrase in shown]
