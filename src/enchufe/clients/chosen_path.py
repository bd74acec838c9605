"""The file that a typed ``/send`` names, however its name was typed."""

import os
import shlex
from pathlib import Path


def chosen_path(typed: str) -> Path | None:
    """Return the file that what was typed after ``/send`` names; None if it names none.

    A name is taken as it is, spaces and all. If no file is called so, and it is quoted as a
    shell would want it (terminals do so with a file that is dropped on them), its quotes
    are taken away.
    """
    plain = typed.strip()
    if not plain:
        return None
    path = Path(plain).expanduser()
    if os.path.lexists(path):
        return path
    try:
        words = shlex.split(plain)
    except ValueError:  # a quote without its end
        return path
    return Path(words[0]).expanduser() if len(words) == 1 else path
