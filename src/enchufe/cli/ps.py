"""``enchufe ps``: who listens and who talks on this machine."""

import argparse
import sys
from typing import TYPE_CHECKING

from enchufe.clients.language import _
from enchufe.core.exits import ExitCode

if TYPE_CHECKING:
    from enchufe.machine.sockets import SocketSelection


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command ``ps`` and its options."""
    parser = subparsers.add_parser(
        "ps",
        help=_("show who listens and who talks: address, state, queues, program"),
        description=_(
            "Show the sockets of this machine, those that listen first: protocol, addresses,\n"
            "state, what waits in their queues, and the program that holds them."
        ),
        epilog=_examples(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _add_filters(parser)
    _add_transports(parser)
    parser.add_argument(
        "--log", choices=["jsonl"], help=_("write one JSON object per line, for programs")
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> ExitCode:
    """Show the sockets that ``args`` asks for."""
    from enchufe.machine import sockets

    entries = sockets.list_sockets(_selection(args))
    if args.log == "jsonl":
        import msgspec

        sys.stdout.flush()
        sys.stdout.buffer.writelines(msgspec.json.encode(entry) + b"\n" for entry in entries)
        sys.stdout.buffer.flush()
        return ExitCode.DONE
    from enchufe.clients import socket_table

    socket_table.show(entries, others_missing=sockets.hides_other_users())
    return ExitCode.DONE


def _add_filters(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--listen", action="store_true", help=_("only those that wait for others to begin")
    )
    parser.add_argument(
        "--port",
        type=_port,
        action="append",
        default=[],
        metavar="N",
        help=_("only this port, at either end; may be given several times"),
    )
    parser.add_argument(
        "--program",
        default="",
        metavar=_("NAME"),
        help=_("only programs with NAME in their name or command line"),
    )
    parser.add_argument("--pid", type=int, metavar="PID", help=_("only this process"))
    parser.add_argument(
        "--all",
        action="store_true",
        help=_("also TIME_WAIT, and Unix sockets that have no path or do not listen"),
    )


def _add_transports(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "-t", "--tcp", action="store_true", help=_("only TCP (-t, -u and -x add up)")
    )
    parser.add_argument("-u", "--udp", action="store_true", help=_("only UDP"))
    parser.add_argument("-x", "--unix", action="store_true", help=_("only Unix sockets"))


def _examples() -> str:
    return _(
        "examples:\n"
        "  enchufe ps                           everybody\n"
        "  enchufe ps --listen --tcp            the TCP servers of this machine\n"
        "  enchufe ps --port 3500 --port 10000  who holds these ports, and who talks to them\n"
        "  enchufe ps --program server.py       one program\n"
        "  enchufe ps --log jsonl               for other programs to read"
    )


def _port(text: str) -> int:
    from enchufe.core.endpoint import PORT_MAX

    if text.isascii() and text.isdecimal() and 1 <= int(text) <= PORT_MAX:
        return int(text)
    raise argparse.ArgumentTypeError(
        _("a port is a number from 1 to {port_max}, not “{port}”").format(
            port_max=PORT_MAX, port=text
        )
    )


def _selection(args: argparse.Namespace) -> "SocketSelection":
    from enchufe.core.peer import Transport
    from enchufe.machine.sockets import OF_SOCKETS, SocketSelection

    chosen = {
        transport
        for is_chosen, transports in (
            (args.tcp, [Transport.TCP]),
            (args.udp, [Transport.UDP]),
            (args.unix, [Transport.UNIX, Transport.UNIXGRAM]),
        )
        if is_chosen
        for transport in transports
    }
    return SocketSelection(
        transports=frozenset(chosen or OF_SOCKETS),
        listening_only=args.listen,
        everything=args.all,
        ports=frozenset(args.port),
        program=args.program,
        pid=args.pid,
    )
