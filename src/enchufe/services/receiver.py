"""Receiver: takes files from any number of senders, and shows what they say.

A peer that speaks no frames is heard too: its lines are shown.
"""

from collections.abc import Sequence

from enchufe.core.commands import Close, Command, Show
from enchufe.core.events import (
    Event,
    FrameReceived,
    MessageReceived,
    PeerClosed,
    PeerFinished,
)
from enchufe.core.frames import Kind
from enchufe.core.peer import Peer
from enchufe.core.transfer.incoming import Incoming, Policy
from enchufe.core.transfer.payloads import shown_fault


class Receiver:
    """Takes what is sent.

    Args:
        policy: which files are taken.
    """

    def __init__(self, policy: Policy | None = None) -> None:
        self._incoming = Incoming(policy)
        self._finished: dict[int, Peer] = {}

    def handle(self, event: Event) -> Sequence[Command]:
        """Return what to do about ``event``."""
        match event:
            case MessageReceived():
                return (Show(event.peer, event.message),)
            case FrameReceived() if event.frame.kind == Kind.ERROR:
                return shown_fault(event.peer, event.frame)
            case PeerFinished():
                self._finished[event.peer.id] = event.peer
            case PeerClosed():
                self._finished.pop(event.peer.id, None)
            case _:
                pass
        return [*self._incoming.handle(event), *self._goodbyes()]

    def _goodbyes(self) -> Sequence[Command]:
        """Close towards those who have said all, once what they sent is safe."""
        done = [
            peer for peer in self._finished.values() if not self._incoming.is_receiving_from(peer)
        ]
        for peer in done:
            del self._finished[peer.id]
        return [Close(peer) for peer in done]
