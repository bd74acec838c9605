"""Hello: one side greets, the other shows who spoke and answers."""

from collections.abc import Sequence

from enchufe.core.commands import Close, Command, Send, Show
from enchufe.core.events import Event, MessageReceived, PeerFinished


class Hello:
    """Shows each greeting with its sender, and answers it.

    Args:
        answer: the text sent back.
    """

    def __init__(self, answer: str) -> None:
        self._answer = answer.encode()

    def handle(self, event: Event) -> Sequence[Command]:
        """Return the answer to ``event``."""
        if isinstance(event, MessageReceived):
            return (Show(event.peer, event.message), Send(event.peer, self._answer))
        if isinstance(event, PeerFinished):
            return (Close(event.peer),)
        return ()
