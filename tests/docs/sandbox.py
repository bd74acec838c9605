"""A network of one's own, so that the ports of the guides are free: Linux namespaces.

Where the system has none, or does not permit them, pages are played on the machine
itself and need those ports free.
"""

import contextlib
import fcntl
import functools
import shutil
import socket
import struct
import subprocess

_UNSHARE = ("unshare", "--user", "--map-root-user", "--net")
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 0x1


@functools.cache
def prefix() -> tuple[str, ...]:
    """Return the words that run a command in a network of its own; () if that cannot be."""
    if shutil.which("unshare") is None:
        return ()
    tried = subprocess.run([*_UNSHARE, "true"], capture_output=True, check=False)
    return _UNSHARE if tried.returncode == 0 else ()


def raise_loopback() -> None:
    """Bring the loopback interface up (netdevice(7)): a new network begins with it down."""
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        asked = struct.pack("16sh14x", b"lo", 0)
        flags = struct.unpack_from("16xh", fcntl.ioctl(sock, _SIOCGIFFLAGS, asked))[0]
        fcntl.ioctl(sock, _SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags | _IFF_UP))
