"""``enchufe convert``: a recording becomes a file for Wireshark."""

import argparse
from pathlib import Path

from enchufe.clients.language import _
from enchufe.core.exits import ExitCode


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to ``subparsers``."""
    parser = subparsers.add_parser(
        "convert",
        help=_("make a file for Wireshark of a recording"),
        description=_(
            "Writes the packets of a recording (enchufe serve --record FILE) into a new pcapng "
            "file, which Wireshark and tshark open. Nothing in it was captured: what was read "
            "and written, when and where, is as it was; TCP's own packets are made up. Each "
            "packet says so."
        ),
        examples=(
            ("enchufe serve echo@tcp://:3500 --record run.enchufe", _("make a recording")),
            ("enchufe convert run.enchufe run.pcapng", _("make the file")),
            ("enchufe convert ../yesterday.enchufe ~/yesterday.pcapng", _("of another folder")),
            ("wireshark run.pcapng", _("look at it")),
            ("tshark -r run.pcapng -q -z follow,tcp,ascii,0", _("what was said")),
        ),
    )
    parser.add_argument("recording", type=Path, metavar=_("FILE"), help=_("the recording"))
    parser.add_argument(
        "target", type=Path, metavar="PCAPNG", help=_("the new file; none is written over")
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> ExitCode:
    """Convert the recording, and return how it ended."""
    from enchufe.clients.converting import convert

    return convert(arguments.recording.expanduser(), arguments.target.expanduser())
