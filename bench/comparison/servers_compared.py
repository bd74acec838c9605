"""The servers and commands that are compared, by name."""

import sys
from dataclasses import replace
from pathlib import Path

from comparison.candidate import Candidate
from comparison.programs import BENCH, program

UVLOOP = "bare uvloop"
C_EPOLL = "C epoll"
C_PLAIN = "C recvfrom/sendto"
C_BROADCAST = "C broadcast"
C_DURABLE = "C append, fdatasync"
NATS = "nats-server"
NGIRCD = "ngircd"
SOCAT_COPY = "socat"
TCP_ENDPOINT = "echo@tcp://127.0.0.1:{port}"
ROOM_ENDPOINT = "chat@tcp://127.0.0.1:{port}"
UDP_ENDPOINT = "echo@udp://127.0.0.1:{port}"
AGAIN = ", again"
"""Behind the name of a candidate measured twice: how far its ratio is from 1 is noise."""


def again(candidate: Candidate) -> Candidate:
    """Give the same another name, to be measured once more."""
    return replace(candidate, name=candidate.name + AGAIN)


def _enchufe(name: str, python: str, *words: str) -> Candidate:
    return Candidate(name, (python, "-m", "enchufe", *words), ours=True)


def _serve(endpoint: str, compiled_python: str | None, *options: str) -> list[Candidate]:
    """List ours, and ours compiled where there is such an interpreter."""
    words = ("serve", endpoint, "--quiet", *options)
    ours = [_enchufe("enchufe", sys.executable, *words)]
    if compiled_python is not None:
        ours.append(_enchufe("enchufe, mypyc", compiled_python, *words))
    return ours


def _python(name: str, kind: str) -> Candidate:
    server = str(BENCH / "reference_servers.py")
    return Candidate(name, (sys.executable, server, kind, "{port}"))


def _with_heap_kept(candidate: Candidate) -> Candidate:
    """Give a server of asyncio what it may lack by bad luck.

    asyncio reads into a new buffer of 256 KiB every time. Where that lies at the
    end of the heap, the C library returns it to the system at once and gets it
    anew for each read (mallopt(3), M_TRIM_THRESHOLD, M_TOP_PAD), which costs more
    than the rest. Whether it does depends on what else has been allocated.
    """
    command = ("env", "MALLOC_TOP_PAD_=4194304", *candidate.command)
    return Candidate(f"{candidate.name}, heap kept", command)


def _c(name: str, server: str) -> Candidate:
    return Candidate(name, (str(program(server)), "{port}"))


def uvloop_protocol() -> Candidate:
    """Name a bare uvloop `Protocol` echo, what the TCP aims are set against."""
    return _python(UVLOOP, "uvloop-protocol")


def c_recvfrom() -> Candidate:
    """Name the plain C loop, what the UDP aims are set against."""
    return _c(C_PLAIN, "echo_udp")


def tcp_candidates(compiled_python: str | None) -> list[Candidate]:
    """List everything that echoes TCP, the reference once more among them."""
    epoll = _c(C_EPOLL, "echo_tcp")
    protocol = _python("asyncio Protocol", "asyncio-protocol")
    listen = "TCP-LISTEN:{port},bind=127.0.0.1,fork,reuseaddr,backlog=128"
    return [
        *_serve(TCP_ENDPOINT, compiled_python),
        again(uvloop_protocol()),
        epoll,
        again(epoll),
        protocol,
        _with_heap_kept(protocol),
        _python("asyncio streams", "asyncio-streams"),
        Candidate("socat fork PIPE", ("socat", listen, "PIPE")),
        Candidate("socat fork,nodelay PIPE", ("socat", f"{listen},nodelay", "PIPE")),
        Candidate(
            "ncat -e /bin/cat",
            ("ncat", "-l", "-k", "-e", "/bin/cat", "127.0.0.1", "{port}"),
        ),
    ]


def udp_candidates(compiled_python: str | None) -> list[Candidate]:
    """List everything that echoes UDP, the reference once more among them."""
    datagram = _python("asyncio datagram", "asyncio-datagram")
    listen = "UDP-LISTEN:{port},bind=127.0.0.1,fork,reuseaddr"
    return [
        *_serve(UDP_ENDPOINT, compiled_python),
        again(c_recvfrom()),
        _c("C recvmmsg/sendmmsg", "echo_udp_mmsg"),
        _python("uvloop datagram", "uvloop-datagram"),
        datagram,
        _with_heap_kept(datagram),
        Candidate("socat fork PIPE", ("socat", listen, "PIPE")),
        Candidate(
            "ncat -u -e /bin/cat",
            ("ncat", "-l", "-u", "-k", "-e", "/bin/cat", "127.0.0.1", "{port}"),
        ),
    ]


def memory_candidates(compiled_python: str | None) -> list[Candidate]:
    """List TCP servers that hold their connections in one process."""
    return [
        *_serve(TCP_ENDPOINT, compiled_python),
        again(uvloop_protocol()),
        _c(C_EPOLL, "echo_tcp"),
        _python("asyncio Protocol", "asyncio-protocol"),
        _python("asyncio streams", "asyncio-streams"),
    ]


NGIRCD_SETTINGS = """\
[Global]
Name = irc.bench.invalid
Info = measured
Listen = 127.0.0.1
Ports = {port}
[Limits]
MaxConnections = 0
MaxConnectionsIP = 0
MaxJoins = 0
MaxPenaltyTime = 0
PingTimeout = 3600
[Options]
DNS = no
Ident = no
PAM = no
IncludeDir = {folder}
"""
"""No limits, no look-ups, no penalties for who says much (ngircd.conf(5)).

Compiled in: it takes at most three commands of a client in one round of its loop.
"""


def c_broadcast() -> Candidate:
    """Name the plain C room, what the aims of rooms are set against."""
    return _c(C_BROADCAST, "broadcast_tcp")


def room_candidates(compiled_python: str | None) -> list[Candidate]:
    """List everything that spreads lines, the reference once more among them."""
    broker = ("ncat", "-l", "-k", "--broker", "-m", "1010", "127.0.0.1", "{port}")
    return [
        *_serve(ROOM_ENDPOINT, compiled_python),
        again(c_broadcast()),
        _python("bare uvloop", "uvloop-broadcast"),
        Candidate("ncat --broker", broker),
        Candidate(
            NGIRCD,
            ("ngircd", "-n", "-f", "{folder}/ngircd.conf"),
            speech="irc",
            files={"ngircd.conf": NGIRCD_SETTINGS},
        ),
        Candidate(NATS, ("nats-server", "-a", "127.0.0.1", "-p", "{port}"), speech="nats"),
    ]


def room() -> Candidate:
    """Name our room without a history."""
    [ours] = _serve(ROOM_ENDPOINT, None)
    return ours


def rooms_with_history(compiled_python: str | None) -> list[Candidate]:
    """List our rooms that put every line on disk before it is spread."""
    rooms = _serve(ROOM_ENDPOINT, compiled_python, "--history", "{folder}/history.db")
    return [replace(ours, name=f"{ours.name}, history") for ours in rooms]


def c_durable() -> Candidate:
    """Name the C program that appends and synchronises: what the disk can do."""
    command = (str(program("durable_tcp")), "{port}", "{folder}/lines.txt")
    return Candidate(C_DURABLE, command)


def socat_copy(*options: str, name: str = SOCAT_COPY) -> Candidate:
    """Name `socat` copying a file through TCP, what the aim of files is set against."""
    listen = "TCP-LISTEN:{port},bind=127.0.0.1,reuseaddr"
    return Candidate(
        name,
        ("socat", "-u", *options, "FILE:{source}", "TCP:127.0.0.1:{port}"),
        receiver=("socat", "-u", *options, listen, "CREATE:{folder}/copied.bin"),
    )


def copy_candidates(compiled_python: str | None) -> list[Candidate]:
    """List everything that brings a file from here to there."""
    receive = ("receive", "--listen", "tcp://127.0.0.1:{port}", "--into", "{folder}")
    send = ("send", "tcp://127.0.0.1:{port}", "{source}")
    pythons = [("enchufe", sys.executable)]
    if compiled_python is not None:
        pythons.append(("enchufe, mypyc", compiled_python))
    listen = "exec ncat -l --recv-only 127.0.0.1 {port} > {folder}/copied.bin"
    return [
        *(
            replace(_enchufe(name, python, *send), receiver=(python, "-m", "enchufe", *receive))
            for name, python in pythons
        ),
        again(socat_copy()),
        socat_copy("-b", "65536", name="socat -b 65536"),
        Candidate(
            "cat | ncat",
            ("sh", "-c", "cat {source} | ncat --send-only 127.0.0.1 {port}"),
            receiver=("sh", "-c", listen),
        ),
        Candidate("cp, no network", ("cp", "{source}", "{folder}/copied.bin")),
    ]


def one_worker(endpoint: str) -> Candidate:
    """Name ours with one process."""
    [ours] = _serve(endpoint, None)
    return Candidate("enchufe, 1 worker", ours.command, ours=True)


def two_workers(endpoint: str) -> Candidate:
    """Name ours with two processes that share the port (`SO_REUSEPORT`)."""
    [ours] = _serve(endpoint, None, "--workers", "2")
    return Candidate("enchufe, 2 workers", ours.command, ours=True)


def python_pass() -> Candidate:
    """Name an interpreter that starts and ends, what the start-up aim is set against."""
    return Candidate("python -c pass", (sys.executable, "-c", "pass"))


def startup_candidates(compiled_python: str | None) -> list[Candidate]:
    """List the help of ours, and two imports to compare it with."""
    installed = str(Path(sys.executable).with_name("enchufe"))
    candidates = [Candidate("enchufe --help", (installed, "--help"), ours=True)]
    if compiled_python is not None:
        candidates.append(_enchufe("enchufe --help, mypyc", compiled_python, "--help"))
    return [
        *candidates,
        again(python_pass()),
        Candidate("import asyncio", (sys.executable, "-c", "import asyncio")),
        Candidate("import uvloop", (sys.executable, "-c", "import uvloop")),
    ]
