"""Contestant: our own end of cachipún, at a server of ours or at the course's own.

`service` sits down, takes what the person types and comes back through broken connections; `course`
follows a match as the server tells it; `play` is our side of it, which commits, reveals and checks
the other; `window` plays where the course's own window
would. Both show what happens on a `stage`, where hands are drawn.
"""

from enchufe.services.contestant.service import Contestant, Wish
from enchufe.services.contestant.window import Window
from enchufe.services.contestant.words import ContestantWords

__all__ = ["Contestant", "ContestantWords", "Window", "Wish"]
