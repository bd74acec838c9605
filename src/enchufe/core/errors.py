"""Errors a person can understand: what happened, with figures, and what to do next.

An error keeps its English template and its fields apart, so that the rooms which
show it can translate it; nothing here knows a language but English. Each class
knows the exit code its command ends with.
"""

from typing import ClassVar

from enchufe.core.exits import ExitCode


def N_(template: str) -> str:  # noqa: N802 -- gettext's own name for "translate later"
    """Mark ``template`` for the catalogue and return it unchanged."""
    return template


class EnchufeError(Exception):
    """Something went wrong that is not a bug.

    Args:
        template: the English message, with ``{field}`` placeholders, marked by `N_`.
        hint: what to do next, an English template over the same fields, or "".
        fields: the values of the placeholders.
    """

    exit_code: ClassVar[ExitCode] = ExitCode.BUG

    def __init__(self, template: str, hint: str = "", **fields: object) -> None:
        super().__init__(template.format(**fields))
        self.template = template
        self.hint = hint
        self.fields = fields


class UsageError(EnchufeError):
    """The command line asks for something that makes no sense."""

    exit_code = ExitCode.USAGE


class EndpointError(UsageError):
    """An endpoint is written wrongly; ``start`` and ``end`` mark the part at fault.

    Args:
        template: as in `EnchufeError`.
        text: the endpoint as it was typed.
        start: index of the first wrong character in ``text``.
        end: index after the last one.
        hint: as in `EnchufeError`.
        fields: as in `EnchufeError`.
    """

    def __init__(
        self, template: str, *, text: str, start: int, end: int, hint: str = "", **fields: object
    ) -> None:
        super().__init__(template, hint, **fields)
        self.text = text
        self.start = start
        self.end = max(end, start + 1)


class NameNotFoundError(EnchufeError):
    """A host name does not resolve."""

    exit_code = ExitCode.NAME_NOT_FOUND


class UnreachableError(EnchufeError):
    """Nobody listens there, the network does not lead there, or the port cannot be had."""

    exit_code = ExitCode.REFUSED


class TimedOutError(EnchufeError):
    """The other side, or the network, took longer than allowed."""

    exit_code = ExitCode.TIMED_OUT


class DeniedError(EnchufeError):
    """The system, or the other side, does not permit it."""

    exit_code = ExitCode.DENIED


class OverLimitError(EnchufeError):
    """A named limit would be passed."""

    exit_code = ExitCode.OVER_LIMIT


class ProtocolError(EnchufeError):
    """The other side broke the rules of the wire."""

    exit_code = ExitCode.PROTOCOL
