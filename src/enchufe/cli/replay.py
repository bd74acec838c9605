"""``enchufe replay``: a recording is played to its services again, or against a live server."""

import argparse
import math
from pathlib import Path

from enchufe.cli.parsing import add_encryption
from enchufe.cli.reaching import add_reaching, dialling_of
from enchufe.clients.language import _
from enchufe.core.exits import ExitCode


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to ``subparsers``."""
    parser = subparsers.add_parser(
        "replay",
        help=_("play a recording again"),
        description=_(
            "Tells the services of a recording (enchufe serve --record FILE) all they were told "
            "then, and shows where they do something else now; nothing is sent to anybody. With "
            "--against it says to a live server what the callers said then, and shows where it "
            "answers something else."
        ),
        examples=(
            ("enchufe serve echo@tcp://:3500 --record run.enchufe", _("make a recording")),
            ("enchufe replay run.enchufe", _("play it to the service again")),
            (
                "enchufe replay run.enchufe --against tcp://localhost:3500",
                _("say the same to a live server, in the same time"),
            ),
            (
                "enchufe replay run.enchufe --against tcp://:3500 --speed 10",
                _("ten times faster; max waits for answers only"),
            ),
        ),
    )
    parser.add_argument("recording", type=Path, metavar=_("FILE"), help=_("the recording"))
    group = parser.add_argument_group(_("against a live server"))
    group.add_argument(
        "--against", metavar=_("ENDPOINT"), help=_("say to this server what the callers said")
    )
    group.add_argument(
        "--speed",
        type=_speed,
        default=1.0,
        metavar="N",
        help=_("N times faster than it was, or max: as soon as it has answered (default: 1)"),
    )
    group.add_argument(
        "--service",
        default="",
        metavar=_("NAME"),
        help=_("the service whose callers are played, where several were recorded"),
    )
    add_reaching(parser)
    add_encryption(parser, calls=True)
    parser.set_defaults(run=run)


def _speed(text: str) -> float:
    try:
        value = math.inf if text == "max" else float(text)
    except ValueError:
        value = -1.0
    if not value > 0 or (value == math.inf and text != "max"):
        raise argparse.ArgumentTypeError(
            _("“{text}” is no speed such as 0.5, 1, 10 or max").format(text=text)
        )
    return value


def run(arguments: argparse.Namespace) -> ExitCode:
    """Play the recording, and return whether all was the same."""
    path = arguments.recording.expanduser()
    if arguments.against is None:
        from enchufe.clients.replaying import replay

        return replay(path)
    from enchufe.clients.playing import PlayWish, play
    from enchufe.net.loop import run as run_loop

    wish = PlayWish(arguments.service, arguments.speed)
    return run_loop(play(path, dialling_of(arguments, arguments.against), wish))
