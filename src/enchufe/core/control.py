"""Control: what a peer that proves who it is may ask of a server, and what it is answered.

The payloads of the frames from `Kind.ASK` on; how they are sealed is `enchufe.core.seal`'s.
"""

from enum import StrEnum
from typing import Annotated, TypeAlias

from msgspec import Meta, Struct

from enchufe.core.frames import Frame, Kind
from enchufe.core.payloads import encoded_payload

NONCE_BYTES = 32
"""As many as the hash has: no two conversations ever get the same by chance."""

ARGUMENTS_MAX = 1_000
"""Arguments of one program; a person types a few."""

Nonce: TypeAlias = Annotated[str, Meta(pattern=f"^[0-9a-f]{{{2 * NONCE_BYTES}}}$")]
"""In hexadecimal."""

Request: TypeAlias = Annotated[str, Meta(pattern="^[0-9a-f]{32}$")]
"""A number its sender chose at random for what it asks."""


class Outcome(StrEnum):
    """How a request ended; also the word that STATUS carries."""

    DONE = "done"  # the server stops, as it was asked to
    EXITED = "exited"  # the program ended by itself: the code is its exit status
    SIGNALLED = "signalled"  # a signal ended it: the code is the signal's number
    TIMED_OUT = "timed out"  # it ran longer than it may, and was killed
    TOO_MUCH = "too much"  # it said more than it may, and was killed
    NOT_ALLOWED = "not allowed"  # no pattern of the owner's fits, so it was not started
    NOT_FOUND = "not found"  # there is no such program
    NOT_STARTED = "not started"  # it is there, and the system does not start it
    BUSY = "busy"  # as many programs run as may
    TOO_LARGE = "too large"  # the answer does not fit into a datagram
    STOPPING = "stopping"  # the server ends, and the program was killed


class Action(StrEnum):
    """What a peer wanted, as the owner of the server is told."""

    PROVE = "prove"  # nothing yet: it did not get so far
    RUN = "run"
    STOP = "stop"


class Verdict(StrEnum):
    """What the server made of a request, as its owner is told."""

    ALLOWED = "allowed"
    NOT_ALLOWED = "not allowed"
    BUSY = "busy"
    NO_PROOF = "no proof"  # nothing was proved: no key, and nobody vouches for the peer
    WRONG_KEY = "wrong key"  # or something was changed on its way, or played back


class Ask(Struct, frozen=True):
    """I shall ask for something, and prove who I am; this is my nonce."""

    nonce: Nonce


class Challenge(Struct, frozen=True):
    """Prove it, for this nonce too."""

    nonce: Nonce


class Denied(Struct, frozen=True):
    """You have not proved who you are; ``why`` is a `Verdict`, or a later word."""

    why: str


class Run(Struct, frozen=True, omit_defaults=True):
    """Run this program and tell me what it says, and how it ends.

    Args:
        request: asked again in a datagram with the same number, it does not run again.
        arguments: the program, and what it is given.
        has_input: whether input for it follows.
    """

    request: Request
    arguments: Annotated[tuple[str, ...], Meta(min_length=1, max_length=ARGUMENTS_MAX)]
    has_input: bool = False


class StopServer(Struct, frozen=True):
    """End the run, in good order."""

    request: Request


class Status(Struct, frozen=True, omit_defaults=True):
    """How a request ended; nothing follows.

    Args:
        outcome: one of `Outcome`, or a later word.
        code: the exit status, or the number of the signal.
        detail: the system's word, or the limit that was passed with its unit.
        output: what the program said, in an answer that is one datagram.
        errors: what it said on standard error, likewise.
    """

    outcome: str
    code: int = 0
    detail: str = ""
    output: bytes = b""
    errors: bytes = b""


_KINDS: dict[type[Struct], Kind] = {
    Ask: Kind.ASK,
    Challenge: Kind.CHALLENGE,
    Denied: Kind.DENIED,
    Run: Kind.RUN,
    StopServer: Kind.STOP,
    Status: Kind.STATUS,
}


def control_frame(payload: Ask | Challenge | Denied | Run | StopServer | Status) -> Frame:
    """Return the frame that carries ``payload``."""
    return Frame(_KINDS[type(payload)], 0, encoded_payload(payload))
