"""How a server is reached: the options of every command that calls one."""

import argparse
from typing import TYPE_CHECKING

from enchufe.cli.parsing import seconds
from enchufe.clients.language import _

if TYPE_CHECKING:  # `enchufe --help` must stay quick
    from enchufe.core.endpoint import Endpoint
    from enchufe.core.peer import Transport

CONNECT_TIMEOUT_S = 10.0


def add_reaching(parser: argparse.ArgumentParser) -> None:
    """Add the options to ``parser``."""
    group = parser.add_argument_group(_("how it is reached"))
    group.add_argument(
        "--connect-timeout",
        type=seconds,
        default=CONNECT_TIMEOUT_S,
        metavar=_("SECONDS"),
        help=_("how long connecting may take (default: 10)"),
    )
    group.add_argument(
        "--source", metavar=_("ADDRESS:PORT"), help=_("speak from this address and port")
    )
    family = group.add_mutually_exclusive_group()
    family.add_argument("-4", "--ipv4", action="store_true", help=_("use IPv4 only"))
    family.add_argument("-6", "--ipv6", action="store_true", help=_("use IPv6 only"))


def family_of(arguments: argparse.Namespace) -> int:
    """Return the only address family asked for, or 0 for both."""
    import socket

    if arguments.ipv4:
        return socket.AF_INET
    return socket.AF_INET6 if arguments.ipv6 else 0


def source_of(text: str | None, transport: "Transport") -> "Endpoint | None":
    """Return where to speak from; a bare address leaves the port to the system."""
    from enchufe.core.endpoint import EVERYWHERE, Endpoint, parse_endpoint

    if text is None:
        return None
    if not transport.is_internet:
        return Endpoint(transport, path=text)
    has_port = text.rpartition("]")[2].count(":") == 1 or text.isdecimal()
    source = parse_endpoint(text if has_port else f"{text}:0", transport)
    return Endpoint(transport, source.host or EVERYWHERE, source.port)
