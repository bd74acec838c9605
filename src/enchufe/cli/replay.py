"""``enchufe replay``: a recording is played to its services again."""

import argparse
from pathlib import Path

from enchufe.clients.language import _
from enchufe.core.exits import ExitCode


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to ``subparsers``."""
    parser = subparsers.add_parser(
        "replay",
        help=_("play a recording again"),
        description=_(
            "Tells the services of a recording (enchufe serve --record FILE) all they were told "
            "then, and shows where they do something else now. Nothing is sent to anybody."
        ),
        examples=(
            ("enchufe serve echo@tcp://:3500 --record run.enchufe", _("make a recording")),
            ("enchufe replay run.enchufe", _("play it to the service again")),
            ("enchufe replay run.enchufe --lang es", _("the same, told in Spanish")),
        ),
    )
    parser.add_argument("recording", type=Path, metavar=_("FILE"), help=_("the recording"))
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> ExitCode:
    """Play the recording, and return whether all was the same."""
    from enchufe.clients.replaying import replay

    return replay(arguments.recording.expanduser())
