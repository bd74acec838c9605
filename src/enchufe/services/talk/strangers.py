"""Strangers: those who come while two are talking already."""

from collections.abc import Sequence

from enchufe.core.commands import Close, Command, Send, Tell
from enchufe.core.peer import Peer
from enchufe.core.refusals import BUSY_WORDS
from enchufe.services.talk.texts import TalkTexts

STRANGERS_REMEMBERED_MAX = 1_000
"""Strangers kept in mind, so that each hears and is shown once, and not per datagram."""


class Strangers:
    """Turns strangers away.

    Args:
        texts: the words it says.
    """

    def __init__(self, texts: TalkTexts) -> None:
        self._texts = texts
        self._told: set[tuple[str, int, str]] = set()

    def turn_away(self, peer: Peer, *, silently: bool) -> Sequence[Command]:
        """Tell a stranger, once, that the line is busy, and the person who it was.

        Args:
            peer: the stranger.
            silently: whether nobody is told.
        """
        key = (peer.host, peer.port, peer.path)
        if silently or (key in self._told and not peer.is_stream):
            return (Close(peer),)
        if len(self._told) >= STRANGERS_REMEMBERED_MAX:
            self._told.clear()
        self._told.add(key)
        busy = BUSY_WORDS + self._texts.busy.encode()
        told = Tell(self._texts.stranger.format(who=peer.address))
        return (Send(peer, busy), Close(peer), told)
