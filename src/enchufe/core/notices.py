"""What befalls the run itself, beside any conversation: for the person who runs it."""

from enum import StrEnum
from typing import TypeAlias

from msgspec import Struct

from enchufe.core.events import Reason
from enchufe.core.peer import Peer, Transport


class Refusal(StrEnum):
    """Why somebody was not let in."""

    NOT_ALLOWED = "not allowed"  # --allow does not name the address
    DENIED = "denied"  # --deny names it
    FULL = "full"  # as many peers as --max-peers are inside
    DESCRIPTORS = "descriptors"  # the system gives this program no more sockets


class Listening(Struct, frozen=True, tag=True):
    """A service can be reached at an address."""

    at_ns: int
    service: str
    transport: Transport
    asked: str  # the host as it was asked for: localhost, *, …
    host: str
    port: int
    path: str = ""


class PeerCame(Struct, frozen=True, tag=True):
    """Somebody was let in."""

    at_ns: int
    service: str
    peer: Peer


class PeerLeft(Struct, frozen=True, tag=True):
    """A conversation is over, and this is what went through it."""

    at_ns: int
    service: str
    peer: Peer
    reason: Reason
    received_bytes: int
    sent_bytes: int
    lasted_s: float


class PeerRefused(Struct, frozen=True, tag=True):
    """Somebody was not let in."""

    at_ns: int
    transport: Transport
    address: str
    refusal: Refusal


class DatagramCut(Struct, frozen=True, tag=True):
    """A datagram was longer than the buffer it was read into; the rest is gone (recv(2))."""

    at_ns: int
    peer: Peer
    kept_bytes: int
    whole_bytes: int


class LoopAvoided(Struct, frozen=True, tag=True):
    """A datagram was not answered, because an answer could start an endless exchange."""

    at_ns: int
    address: str


class AnswerLost(Struct, frozen=True, tag=True):
    """The system did not take a datagram of ours."""

    at_ns: int
    address: str
    size_bytes: int
    why: str


class DescriptorsExhausted(Struct, frozen=True, tag=True):
    """No more sockets can be opened; those who want in wait, those inside are served."""

    at_ns: int
    inside: int
    descriptors_max: int


class ListReloaded(Struct, frozen=True, tag=True):
    """A file of networks changed and was read again."""

    at_ns: int
    path: str
    networks: int


class ListBroken(Struct, frozen=True, tag=True):
    """A file of networks changed and cannot be read; the former list stays in force.

    ``why`` is a message of ours with placeholders, ``fields`` what they stand for.
    """

    at_ns: int
    path: str
    why: str
    fields: dict[str, str]


class Ready(Struct, frozen=True, tag=True):
    """Every endpoint listens, or has been reported as one that could not."""

    at_ns: int


Notice: TypeAlias = (
    Listening
    | Ready
    | PeerCame
    | PeerLeft
    | PeerRefused
    | DatagramCut
    | LoopAvoided
    | AnswerLost
    | DescriptorsExhausted
    | ListReloaded
    | ListBroken
)
