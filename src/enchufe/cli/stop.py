"""``enchufe stop``: a server ends in good order, for those who may."""

import argparse

from enchufe.cli.controlling import add_key_file
from enchufe.cli.parsing import add_encryption
from enchufe.cli.reaching import add_reaching, dialling_of
from enchufe.clients.language import _


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to ``subparsers``."""
    parser = subparsers.add_parser(
        "stop",
        help=_("stop a server that allows it"),
        description=_(
            "Stops a server where `enchufe serve control@… --allow-stop` allows it: nobody else "
            "comes in, those inside are told, what is queued leaves, and it ends with 0."
        ),
        examples=(
            ("enchufe stop tcp://localhost:3501", _("with the key that enchufe key new made")),
            ("enchufe stop unix://./control.sock", _("on a Unix socket you need no key")),
            ("enchufe stop tls://host:3501 --key-file team.key", _("encrypted, with another key")),
        ),
    )
    parser.add_argument(
        "endpoint",
        metavar=_("ENDPOINT"),
        help=_("where control is: tcp://HOST:PORT, tls://…, unix://PATH, udp://…"),
    )
    add_key_file(parser)
    add_reaching(parser)
    add_encryption(parser, calls=True)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Stop the server, and return how it ended."""
    from enchufe.clients.requesting import Requesting, stop_request
    from enchufe.net.loop import run as run_loop

    requesting = Requesting(
        dialling_of(arguments, arguments.endpoint), stop_request(), arguments.key_file
    )
    return run_loop(requesting.run())
