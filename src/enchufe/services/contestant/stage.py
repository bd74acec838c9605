"""The stage: before both hands are shown it counts 3, 2, 1, and what happens meanwhile waits."""

from enchufe.core.commands import Command, SetTimer, Tell

COUNT = ("3", "2", "1")
COUNT_S = 0.7
"""How long each number stands: long enough to look up."""

COUNT_TIMER = "count"


class Stage:
    """Shows things in order.

    Args:
        counts: whether it counts down; a pipe has nobody who would look up.
    """

    def __init__(self, *, counts: bool) -> None:
        self._counts = counts
        self._waiting: list[str] = []  # what is shown after the next number
        self._left: list[str] = []  # numbers

    def tell(self, text: str) -> list[Command]:
        """Show a text, now or after what waits."""
        if self._waiting:
            self._waiting.append(text)
            return []
        return [Tell(text)]

    def reveal(self, text: str) -> list[Command]:
        """Show a text after counting down."""
        if not self._counts or self._waiting:
            return self.tell(text)
        self._waiting, self._left = [text], list(COUNT)
        return self.counted()

    def counted(self) -> list[Command]:
        """Show the next number, or all that waits."""
        if self._left:
            return [Tell(self._left.pop(0)), SetTimer(COUNT_TIMER, COUNT_S)]
        return self.end()

    def end(self) -> list[Command]:
        """Show all that waits, at once."""
        waiting, self._waiting, self._left = self._waiting, [], []
        return [Tell(text) for text in waiting]
