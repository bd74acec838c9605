"""Hello: one side greets, the other shows who spoke and answers."""

from collections.abc import Sequence

from enchufe.core.asking import addressed
from enchufe.core.commands import Close, Command, Send, Show
from enchufe.core.events import Event, MessageReceived, PeerFinished


class Hello:
    """Shows each greeting with its sender, and answers it.

    Args:
        answer: the text sent back; ``{host}``, ``{port}`` and ``{address}`` stand for
            the peer's own.
    """

    def __init__(self, answer: str) -> None:
        self._answer = answer

    def handle(self, event: Event) -> Sequence[Command]:
        """Return the answer to ``event``."""
        if isinstance(event, MessageReceived):
            return (
                Show(event.peer, event.message),
                Send(event.peer, addressed(self._answer, event.peer)),
            )
        if isinstance(event, PeerFinished):
            return (Close(event.peer),)
        return ()
