"""The page's own words: all there in every language, with the same blanks to fill in."""

import json
import re
from typing import Any

import pytest

from enchufe.clients.language import LANGUAGES
from enchufe.clients.page import words_in
from enchufe.core.events import Reason
from enchufe.core.notices import Refusal
from enchufe.record import entries
from enchufe.web.house import GuardWords
from enchufe.web.words import EVENTS, REASONS


def flat(told: dict[str, Any], before: str = "") -> dict[str, str]:
    """Return all words by their path."""
    found: dict[str, str] = {}
    for name, word in told.items():
        path = f"{before}{name}"
        found.update(flat(word, f"{path}.") if isinstance(word, dict) else {path: word})
    return found


def words(language: str) -> dict[str, str]:
    return flat(json.loads(words_in(language)))


def blanks(word: str) -> list[str]:
    return sorted(re.findall(r"\{[^}]*\}", word))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_all_words_with_the_same_blanks(language: str) -> None:
    source, told = words("en"), words(language)
    assert told.keys() == source.keys()
    for path, word in source.items():
        assert isinstance(told[path], str), path
        assert told[path].strip(), path
        assert blanks(told[path]) == blanks(word), path


def test_every_reason_has_its_words() -> None:
    assert set(REASONS) >= {reason.value.replace(" ", "_") for reason in (*Reason, *Refusal)}


def test_whatever_happens_on_the_wire_has_its_words() -> None:
    facts = {kind.__name__ for kind in _kinds(entries.Fact)}
    named = facts & set(EVENTS)
    assert {"PeerOpened", "BytesReceived", "BytesSent", "MessageReceived", "PeerClosed"} <= named


def _kinds(union: Any) -> list[type]:
    return list(union.__args__)


def test_what_those_who_are_refused_are_told_is_one_line() -> None:
    for word in (GuardWords().token, GuardWords().host, GuardWords().origin):
        assert word.isprintable()
        assert len(word.encode()) <= 123  # a reason of a WebSocket's end (RFC 6455, 5.5)
