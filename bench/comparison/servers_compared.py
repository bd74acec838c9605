"""The servers and commands that are compared, by name."""

import sys
from pathlib import Path

from comparison.candidate import Candidate
from comparison.programs import BENCH, program

UVLOOP = "bare uvloop"
C_EPOLL = "C epoll"
C_PLAIN = "C recvfrom/sendto"
TCP_ENDPOINT = "echo@tcp://127.0.0.1:{port}"
UDP_ENDPOINT = "echo@udp://127.0.0.1:{port}"
AGAIN = ", again"
"""Behind the name of a candidate measured twice: how far its ratio is from 1 is noise."""


def again(candidate: Candidate) -> Candidate:
    """Give the same another name, to be measured once more."""
    return Candidate(candidate.name + AGAIN, candidate.command, candidate.ours)


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
