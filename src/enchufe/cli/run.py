"""``enchufe run``: a program on a server's machine, for those who may."""

import argparse

from enchufe.cli.controlling import add_key_file
from enchufe.cli.parsing import add_encryption
from enchufe.cli.reaching import add_reaching, dialling_of
from enchufe.clients.language import _


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to ``subparsers``."""
    parser = subparsers.add_parser(
        "run",
        help=_("run a program on a server that allows it"),
        description=_(
            "Runs a program where `enchufe serve control@…` allows it. What it says comes back as "
            "it is said, standard input goes in, and the exit status is the program's own; 128 + N "
            "where signal N ended it. Over UDP request and answer are one datagram each, and there "
            "is no input."
        ),
        examples=(
            ("enchufe run tcp://localhost:3501 -- ls -l /tmp", _("after --, a program")),
            (
                "enchufe run tls://host:3501 --key-file team.key -- uptime",
                _("encrypted, with a key of its own"),
            ),
            ("enchufe run unix://./control.sock -- sort < names.txt", _("with input")),
        ),
    )
    parser.add_argument(
        "endpoint",
        metavar=_("ENDPOINT"),
        help=_("where control is: tcp://HOST:PORT, tls://…, unix://PATH, udp://…"),
    )
    parser.add_argument("program", nargs="+", metavar=_("PROGRAM"), help=_("what to run, after --"))
    add_key_file(parser)
    parser.add_argument(
        "-n", "--no-input", action="store_true", help=_("give it no standard input")
    )
    add_reaching(parser)
    add_encryption(parser, calls=True)
    hint = _("Options of the program itself come after --: enchufe run … -- ls -l")
    parser.set_defaults(run=run, hint=hint)


def run(arguments: argparse.Namespace) -> int:
    """Run the program, and return its exit status."""
    from enchufe.clients.requesting import Requesting, run_request
    from enchufe.net.loop import run as run_loop

    request = run_request(arguments.program, has_input=not arguments.no_input)
    return run_loop(
        Requesting(dialling_of(arguments, arguments.endpoint), request, arguments.key_file).run()
    )
