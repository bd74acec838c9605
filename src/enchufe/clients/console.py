"""The server's own screen: where it listens, how to try it, who comes and goes."""

import errno
import time
from socket import AF_INET, AF_INET6
from typing import TextIO

from rich.console import Console
from rich.text import Text

from enchufe.clients.language import _
from enchufe.clients.words import sentence
from enchufe.core.endpoint import EVERYWHERE
from enchufe.core.notices import (
    AnswerLost,
    CertificateUsed,
    DatagramCut,
    DescriptorsExhausted,
    HistoryNotKept,
    ListBroken,
    Listening,
    LoopAvoided,
    Notice,
    NoticesLeftOut,
    PageServed,
    PeerCame,
    PeerLeft,
    PeerRefused,
    ReaderLeftOut,
    Ready,
    RecordingStopped,
    ScoresNotKept,
    TlsFailed,
)
from enchufe.core.peer import Peer, Transport
from enchufe.core.text import safe_bytes, safe_text
from enchufe.machine.own_address import own_address
from enchufe.services import CATALOGUE

PROBLEMS = (
    AnswerLost,
    DatagramCut,
    DescriptorsExhausted,
    HistoryNotKept,
    ListBroken,
    LoopAvoided,
    NoticesLeftOut,
    PeerRefused,
    ReaderLeftOut,
    RecordingStopped,
    ScoresNotKept,
    TlsFailed,
)

RECEIVE = "receive"
"""What `enchufe receive` calls itself: it is in no catalogue, as it needs a folder."""


class PipedConsole(Console):
    """A console that says so when its reader leaves, instead of ending the program itself."""

    def on_broken_pipe(self) -> None:
        """Leave it to the caller."""
        raise BrokenPipeError(errno.EPIPE, "nobody reads")


class ServerConsole:
    """Shows a server's notices, a line each.

    Its ``console`` is for whoever draws something below the lines.

    Args:
        stream: where to; None for standard output as it is at each moment, because a
            line being typed puts itself in between.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self.console = PipedConsole(file=stream, highlight=False, markup=False, soft_wrap=True)
        self._announced: set[tuple[Transport, str, int, str]] = set()
        self._width = max(len(name) for name in CATALOGUE)

    def notice(self, notice: Notice) -> None:
        """Show one notice."""
        match notice:
            case Listening():
                self._announce(notice)
            case PeerCame(peer=peer) | PeerLeft(peer=peer) if not peer.is_elsewhere:
                pass  # the person at this very screen
            case PageServed():
                self._show_page(notice.url)
            case CertificateUsed():
                self.console.print(sentence(notice), style="dim")
            case Ready():
                self.console.print(
                    _("Ctrl-C stops in good order; a second one stops at once."), style="dim"
                )
            case _:
                style = "yellow" if isinstance(notice, PROBLEMS) else ""
                self._line(notice.at_ns, sentence(notice), style)

    def _show_page(self, url: str) -> None:
        """Show where a browser finds the page, below the endpoints."""
        name = _("page")
        self.console.print(Text(f"{name:<{self._width}} ", style="bold"), Text(url), sep="")

    def say(self, text: str, style: str = "") -> None:
        """Show something that happened now."""
        self._line(time.time_ns(), text, style)

    def show(self, peer: Peer, message: bytes) -> None:
        """Show what a peer said, and who it is."""
        text = _("{message} from {address}").format(
            message=safe_bytes(message), address=safe_text(peer.address)
        )
        self.say(text, "bold")

    def _line(self, at_ns: int, text: str, style: str) -> None:
        clock = time.strftime("%H:%M:%S", time.localtime(at_ns / 1e9))
        if self.console.is_terminal:
            self.console.print(Text(clock, style="dim"), Text(text, style=style))
            return
        print(clock, text, file=self.console.file, flush=True)

    def _announce(self, notice: Listening) -> None:
        """Show an endpoint once, with what to type to try it."""
        key = (notice.transport, notice.asked, notice.port, notice.path)
        if key in self._announced:
            return
        self._announced.add(key)
        where = notice.path or f"{_bracketed(notice.asked)}:{notice.port}"
        left = f"{notice.service:<{self._width}} {notice.transport:<4} {where}"
        ours, theirs = try_commands(notice)
        self.console.print(Text(f"{left:<31} ", style="bold"), Text(ours), sep="")
        self.console.print(Text(" " * 32 + theirs, style="dim"))


_NCAT_FLAGS = {Transport.TCP: "", Transport.TLS: "--ssl ", Transport.UDP: "-u "}


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def try_commands(notice: Listening) -> tuple[str, str]:
    """Return what to type to try an endpoint: with our client, and with another way."""
    if notice.service == RECEIVE:
        return f"enchufe send {url_of(notice)} " + _("FILE"), ncat_to(notice)
    kind = CATALOGUE.get(notice.service)
    command = "connect" if kind is None else kind.command
    if command == "run":
        run = f"enchufe run {url_of(notice)} -- " + _("PROGRAM")
        return run, f"enchufe stop {url_of(notice)}"
    if notice.transport is Transport.AYUDANTIA:
        return f"enchufe play {url_of(notice)}", _("or the course's own window, unchanged")
    says_nothing = kind is None or (kind.speaks_first and notice.transport.is_stream)
    say = "" if says_nothing or command != "connect" else " --send " + _("hello")
    return f"enchufe {command} {url_of(notice)}{say}", ncat_to(notice)


def url_of(notice: Listening, *, from_here: bool = False) -> str:
    """Return the shortest URL that leads to an endpoint for those who may come.

    Args:
        notice: the endpoint.
        from_here: whether it need lead there from this machine only.
    """
    if not notice.transport.is_internet:
        return f"{notice.transport}://{notice.path}"
    host = "localhost" if from_here and notice.asked == EVERYWHERE else _reachable_host(notice)
    url_host = "" if host == "localhost" else _bracketed(host)
    return f"{notice.transport}://{url_host}:{notice.port}"


def ncat_to(notice: Listening) -> str:
    """Return how ``ncat`` reaches an endpoint."""
    if not notice.transport.is_internet:
        return f"ncat {'-U' if notice.transport.is_stream else '-uU'} {notice.path}"
    return f"ncat {_NCAT_FLAGS[notice.transport]}{_reachable_host(notice)} {notice.port}"


def _reachable_host(notice: Listening) -> str:
    return host_for_others(notice.host) if notice.asked == EVERYWHERE else notice.asked


def host_for_others(bound: str) -> str:
    """Return the host by which others reach what listens everywhere, so that they can type it.

    Args:
        bound: the numeric address it listens on, ``0.0.0.0`` or ``::``.
    """
    return own_address(AF_INET6 if ":" in bound else AF_INET) or "localhost"
