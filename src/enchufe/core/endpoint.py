"""Endpoints: where to listen or connect, as a URL or in the short forms people type."""

from difflib import get_close_matches
from ipaddress import ip_address

from msgspec import Struct

from enchufe.core.errors import N_, EndpointError
from enchufe.core.peer import Transport

PORT_MAX = 65_535
EVERYWHERE = "*"
_EXAMPLE = N_("Write it like tcp://localhost:3500, udp://[::1]:3500 or unix://./chat.sock")


class Endpoint(Struct, frozen=True):
    """Where to listen or connect.

    Args:
        transport: how the conversation travels.
        host: a name or address; "" for loopback, ``*`` for every interface.
        port: 0 to 65535; 0 lets the system choose one when listening.
        path: the path of a Unix socket.
    """

    transport: Transport
    host: str = ""
    port: int = 0
    path: str = ""

    @property
    def shown_host(self) -> str:
        """The host as a person names it: "localhost" where none was given."""
        return self.host or "localhost"

    def __str__(self) -> str:
        """Return the URL."""
        if not self.transport.is_internet:
            return f"{self.transport}://{self.path}"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.transport}://{host}:{self.port}"


def parse_endpoint(text: str, default: Transport = Transport.TCP) -> Endpoint:
    """Return the endpoint that ``text`` names.

    Args:
        text: a URL, or ``:3500``, ``localhost:3500``, ``localhost 3500``, ``3500``.
        default: the transport where ``text`` names none.

    Raises:
        EndpointError: it names no endpoint; the error marks the part at fault.
    """
    transport, start = _transport(text, default)
    if not transport.is_internet:
        return _unix(text, start, transport)
    host_end, port_start = _split(text, start)
    host = _host(text, start, host_end)
    return Endpoint(transport, host, _port(text, port_start))


def parse_served(text: str) -> tuple[str, Endpoint | None]:
    """Return the service and the endpoint of ``service@endpoint``.

    The endpoint is None where ``text`` names only the service.

    Raises:
        EndpointError: the part after ``@`` is not an endpoint.
    """
    name, at, rest = text.partition("@")
    if not at:
        return name, None
    try:
        return name, parse_endpoint(rest)
    except EndpointError as error:
        offset = len(name) + 1
        raise EndpointError(
            error.template,
            text=text,
            start=error.start + offset,
            end=error.end + offset,
            hint=error.hint,
            **error.fields,
        ) from None


def _transport(text: str, default: Transport) -> tuple[Transport, int]:
    scheme, separator, _rest = text.partition("://")
    if not separator:
        return default, 0
    known = [transport.value for transport in Transport if transport.has_endpoint]
    if scheme.lower() in known:
        return Transport(scheme.lower()), len(scheme) + 3
    near = get_close_matches(scheme.lower(), known, n=1)
    raise EndpointError(
        N_("“{scheme}” is not a transport; there are: {known}"),
        hint=N_("Did you mean {near}://?") if near else _EXAMPLE,
        text=text,
        start=0,
        end=len(scheme),
        scheme=scheme,
        known=", ".join(known),
        near=near[0] if near else "",
    )


def _unix(text: str, start: int, transport: Transport) -> Endpoint:
    path = text[start:]
    if not path:
        raise EndpointError(
            N_("a Unix socket needs a path"), hint=_EXAMPLE, text=text, start=start, end=len(text)
        )
    return Endpoint(transport, path=path)


def _split(text: str, start: int) -> tuple[int, int]:
    """Return where the host ends and where the port begins; -1 if there is no port."""
    if text.startswith("[", start):
        close = text.find("]", start)
        if close < 0:
            raise EndpointError(
                N_("the bracket of the IPv6 address is not closed"),
                hint=_EXAMPLE,
                text=text,
                start=start,
                end=len(text),
            )
        return close + 1, close + 2 if text[close + 1 : close + 2] in (":", " ") else -1
    if text[start:].partition(" ")[0].count(":") > 1:
        raise EndpointError(
            N_("an IPv6 address goes in brackets, so that its port can be told apart"),
            hint=N_("Write it like tcp://[::1]:3500"),
            text=text,
            start=start,
            end=len(text),
        )
    host_end = next((i for i in range(start, len(text)) if text[i] in ": "), -1)
    if host_end >= 0:
        return host_end, len(text) - len(text[host_end:].lstrip(": "))
    return (start, start) if text[start:].isdecimal() else (len(text), -1)


def _host(text: str, start: int, end: int) -> str:
    written = text[start:end]
    if not written.startswith("["):
        _check_dotted(text, written, start, end)
        return written.rstrip()
    address = written[1:-1]
    try:
        ip_address(address)
    except ValueError:
        raise EndpointError(
            N_("“{address}” is not an IPv6 address"),
            hint=_EXAMPLE,
            text=text,
            start=start + 1,
            end=end - 1,
            address=address,
        ) from None
    return address


def _check_dotted(text: str, written: str, start: int, end: int) -> None:
    """Refuse ``300.1.2.3``, which a resolver would look up as a name."""
    if not written or not all(c.isdecimal() or c == "." for c in written) or "." not in written:
        return
    try:
        ip_address(written)
    except ValueError:
        raise EndpointError(
            N_("“{address}” is not an IPv4 address: four numbers from 0 to 255"),
            hint=_EXAMPLE,
            text=text,
            start=start,
            end=end,
            address=written,
        ) from None


def _port(text: str, start: int) -> int:
    if start < 0 or not text[start:].strip():
        raise EndpointError(
            N_("the port is missing"),
            hint=_EXAMPLE,
            text=text + " ",
            start=len(text),
            end=len(text) + 1,
        )
    digits = text[start:].strip().rstrip("/")
    if digits.isdecimal() and digits.isascii() and len(digits) <= 5 and int(digits) <= PORT_MAX:
        return int(digits)
    raise EndpointError(
        N_("the port must be a number from 0 to {port_max}, not “{port}”"),
        hint=N_("A port has 16 bits (RFC 768, RFC 9293)"),
        text=text,
        start=start,
        end=len(text),
        port=digits,
        port_max=PORT_MAX,
    )
