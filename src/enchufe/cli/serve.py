"""``enchufe serve``: services at endpoints, until Ctrl-C or a limit."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from enchufe.cli.controlling import add_control, control_choices
from enchufe.cli.parsing import (
    add_encryption,
    add_networks,
    add_recording,
    buffer_bytes,
    count,
    limit,
    record_wish,
    seconds,
    size_bytes,
    tls_settings,
)
from enchufe.clients.language import _
from enchufe.core.exits import ExitCode
from enchufe.core.limits import GAME_CHOOSE_S, HELD_BYTES_MAX, ROOM_FILE_BYTES_MAX

if TYPE_CHECKING:  # these rooms load heavy libraries; `enchufe --help` must stay quick
    from enchufe.clients.page import PageWish
    from enchufe.clients.serving import Choices


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to ``subparsers``."""
    parser = subparsers.add_parser(
        "serve",
        help=_("run services that others talk to"),
        description=_(
            "Runs services on loopback, or where their endpoints say. Without arguments it opens "
            "echo, chat, cachipun and greet on the usual ports. Services: echo, hello, chat, "
            "cachipun, greet, control, discard, daytime, time, chargen."
        ),
        examples=(
            ("enchufe serve", _("the guides' services on the guides' ports")),
            (
                "enchufe serve echo@tcp://localhost:10000 echo@udp://localhost:3500 --buffer 16",
                _("show every read of sixteen bytes"),
            ),
            ("enchufe serve greet@tcp://:9001 --stop-after 5", _("greet five clients and end")),
            ("enchufe serve hello@udp://:12345", _("show who says hello, and answer")),
            (
                "enchufe serve chat@tcp://:12345 chat@udp://:12345 --history plaza.db",
                _("a room that remembers"),
            ),
            (
                "enchufe serve cachipun@tcp://:7070 cachipun@ayudantia://:1238",
                _("rock, paper, scissors, also for the course's own windows"),
            ),
            ("enchufe serve 'echo@tcp://*:3500' --allow 192.168.0.0/16", _("for the classroom")),
            ("enchufe serve echo@tls://:7443", _("encrypted, with a certificate of its own")),
            (
                "enchufe serve control@tcp://:3501 --allow-stop --allow-run 'ls *'",
                _("stopped, and asked to run ls, by whoever holds the key"),
            ),
            ("enchufe serve chargen@tcp://:0", _("any free port; the real one is printed")),
        ),
    )
    parser.add_argument(
        "services",
        nargs="*",
        metavar=_("SERVICE@ENDPOINT"),
        help=_(
            "such as echo@tcp://localhost:3500, echo@:3500, echo@unix://./echo.sock; "
            "no host is loopback, * is every interface, port 0 any free one"
        ),
    )
    _add_talking(parser)
    _add_page(parser)
    _add_room(parser)
    _add_game(parser)
    _add_doors(parser)
    add_encryption(parser, serves=True)
    add_control(parser)
    _add_ending(parser)
    parser.set_defaults(run=run)


def _add_talking(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group(_("how it talks"))
    group.add_argument(
        "--buffer",
        type=buffer_bytes,
        metavar=_("BYTES"),
        help=_("read this many bytes at a time, and show each read as the guides do"),
    )
    group.add_argument(
        "--text",
        metavar=_("TEXT"),
        help=_("what greet and hello say; {host}, {port} and {address} are the peer's"),
    )
    group.add_argument("--quiet", action="store_true", help=_("show problems only"))
    add_recording(group)
    group.add_argument(
        "--workers",
        type=count,
        default=1,
        metavar="N",
        help=_("share the endpoints among this many processes, one for each core"),
    )
    family = group.add_mutually_exclusive_group()
    family.add_argument("-4", "--ipv4", action="store_true", help=_("listen in IPv4 only"))
    family.add_argument("-6", "--ipv6", action="store_true", help=_("listen in IPv6 only"))


def _add_page(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group(_("the page")).add_mutually_exclusive_group()
    group.add_argument(
        "--web",
        metavar=_("[HOST]:PORT"),
        help=_(
            "where browsers find it (default: localhost:7080, or any free port); beyond this "
            "machine only the address that is printed opens it"
        ),
    )
    group.add_argument(
        "--no-web",
        action="store_true",
        help=_("open no page; with --quiet, --buffer or --workers there is none unasked"),
    )


def _add_room(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group(_("the chat room"))
    group.add_argument(
        "--history",
        type=Path,
        metavar=_("FILE"),
        help=_("keep what is said in this file, safe before it is told to anybody"),
    )
    group.add_argument(
        "--slow",
        choices=("drop", "disconnect"),
        default="drop",
        help=_(
            "what becomes of those who do not read: left out until they do (drop, the default), "
            "or disconnected (disconnect)"
        ),
    )
    group.add_argument(
        "--max-file",
        type=size_bytes,
        default=ROOM_FILE_BYTES_MAX,
        metavar=_("SIZE"),
        help=_("take no larger file: bytes, or 100K, 20M, 2G; 0 takes none (default: 16M)"),
    )


def _add_game(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group(_("cachipún"))
    group.add_argument(
        "--scores",
        type=Path,
        metavar=_("FILE"),
        help=_("keep who won in this file (default: scores.db, in enchufe's data folder)"),
    )
    group.add_argument(
        "--choose-for",
        type=seconds,
        default=GAME_CHOOSE_S,
        metavar=_("SECONDS"),
        help=_("how long a choice may take (default: 30)"),
    )


def _add_doors(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group(_("who may come in"))
    add_networks(group)
    group.add_argument(
        "--max-peers", type=count, metavar="N", help=_("how many may be inside at once")
    )
    group.add_argument(
        "--max-per-address",
        type=limit,
        metavar="N",
        help=_(
            "how many connections one address may have; 0: any number (default: 512, and any "
            "number from this machine)"
        ),
    )
    group.add_argument(
        "--rate",
        type=limit,
        metavar="N",
        help=_(
            "how many may come from one address in a second; 0: any number (default: 100, and "
            "any number from this machine)"
        ),
    )
    group.add_argument(
        "--max-held",
        type=size_bytes,
        default=HELD_BYTES_MAX,
        metavar=_("SIZE"),
        help=_(
            "how much memory unfinished messages and unread answers may take in all; beyond it "
            "the peers that hold most are cut off (default: 256M)"
        ),
    )
    group.add_argument(
        "--backlog",
        type=count,
        default=4096,
        metavar="N",
        help=_("how many connections may wait to be accepted (default: 4096)"),
    )


def _add_ending(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group(_("when it ends"))
    group.add_argument(
        "--idle",
        type=seconds,
        metavar=_("SECONDS"),
        help=_("end a conversation in which nothing moves for this long"),
    )
    group.add_argument(
        "--listen-for",
        type=seconds,
        metavar=_("SECONDS"),
        help=_("let newcomers in for this long; those inside may finish"),
    )
    group.add_argument(
        "--stop-after",
        type=count,
        metavar="N",
        help=_("end after serving this many: connections, and datagrams"),
    )


def run(arguments: argparse.Namespace) -> ExitCode:
    """Serve, and return how it ended."""
    from enchufe.clients.serving import serve

    return serve(_choices(arguments))


def _choices(arguments: argparse.Namespace) -> "Choices":
    import socket

    from enchufe.clients.serving import Choices
    from enchufe.net.crowd import AddressLimits
    from enchufe.services.chat import Slow

    family = socket.AF_INET if arguments.ipv4 else socket.AF_INET6 if arguments.ipv6 else 0
    return Choices(
        services=arguments.services,
        family=family,
        buffer_bytes=arguments.buffer,
        text=arguments.text,
        log=arguments.log,
        quiet=arguments.quiet,
        workers=arguments.workers,
        history=arguments.history and arguments.history.expanduser(),
        slow=Slow(arguments.slow),
        file_bytes_max=arguments.max_file,
        allow=arguments.allow,
        deny=arguments.deny,
        peers_max=arguments.max_peers,
        address_limits=AddressLimits(arguments.max_per_address, arguments.rate),
        held_bytes_max=arguments.max_held,
        backlog=arguments.backlog,
        idle_s=arguments.idle,
        listen_for_s=arguments.listen_for,
        serve_max=arguments.stop_after,
        tls=tls_settings(arguments),
        control=control_choices(arguments),
        record=record_wish(arguments),
        page=_page_wish(arguments),
        scores=arguments.scores and arguments.scores.expanduser(),
        choose_s=arguments.choose_for,
    )


def _page_wish(arguments: argparse.Namespace) -> "PageWish":
    """Return where the page is to be: nowhere, unasked, if nobody would see its address."""
    from enchufe.clients.page import PageWish
    from enchufe.core.endpoint import parse_endpoint

    if arguments.web is not None:
        return PageWish(parse_endpoint(arguments.web))
    has_no_line_for_it = arguments.quiet or arguments.buffer is not None
    return PageWish(is_wanted=not (arguments.no_web or has_no_line_for_it))
