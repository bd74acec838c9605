"""Several processes at the same endpoints, so that every core serves.

Each process has sockets of its own, bound to the same ports with ``SO_REUSEPORT``
(socket(7)): the kernel deals connections and datagram sources out among them.
"""

import contextlib
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Sequence
from types import FrameType

from enchufe.core.errors import N_, UsageError
from enchufe.core.exits import ExitCode
from enchufe.net.signals import ending_signals


def serve_in_processes(
    shares: Sequence[Callable[[], ExitCode]], sockets: Sequence[Sequence[socket.socket]]
) -> ExitCode:
    """Run each share in a process of its own; return the first exit code that is not 0.

    When one ends, or we are told to, or end ourselves in any way, the others are ended
    in good order too.

    Args:
        shares: what each process does.
        sockets: the sockets of each share. A process keeps only its own: a listening
            socket that lived on elsewhere would still be dealt connections.

    Raises:
        UsageError: this system cannot divide a process (fork(2)).
    """
    if not hasattr(os, "fork"):
        raise UsageError(N_("--workers needs a system that can fork; this one cannot"))
    lifeline, held_by_us = os.pipe()
    stopping = ending_signals()
    signal.pthread_sigmask(signal.SIG_BLOCK, stopping)  # until there is who can act on them
    children = [
        _start(share, _except(sockets, own), lifeline, held_by_us, stopping)
        for own, share in enumerate(shares)
    ]
    for sock in _except(sockets, None):
        sock.close()
    return _exit_code_of(children, stopping)


def _except(sockets: Sequence[Sequence[socket.socket]], own: int | None) -> list[socket.socket]:
    return [sock for i, those in enumerate(sockets) if i != own for sock in those]


def _exit_code_of(children: Sequence[int], stopping: Sequence[signal.Signals]) -> ExitCode:
    """Wait for the children, passing on what we are told, and return how they ended."""
    ended: dict[int, int] = {}

    def pass_on(number: int, _frame: FrameType | None) -> None:
        for child in children:
            if child not in ended:
                with contextlib.suppress(ProcessLookupError):  # it ended this very moment
                    os.kill(child, number)

    for number in stopping:
        signal.signal(number, pass_on)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, stopping)
    while len(ended) < len(children):
        child, status = os.wait()
        ended[child] = os.waitstatus_to_exitcode(status)
        if len(ended) == 1:
            pass_on(signal.SIGTERM, None)
    codes = [code for code in ended.values() if code != 0]
    return ExitCode.DONE if not codes else _exit_code(codes[0])


def _start(
    share: Callable[[], ExitCode],
    others: Sequence[socket.socket],
    lifeline: int,
    held_by_parent: int,
    stopping: Sequence[signal.Signals],
) -> int:
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if child:
        return child
    code = int(ExitCode.BUG)
    try:
        os.setpgid(0, 0)  # Ctrl-C reaches the parent alone, which passes it on once
        for number in stopping:
            signal.signal(number, _end_at_once)  # nobody is inside yet
        signal.pthread_sigmask(signal.SIG_UNBLOCK, stopping)
        for sock in others:
            sock.close()
        os.close(held_by_parent)
        threading.Thread(target=_end_with_parent, args=(lifeline,), daemon=True).start()
        code = int(share())
        sys.stdout.flush()
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        os._exit(code)


def _end_at_once(_number: int, _frame: FrameType | None) -> None:
    os._exit(ExitCode.DONE)


def _end_with_parent(lifeline: int) -> None:
    """End in good order once the parent is gone: its end of the pipe closes however it ends."""
    os.read(lifeline, 1)
    os.kill(os.getpid(), signal.SIGTERM)


def _exit_code(code: int) -> ExitCode:
    return ExitCode(code) if code in {int(known) for known in ExitCode} else ExitCode.BUG
