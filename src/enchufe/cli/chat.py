"""``enchufe chat``: be in a room, and stay in it."""

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from enchufe.cli.parsing import (
    add_encryption,
    add_name,
    add_recording,
    record_wish,
    seconds,
    size_bytes,
)
from enchufe.cli.reaching import add_reaching, dialling_of
from enchufe.clients.keyboard import is_typed_at, kept_for_the_prompt
from enchufe.clients.language import _
from enchufe.core.exits import ExitCode
from enchufe.core.text import speakable_text

if TYPE_CHECKING:  # these rooms load heavy libraries; `enchufe --help` must stay quick
    from enchufe.host import Witness

AUTO_FETCH_BYTES = 1024 * 1024
"""A picture that comes unasked is no larger than what is shown in a terminal."""


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to ``subparsers``."""
    parser = subparsers.add_parser(
        "chat",
        help=_("be in a room with everybody else"),
        description=_(
            "Goes into a room that enchufe serves (enchufe serve chat@tcp://:12345) and stays in "
            "it: when the connection breaks it calls again and asks for what was said meanwhile, "
            "so that nothing is missing and nothing comes twice. In a pipe each line of the "
            "input is said, and what others say goes to standard output."
        ),
        examples=(
            ("enchufe chat tcp://localhost:12345 --name ana", _("type, and read what others say")),
            ("enchufe chat udp://localhost:12345 --name luis", _("over UDP, and nothing is lost")),
            (
                "date | enchufe chat tcp://localhost:12345 --name clock",
                _("say one thing and leave"),
            ),
            (
                "enchufe chat tcp://localhost:12345 --send '/send photo.png'",
                _("show everybody a picture"),
            ),
            ("ncat localhost 12345", _("any program will do: everybody else is a member too")),
        ),
    )
    parser.add_argument(
        "endpoint",
        nargs="*",
        metavar=_("ENDPOINT"),
        help=_("where the room is (default: tcp://localhost:12345)"),
    )
    _add_visit(parser)
    add_reaching(parser)
    add_encryption(parser, calls=True)
    parser.set_defaults(run=run)


def _add_visit(parser: argparse.ArgumentParser) -> None:
    """Add how to be in the room, and what to do there."""
    add_name(parser)
    parser.add_argument(
        "--room",
        type=speakable_text,
        default="",
        metavar=_("ROOM"),
        help=_("which room to go to, if there are several"),
    )
    parser.add_argument(
        "--send",
        action="append",
        metavar=_("TEXT"),
        help=_("say this instead of standard input, and leave; may be given several times"),
    )
    parser.add_argument(
        "--into",
        type=Path,
        metavar=_("FOLDER"),
        help=_("where files of the room are kept (default: enchufe, among your downloads)"),
    )
    parser.add_argument(
        "--auto-fetch",
        type=size_bytes,
        metavar=_("SIZE"),
        help=_("get pictures up to this size unasked (default: 1M at a terminal, else 0: none)"),
    )
    parser.add_argument(
        "--give-up",
        type=seconds,
        metavar=_("SECONDS"),
        help=_("stop calling a lost server after this long (default: never; in a pipe 60)"),
    )
    add_recording(parser)


def run(arguments: argparse.Namespace) -> ExitCode:
    """Be in the room, and return how it ended."""
    from enchufe.net.loop import run as run_loop

    return run_loop(_chat(arguments))


async def _chat(arguments: argparse.Namespace) -> ExitCode:
    from enchufe.clients.chatting import Chatting, Wish
    from enchufe.clients.visit_files import downloads_folder
    from enchufe.record.json_lines import JsonLines

    dialling = dialling_of(arguments, " ".join(arguments.endpoint) or "tcp://localhost:12345")
    at_terminal = is_typed_at()
    wish = Wish(
        name=arguments.name,
        room=arguments.room,
        interactive=at_terminal and arguments.send is None,
        give_up_s=arguments.give_up,
        messages=arguments.send,
        folder=arguments.into or downloads_folder(dict(os.environ), Path.home()),
        auto_fetch_bytes=_auto_fetch_bytes(arguments, at_terminal=at_terminal),
        record=record_wish(arguments),
    )
    witness: Witness | None = JsonLines(sys.stdout.buffer).write if arguments.log else None
    with kept_for_the_prompt(wanted=wish.interactive):
        return await Chatting(dialling, wish, witness).run()


def _auto_fetch_bytes(arguments: argparse.Namespace, *, at_terminal: bool) -> int:
    """Return up to which size pictures are fetched unasked: where a person may look at them."""
    if arguments.auto_fetch is not None:
        return int(arguments.auto_fetch)
    return AUTO_FETCH_BYTES if at_terminal and arguments.send is None else 0
