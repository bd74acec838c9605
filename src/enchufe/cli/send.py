"""``enchufe send``: texts and files to a receiver, in order."""

import argparse
from pathlib import Path

from enchufe.cli.parsing import Placed, add_encryption
from enchufe.cli.reaching import add_reaching, dialling_of
from enchufe.clients.language import _
from enchufe.core.exits import ExitCode


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to ``subparsers``."""
    parser = subparsers.add_parser(
        "send",
        help=_("send files and texts to a receiver"),
        description=_(
            "Sends texts and files to `enchufe receive`, in the order in which they are given. "
            "An interrupted file is resumed when the same command is run again."
        ),
        examples=(
            ("enchufe send tcp://localhost:9000 photo.png", _("one picture")),
            (
                'enchufe send tcp://:9000 --text "look" photo.png notes.pdf --text "done"',
                _("texts and files, in this order"),
            ),
            ("enchufe send unix://./inbox.sock *.pdf", _("over a Unix socket")),
        ),
        placed=("--text",),
    )
    parser.add_argument(
        "endpoint",
        metavar=_("ENDPOINT"),
        help=_("where the receiver is: tcp://HOST:PORT, tls://…, unix://PATH"),
    )
    parser.add_argument("items", nargs="*", type=_item, metavar=_("FILE"), help=_("a file to send"))
    parser.add_argument(
        "--text",
        action="append",
        metavar=_("TEXT"),
        help=_("say this at this place among the files; may be given several times"),
    )
    add_reaching(parser)
    add_encryption(parser, calls=True)
    parser.set_defaults(run=run, fail=parser.error)


def _item(word: str) -> str | Path:
    return word.value if isinstance(word, Placed) else Path(word)


def run(arguments: argparse.Namespace) -> ExitCode:
    """Send, and return how it ended."""
    from enchufe.clients.sending import Sending
    from enchufe.net.loop import run as run_loop

    if not arguments.items:
        arguments.fail(_("there is nothing to send: name a file, or say something with --text"))
    sending = Sending(dialling_of(arguments, arguments.endpoint), arguments.items)
    return run_loop(sending.run())
