"""Ports for foreign servers that cannot be asked which port 0 became.

They lie below those the kernel gives out by itself (``ip_local_port_range``, ip(7)),
and each worker of pytest-xdist has its own, so that nobody takes one in between.
"""

import itertools
import os
import socket

_FIRST, _EACH, _WORKERS = 20_000, 1_500, 8
_worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % _WORKERS
_numbers = itertools.cycle(range(_EACH))
_begin = os.getpid() % _EACH  # two runs on one machine begin in different places


def free_port() -> int:
    """Return a port that nobody holds, over TCP or UDP."""
    for number in itertools.islice(_numbers, _EACH):
        port = _FIRST + _worker * _EACH + (_begin + number) % _EACH
        if _is_free(port):
            return port
    raise AssertionError("no free port")


def _is_free(port: int) -> bool:
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        with socket.socket(socket.AF_INET6, kind) as probe:
            probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
            try:
                probe.bind(("::", port))
            except OSError:
                return False
    return True
