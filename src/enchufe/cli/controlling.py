"""What all commands share that have to do with control: its options, on both sides."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from enchufe.cli.parsing import count, seconds, size_bytes
from enchufe.clients.language import _
from enchufe.core.limits import PROGRAM_OUTPUT_BYTES_MAX, PROGRAM_S_MAX, PROGRAMS_MAX

if TYPE_CHECKING:  # `enchufe --help` must stay quick
    from enchufe.clients.control_rules import ControlChoices


def add_control(parser: argparse.ArgumentParser) -> None:
    """Add what the owner of a control service may permit; `control_choices` reads it."""
    group = parser.add_argument_group(_("control (the service control; all of it is off at first)"))
    group.add_argument(
        "--allow-stop", action="store_true", help=_("let those who prove who they are stop us")
    )
    group.add_argument(
        "--allow-run",
        action="append",
        default=[],
        metavar=_("PROGRAM"),
        help=_(
            "let them run this: 'uptime', 'ls *' (* is any one argument), 'git log **' (** is any "
            "number of them); may be given several times"
        ),
    )
    add_key_file(group)
    group.add_argument(
        "--allow-user",
        action="append",
        default=[],
        metavar=_("USER"),
        help=_("on a Unix socket this user needs no key either (you and root never do)"),
    )
    _add_run_limits(group)
    group.add_argument(
        "--shell",
        action="store_true",
        help=_("give what is run to /bin/sh: then 'ls *' lets anything run"),
    )
    group.add_argument(
        "--plain-control",
        nargs=2,
        metavar=("STOP", "RUN"),
        help=_(
            "the guides' way, without any proof: a line STOP stops us, a line RUN PROGRAM runs it; "
            "on loopback and Unix sockets only"
        ),
    )
    group.add_argument(
        "--audit",
        type=Path,
        metavar=_("FILE"),
        help=_("write every request down here (default: control.jsonl in your state folder)"),
    )


def _add_run_limits(group: "argparse._ArgumentGroup") -> None:
    group.add_argument(
        "--run-timeout",
        type=seconds,
        default=PROGRAM_S_MAX,
        metavar=_("SECONDS"),
        help=_("how long a program may run (default: 60)"),
    )
    group.add_argument(
        "--run-output",
        type=size_bytes,
        default=PROGRAM_OUTPUT_BYTES_MAX,
        metavar=_("SIZE"),
        help=_("how much it may say (default: 16M)"),
    )
    group.add_argument(
        "--run-max",
        type=count,
        default=PROGRAMS_MAX,
        metavar="N",
        help=_("how many may run at once (default: 4)"),
    )
    group.add_argument(
        "--run-folder", type=Path, metavar=_("FOLDER"), help=_("where they run (default: here)")
    )


def add_key_file(group: "argparse._ActionsContainer") -> None:
    """Add where the key is."""
    group.add_argument(
        "--key-file",
        type=Path,
        metavar=_("FILE"),
        help=_("the key (default: the one that enchufe key new made)"),
    )


def control_choices(arguments: argparse.Namespace) -> "ControlChoices":
    """Return what was given of the options of `add_control`."""
    from enchufe.clients.control_rules import ControlChoices

    plain = arguments.plain_control
    return ControlChoices(
        may_stop=arguments.allow_stop,
        programs=arguments.allow_run,
        key_file=arguments.key_file and arguments.key_file.expanduser(),
        users=arguments.allow_user,
        run_s_max=arguments.run_timeout,
        output_bytes_max=arguments.run_output,
        runs_max=arguments.run_max,
        folder=arguments.run_folder and arguments.run_folder.expanduser(),
        with_shell=arguments.shell,
        plain=plain and (plain[0], plain[1]),
        audit=arguments.audit and arguments.audit.expanduser(),
    )
