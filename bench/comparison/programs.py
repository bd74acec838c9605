"""Compiles the C programs of this folder, when their sources are newer."""

import subprocess
from pathlib import Path

BENCH = Path(__file__).resolve().parent.parent
BUILD = BENCH / "build"
COMPILER = "cc"
FLAGS = ("-O2", "-Wall", "-Wextra")
COMPILE_SECONDS_MAX = 120

SOURCES = {
    "broadcast_tcp": ("broadcast_tcp.c", "listen.c", "address.c"),
    "durable_tcp": ("durable_tcp.c", "frames.c", "listen.c", "address.c"),
    "echo_tcp": ("echo_tcp.c", "listen.c", "address.c"),
    "echo_udp": ("echo_udp.c", "listen.c", "address.c"),
    "echo_udp_mmsg": ("echo_udp_mmsg.c", "listen.c", "address.c"),
    "idle": ("idle.c", "address.c"),
    "load": (
        "load.c",
        "load_tcp.c",
        "load_udp.c",
        "load_broadcast.c",
        "load_durable.c",
        "dial.c",
        "speech.c",
        "frames.c",
        "outcome.c",
        "latency.c",
        "pattern.c",
        "address.c",
    ),
}
"""The sources of every program, by its name."""


def program(name: str) -> Path:
    """Where the compiled program `name` is; see `build`."""
    return BUILD / name


def build() -> None:
    """Compile every program that is missing or older than a source.

    Raises `subprocess.CalledProcessError` when the compiler refuses, and
    `FileNotFoundError` when there is none.
    """
    BUILD.mkdir(exist_ok=True)
    for name, sources in SOURCES.items():
        if _is_old(name):
            words = [COMPILER, *FLAGS, "-o", str(program(name)), *sources]
            subprocess.run(words, cwd=BENCH, check=True, timeout=COMPILE_SECONDS_MAX)


def _is_old(name: str) -> bool:
    if not program(name).exists():
        return True
    built_at_seconds = program(name).stat().st_mtime
    files = [BENCH / source for source in SOURCES[name]] + list(BENCH.glob("*.h"))
    return any(file.stat().st_mtime > built_at_seconds for file in files)
