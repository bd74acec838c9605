"""The door: which addresses may come in.

Networks are given on the command line or in a file, one a line; a changed file is read
again when the next stranger knocks, and nobody inside is dropped by it.
"""

import time
from collections.abc import Callable, Sequence
from ipaddress import (
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from pathlib import Path
from typing import TypeAlias

from enchufe.core.errors import N_, UsageError
from enchufe.core.notices import ListBroken, ListReloaded, Notice, Refusal

Network: TypeAlias = IPv4Network | IPv6Network

LOCALHOST = (IPv4Network("127.0.0.0/8"), IPv6Network("::1/128"))
"""What `localhost` stands for: loopback of both families (RFC 6761, 6.3)."""


def networks_of(text: str) -> Sequence[Network]:
    """Return the networks that ``text`` names: CIDR, one address, or ``localhost``.

    Raises:
        UsageError: it names none.
    """
    if text.lower() == "localhost":
        return LOCALHOST
    try:
        return (ip_network(text.strip("[]"), strict=False),)
    except ValueError:
        raise UsageError(
            N_("“{text}” is not a network"),
            hint=N_(
                "Write an address (192.168.1.7), a network (192.168.0.0/16, fe80::/10), "
                "localhost, or @FILE for a file with one of these a line"
            ),
            text=text,
        ) from None


class NetworkFile:
    """A file of networks, one a line, ``#`` begins a comment; read again when it changes.

    Args:
        path: the file.
        notify: told when the file was read again, or could not be.

    Raises:
        UsageError: the file cannot be read, or holds something else.
    """

    def __init__(self, path: Path, notify: Callable[[Notice], None]) -> None:
        self._path = path
        self._notify = notify
        self._version = self._stamp()
        self._networks = self._read()

    def networks(self) -> Sequence[Network]:
        """Return the networks the file names now."""
        version = self._stamp()
        if version != self._version:
            self._version = version
            self._reload()
        return self._networks

    def _reload(self) -> None:
        try:
            self._networks = self._read()
        except UsageError as error:
            fields = {name: str(value) for name, value in error.fields.items()}
            self._notify(ListBroken(time.time_ns(), str(self._path), error.template, fields))
        else:
            self._notify(ListReloaded(time.time_ns(), str(self._path), len(self._networks)))

    def _stamp(self) -> tuple[int, int, int]:
        """Return what changes when the file does, also when an editor replaces it."""
        try:
            status = self._path.stat()
        except OSError:
            return (0, 0, 0)
        return (status.st_mtime_ns, status.st_size, status.st_ino)

    def _read(self) -> Sequence[Network]:
        try:
            lines = self._path.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            if isinstance(error, UnicodeDecodeError):
                raise UsageError(N_("the list {path} is not UTF-8"), path=self._path) from None
            raise UsageError(
                N_("cannot read the list {path}: {why}"), path=self._path, why=error.strerror
            ) from None
        words = [line.partition("#")[0].strip() for line in lines]
        return [network for word in words if word for network in networks_of(word)]


class Door:
    """Says who may come in.

    Args:
        allow: networks or ``@file``; empty means everybody.
        deny: networks or ``@file``; denied even where allowed.
        notify: told when a file was read again.

    Raises:
        UsageError: a network or a file cannot be understood.
    """

    def __init__(
        self, allow: Sequence[str], deny: Sequence[str], notify: Callable[[Notice], None]
    ) -> None:
        self._allow = [_source(text, notify) for text in allow]
        self._deny = [_source(text, notify) for text in deny]

    @property
    def is_open(self) -> bool:
        """Whether nobody can ever be refused here."""
        return not self._allow and not self._deny

    def refusal(self, host: str) -> Refusal | None:
        """Return why ``host`` may not come in, or None if it may.

        An IPv4 address mapped into IPv6 (``::ffff:10.0.0.1``, RFC 4291 2.5.5.2) counts
        as IPv4. A Unix peer has no host: its door is the permissions of the path.
        """
        if self.is_open or not host:
            return None
        address = ip_address(host.partition("%")[0])
        if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        if any(address in network for source in self._deny for network in source()):
            return Refusal.DENIED
        if not self._allow:
            return None
        allowed = any(address in network for source in self._allow for network in source())
        return None if allowed else Refusal.NOT_ALLOWED


def _source(text: str, notify: Callable[[Notice], None]) -> Callable[[], Sequence[Network]]:
    if text.startswith("@"):
        return NetworkFile(Path(text[1:]), notify).networks
    networks = networks_of(text)
    return lambda: networks
