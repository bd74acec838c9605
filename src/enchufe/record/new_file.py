"""A file that was not there: nothing is written over, and only its owner may read it."""

import os
from io import FileIO
from pathlib import Path

from enchufe.core.errors import N_, DeniedError, UsageError


def new_file(path: Path) -> FileIO:
    """Make a file for writing; each write goes to the system at once.

    Raises:
        UsageError: there is one already.
        DeniedError: it cannot be made.
    """
    try:
        return FileIO(path, "xb", opener=_for_its_owner)
    except FileExistsError:
        raise UsageError(
            N_("{path} is there already, and nothing is written over"),
            hint=N_("Choose another name, or remove it first"),
            path=path,
        ) from None
    except OSError as error:
        raise DeniedError(
            N_("cannot write {path}: {why}"), path=path, why=error.strerror or error
        ) from None


def _for_its_owner(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
