"""How many sockets the system lets this program have."""

import sys

if sys.platform != "win32":
    import resource


def raise_limit() -> None:
    """Raise the soft limit on descriptors to the hard one (getrlimit(2), RLIMIT_NOFILE)."""
    if sys.platform == "win32":
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == hard:
        return
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    except (OSError, ValueError):  # macOS refuses "unlimited": take what it grants a process
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 10_240), hard))


def descriptors_max() -> int:
    """Return the limit now in force."""
    if sys.platform == "win32":
        return 0
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]
