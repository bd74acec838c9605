"""Errors a person can understand."""

import pytest

from enchufe.core import errors
from enchufe.core.errors import N_, EnchufeError, EndpointError, UsageError
from enchufe.core.exits import ExitCode

EXIT_CODES = [
    (errors.UsageError, ExitCode.USAGE),
    (errors.EndpointError, ExitCode.USAGE),
    (errors.NameNotFoundError, ExitCode.NAME_NOT_FOUND),
    (errors.UnreachableError, ExitCode.REFUSED),
    (errors.TimedOutError, ExitCode.TIMED_OUT),
    (errors.DeniedError, ExitCode.DENIED),
    (errors.OverLimitError, ExitCode.OVER_LIMIT),
    (errors.ProtocolError, ExitCode.PROTOCOL),
    (errors.EnchufeError, ExitCode.BUG),
]


@pytest.mark.parametrize(("kind", "exit_code"), EXIT_CODES)
def test_each_error_knows_its_exit_code(kind: type[EnchufeError], exit_code: ExitCode) -> None:
    assert kind.exit_code is exit_code


def test_no_error_is_missing_here() -> None:
    kinds = {k for k in vars(errors).values() if isinstance(k, type) and issubclass(k, Exception)}
    assert kinds == {kind for kind, _exit_code in EXIT_CODES}


def test_the_template_and_its_fields_are_kept_apart_for_the_translator() -> None:
    error = UsageError("{count} of {name}", hint="Try {name}", count=3, name="{braces}")
    assert str(error) == "3 of {braces}"
    assert error.template.format(**error.fields) == str(error)
    assert error.hint.format(**error.fields) == "Try {braces}"
    assert UsageError("x").hint == ""


def test_marking_for_the_catalogue_changes_nothing() -> None:
    assert N_("the port is missing") == "the port is missing"


@pytest.mark.parametrize(
    ("start", "end", "marked"), [(0, 3, (0, 3)), (4, 4, (4, 5)), (4, 2, (4, 5))]
)
def test_a_mark_is_never_empty(start: int, end: int, marked: tuple[int, int]) -> None:
    error = EndpointError("wrong", text="tcp://", start=start, end=end)
    assert (error.start, error.end) == marked
