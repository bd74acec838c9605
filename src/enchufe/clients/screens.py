"""A server's screens: JSON Lines, a transcript, problems only, or the console."""

import sys
from collections.abc import Callable

from msgspec import Struct, field

from enchufe.clients.console import PROBLEMS, ServerConsole
from enchufe.clients.language import current
from enchufe.clients.standard_streams import OutputGuard
from enchufe.clients.transcript import ServerTranscript, is_traffic, print_line
from enchufe.core.notices import CertificateUsed, Listening, Notice, Ready
from enchufe.core.peer import Peer
from enchufe.host import Witness
from enchufe.record.json_lines import JsonLines


class Screen(Struct, frozen=True):
    """Where a server's facts are shown.

    Args:
        notice: shows what befalls the run.
        witness: shows every event and command; None where nobody looks.
        show: shows what a peer said.
        output: ends the run when none of them can show any more.
        shows_room: whether what is said in a room is shown too.
    """

    notice: Callable[[Notice], None]
    witness: Witness | None
    show: Callable[[Peer, bytes], None]
    output: OutputGuard = field(default_factory=OutputGuard)
    shows_room: bool = False


def screen_for(*, as_json_lines: bool, as_transcript: bool, only_problems: bool) -> Screen:
    """Return where the facts go; without a wish, the console.

    It ends the run in good order when nobody reads it any more.
    """
    return _guarded(_screen_for(as_json_lines, as_transcript, only_problems))


def _screen_for(as_json_lines: bool, as_transcript: bool, only_problems: bool) -> Screen:
    if as_json_lines:
        lines = JsonLines(sys.stdout.buffer)
        return Screen(lines.write, lines.write, lambda _peer, _message: None)
    if only_problems:
        problems = ServerConsole(sys.stderr)
        return Screen(_only_problems(problems.notice), None, lambda _peer, _message: None)
    if as_transcript:
        return _transcript_screen()
    console = ServerConsole()
    return Screen(console.notice, None, console.show, shows_room=True)


def _guarded(screen: Screen) -> Screen:
    guard = screen.output.guard
    witness = None if screen.witness is None else guard(screen.witness)
    notice, show = guard(screen.notice), guard(screen.show)
    return Screen(notice, witness, show, screen.output, screen.shows_room)


def _transcript_screen() -> Screen:
    """Show a transcript on standard output, and on standard error what it has no line for."""
    transcript = ServerTranscript(current(), print_line)
    problems = ServerConsole(sys.stderr)

    def notice(notice: Notice) -> None:
        if is_traffic(notice):
            transcript.notice(notice)
        else:
            problems.notice(notice)

    return Screen(notice, transcript.witness, lambda _peer, _message: None)


def without_announcements(screen: Screen) -> Screen:
    """Return ``screen`` for a further worker: the first one has said where they all listen."""

    def notice(notice: Notice) -> None:
        if not isinstance(notice, Listening | CertificateUsed | Ready):
            screen.notice(notice)

    return Screen(notice, screen.witness, screen.show, screen.output)


def _only_problems(show: Callable[[Notice], None]) -> Callable[[Notice], None]:
    return lambda notice: show(notice) if isinstance(notice, PROBLEMS) else None
