"""``enchufe talk``: two people, by turns or at the same time."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from enchufe.cli.parsing import (
    add_encryption,
    add_networks,
    add_recording,
    record_wish,
    size_bytes,
    tls_settings,
)
from enchufe.cli.reaching import (
    CONNECT_TIMEOUT_S,
    add_reaching,
    dialling_of,
    endpoint_of,
    family_of,
)
from enchufe.clients.keyboard import is_typed_at, kept_for_the_prompt
from enchufe.clients.language import _
from enchufe.core.errors import N_, UsageError
from enchufe.core.exits import ExitCode
from enchufe.core.limits import FILE_BYTES_MAX

if TYPE_CHECKING:  # these rooms load heavy libraries; `enchufe --help` must stay quick
    from enchufe.clients.talking import Habits


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to ``subparsers``."""
    parser = subparsers.add_parser(
        "talk",
        help=_("talk with one other person"),
        description=_(
            "Two people talk, in plain text: one message per line, or per datagram. One waits with "
            "--listen, the other calls; either may be ncat or a script. bye from either side "
            "ends both. In a pipe, what is said goes to standard output and all else to "
            "standard error."
        ),
        examples=(
            ("enchufe talk --listen udp://:12345", _("wait for somebody")),
            ("enchufe talk udp://localhost:12345", _("talk with them, both at once")),
            ("enchufe talk --listen tcp://:12345 --turns", _("by turns: first they, then you")),
            ("enchufe talk tcp://localhost:12345 --turns", _("whoever connects speaks first")),
            (
                r"printf 'hello\nbye\n' | enchufe talk udp://localhost:12345",
                _("say two things and end"),
            ),
            (
                "enchufe talk --listen tcp://:12345 --into inbox/",
                _("take what they /send into a folder"),
            ),
            (
                "enchufe talk --listen 'tcp://*:12345' --allow 192.168.0.0/16",
                _("be reached from other machines, but not from everywhere"),
            ),
        ),
    )
    parser.add_argument(
        "endpoint",
        nargs="+",
        metavar=_("ENDPOINT"),
        help=_(
            "tcp://HOST:PORT, tls://…, udp://…, unix://PATH, unixgram://PATH, or HOST PORT (TCP)"
        ),
    )
    _add_talking(parser)
    _add_files(parser)
    add_reaching(parser)
    add_networks(parser.add_argument_group(_("who may come in")))
    add_encryption(parser, serves=True, calls=True)
    parser.set_defaults(run=run)


def _add_talking(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group(_("how it talks"))
    group.add_argument(
        "--listen", action="store_true", help=_("wait at ENDPOINT for the first who comes")
    )
    group.add_argument(
        "--turns",
        action="store_true",
        help=_("speak by turns: whoever connects begins, what is typed out of turn waits"),
    )
    add_recording(group)


def _add_files(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group(_("files that come (/send FILE sends one)"))
    group.add_argument(
        "--into",
        type=Path,
        metavar=_("FOLDER"),
        help=_("take every file into this folder (default: ask, where there is a terminal)"),
    )
    group.add_argument(
        "--max-size",
        type=size_bytes,
        default=FILE_BYTES_MAX,
        metavar=_("SIZE"),
        help=_("take no larger file: bytes, or 100K, 20M, 2G (default: 1G)"),
    )
    group.add_argument(
        "--no-pictures",
        dest="pictures",
        action="store_false",
        help=_("do not show pictures, where the terminal could"),
    )


def run(arguments: argparse.Namespace) -> ExitCode:
    """Talk, and return how it ended."""
    from enchufe.net.loop import run as run_loop

    _check(arguments)
    return run_loop(_wait(arguments) if arguments.listen else _call(arguments))


def _check(arguments: argparse.Namespace) -> None:
    """Refuse what means nothing at the end that is asked for.

    Raises:
        UsageError: there is such an option.
    """
    only_listening = arguments.allow or arguments.deny
    only_calling = arguments.source or arguments.connect_timeout != CONNECT_TIMEOUT_S
    if arguments.listen and only_calling:
        raise UsageError(
            N_("--source and --connect-timeout do not go with --listen"),
            hint=N_("They say how to reach others; --listen waits for them"),
        )
    if only_listening and not arguments.listen:
        raise UsageError(
            N_("--allow and --deny go with --listen only"),
            hint=N_("They say who may come in; without --listen nobody comes"),
        )


async def _call(arguments: argparse.Namespace) -> ExitCode:
    from enchufe.clients.talking import call

    dialling = dialling_of(arguments, " ".join(arguments.endpoint))
    habits = _habits(arguments)
    with kept_for_the_prompt(wanted=habits.interactive):
        return await call(dialling, habits)


async def _wait(arguments: argparse.Namespace) -> ExitCode:
    from enchufe.clients.talking import wait_for_call

    habits = _habits(arguments)
    with kept_for_the_prompt(wanted=habits.interactive):
        return await wait_for_call(
            endpoint_of(" ".join(arguments.endpoint)),
            habits,
            family=family_of(arguments),
            allow=arguments.allow,
            deny=arguments.deny,
            tls=tls_settings(arguments),
        )


def _habits(arguments: argparse.Namespace) -> "Habits":
    from enchufe.clients.talk_files import Taking
    from enchufe.clients.talking import Habits

    taking = Taking(arguments.into, arguments.max_size, arguments.pictures)
    return Habits(
        turns=arguments.turns,
        interactive=is_typed_at(),
        log=arguments.log is not None,
        taking=taking,
        record=record_wish(arguments),
    )
