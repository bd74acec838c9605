"""How a server is reached: the options of every command that calls one."""

import argparse
from typing import TYPE_CHECKING

from enchufe.cli.parsing import seconds
from enchufe.clients.language import _

if TYPE_CHECKING:  # `enchufe --help` must stay quick
    from enchufe.core.endpoint import Endpoint
    from enchufe.core.peer import Transport
    from enchufe.net.dial import Dialling

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


def endpoint_of(text: str, *, takes_ayudantia: bool = False) -> "Endpoint":
    """Return the endpoint that ``text`` names; only ``enchufe play`` takes ayudantia://.

    Raises:
        UsageError: it is none, or one whose wire the command does not speak.
    """
    from enchufe.core.endpoint import parse_endpoint
    from enchufe.core.errors import N_, UsageError
    from enchufe.core.peer import Transport

    endpoint = parse_endpoint(text)
    if takes_ayudantia:
        return endpoint
    if endpoint.transport is Transport.AYUDANTIA:
        raise UsageError(
            N_("only enchufe play speaks what {endpoint} does"),
            hint=N_("Raw bytes go over tcp://"),
            endpoint=endpoint,
        )
    return endpoint


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


def dialling_of(
    arguments: argparse.Namespace,
    text: str,
    buffer_bytes: int | None = None,
    *,
    takes_ayudantia: bool = False,
) -> "Dialling":
    """Return whom to call, as the options of `add_reaching` and `add_encryption` say.

    Args:
        arguments: what was given.
        text: the endpoint as it was typed.
        buffer_bytes: how much one read takes; None for as much as there is.
        takes_ayudantia: whether the command speaks what the course's own cachipún does.

    Raises:
        UsageError: an option makes no sense for that endpoint.
    """
    from enchufe.cli.parsing import tls_settings
    from enchufe.net.dial import Dialling
    from enchufe.net.tls import check_needed

    endpoint = endpoint_of(text, takes_ayudantia=takes_ayudantia)
    tls = tls_settings(arguments)
    check_needed(tls, [endpoint])
    return Dialling(
        endpoint=endpoint,
        family=family_of(arguments),
        source=source_of(arguments.source, endpoint.transport),
        connect_s=arguments.connect_timeout,
        buffer_bytes=buffer_bytes,
        tls=tls,
    )
