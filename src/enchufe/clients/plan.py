"""What a person asked to be served: which service at which endpoints."""

from collections.abc import Sequence
from difflib import get_close_matches

from enchufe.core.endpoint import Endpoint, parse_served
from enchufe.core.errors import N_, EndpointError
from enchufe.core.peer import Transport
from enchufe.services import CATALOGUE, ServiceKind

Plan = dict[str, list[Endpoint]]
"""Services by name, and where each is to listen."""


def planned(services: Sequence[str]) -> Plan:
    """Return which service is to listen where.

    Raises:
        UsageError: a service or an endpoint is not understood.
    """
    plan: Plan = {}
    for text in services or [kind.name for kind in CATALOGUE.values() if kind.is_usual]:
        name, endpoint = parse_served(text)
        kind = _kind(text, name)
        _check_dialect(text, kind, endpoint)
        plan.setdefault(name, []).extend(_usual(kind) if endpoint is None else [endpoint])
    return plan


def _kind(text: str, name: str) -> ServiceKind:
    kind = CATALOGUE.get(name)
    if kind is not None:
        return kind
    near = get_close_matches(name, CATALOGUE, n=1)
    missing = not near and ":" in name
    raise EndpointError(
        N_("there is no service “{name}”; there are: {known}"),
        text=text,
        start=0,
        end=len(name),
        hint=N_("Did you mean {near}?") if near else _EXAMPLE if missing else "",
        name=name,
        known=", ".join(CATALOGUE),
        near=near[0] if near else "",
    )


def _check_dialect(text: str, kind: ServiceKind, endpoint: Endpoint | None) -> None:
    """Refuse a service that would not understand who comes to such an endpoint."""
    is_ayudantia = endpoint is not None and endpoint.transport is Transport.AYUDANTIA
    if not is_ayudantia or kind.speaks_ayudantia:
        return
    start = len(kind.name) + 1
    raise EndpointError(
        N_("{service} does not speak what comes over ayudantia://; {known} does"),
        text=text,
        start=start,
        end=start + len(Transport.AYUDANTIA),
        hint=N_("Serve it at tcp://"),
        service=kind.name,
        known=", ".join(other.name for other in CATALOGUE.values() if other.speaks_ayudantia),
    )


_EXAMPLE = N_("Write the service before the endpoint: echo@tcp://localhost:3500")


def _usual(kind: ServiceKind) -> list[Endpoint]:
    """Return the guides' ports for a service, or any free one where they name none."""
    ports = kind.guide_ports or ((Transport.TCP, 0), (Transport.UDP, 0))
    return [Endpoint(transport, port=port) for transport, port in ports]
