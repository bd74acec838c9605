"""The processor time of a server and of the processes it has started.

A server that starts a process for each connection works in its children, so
all processes of its session are added up. The time is read from `schedstat`,
which counts nanoseconds: in `stat`, which counts hundredths of a second, the
work of many short-lived children would vanish in the rounding (proc(5)).
"""

from pathlib import Path

NANOSECOND = 1e-9
_SESSION = 3
"""Position in /proc/PID/stat behind the name, which ends at the last bracket."""


def processor_seconds(session: int) -> float:
    """Add up the seconds of processor time that the living processes of `session` have used."""
    processes = Path("/proc").glob("[0-9]*")
    return sum(_used_seconds(process) for process in processes if _is_in(process, session))


def _is_in(process: Path, session: int) -> bool:
    try:
        fields = (process / "stat").read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return False  # it has ended meanwhile
    return int(fields[_SESSION]) == session


def _used_seconds(process: Path) -> float:
    """Add up the seconds used by all threads of a process; 0 when it has just ended."""
    try:
        threads = [
            int(thread.read_text(encoding="ascii").split()[0])
            for thread in process.glob("task/[0-9]*/schedstat")
        ]
    except OSError:
        return 0.0
    return NANOSECOND * sum(threads)
