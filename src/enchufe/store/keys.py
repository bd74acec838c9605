"""Keys of control: a secret in a file of one line, for its owner's eyes only."""

import os
import secrets
import stat
from pathlib import Path

from enchufe.core.errors import N_, DeniedError, UsageError
from enchufe.core.seal import KEY_BYTES
from enchufe.machine.folders import data_folder

MARK = "enchufe-key-1"
"""Begins the line, so that no other file is taken for a key; then come 64 hexadecimal digits."""

FILE_BYTES_MAX = 4096
"""A key file is one line and perhaps a comment; whatever is longer is none."""


def usual_path() -> Path:
    """Return where a key is looked for when nobody names one."""
    return data_folder() / "control.key"


def make_key(path: Path) -> bytes:
    """Make a key and keep it in a new file; return it.

    Raises:
        UsageError: there is a file of that name, or none can be made.
    """
    key = secrets.token_bytes(KEY_BYTES)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError:
        raise UsageError(
            N_("{path} is there already"),
            hint=N_("A key is never overwritten: name another file, or remove that one"),
            path=path,
        ) from None
    except OSError as error:
        raise _unusable(path, error) from None
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(f"{MARK} {key.hex()}\n")
        file.flush()
        os.fsync(file.fileno())
    return key


def read_key(path: Path) -> bytes:
    """Return the key in a file.

    Raises:
        UsageError: it cannot be read, or holds no key.
        DeniedError: others may read it too.
    """
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            text = file.read(FILE_BYTES_MAX + 1)
    except OSError as error:
        raise _unusable(path, error) from None
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise DeniedError(
            N_("others may read the key in {path}: its mode is {mode:o}"),
            hint=N_(
                "Make a new one if somebody may have, and keep it to yourself: chmod 600 {path}"
            ),
            path=path,
            mode=stat.S_IMODE(mode),
        )
    return _key_in(text, path)


def key_at(path: Path | None) -> bytes | None:
    """Return the key in a file, or where nobody names one the key in the usual place, if any.

    Raises:
        UsageError: it cannot be read, or holds no key.
        DeniedError: others may read it too.
    """
    if path is not None:
        return read_key(path)
    return read_key(usual_path()) if usual_path().exists() else None


def _key_in(text: bytes, path: Path) -> bytes:
    for line in text.splitlines():
        mark, _, digits = line.strip().partition(b" ")
        if mark == MARK.encode() and len(digits) == 2 * KEY_BYTES:
            try:
                return bytes.fromhex(digits.decode("ascii"))
            except ValueError:
                break
    raise UsageError(
        N_("there is no key in {path}"),
        hint=N_("A key is a line “{mark}” and 64 hexadecimal digits; enchufe key new makes one"),
        path=path,
        mark=MARK,
    )


def _unusable(path: Path, error: OSError) -> UsageError:
    return UsageError(
        N_("cannot use the key file {path}: {why}"),
        hint=N_("enchufe key new makes a key; --key-file says where it is"),
        path=path,
        why=error.strerror or error,
    )
