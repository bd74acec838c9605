"""The command ``enchufe``: chooses the language and the command, and explains what fails."""

import argparse
import os
import sys
from collections.abc import Sequence

from enchufe import __version__
from enchufe.cli import (
    chat,
    connect,
    convert,
    key,
    play,
    ps,
    receive,
    replay,
    run,
    send,
    serve,
    stop,
    talk,
)
from enchufe.cli.parsing import CommandParser
from enchufe.clients.language import LANGUAGES, _, choose, language_of
from enchufe.clients.saying import say_error
from enchufe.clients.standard_streams import discard_output, fill_missing_streams, is_output_lost
from enchufe.core.errors import EnchufeError
from enchufe.core.exits import ExitCode

_COMMANDS = (serve, connect, talk, chat, play, send, receive, run, stop, key, ps, replay, convert)


def main(words: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code.

    Args:
        words: the command line without the program's name; None for the process's own.
    """
    fill_missing_streams()
    words = sys.argv[1:] if words is None else list(words)
    choose(_language(words))
    try:
        return _obey(words)
    except EnchufeError as error:
        say_error(error)
        return int(error.exit_code)
    except KeyboardInterrupt:
        return int(ExitCode.INTERRUPTED)
    except Exception as error:
        if is_output_lost(error):
            discard_output()
            return int(ExitCode.OUTPUT_CLOSED)
        return _bug()


def _bug() -> int:
    """Show where in our own code it went wrong."""
    import traceback

    traceback.print_exc()
    sys.stderr.write(_("enchufe: this is a bug in enchufe; please report the lines above") + "\n")
    return int(ExitCode.BUG)


def _obey(words: Sequence[str]) -> int:
    """Parse ``words`` and do what they say; help and usage leave through here too."""
    try:
        arguments = _parser().parse_args(words)
        return int(arguments.run(arguments))
    finally:
        sys.stdout.flush()  # now, while somebody can still say that nobody reads it


def _language(words: Sequence[str]) -> str:
    """Return the language of ``--lang``, wherever it stands, else the environment's.

    The parser is not built yet: its own words are in that language too.
    """
    for word, following in zip(words, [*words[1:], ""], strict=False):
        if word == "--":
            break
        chosen = word.removeprefix("--lang=") if word.startswith("--lang=") else ""
        chosen = following if word == "--lang" else chosen
        if chosen in LANGUAGES:
            return chosen
    return language_of(dict(os.environ))


def _parser() -> argparse.ArgumentParser:
    parser = CommandParser(
        prog="enchufe",
        description=_(
            "Programs that talk over sockets: run them, talk through them, see who talks."
        ),
        examples=(
            ("enchufe serve", _("echo, hello and greetings on the ports the guides use")),
            ("enchufe connect udp://localhost:12345 --send hello", _("say hello")),
            ("enchufe ps", _("who listens and who talks")),
        ),
        epilog=_exit_codes(),
    )
    parser.add_argument(
        "--version",
        action="version",
        version=f"enchufe {__version__}",
        help=_("show program's version number and exit"),
    )
    commands = parser.add_subparsers(
        title=_("commands"), metavar=_("COMMAND"), required=True, parser_class=CommandParser
    )
    for command in _COMMANDS:
        command.add_parser(commands)
    return parser


def _exit_codes() -> str:
    meanings = {
        ExitCode.DONE: _("done"),
        ExitCode.BUG: _("a bug in enchufe"),
        ExitCode.USAGE: _("the command line makes no sense"),
        ExitCode.NAME_NOT_FOUND: _("a name was not found"),
        ExitCode.REFUSED: _("refused or unreachable"),
        ExitCode.TIMED_OUT: _("timed out"),
        ExitCode.DENIED: _("denied"),
        ExitCode.LOST: _("lost in the middle"),
        ExitCode.PROTOCOL: _("protocol error"),
        ExitCode.OVER_LIMIT: _("over a limit"),
        ExitCode.INTERRUPTED: _("interrupted with Ctrl-C"),
        ExitCode.OUTPUT_CLOSED: _("standard output was closed"),
    }
    rows = [f"  {code:>3}  {meanings[code]}" for code in ExitCode]
    return "\n".join([_("exit codes:"), *rows])
