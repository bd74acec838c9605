"""A person asks a server to run a program, or to stop: from the request to the exit code."""

import sys
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from secrets import token_bytes, token_hex

from enchufe.clients.calling import Calling
from enchufe.clients.display import Display, Pass, SafeText
from enchufe.clients.language import _
from enchufe.clients.saying import say, say_error
from enchufe.clients.standard_input import chunks
from enchufe.clients.standard_streams import OutputGuard
from enchufe.clients.words import OUTCOMES, why_over
from enchufe.core.control import NONCE_BYTES, Outcome, Run, Status, StopServer, Verdict
from enchufe.core.endpoint import Endpoint
from enchufe.core.errors import N_, OverLimitError
from enchufe.core.events import InputEnded, InputTyped
from enchufe.core.exits import ExitCode
from enchufe.core.notices import Notice, PeerLeft
from enchufe.core.peer import Peer, Transport
from enchufe.core.service import Framing
from enchufe.core.text import safe_text
from enchufe.host import Host
from enchufe.net.dial import Dialling
from enchufe.net.driver import Equipment
from enchufe.services.requester import Requester
from enchufe.store.keys import key_at

DATAGRAM_REQUEST_BYTES_MAX = 60_000
"""A request with its seal and its frame fits into a datagram (65,507 bytes over IPv4)."""

_EXIT_CODES = {
    Outcome.DONE: ExitCode.DONE,
    Outcome.TIMED_OUT: ExitCode.TIMED_OUT,
    Outcome.TOO_MUCH: ExitCode.OVER_LIMIT,
    Outcome.TOO_LARGE: ExitCode.OVER_LIMIT,
    Outcome.BUSY: ExitCode.OVER_LIMIT,
    Outcome.NOT_ALLOWED: ExitCode.DENIED,
    Outcome.NOT_STARTED: ExitCode.DENIED,
    Outcome.NOT_FOUND: ExitCode.NAME_NOT_FOUND,
    Outcome.STOPPING: ExitCode.LOST,
}


def run_request(program: Sequence[str], *, has_input: bool) -> Run:
    """Return a request to run ``program``, which is never taken for another."""
    return Run(token_hex(16), tuple(program), has_input)


def stop_request() -> StopServer:
    """Return a request to stop the server."""
    return StopServer(token_hex(16))


class Requesting:
    """Asks one server for one thing.

    Args:
        dialling: whom to ask.
        request: for what.
        key_file: where the key is; None for the usual place, if one is there.

    Raises:
        EnchufeError: the key cannot be used, or what is asked for does not fit.
    """

    _calling: Calling

    def __init__(
        self, dialling: Dialling, request: Run | StopServer, key_file: Path | None
    ) -> None:
        self._dialling = dialling
        self._request = request
        self._is_stream = dialling.endpoint.transport.is_stream
        self._check_size()
        self._requester = Requester(
            request, _key(dialling, key_file), partial(token_bytes, NONCE_BYTES)
        )
        self._left: PeerLeft | None = None
        self._output = OutputGuard()
        self._displays = {
            "output": _display(sys.stdout.isatty(), error=False),
            "errors": _display(sys.stderr.isatty(), error=True),
        }
        self._write = self._output.guard(self._write_one)

    async def run(self) -> int:
        """Ask, and return the program's exit status, or how it ended otherwise.

        Raises:
            EnchufeError: the server could not be reached.
        """
        self._calling = Calling(
            "run",
            self._dialling,
            Host(self._requester, Framing.FRAMES),
            notify=self._notice,
            show=partial(self._show, "output"),
            cut=_never_cut,
            equipment=Equipment(show_error=partial(self._show, "errors")),
        )
        self._output.end_run = lambda: self._calling.stop(ExitCode.OUTPUT_CLOSED)
        exit_code = await self._calling.run(self._feed)
        for display in self._displays.values():
            self._output.guard(display.end)()
        return self._end(exit_code)

    async def _feed(self) -> None:
        """Give the program our input, once it was asked for, as far as it takes it."""
        if not (isinstance(self._request, Run) and self._request.has_input and self._is_stream):
            return
        await self._calling.may_read_input.wait()
        async for data in chunks(sys.stdin.fileno()):
            self._calling.driver.happened(InputTyped(time.time_ns(), data))
            await self._calling.may_read_input.wait()
        self._calling.driver.happened(InputEnded(time.time_ns()))

    def _check_size(self) -> None:
        if self._is_stream or not isinstance(self._request, Run):
            return
        size_bytes = sum(
            len(word.encode("utf-8", "surrogatepass")) for word in self._request.arguments
        )
        if size_bytes > DATAGRAM_REQUEST_BYTES_MAX:
            raise OverLimitError(
                N_("a request over datagrams has at most {most} bytes; this one has {size}"),
                hint=N_("Ask over tcp:// or tls://"),
                most=DATAGRAM_REQUEST_BYTES_MAX,
                size=size_bytes,
            )

    # What we hear

    def _show(self, which: str, _peer: Peer, message: bytes) -> None:
        self._write(which, message)

    def _write_one(self, which: str, message: bytes) -> None:
        self._displays[which].show(message)

    def _notice(self, notice: Notice) -> None:
        if isinstance(notice, PeerLeft):
            self._left = notice

    # How it ended

    def _end(self, exit_code: ExitCode) -> int:
        status, denied = self._requester.status, self._requester.denied
        if status is not None and exit_code is ExitCode.DONE:
            return self._ended(status)
        endpoint = self._dialling.endpoint
        datagram = self._calling.datagram
        if denied:
            say(_why_denied(endpoint, denied))
        elif datagram is not None and datagram.failure is not None:
            say_error(datagram.failure)
            return int(datagram.failure.exit_code)
        elif exit_code is ExitCode.TIMED_OUT:
            say(_("No answer from {endpoint}. Is control there?").format(endpoint=endpoint))
        elif exit_code is ExitCode.PROTOCOL:
            say(_("{endpoint} does not understand us. Is control there?").format(endpoint=endpoint))
        elif exit_code is ExitCode.LOST and self._left is not None:
            why = why_over(self._left.reason) or _("closed before it said how it ended")
            say(f"{endpoint}: {why}.")
        return int(exit_code)

    def _ended(self, status: Status) -> int:
        """Return the exit code; say why, unless the program ended by itself."""
        if status.outcome == Outcome.EXITED:
            return status.code
        detail = f" ({safe_text(status.detail)})" if status.detail else ""
        known = status.outcome in Outcome.__members__.values()
        words = _(OUTCOMES[Outcome(status.outcome)]) if known else safe_text(status.outcome)
        say(f"{self._dialling.endpoint}: {words.format(code=status.code)}{detail}")
        if status.outcome == Outcome.SIGNALLED:
            return 128 + status.code
        return int(_EXIT_CODES[Outcome(status.outcome)] if known else ExitCode.PROTOCOL)


_DENIALS = {
    Verdict.WRONG_KEY: N_("{endpoint} denies it: its key is another (ours: enchufe key name)"),
    Verdict.NO_PROOF: N_("{endpoint} denies it: it wants a key (--key-file), or takes none"),
}


def _why_denied(endpoint: Endpoint, denied: str) -> str:
    template = _DENIALS.get(Verdict(denied)) if denied in Verdict.__members__.values() else None
    words = template or N_("{endpoint} denies it: {why}")
    return _(words).format(endpoint=endpoint, why=safe_text(denied))


def _key(dialling: Dialling, path: Path | None) -> bytes | None:
    """Return the key to ask with: none unasked, where the system or our certificate vouches for us.

    The one in the usual place may be for another server.
    """
    is_vouched_for = dialling.endpoint.transport is Transport.UNIX or dialling.tls.certificate
    return None if path is None and is_vouched_for else key_at(path and path.expanduser())


def _display(at_terminal: bool, *, error: bool) -> Display:
    stream = sys.stderr if error else sys.stdout
    if at_terminal:
        return SafeText(ends_messages=False, stream=stream)
    return Pass(stream.buffer, ends_messages=False)


def _never_cut(_kept_bytes: int, _whole_bytes: int) -> None:
    """Do nothing: an answer that does not fit into a datagram is refused where it is made."""
