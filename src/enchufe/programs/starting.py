"""How a program is started: without a shell, alone in its session, with nothing of ours open.

Not by the event loop: uvloop's programs talk to sockets instead of pipes, so that they
cannot open ``/dev/stderr``, keep the descriptors that we inherited ourselves, and become
input of a shell where they are no programs (execvp(3), ENOEXEC).
"""

import errno
import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from enchufe.core.programs import Unstarted

_WHY = {
    errno.ENOENT: Unstarted.NOT_FOUND,
    errno.ENOTDIR: Unstarted.NOT_FOUND,
    errno.EACCES: Unstarted.NOT_EXECUTABLE,
    errno.ENOEXEC: Unstarted.NOT_EXECUTABLE,
    errno.EISDIR: Unstarted.NOT_EXECUTABLE,
}


class Failure(Struct, frozen=True):
    """A program that did not start.

    Args:
        why: in a word of ours.
        detail: in the system's words.
    """

    why: Unstarted
    detail: str


def started(
    arguments: Sequence[str], environment: Mapping[str, str], folder: Path
) -> subprocess.Popen[bytes] | Failure:
    """Start a program; return it, its three pipes unbuffered, or why it did not start.

    It leads a session and a group of its own, and finds signals as a new process does.

    Args:
        arguments: the program, looked up in the path of ``environment``, and its arguments.
        environment: all that it finds in its own.
        folder: where it works.
    """
    if not arguments or not arguments[0]:
        return Failure(Unstarted.NOT_FOUND, os.strerror(errno.ENOENT))
    try:
        return subprocess.Popen(  # noqa: S603 -- what may run is for the service to say
            arguments,
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=str(folder),
            env=environment,
            start_new_session=True,
        )
    except OSError as error:
        return _failure(error, folder)
    except ValueError:  # a NUL, or half a character, which no argument can hold
        return Failure(Unstarted.FAILED, os.strerror(errno.EINVAL))


def _failure(error: OSError, folder: Path) -> Failure:
    detail = error.strerror or str(error)
    if error.filename == str(folder):
        return Failure(Unstarted.FAILED, f"{folder}: {detail}")
    return Failure(_WHY.get(error.errno or 0, Unstarted.FAILED), detail)
