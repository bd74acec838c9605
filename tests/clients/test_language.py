"""Which language is spoken, and errors in it."""

import os
from collections.abc import Iterator

import pytest

from enchufe.clients import language
from enchufe.clients.language import advise, choose, current, explain, language_of, plural
from enchufe.core.errors import UsageError


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    before = os.environ.get("LANGUAGE")
    yield
    choose(before or "en")
    if before is None:
        del os.environ["LANGUAGE"]


@pytest.mark.parametrize(
    ("environment", "chosen"),
    [
        ({}, "en"),
        ({"LANG": "es_CL.UTF-8"}, "es"),
        ({"LANG": "ES"}, "es"),
        ({"LANG": "en_US.UTF-8", "LC_MESSAGES": "es_ES"}, "es"),
        ({"LC_MESSAGES": "es_ES", "LC_ALL": "en_GB"}, "en"),
        ({"LC_ALL": "", "LANG": "es"}, "es"),
        ({"LANG": "fr_FR", "LANGUAGE": "es:fr"}, "es"),
        ({"LANG": "es_ES", "LANGUAGE": "en"}, "en"),
        ({"LANGUAGE": "es"}, "en"),
        ({"LANG": "C", "LANGUAGE": "es"}, "en"),
        ({"LANG": "et_EE"}, "en"),
    ],
)
def test_the_environment_chooses_as_posix_and_gnu_say(
    environment: dict[str, str], chosen: str
) -> None:
    assert language_of(environment) == chosen


def test_an_error_is_explained_in_the_language_chosen() -> None:
    error = UsageError("done", hint="the port is missing")
    choose("es")
    assert current() == "es"
    assert explain(error) != "done"
    assert advise(error) != "the port is missing"
    choose("en")
    assert current() == "en"
    assert (explain(error), advise(error)) == ("done", "the port is missing")


def test_fields_are_filled_in_after_the_translation() -> None:
    choose("en")
    error = UsageError("{path} and {n}", hint="see {path}", path="/tmp/{n}", n=3)
    assert (explain(error), advise(error)) == ("/tmp/{n} and 3", "see /tmp/{n}")


def test_one_and_many_differ() -> None:
    choose("en")
    assert plural("one", "many", 1) == "one"
    assert plural("one", "many", 0) == "many"


def test_nothing_to_say_stays_nothing() -> None:
    """The empty message is the catalogue's own header (gettext), which nobody wants to see."""
    choose("es")
    assert language._("") == ""
