"""Writing to the disk early, so that waiting for it at the end is short."""

import ctypes
import sys

_SYNC_FILE_RANGE_WRITE = 2
"""Begin to write what is not being written yet, and wait for nothing (linux/fs.h)."""

_LIBRARY = ctypes.CDLL(None) if sys.platform == "linux" else None


def begin_writing(descriptor: int, offset_bytes: int, size_bytes: int) -> None:
    """Ask the system to begin to write a part of a file to the disk (sync_file_range(2)).

    It promises nothing, so a system that has no such call, or refuses it, loses nothing:
    `os.fsync` is what waits.
    """
    if _LIBRARY is not None:
        offset, size = ctypes.c_int64(offset_bytes), ctypes.c_int64(size_bytes)
        _LIBRARY.sync_file_range(descriptor, offset, size, _SYNC_FILE_RANGE_WRITE)
