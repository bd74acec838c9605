"""The crowd: how many connections one address has, and how fast it begins new ones."""

from collections import Counter, OrderedDict
from ipaddress import IPv6Address, ip_address

from msgspec import Struct

from enchufe.core.limits import (
    ADDRESS_BURST_S,
    ADDRESS_PEERS_MAX,
    ADDRESS_PEERS_PER_S_MAX,
    ADDRESSES_REMEMBERED_MAX,
)
from enchufe.core.notices import Refusal
from enchufe.core.pace import Pace

_SITE_BITS = 64
"""Of an IPv6 address: the rest of it is its owner's to choose freely (RFC 4291, 2.5.1)."""


class AddressLimits(Struct, frozen=True):
    """What one address may do; the same for all.

    Args:
        peers_max: connections at once; 0 for any number, None for `ADDRESS_PEERS_MAX`,
            which does not hold for this machine itself.
        peers_per_s_max: new conversations a second; 0 for any number, None for
            `ADDRESS_PEERS_PER_S_MAX`, likewise.
    """

    peers_max: int | None = None
    peers_per_s_max: int | None = None


class Crowd:
    """Counts by address who is inside and who comes.

    An IPv6 network of 64 bits counts as one address, as whoever has one of its addresses has
    them all; only link-local addresses belong to a machine each. Unix peers have no address
    and are never too many here.

    Args:
        limits: what one address may do.
    """

    def __init__(self, limits: AddressLimits) -> None:
        self._limits = limits
        self._inside: Counter[str] = Counter()
        self._paces: OrderedDict[str, Pace] = OrderedDict()

    def refusal(self, host: str, at_ns: int, *, is_stream: bool) -> Refusal | None:
        """Return why one more from ``host`` may not come in, or None if it may, and comes.

        Args:
            host: its numeric address.
            at_ns: the time now.
            is_stream: whether it is a connection; datagram sources are not counted, as they
                make place for one another.
        """
        if not host:
            return None
        source, is_here = _source_of(host)
        peers_max = _limit(self._limits.peers_max, ADDRESS_PEERS_MAX, is_here=is_here)
        if is_stream and peers_max and self._inside[source] >= peers_max:
            return Refusal.ADDRESS_FULL
        per_s_max = _limit(self._limits.peers_per_s_max, ADDRESS_PEERS_PER_S_MAX, is_here=is_here)
        if per_s_max and not self._pace(source, per_s_max, at_ns).allows(at_ns):
            return Refusal.TOO_FAST
        return None

    def _pace(self, source: str, per_s_max: int, at_ns: int) -> Pace:
        pace = self._paces.get(source)
        if pace is None:
            if len(self._paces) >= ADDRESSES_REMEMBERED_MAX:
                self._paces.popitem(last=False)
            pace = self._paces[source] = Pace(per_s_max, per_s_max * ADDRESS_BURST_S, at_ns)
        self._paces.move_to_end(source)
        return pace

    def enter(self, host: str) -> None:
        """Count a connection from ``host``."""
        if host:
            self._inside[_source_of(host)[0]] += 1

    def leave(self, host: str) -> None:
        """Count one fewer."""
        if not host:
            return
        source = _source_of(host)[0]
        self._inside[source] -= 1
        if not self._inside[source]:
            del self._inside[source]


def _limit(chosen: int | None, usual: int, *, is_here: bool) -> int:
    """Return the limit that holds for an address; 0 for none."""
    if chosen is not None:
        return chosen
    return 0 if is_here else usual


def _source_of(host: str) -> tuple[str, bool]:
    """Return what counts as one address with ``host``, and whether it is this machine."""
    address = ip_address(host.partition("%")[0])
    if not isinstance(address, IPv6Address) or address.is_link_local or address.is_loopback:
        return host, address.is_loopback
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped), address.ipv4_mapped.is_loopback
    return f"{int(address) >> _SITE_BITS:x}", False
