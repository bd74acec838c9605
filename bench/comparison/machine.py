"""On what it was measured: the facts a ratio depends on."""

import os
import platform
import shlex
import subprocess
import time
from importlib import metadata
from pathlib import Path

from comparison.programs import BUILD, COMPILER, FLAGS

ASK_SECONDS_MAX = 10.0


def facts(words: list[str], copies: Path) -> dict[str, str]:
    """Gather what to know about this run.

    `words` is the command line behind the name, `copies` the folder of copied files.
    """
    return {
        "date": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
        "command": shlex.join(["bench/run.py", *_without_paths(words)]),
        "system": _system(),
        "kernel": platform.release(),
        "TCP congestion control": _setting("net/ipv4/tcp_congestion_control"),
        "bytes a UDP socket may hold": _setting("net/core/rmem_default"),
        "processor": _processor(),
        "processors": str(len(os.sched_getaffinity(0))),
        "load average at the start": f"{os.getloadavg()[0]:.2f}",
        "Python": f"{platform.python_implementation()} {platform.python_version()}",
        "enchufe": _package("enchufe"),
        "uvloop": _package("uvloop"),
        "compiler": f"{_first_line(COMPILER, '--version')} {' '.join(FLAGS)}",
        "histories lie on": filesystem_of(BUILD),
        "copied files lie on": filesystem_of(copies),
        "ncat": _first_line("ncat", "--version"),
        "socat": _line_with("version", "socat", "-V"),
        "ngircd": _first_line("ngircd", "--version"),
        "nats-server": _first_line("nats-server", "--version"),
    }


def filesystem_of(path: Path) -> str:
    """Return the kind of the file system that `path` is on, such as ext4 (proc_pid_mounts(5))."""
    kinds = {}
    for line in Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines():
        _, mounted_on, kind = line.split()[:3]
        kinds[Path(mounted_on)] = kind
    resolved = path.resolve()
    return next(kinds[above] for above in (resolved, *resolved.parents) if above in kinds)


def _without_paths(words: list[str]) -> list[str]:
    return [Path(word).name if word.startswith("/") else word for word in words]


def _system() -> str:
    try:
        release = platform.freedesktop_os_release()
    except OSError:
        return platform.system()
    return release["PRETTY_NAME"]


def _setting(name: str) -> str:
    """Read a setting of the kernel, as sysctl(8) does."""
    try:
        return Path("/proc/sys", name).read_text(encoding="ascii").strip()
    except OSError:
        return "unknown"


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(errors="replace").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _package(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "not installed"


def _first_line(*words: str) -> str:
    return _line_with("", *words)


def _line_with(part: str, *words: str) -> str:
    """Find the first line with `part` in what a program says about its version."""
    try:
        answer = subprocess.run(
            words,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=ASK_SECONDS_MAX,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return "not installed"
    lines = (answer.stdout + answer.stderr).splitlines()
    return next((line.strip() for line in lines if line.strip() and part in line), "unknown")
