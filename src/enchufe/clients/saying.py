"""What enchufe itself has to say: on standard error, where it does not mix with what came."""

import contextlib
import sys

from enchufe.clients.language import advise, explain
from enchufe.core.errors import EnchufeError, EndpointError


def say(text: str, *more: str) -> None:
    """Say one thing, and below it what belongs to it; a closed screen is no reason to fail.

    Args:
        text: a sentence.
        more: further lines; empty ones are left out.
    """
    lines = [f"enchufe: {text}", *(f"  {line}" for line in more if line)]
    with contextlib.suppress(OSError):
        sys.stderr.write("\n".join(lines) + "\n")
        sys.stderr.flush()


def say_error(error: EnchufeError) -> None:
    """Say what happened, where in what was typed, and what to do next."""
    say(explain(error), *_marked(error), advise(error))


def _marked(error: EnchufeError) -> tuple[str, ...]:
    if not isinstance(error, EndpointError):
        return ()
    return error.text, " " * error.start + "^" * (error.end - error.start)
