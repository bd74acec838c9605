"""``enchufe play``: rock, paper, scissors against whoever is there."""

import argparse
import sys
from typing import TYPE_CHECKING

from enchufe.cli.parsing import add_encryption, add_name, add_recording, count, record_wish
from enchufe.cli.reaching import add_reaching, dialling_of
from enchufe.clients.keyboard import is_typed_at, kept_for_the_prompt
from enchufe.clients.language import _
from enchufe.core.exits import ExitCode
from enchufe.core.text import speakable_text

if TYPE_CHECKING:  # these rooms load heavy libraries; `enchufe --help` must stay quick
    from enchufe.clients.contesting import PlayWish
    from enchufe.core.endpoint import Endpoint
    from enchufe.host import Witness


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to ``subparsers``."""
    parser = subparsers.add_parser(
        "play",
        help=_("play rock, paper, scissors (cachipún)"),
        description=_(
            "Plays cachipún at a server that enchufe serves (enchufe serve cachipun@tcp://:7070), "
            "or at the course's own (ayudantia://). Nobody can change their mind: each side says "
            "a digest first, and enchufe checks that what is revealed fits it. When the line "
            "breaks it calls again, and goes on in the same match. In a pipe each line of the "
            "input is the choice for one round, of one match."
        ),
        examples=(
            ("enchufe play tcp://localhost:7070 --name ana", _("against whoever comes")),
            ("enchufe play --name luis --against ana --best 5", _("against ana, best of five")),
            ("enchufe play --house", _("against the house")),
            (r"printf 'rock\npaper\n' | enchufe play --house --best 1", _("a choice a line")),
            ("enchufe play --watch ana", _("watch what ana plays")),
            ("enchufe play ayudantia://localhost:1238", _("at the course's own server")),
            ("ncat localhost 7070", _("any program will do: everybody meets in one match")),
        ),
    )
    parser.add_argument(
        "endpoint",
        nargs="*",
        metavar=_("ENDPOINT"),
        help=_("where the game is (default: tcp://localhost:7070)"),
    )
    _add_game(parser)
    add_reaching(parser)
    add_encryption(parser, calls=True)
    parser.set_defaults(run=run)


def _add_game(parser: argparse.ArgumentParser) -> None:
    """Add what to play, and with whom."""
    add_name(parser)
    parser.add_argument(
        "--best", type=best, metavar="N", help=_("of how many rounds: odd, 1 to 99 (default: 3)")
    )
    opponent = parser.add_mutually_exclusive_group()
    opponent.add_argument(
        "--against",
        type=speakable_text,
        default="",
        metavar=_("NAME"),
        help=_("play with this one, and no other"),
    )
    opponent.add_argument("--house", action="store_true", help=_("play against the house"))
    opponent.add_argument(
        "--watch",
        type=speakable_text,
        default="",
        metavar=_("NAME"),
        help=_("watch the match of this one"),
    )
    add_recording(parser)


def best(text: str) -> int:
    """Return of how many rounds a match is.

    Raises:
        ArgumentTypeError: it cannot be of so many.
    """
    from enchufe.core.cachipun import BEST_MAX, is_fit_best

    rounds = count(text)
    if not is_fit_best(rounds):
        raise argparse.ArgumentTypeError(
            _("“{text}” is not an odd number from 1 to {most}").format(text=text, most=BEST_MAX)
        )
    return rounds


def run(arguments: argparse.Namespace) -> ExitCode:
    """Play, and return how it ended."""
    from enchufe.net.loop import run as run_loop

    return run_loop(_play(arguments))


async def _play(arguments: argparse.Namespace) -> ExitCode:
    from enchufe.clients.contesting import Contesting
    from enchufe.record.json_lines import JsonLines

    text = " ".join(arguments.endpoint) or "tcp://localhost:7070"
    dialling = dialling_of(arguments, text, takes_ayudantia=True)
    _check(arguments, dialling.endpoint)
    witness: Witness | None = JsonLines(sys.stdout.buffer).write if arguments.log else None
    wish = _wish(arguments)
    with kept_for_the_prompt(wanted=wish.interactive):
        return await Contesting(dialling, wish, witness).run()


def _wish(arguments: argparse.Namespace) -> "PlayWish":
    from enchufe.clients.contesting import PlayWish
    from enchufe.core.cachipun import BEST_DEFAULT
    from enchufe.services.contestant import Wish

    return PlayWish(
        name=arguments.name,
        wish=Wish(
            best=arguments.best or BEST_DEFAULT,
            against=arguments.against,
            house=arguments.house,
            watch=arguments.watch,
        ),
        interactive=is_typed_at(),
        record=record_wish(arguments),
    )


def _check(arguments: argparse.Namespace, endpoint: "Endpoint") -> None:
    """Refuse what the course's own server has no words for."""
    from enchufe.core.errors import N_, UsageError
    from enchufe.core.peer import Transport

    options = ("name", "best", "against", "house", "watch")
    given = [f"--{name}" for name in options if getattr(arguments, name)]
    if endpoint.transport is Transport.AYUDANTIA and given:
        raise UsageError(
            N_("{options} does not go with ayudantia://"),
            hint=N_("The course's own game knows moves and results, and nothing else"),
            options=", ".join(given),
        )
