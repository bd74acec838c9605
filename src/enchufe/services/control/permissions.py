"""What the owner of a server permits: to whom, and which programs."""

from fnmatch import fnmatchcase
from typing import TypeAlias

from msgspec import Struct

from enchufe.core.limits import PROGRAM_OUTPUT_BYTES_MAX, PROGRAM_S_MAX, PROGRAMS_MAX
from enchufe.core.peer import Peer
from enchufe.core.seal import key_name

Pattern: TypeAlias = tuple[str, ...]
"""A program and its arguments; ``*`` stands for any characters of one, ``**`` at the end for
any number of further ones."""

ANY_MORE = "**"


class PlainWords(Struct, frozen=True):
    """What a peer without a key, such as a course script, says to stop the server or run a program.

    Args:
        stop: the whole line.
        run: the first word of a line, before the program.
    """

    stop: bytes
    run: bytes


class Permissions(Struct, frozen=True):
    """What may be asked of a server, and by whom; at first nothing, by nobody.

    Args:
        key: whoever holds it may ask; None where there is none.
        users: peers that the system or a certificate vouches for and that need no key, as
            in `Peer.user`; one that ends in ``*`` stands for all that begin like it.
        may_stop: whether they may stop the server.
        programs: which programs they may run.
        with_shell: whether a program is a line for the shell; then a pattern is matched
            against the whole line, and ``ls *`` lets anything run.
        run_s_max: how long a program may run, in seconds.
        output_bytes_max: how much it may say.
        runs_max: how many may run at once.
        plain: what peers without any proof may say; None for nothing.
    """

    key: bytes | None = None
    users: frozenset[str] = frozenset()
    may_stop: bool = False
    programs: tuple[Pattern, ...] = ()
    with_shell: bool = False
    run_s_max: float = PROGRAM_S_MAX
    output_bytes_max: int = PROGRAM_OUTPUT_BYTES_MAX
    runs_max: int = PROGRAMS_MAX
    plain: PlainWords | None = None

    def vouches_for(self, peer: Peer) -> bool:
        """Return whether ``peer`` needs no key."""
        return bool(peer.user) and any(fnmatchcase(peer.user, user) for user in self.users)

    @property
    def key_proof(self) -> str:
        """What the log calls the proof of whoever holds the key."""
        return "" if self.key is None else f"key {key_name(self.key)}"

    def permits(self, arguments: tuple[str, ...]) -> bool:
        """Return whether a program may run with just these arguments."""
        if self.with_shell:
            line = " ".join(arguments)
            return any(fnmatchcase(line, " ".join(pattern)) for pattern in self.programs)
        return any(fits(pattern, arguments) for pattern in self.programs)

    def started_as(self, arguments: tuple[str, ...]) -> tuple[str, ...]:
        """Return what is started for a program that was asked for."""
        return ("/bin/sh", "-c", " ".join(arguments)) if self.with_shell else arguments


def fits(pattern: Pattern, arguments: tuple[str, ...]) -> bool:
    """Return whether each argument fits its word of ``pattern``, and none is left over."""
    words = pattern
    if pattern[-1] == ANY_MORE:
        words = pattern[:-1]
        arguments = arguments[: len(words)]
    return len(words) == len(arguments) > 0 and all(map(fnmatchcase, arguments, words))
