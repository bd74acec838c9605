"""``enchufe receive``: a folder that takes files from others."""

import argparse
from pathlib import Path

from enchufe.cli.parsing import add_encryption, add_networks, count, size_bytes, tls_settings
from enchufe.cli.reaching import endpoint_of
from enchufe.clients.language import _
from enchufe.core.exits import ExitCode
from enchufe.core.limits import FILE_BYTES_MAX


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to ``subparsers``."""
    parser = subparsers.add_parser(
        "receive",
        help=_("receive files and texts into a folder"),
        description=_(
            "Receives what `enchufe send` sends, from several at once, and shows what is said; "
            "lines of any other client are shown too. Nothing is ever written over, and nothing "
            "outside the folder. An interrupted file is kept hidden until it is sent again."
        ),
        examples=(
            ("enchufe receive --into inbox/", _("files for this machine only, on port 9000")),
            (
                "enchufe receive --listen 'tcp://*:9000' --into inbox/ --allow 192.168.0.0/16",
                _("for the local network"),
            ),
            ("enchufe receive --into inbox/ --max-size 20M --ask", _("ask about each file")),
            ("enchufe receive --into inbox/ --stop-after 1", _("one sender, then end")),
        ),
    )
    parser.add_argument(
        "--listen",
        action="append",
        metavar=_("ENDPOINT"),
        help=_("where to listen (default: tcp://:9000); may be given several times"),
    )
    parser.add_argument(
        "--into",
        type=Path,
        required=True,
        metavar=_("FOLDER"),
        help=_("where files are kept; made if it is not there"),
    )
    _add_limits(parser)
    add_encryption(parser, serves=True)
    parser.set_defaults(run=run)


def _add_limits(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group(_("what is taken, and from whom"))
    group.add_argument(
        "--max-size",
        type=size_bytes,
        default=FILE_BYTES_MAX,
        metavar=_("SIZE"),
        help=_("take no larger file: bytes, or 100K, 20M, 2G (default: 1G)"),
    )
    group.add_argument("--ask", action="store_true", help=_("ask about each file before taking it"))
    add_networks(group)
    group.add_argument(
        "--stop-after", type=count, metavar="N", help=_("end after this many senders")
    )
    group.add_argument(
        "--no-pictures",
        dest="pictures",
        action="store_false",
        help=_("do not show pictures, where the terminal could"),
    )


def run(arguments: argparse.Namespace) -> ExitCode:
    """Receive, and return how it ended."""
    from enchufe.clients.receiving import Choices, receive
    from enchufe.core.transfer.incoming import Policy
    from enchufe.net.loop import run as run_loop

    choices = Choices(
        endpoints=[endpoint_of(text) for text in arguments.listen or ["tcp://:9000"]],
        folder=arguments.into,
        policy=Policy(arguments.max_size, asks=arguments.ask),
        allow=arguments.allow,
        deny=arguments.deny,
        serve_max=arguments.stop_after,
        pictures=arguments.pictures,
        tls=tls_settings(arguments),
    )
    return run_loop(receive(choices))
