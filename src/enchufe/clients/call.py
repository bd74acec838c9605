"""A call: our end of one conversation, from connecting to the exit code."""

import asyncio
import contextlib
import itertools
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Sequence

from msgspec import Struct

from enchufe.clients.display import Display
from enchufe.clients.language import _, advise, explain, plural
from enchufe.clients.standard_streams import OutputGuard
from enchufe.clients.words import size, why_over
from enchufe.core.errors import N_, OverLimitError
from enchufe.core.events import InputEnded, InputTyped, Reason
from enchufe.core.exits import ExitCode
from enchufe.core.limits import DATAGRAM_BATCH_MAX, UDP_IPV4_PAYLOAD_BYTES_MAX
from enchufe.core.notices import Notice, PeerCame, PeerLeft
from enchufe.core.peer import Peer, Transport
from enchufe.core.text import safe_text
from enchufe.host import Host, Witness
from enchufe.net.dial import Dialling, dial_stream
from enchufe.net.dialled_datagram import DialledDatagram
from enchufe.net.driver import Driver
from enchufe.net.stream import StreamLink
from enchufe.services.caller import DATAGRAM_WAIT_S, Caller
from enchufe.wire.crlf import CrlfEncoder
from enchufe.wire.hexadecimal import bytes_of
from enchufe.wire.text import TextDecoder

UDP_IPV6_PAYLOAD_BYTES_MAX = 65_527
"""65,535 less the UDP header (8): IPv6 does not count its own header (RFC 8200, section 3)."""

FLOOD_PAUSE_S = 0.001
"""Rest after each `DATAGRAM_BATCH_MAX` datagrams: a socket holds a few hundred small ones."""

LOSS_S = 0.02
"""What a server in step has not answered for so long will not be answered any more."""

HINT_S = 3.0
"""After so long a silence a person is told what we are waiting for."""

SCREEN_REST_S = 0.03
"""After each read a terminal gets this long to draw it, so that no flood piles up between the
person and Ctrl-C; a chunk each time is still more than anybody reads."""


class Manner(Struct, frozen=True):
    """How to speak and when to leave.

    Args:
        messages: what to send instead of the input; None to send the input.
        interactive: whether a person types at a terminal.
        crlf: whether ends of line are sent as ``\\r\\n``.
        hexadecimal: whether what is typed spells bytes.
        wait_s: as in `Caller`.
        half_close: as in `Caller`.
        summary: whether figures are given at the end of a call by datagrams.
    """

    messages: Sequence[str] | None = None
    interactive: bool = False
    crlf: bool = False
    hexadecimal: bool = False
    wait_s: float | None = None
    half_close: bool = True
    summary: bool = True


class Call:
    """One call.

    Args:
        dialling: whom to call.
        manner: how to speak.
        display: shows what the peer says.
        witness: shown every event and command, or None.
    """

    def __init__(
        self, dialling: Dialling, manner: Manner, display: Display, witness: Witness | None
    ) -> None:
        self._dialling = dialling
        self._manner = manner
        self._output = OutputGuard()
        self._output.end_run = lambda: self._stop(ExitCode.OUTPUT_CLOSED)
        self._display_one = self._output.guard(display.show)
        self._display_rest = self._output.guard(display.end)
        self._is_stream = dialling.endpoint.transport.is_stream
        caller = Caller(manner.wait_s, half_close=manner.half_close)
        self._over = asyncio.Event()
        self._gone = asyncio.Event()
        self._may_read_input = asyncio.Event()
        self._may_read_input.set()
        self._exit_code: ExitCode | None = None
        self._left: PeerLeft | None = None
        self._messages_sent = self._messages_received = 0
        self._said_all = False
        self._hint_timer: asyncio.TimerHandle | None = None
        self._datagram: DialledDatagram | None = None
        self._crlf = CrlfEncoder()
        self._driver = Driver(
            "connect",
            Host(caller, witness=witness and self._output.guard(witness)),
            numbers=itertools.count(1),
            notify=self._notice,
            show=self._show,
            stop=self._stop,
        )

    async def run(self) -> ExitCode:
        """Hold the conversation; return how it ended, having said why it did not end well.

        Raises:
            EnchufeError: the peer could not be reached.
        """
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._stop, ExitCode.INTERRUPTED)
        async with asyncio.TaskGroup() as tasks:
            dialling = tasks.create_task(self._dial(tasks))
            over = tasks.create_task(self._over.wait())
            await asyncio.wait((dialling, over), return_when=asyncio.FIRST_COMPLETED)
            if not dialling.done():  # Ctrl-C does not wait for an answer that may never come
                dialling.cancel()
                return ExitCode.INTERRUPTED
            talking = tasks.create_task(self._talk())
            await over
            await self._hang_up()
            talking.cancel()
            self._said_all = False
            self._expect_more()
        self._driver.close()
        self._display_rest()
        self._explain_end()
        return self._exit_code or ExitCode.DONE

    async def _dial(self, tasks: asyncio.TaskGroup) -> None:
        if self._is_stream:
            await dial_stream(self._dialling, self._driver, self._gone.set, self._hold_input)
            return
        self._datagram = DialledDatagram(
            self._dialling, self._driver, self._gone.set, tasks, self._cut
        )
        await self._datagram.open()

    async def _hang_up(self) -> None:
        """Wait until what was queued has left; Ctrl-C, or a failure, waits for nothing."""
        if self._exit_code is ExitCode.INTERRUPTED:
            for link in list(self._driver.links.values()):
                link.abort(Reason.STOPPING)
        await self._gone.wait()

    # What we say

    async def _talk(self) -> None:
        """Say all there is to say, unless the call ends before."""
        async for message in self._messages():
            self._check_size(message)
            self._messages_sent += 1
            self._driver.happened(InputTyped(time.time_ns(), message))
            await self._breathe()
            await self._may_read_input.wait()
            if self._over.is_set():
                return
        self._said_all = True
        self._expect_more()
        self._driver.happened(InputEnded(time.time_ns()))

    async def _breathe(self) -> None:
        """Let answers in, and keep in step with a server that answers: a flood gets lost."""
        await asyncio.sleep(0)
        if self._is_stream or self._messages_sent % DATAGRAM_BATCH_MAX:
            return
        await asyncio.sleep(FLOOD_PAUSE_S)
        quiet_s = 0.0
        while self._messages_received and self._is_far_ahead() and quiet_s < LOSS_S:
            received = self._messages_received
            await asyncio.sleep(FLOOD_PAUSE_S)
            quiet_s = quiet_s + FLOOD_PAUSE_S if self._messages_received == received else 0.0

    def _is_far_ahead(self) -> bool:
        return self._messages_sent - self._messages_received > 2 * DATAGRAM_BATCH_MAX

    async def _messages(self) -> AsyncIterator[bytes]:
        if self._manner.messages is not None:
            for text in self._manner.messages:
                yield self._spoken(text)
        elif self._manner.interactive:
            async for message in self._typed():
                yield message
        else:
            async for message in self._piped():
                yield message

    async def _typed(self) -> AsyncIterator[bytes]:
        from enchufe.clients.prompt import lines

        try:
            async for line in lines("> "):
                end = "\n" if self._is_stream and not self._manner.hexadecimal else ""
                yield self._spoken(line + end)
        except KeyboardInterrupt:
            self._stop(ExitCode.INTERRUPTED)

    async def _piped(self) -> AsyncIterator[bytes]:
        from enchufe.clients.standard_input import chunks

        whole_lines = not self._is_stream or self._manner.hexadecimal
        decoder = TextDecoder()
        async for chunk in chunks(sys.stdin.fileno() if sys.stdin else -1):
            if not whole_lines:
                yield self._crlf.feed(chunk) if self._manner.crlf else chunk
                continue
            for line in decoder.feed(chunk):
                yield self._spoken_line(line)
        for line in decoder.flush():
            yield self._spoken_line(line)

    def _spoken_line(self, line: bytes) -> bytes:
        if self._manner.hexadecimal:
            return bytes_of(line.decode("ascii", "replace"))
        return line + b"\r\n" if self._manner.crlf else line

    def _spoken(self, text: str) -> bytes:
        """Return what is sent for ``text``; with ``--crlf`` it is a line and ends as one."""
        if self._manner.hexadecimal:
            return bytes_of(text)
        data = os.fsencode(text)
        if self._manner.crlf:
            data = self._crlf.feed(data if data.endswith(b"\n") else data + b"\n")
        return data

    def _check_size(self, message: bytes) -> None:
        if self._datagram is None or self._dialling.endpoint.transport is not Transport.UDP:
            return
        is_ipv6 = ":" in self._datagram.peer.host
        most = UDP_IPV6_PAYLOAD_BYTES_MAX if is_ipv6 else UDP_IPV4_PAYLOAD_BYTES_MAX
        if len(message) > most:
            raise OverLimitError(
                N_("a UDP datagram carries at most {most} bytes; this message has {size}"),
                hint=N_("Send it in parts, or over tcp://"),
                most=most,
                size=len(message),
            )

    def _hold_input(self, hold: bool) -> None:
        if hold:
            self._may_read_input.clear()
        else:
            self._may_read_input.set()

    # What we hear

    def _show(self, peer: Peer, message: bytes) -> None:
        self._messages_received += 1
        self._expect_more()
        self._display_one(message)
        link = self._driver.links.get(peer.id)
        if self._manner.interactive and isinstance(link, StreamLink):
            link.rest(SCREEN_REST_S)

    def _cut(self, kept_bytes: int, whole_bytes: int) -> None:
        text = _(
            "a datagram was longer than the buffer: {kept} kept, the rest is lost "
            "(of a datagram, what one read does not take is gone)"
        )
        _say(text.format(kept=size(kept_bytes), whole=size(whole_bytes)))

    def _notice(self, notice: Notice) -> None:
        if isinstance(notice, PeerLeft):
            self._left = notice
        elif isinstance(notice, PeerCame) and self._manner.interactive:
            text = _("Talking with {address}. Ctrl-D ends what you say, Ctrl-C leaves.")
            _say(text.format(address=safe_text(notice.peer.address)))

    def _stop(self, exit_code: ExitCode) -> None:
        if self._exit_code is None:
            self._exit_code = exit_code
        self._over.set()
        self._may_read_input.set()
        if exit_code is not ExitCode.DONE:
            for link in list(self._driver.links.values()):
                link.abort(Reason.STOPPING)

    def _expect_more(self) -> None:
        """Begin to count the silence anew, once all is said and no limit is set on it."""
        if self._hint_timer is not None:
            self._hint_timer.cancel()
        if self._said_all and self._is_stream and self._manner.wait_s is None:
            loop = asyncio.get_running_loop()
            self._hint_timer = loop.call_later(HINT_S, self._hint)

    def _hint(self) -> None:
        """Say what we wait for, so that nobody has to guess why nothing happens."""
        text = _(
            "Nothing for {seconds:g} s; {endpoint} has not closed its side. Waiting on: "
            "Ctrl-C leaves, --wait SECONDS sets a limit."
        )
        _say(text.format(seconds=HINT_S, endpoint=self._dialling.endpoint))

    # How it ended

    def _explain_end(self) -> None:
        failure = None if self._datagram is None else self._datagram.failure
        if failure is not None and self._messages_received == 0:
            _say(explain(failure), advise(failure))
        elif self._exit_code is ExitCode.TIMED_OUT:
            _say(self._no_answer())
        elif self._exit_code is ExitCode.OUTPUT_CLOSED:
            _say(_("Standard output was closed by the program that read it."))
        elif self._left is not None and self._exit_code in _BROKEN:
            _say(self._broken_off(self._left))
        if self._manner.summary and not self._is_stream and failure is None:
            _say(self._summary())

    def _no_answer(self) -> str:
        text = _("No answer from {endpoint} within {seconds:g} s. Is a server there? {hint}")
        return text.format(
            endpoint=self._dialling.endpoint,
            seconds=self._manner.wait_s if self._manner.wait_s is not None else DATAGRAM_WAIT_S,
            hint=_("A datagram that nobody answers may be lost, or ignored (--wait waits longer)."),
        )

    def _broken_off(self, left: PeerLeft) -> str:
        figures = _("{endpoint}: {why} after {sent} sent and {received} received").format(
            endpoint=self._dialling.endpoint,
            why=why_over(left.reason) or _("closed while we still had something to say"),
            sent=size(left.sent_bytes),
            received=size(left.received_bytes),
        )
        return f"{figures}."

    def _summary(self) -> str:
        sent = plural("{count} datagram sent", "{count} datagrams sent", self._messages_sent)
        received = plural("{count} received", "{count} received", self._messages_received)
        address = self._left.peer.address if self._left is not None else ""
        return _("{address}: {sent}, {received}.").format(
            address=safe_text(address),
            sent=sent.format(count=self._messages_sent),
            received=received.format(count=self._messages_received),
        )


_BROKEN = frozenset({ExitCode.LOST, ExitCode.REFUSED})


def _say(text: str, hint: str = "") -> None:
    """Say something of our own, on standard error, where it does not mix with what came."""
    with contextlib.suppress(OSError):
        sys.stderr.write(f"enchufe: {text}\n" + (f"  {hint}\n" if hint else ""))
        sys.stderr.flush()
