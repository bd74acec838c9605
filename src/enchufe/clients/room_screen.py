"""What is said in a room, on a person's screen or for the next program of a pipe."""

import sys

from rich.console import Console
from rich.text import Text

from enchufe.clients.names import style_of
from enchufe.core.text import safe_text


class RoomScreen:
    """Shows what is said: who in a colour of their own, the room's own words dim.

    A room is a stranger too: what could act on a terminal is shown as escapes.

    Not at a terminal, what people say goes to standard output and the rest to standard
    error, so that a pipe gets the conversation alone.
    """

    def __init__(self) -> None:
        self._at_terminal = sys.stdout.isatty()
        self._console = Console(highlight=False, markup=False, soft_wrap=True)

    def tell(self, text: str, by: str) -> None:
        """Show a line; ``by`` is who said it, or "" for the room itself, which may say several."""
        text, by = safe_text(text, keep="\t" if by else "\n\t"), safe_text(by)
        if self._at_terminal:
            self._console.print(line_of(text, by))
        else:
            stream = sys.stdout if by else sys.stderr
            stream.write(f"{by}: {text}\n" if by else f"{text}\n")
            stream.flush()


def line_of(text: str, by: str) -> Text:
    """Return a line as a terminal shows it; ``by`` as in `RoomScreen.tell`."""
    if not by:
        return Text(text, style="dim")
    return Text.assemble((by, style_of(by)), ": ", text)
