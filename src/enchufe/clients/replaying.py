"""A recording is played to its services again, and it is said whether they do the same."""

import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from enchufe.clients.language import _, plural
from enchufe.clients.saying import say
from enchufe.core.commands import Command
from enchufe.core.errors import N_, UsageError
from enchufe.core.events import Event
from enchufe.core.exits import ExitCode
from enchufe.core.text import safe_text
from enchufe.record.entries import Ending
from enchufe.record.reading import RecordedRun
from enchufe.record.replaying import Difference, Replay

SHOWN_MAX = 10
"""So many differences are shown; what follows from the first says little more."""

FACT_CHARACTERS_MAX = 300
"""A longer fact is cut around the place where it differs."""


def replay(path: Path) -> ExitCode:
    """Play a recording to its own services; return whether they say the same.

    Raises:
        EnchufeError: it cannot be read, or none of its services can be played.
    """
    run = RecordedRun(path)
    try:
        return _replay(run)
    finally:
        run.close()


def _replay(run: RecordedRun) -> ExitCode:
    played = Replay(run.header)
    for name in played.left_out:
        say(_("{service} is left out: it cannot be set up from a recording").format(service=name))
    if not played.services:
        raise UsageError(N_("{path} has no service that can be played"), path=run.path)
    count = 0
    for numbered in run.entries():
        count = _show(played.feed(numbered.line, numbered.entry), count)
    count = _show(played.finish(run.lines, is_whole=run.ending is Ending.OVER), count)
    say_ending(run)
    _say_outcome(run, played, count)
    return ExitCode.PROTOCOL if count else ExitCode.DONE


def say_ending(run: RecordedRun) -> None:
    """Say so if a recording, read to its end, is not all of its run."""
    if run.ending is Ending.LIMIT:
        say(_("The run went on: the recording had its largest size (--record-max)."))
    elif run.ending is None:
        text = _("The recording was cut short: it was played as far as line {line}.")
        say(text.format(line=run.lines))


def _say_outcome(run: RecordedRun, played: Replay, count: int) -> None:
    figures = {
        "services": ", ".join(played.services),
        "events": plural("{count} event", "{count} events", played.events),
        "commands": plural("{count} command", "{count} commands", played.commands),
        "path": run.path,
        "count": count,
    }
    figures["events"] = str(figures["events"]).format(count=played.events)
    figures["commands"] = str(figures["commands"]).format(count=played.commands)
    text = (
        plural(
            "{path}: {services}, {events}, {commands}: {count} difference.",
            "{path}: {services}, {events}, {commands}: {count} differences.",
            count,
        )
        if count
        else _("{path}: {services}, {events}, {commands}: the same.")
    )
    print_lines(text.format(**figures))


def _show(found: Sequence[Difference], count: int) -> int:
    for difference in found:
        if count < SHOWN_MAX:
            print_lines(*_lines(difference))
        elif count == SHOWN_MAX:
            print_lines("…")
        count += 1
    return count


def print_lines(*lines: str) -> None:
    """Write lines to standard output."""
    sys.stdout.write("".join(line + "\n" for line in lines))


def _lines(difference: Difference) -> Sequence[str]:
    recorded, now = _shown(difference.recorded), _shown(difference.now)
    if difference.failure:
        now = safe_text(_("it failed: {why}").format(why=difference.failure))
    start = first_difference(recorded, now)
    where = _("line {line}, {service}").format(line=difference.line, service=difference.service)
    told = _("told, in line {line}").format(line=difference.event_line)
    return [
        where,
        f"  {told}: {_cut(_shown(difference.event), 0)}",
        f"  - {_cut(recorded, start) or _('nothing')}",
        f"  + {_cut(now, start) or _('nothing')}",
    ]


def _shown(fact: Event | Command | None) -> str:
    """Return a fact as the recording has it, safe to look at."""
    return "" if fact is None else safe_text(msgspec.json.encode(fact).decode())


def first_difference(one: Sequence[object], other: Sequence[object]) -> int:
    """Return where two texts, or bytes, begin to differ."""
    both = zip(one, other, strict=False)
    return next((i for i, (a, b) in enumerate(both) if a != b), min(len(one), len(other)))


def _cut(text: str, around: int) -> str:
    """Return ``text``, or of a long one what is around a place in it."""
    if len(text) <= FACT_CHARACTERS_MAX:
        return text
    first = max(0, min(around - FACT_CHARACTERS_MAX // 2, len(text) - FACT_CHARACTERS_MAX))
    last = first + FACT_CHARACTERS_MAX
    return ("…" if first else "") + text[first:last] + ("…" if last < len(text) else "")
