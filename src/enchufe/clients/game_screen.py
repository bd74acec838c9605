"""What happens in a game, on a person's screen or for the next program of a pipe."""

import sys

from rich.console import Console
from rich.text import Text

from enchufe.core.text import safe_text


class GameScreen:
    """Shows what happens: the game's own lines dim, hands and the countdown as they are.

    A server is a stranger: what could act on a terminal is shown as escapes.
    """

    def __init__(self) -> None:
        self._at_terminal = sys.stdout.isatty()
        self._console = Console(highlight=False, markup=False, soft_wrap=True)

    def tell(self, text: str) -> None:
        """Show a text, which may have several lines."""
        for line in safe_text(text, keep="\n").split("\n"):
            if self._at_terminal:
                self._console.print(Text(line, style=_style(line)))
            else:
                sys.stdout.write(f"{line}\n")
        sys.stdout.flush()


def _style(line: str) -> str:
    return "" if line.startswith("* ") else "bold"
