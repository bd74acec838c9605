"""``enchufe key``: makes the key of a control service, and says which one it is."""

import argparse
from pathlib import Path

from enchufe.clients.language import _
from enchufe.core.exits import ExitCode


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to ``subparsers``."""
    parser = subparsers.add_parser(
        "key",
        help=_("make a key for control"),
        description=_(
            "Makes the secret that control asks for, or says which one is there. Copy the file to "
            "whoever may ask, in a way that nobody else can read."
        ),
        examples=(
            ("enchufe key new", _("where serve, run and stop look for it")),
            ("enchufe key new team.key", _("in a file of its own")),
            ("enchufe key name team.key", _("the same name here and there is the same key")),
        ),
    )
    parser.add_argument(
        "action",
        choices=("new", "name"),
        help=_("make one that is not there yet, or say the name of the one that is"),
    )
    parser.add_argument(
        "file", nargs="?", type=Path, metavar=_("FILE"), help=_("where (default: the usual place)")
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> ExitCode:
    """Make or name the key."""
    import sys

    from enchufe.core.seal import key_name
    from enchufe.store.keys import make_key, read_key, usual_path

    path = arguments.file.expanduser() if arguments.file else usual_path()
    if arguments.action == "new":
        text, key = _("Key {name} is new in {path}"), make_key(path)
    else:
        text, key = _("Key {name} is in {path}"), read_key(path)
    sys.stdout.write(text.format(name=key_name(key), path=path) + "\n")
    return ExitCode.DONE
