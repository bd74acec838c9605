"""A playbook reads as a conversation: an event goes in, these commands come out.

Playbook(Echo()).when(received(ANA, b"hola"), Send(ANA, b"hola"))
"""

import difflib
from collections.abc import Sequence

import pytest

from enchufe.core.commands import Command
from enchufe.core.events import (
    Event,
    InputEnded,
    InputTyped,
    MessageReceived,
    PeerClosed,
    PeerDrained,
    PeerFinished,
    PeerOpened,
    Reason,
    RunStopping,
    TimerFired,
)
from enchufe.core.peer import Peer, Transport
from enchufe.core.service import Service

NOW_NS = 1_767_225_600_000_000_000  # 2026-01-01T00:00Z, a Thursday

ANA = Peer(1, Transport.TCP, "192.0.2.1", 50_001)
LUIS = Peer(2, Transport.UDP, "192.0.2.2", 50_002, is_stream=False)
EVA = Peer(3, Transport.UNIX, path="/tmp/eva.sock")


def opened(peer: Peer) -> Event:
    return PeerOpened(NOW_NS, peer)


def received(peer: Peer, message: bytes) -> Event:
    return MessageReceived(NOW_NS, peer, message)


def finished(peer: Peer) -> Event:
    return PeerFinished(NOW_NS, peer)


def drained(peer: Peer) -> Event:
    return PeerDrained(NOW_NS, peer)


def closed(peer: Peer, reason: Reason = Reason.FINISHED, unsent_bytes: int = 0) -> Event:
    return PeerClosed(NOW_NS, peer, reason, unsent_bytes)


def fired(name: str) -> Event:
    return TimerFired(NOW_NS, name)


def typed(data: bytes) -> Event:
    return InputTyped(NOW_NS, data)


def input_ended() -> Event:
    return InputEnded(NOW_NS)


def stopping() -> Event:
    return RunStopping(NOW_NS)


class Playbook:
    """Tells a service one event after another, and holds it to its answers."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._so_far: list[str] = []

    def when(self, event: Event, *commands: Command) -> "Playbook":
        """Fail, with a diff, unless the service answers ``event`` with just ``commands``."""
        __tracebackhide__ = True
        answered = self._service.handle(event)
        self._so_far.append(f"  when {event}")
        if list(answered) != list(commands):
            pytest.fail(self._difference(commands, answered), pytrace=True)
        self._so_far += [f"    -> {command}" for command in commands]
        return self

    def _difference(self, expected: Sequence[Command], answered: Sequence[Command]) -> str:
        lines = difflib.ndiff([str(c) for c in expected], [str(c) for c in answered])
        told = "\n".join(self._so_far)
        return f"{told}\n(- expected, + answered)\n" + "\n".join(lines)
