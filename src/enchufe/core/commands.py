"""Orders a service gives; a driver performs every one of them."""

from typing import TypeAlias

from msgspec import Struct

from enchufe.core.exits import ExitCode
from enchufe.core.peer import Peer


class Send(Struct, frozen=True, tag=True):
    """Send a message to a peer."""

    peer: Peer
    message: bytes


class Finish(Struct, frozen=True, tag=True):
    """Send what is queued, then say that no more will come (half-close); go on reading."""

    peer: Peer


class Close(Struct, frozen=True, tag=True):
    """Send what is queued, then end the conversation."""

    peer: Peer


class AwaitDrained(Struct, frozen=True, tag=True):
    """Tell me (`PeerDrained`) when all I sent this peer has been handed to the system."""

    peer: Peer


class Show(Struct, frozen=True, tag=True):
    """Show the person at this side what a peer said."""

    peer: Peer
    message: bytes


class SetTimer(Struct, frozen=True, tag=True):
    """Tell me (`TimerFired`) after ``after_s`` seconds; replaces a timer of that name."""

    name: str
    after_s: float


class CancelTimer(Struct, frozen=True, tag=True):
    """Forget the timer of that name, if there is one."""

    name: str


class Stop(Struct, frozen=True, tag=True):
    """End the run in good order, with this exit code."""

    exit_code: ExitCode


Command: TypeAlias = Send | Finish | Close | AwaitDrained | Show | SetTimer | CancelTimer | Stop
