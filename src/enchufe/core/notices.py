"""What befalls the run itself, beside any conversation: for the person who runs it."""

from enum import StrEnum
from typing import TypeAlias

from msgspec import Struct

from enchufe.core.control import Action, Outcome, Verdict
from enchufe.core.events import Reason
from enchufe.core.peer import Peer, Transport


class Refusal(StrEnum):
    """Why somebody was not let in."""

    NOT_ALLOWED = "not allowed"  # --allow does not name the address
    DENIED = "denied"  # --deny names it
    FULL = "full"  # as many peers as --max-peers are inside
    ADDRESS_FULL = "address full"  # as many of its connections as --max-per-address are open
    TOO_FAST = "too fast"  # it begins more conversations a second than --rate
    DESCRIPTORS = "descriptors"  # the system gives this program no more sockets


class TlsFault(StrEnum):
    """What went wrong with the encryption of a conversation."""

    NOT_TLS = "not TLS"  # what it says is no TLS at all
    SILENT = "silent"  # it took longer than `TLS_HANDSHAKE_S_MAX`
    LEFT = "left"  # it went before the handshake was over
    DISTRUSTED = "distrusted"  # it does not accept our certificate
    CERTIFICATE_WANTED = "certificate wanted"  # it demands one of us
    CERTIFICATE_MISSING = "certificate missing"  # we demand one, it showed none
    CERTIFICATE_BAD = "certificate bad"  # the one it showed does not verify
    NOTHING_IN_COMMON = "nothing in common"  # no version or cipher both sides know
    NO_GOODBYE = "no goodbye"  # it ended without close_notify (RFC 8446, 6.1)
    BROKEN = "broken"  # anything else, in the library's words


class Listening(Struct, frozen=True, tag=True):
    """A service can be reached at an address."""

    at_ns: int
    service: str
    transport: Transport
    asked: str  # the host as it was asked for: localhost, *, …
    host: str
    port: int
    path: str = ""


class PageServed(Struct, frozen=True, tag=True):
    """A browser can open the page of this run there; whoever has the address may do more."""

    at_ns: int
    url: str


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


class NoticesLeftOut(Struct, frozen=True, tag=True):
    """There were more refusals and failures, too many to be told one by one."""

    at_ns: int
    count: int


class CertificateUsed(Struct, frozen=True, tag=True):
    """What our TLS endpoints prove with who they are; ``is_new`` if it was made just now."""

    at_ns: int
    fingerprint: str
    path: str
    is_new: bool


class TlsFailed(Struct, frozen=True, tag=True):
    """Encryption could not be agreed on, or broke; ``detail`` is the library's word, or ""."""

    at_ns: int
    address: str
    fault: TlsFault
    detail: str


class ServerRemembered(Struct, frozen=True, tag=True):
    """A server was met for the first time; its certificate is checked from now on."""

    at_ns: int
    address: str
    fingerprint: str
    path: str


class ServerNotRemembered(Struct, frozen=True, tag=True):
    """A server was met for the first time, and its certificate could not be written down."""

    at_ns: int
    address: str
    fingerprint: str
    path: str
    why: str


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


class ControlAsked(Struct, frozen=True, tag=True):
    """A peer asked for something that only some may ask.

    Args:
        at_ns: when.
        peer: who; over datagrams the source, which may be forged unless it was allowed.
        action: what they wanted.
        verdict: what became of it.
        proof: what they proved who they are with: a key, a user of this machine, a
            certificate; "" for nothing.
        arguments: the program, if one was to run.
        count: how many requests of this kind, refused in a short time, this stands for.
    """

    at_ns: int
    peer: Peer
    action: Action
    verdict: Verdict
    proof: str = ""
    arguments: tuple[str, ...] = ()
    count: int = 1


class ControlEnded(Struct, frozen=True, tag=True):
    """A program that a peer asked for is over."""

    at_ns: int
    peer: Peer
    arguments: tuple[str, ...]
    outcome: Outcome
    code: int
    output_bytes: int
    lasted_s: float


ControlNotice: TypeAlias = ControlAsked | ControlEnded


class RecordingStopped(Struct, frozen=True, tag=True):
    """The run goes on unrecorded: ``why`` is the system's word, "" at the largest size allowed."""

    at_ns: int
    path: str
    size_bytes: int
    why: str = ""


class ScoresNotKept(Struct, frozen=True, tag=True):
    """The game goes on, and its scores end with this run; ``why`` is the system's word."""

    at_ns: int
    path: str
    why: str


class HistoryNotKept(Struct, frozen=True, tag=True):
    """The room goes on, and nothing more can be said in it; ``why`` is the system's word."""

    at_ns: int
    why: str


class ReaderLeftOut(Struct, frozen=True, tag=True):
    """Somebody in a room does not read, and is left out of what is said until they do.

    Args:
        at_ns: when.
        peer: who.
        lines: 0 when that begins; when they read again, how many lines they were not sent.
    """

    at_ns: int
    peer: Peer
    lines: int = 0


RoomNotice: TypeAlias = HistoryNotKept | ReaderLeftOut
Reported: TypeAlias = ControlNotice | RoomNotice
"""What services themselves report."""


class Ready(Struct, frozen=True, tag=True):
    """Every endpoint listens, or has been reported as one that could not."""

    at_ns: int


Notice: TypeAlias = (
    Listening
    | PageServed
    | Ready
    | PeerCame
    | PeerLeft
    | PeerRefused
    | NoticesLeftOut
    | CertificateUsed
    | TlsFailed
    | ServerRemembered
    | ServerNotRemembered
    | DatagramCut
    | LoopAvoided
    | AnswerLost
    | DescriptorsExhausted
    | ListReloaded
    | ListBroken
    | RecordingStopped
    | ScoresNotKept
    | RoomNotice
    | ControlNotice
)
