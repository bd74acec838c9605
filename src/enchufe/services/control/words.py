"""What the service says to those who speak text: a person with ncat, or a course script."""

from msgspec import Struct

from enchufe.core.control import Outcome
from enchufe.core.errors import N_


class ControlWords(Struct, frozen=True):
    """The service's own words; what stands in braces is filled in."""

    frames_only: str = N_(
        "* This is control: ask with enchufe run or enchufe stop, and prove who you are"
    )
    not_understood: str = N_("* Not understood; what there is: {known}")
    stopping: str = N_("* This server ends now")
    timed_out: str = N_("* Killed: it ran for more than {detail}")
    too_much: str = N_("* Killed: it said more than {detail}")
    not_allowed: str = N_("* Not allowed here")
    not_found: str = N_("* There is no such program: {detail}")
    not_started: str = N_("* It could not be started: {detail}")
    busy: str = N_("* As many programs run as may; try again later")


def outcome_text(outcome: Outcome, detail: str, words: ControlWords) -> str:
    """Return how a program ended that has no exit status, as a line."""
    template: str = getattr(words, outcome.replace(" ", "_"))
    return template.format(detail=detail)
