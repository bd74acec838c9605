"""Waiting: what was typed and may not be said yet, and what the person is told of it."""

from collections import deque
from collections.abc import Sequence
from typing import TypeAlias

from enchufe.core.commands import Tell
from enchufe.core.files import FileChosen
from enchufe.services.talk.bye import is_bye
from enchufe.services.talk.texts import TalkTexts

WAITING_LINES_MAX = 100
"""With so many lines waiting for their turn no more of the input is read."""

Said: TypeAlias = bytes | FileChosen
"""A line, or a file that takes the turn of one."""


class Waiting:
    """Lines and files that wait for their turn, or for somebody to come.

    Args:
        texts: the words it says.
        typing: whether a person types, who is told of each line; a pipe hears of the first.
    """

    def __init__(self, texts: TalkTexts, *, typing: bool) -> None:
        self._texts = texts
        self._typing = typing
        self._said: deque[Said] = deque()

    def __len__(self) -> int:
        """Return how many wait."""
        return len(self._said)

    @property
    def is_full(self) -> bool:
        """Whether no more of the input should be read."""
        return len(self._said) >= WAITING_LINES_MAX

    def add(self, said: Said, *, for_whom: str) -> Sequence[Tell]:
        """Let ``said`` wait, and say so; ``for_whom`` says what for, of the first."""
        self._said.append(said)
        count = len(self._said)
        if self._typing and isinstance(said, bytes) and is_bye(said):
            return (Tell(self._texts.bye_in_turn),)
        if count == 1:
            return (Tell(for_whom),)
        return (Tell(self._texts.waiting.format(count=count)),) if self._typing else ()

    def next(self) -> Said:
        """Return what is said next; it waits no longer."""
        return self._said.popleft()

    def sent_now(self) -> Sequence[Tell]:
        """Say to a person that what waited has been sent, and what waits on."""
        if not self._typing:
            return ()
        count = len(self._said)
        return (
            Tell(self._texts.sent_first.format(count=count) if count else self._texts.sent_all),
        )

    def drop(self) -> Sequence[Tell]:
        """Say how much will never be sent, if anything was waiting."""
        count = len(self._said)
        self._said.clear()
        return (Tell(self._texts.unsent.format(count=count)),) if count else ()
