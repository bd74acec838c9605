"""Several processes at the same endpoints, so that every core serves.

Each process has sockets of its own, bound to the same ports with ``SO_REUSEPORT``
(socket(7)): the kernel deals connections and datagram sources out among them.
"""

import os
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from types import FrameType

from enchufe.core.errors import N_, UsageError
from enchufe.core.exits import ExitCode


def serve_in_processes(
    shares: Sequence[Callable[[], ExitCode]], sockets: Sequence[socket.socket]
) -> ExitCode:
    """Run each share in a process of its own; return the first exit code that is not 0.

    When one ends, or we are told to, the others are ended in good order too.

    Args:
        shares: what each process does.
        sockets: the sockets of all shares; each process uses its own and this one none.

    Raises:
        UsageError: this system cannot divide a process (fork(2)).
    """
    if not hasattr(os, "fork"):
        raise UsageError(N_("--workers needs a system that can fork; this one cannot"))
    children = [_start(share) for share in shares]
    for sock in sockets:
        sock.close()
    ended: dict[int, int] = {}

    def pass_on(number: int, _frame: FrameType | None) -> None:
        for child in children:
            if child not in ended:
                os.kill(child, number)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, pass_on)
    while len(ended) < len(children):
        child, status = os.wait()
        ended[child] = os.waitstatus_to_exitcode(status)
        if len(ended) == 1:
            pass_on(signal.SIGTERM, None)
    codes = [code for code in ended.values() if code != 0]
    return ExitCode.DONE if not codes else _exit_code(codes[0])


def _start(share: Callable[[], ExitCode]) -> int:
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if child:
        return child
    os.setpgid(0, 0)  # Ctrl-C reaches the parent alone, which passes it on once
    code = int(ExitCode.BUG)
    try:
        code = int(share())
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stdout.flush()
        os._exit(code)


def _exit_code(code: int) -> ExitCode:
    return ExitCode(code) if code in {int(known) for known in ExitCode} else ExitCode.BUG
