"""One peer of the control service: how it is spoken to, and what it has asked for."""

from collections.abc import Callable
from typing import TypeAlias

from enchufe.core.commands import SendFrame
from enchufe.core.control import Challenge, control_frame
from enchufe.core.frames import Frame
from enchufe.core.peer import Peer
from enchufe.core.seal import Sealing, Side

NewNonce: TypeAlias = Callable[[], bytes]
"""Returns `NONCE_BYTES` that nobody can guess and that never come again."""


class Conversation:
    """What is known of one peer.

    Args:
        peer: who.
    """

    __slots__ = ("_sealing", "is_proven", "peer", "run")

    def __init__(self, peer: Peer) -> None:
        self.peer = peer
        self.is_proven = False  # in this conversation; whoever asks anew proves it anew
        self.run = ""  # the handle of its program, once there is one
        self._sealing: Sealing | None = None

    def challenged(self, key: bytes, caller_nonce: bytes, server_nonce: bytes) -> SendFrame:
        """Begin to seal; return what the peer needs to do so too.

        Whoever asks anew, over datagrams, begins anew: what was sealed before counts no more.
        """
        challenge = SendFrame(self.peer, control_frame(Challenge(server_nonce.hex())))
        self._sealing = Sealing(key, Side.SERVER, caller_nonce, server_nonce)
        self.is_proven = False
        return challenge

    def opened(self, sealed: Frame) -> Frame | None:
        """Return what is sealed, or None if it does not prove anything."""
        opened = None if self._sealing is None else self._sealing.opened(sealed)
        self.is_proven = self.is_proven or opened is not None
        return opened

    def answer(self, frame: Frame) -> SendFrame:
        """Return what tells the peer ``frame``, sealed if it speaks under seal itself."""
        return SendFrame(self.peer, frame if self._sealing is None else self._sealing.seal(frame))
