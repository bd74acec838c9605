"""A call: our end of one conversation, from connecting to the exit code."""

import asyncio
import time

from enchufe.clients.calling import Calling
from enchufe.clients.display import Display
from enchufe.clients.ending import Ending
from enchufe.clients.language import _
from enchufe.clients.recorder import Recorder, RecordWish
from enchufe.clients.saying import say
from enchufe.clients.speech import Manner, Speech
from enchufe.clients.standard_streams import OutputGuard
from enchufe.core.errors import N_, OverLimitError
from enchufe.core.events import InputEnded, InputTyped
from enchufe.core.exits import ExitCode
from enchufe.core.figures import size
from enchufe.core.limits import (
    DATAGRAM_BATCH_MAX,
    UDP_IPV4_PAYLOAD_BYTES_MAX,
    UDP_IPV6_PAYLOAD_BYTES_MAX,
)
from enchufe.core.notices import Notice, PeerCame, PeerLeft
from enchufe.core.peer import Peer, Transport
from enchufe.core.text import safe_text
from enchufe.host import Host, Witness
from enchufe.net.dial import Dialling
from enchufe.net.stream import StreamLink
from enchufe.record.header import Connected, RecordedService
from enchufe.services.caller import Caller

CONNECT = "connect"
"""What the service calls itself in notices and recordings."""

FLOOD_PAUSE_S = 0.001
"""Rest after each `DATAGRAM_BATCH_MAX` datagrams: a socket holds a few hundred small ones."""

LOSS_S = 0.02
"""What a server in step has not answered for so long will not be answered any more."""

HINT_S = 3.0
"""After so long a silence a person is told what we are waiting for."""

SCREEN_REST_S = 0.03
"""After each read a terminal gets this long to draw it, so that no flood piles up between the
person and Ctrl-C; a chunk each time is still more than anybody reads."""


class Call:
    """One call.

    Args:
        dialling: whom to call.
        manner: how we speak.
        display: shows what the peer says.
        witness: shown every event and command, or None.
        wait_s: as in `Caller`.
        half_close: as in `Caller`.
        figures: whether to say at the end how many datagrams went and came.
        record: what is to be recorded; None for nothing.

    Raises:
        EnchufeError: it cannot be recorded.
    """

    def __init__(
        self,
        dialling: Dialling,
        manner: Manner,
        display: Display,
        witness: Witness | None = None,
        *,
        wait_s: float | None = None,
        half_close: bool = True,
        figures: bool = True,
        record: RecordWish | None = None,
    ) -> None:
        self._dialling = dialling
        self._is_interactive = manner.interactive
        self._wait_s = wait_s
        self._figures = figures
        self._output = OutputGuard()
        self._output.end_run = lambda: self._calling.stop(ExitCode.OUTPUT_CLOSED)
        self._display_one = self._output.guard(display.show)
        self._display_rest = self._output.guard(display.end)
        self._is_stream = dialling.endpoint.transport.is_stream
        self._speech = Speech(manner, is_stream=self._is_stream)
        self._left: PeerLeft | None = None
        self._messages_sent = self._messages_received = 0
        self._said_all = False
        self._hint_timer: asyncio.TimerHandle | None = None
        recorded = RecordedService(CONNECT, Connected(wait_s, half_close))
        self._recorder = Recorder(record, CONNECT, [recorded])
        shown = witness and self._output.guard(witness)
        self._calling = Calling(
            CONNECT,
            dialling,
            Host(
                Caller(wait_s, half_close=half_close),
                witness=self._recorder.witness(CONNECT, shown),
            ),
            notify=self._notice,
            show=self._show,
            cut=_cut,
            tap=self._recorder.tap(CONNECT),
        )
        self._driver = self._calling.driver

    async def run(self) -> ExitCode:
        """Hold the conversation; return how it ended, having said why it did not end well.

        Raises:
            EnchufeError: the peer could not be reached.
        """
        try:
            exit_code = await self._calling.run(self._talk)
        finally:
            self._recorder.close()
        self._said_all = False
        self._expect_more()
        self._display_rest()
        return self._end(exit_code)

    # What we say

    async def _talk(self) -> None:
        """Say all there is to say, unless the call ends before."""
        try:
            async for message in self._speech.messages():
                await self._say_one(message)
                if self._calling.over.is_set():
                    return
        except KeyboardInterrupt:
            self._calling.stop(ExitCode.INTERRUPTED)
            return
        self._said_all = True
        self._expect_more()
        self._driver.happened(InputEnded(time.time_ns()))

    async def _say_one(self, message: bytes) -> None:
        self._check_size(message)
        self._messages_sent += 1
        self._driver.happened(InputTyped(time.time_ns(), message))
        await self._breathe()
        await self._calling.may_read_input.wait()

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

    def _check_size(self, message: bytes) -> None:
        datagram = self._calling.datagram
        if datagram is None or self._dialling.endpoint.transport is not Transport.UDP:
            return
        is_ipv6 = ":" in datagram.peer.host
        most = UDP_IPV6_PAYLOAD_BYTES_MAX if is_ipv6 else UDP_IPV4_PAYLOAD_BYTES_MAX
        if len(message) > most:
            raise OverLimitError(
                N_("a UDP datagram carries at most {most} bytes; this message has {size}"),
                hint=N_("Send it in parts, or over tcp://"),
                most=most,
                size=len(message),
            )

    # What we hear

    def _show(self, peer: Peer, message: bytes) -> None:
        self._messages_received += 1
        self._expect_more()
        self._display_one(message)
        link = self._driver.links.get(peer.id)
        if self._is_interactive and isinstance(link, StreamLink):
            link.rest()
            asyncio.get_running_loop().call_later(SCREEN_REST_S, link.read_on)

    def _notice(self, notice: Notice) -> None:
        if isinstance(notice, PeerLeft):
            self._left = notice
        elif isinstance(notice, PeerCame) and self._is_interactive:
            text = _("Talking with {address}. Ctrl-D ends what you say, Ctrl-C leaves.")
            say(text.format(address=safe_text(notice.peer.address)))

    def _expect_more(self) -> None:
        """Begin to count the silence anew, once all is said and no limit is set on it."""
        if self._hint_timer is not None:
            self._hint_timer.cancel()
        if self._said_all and self._is_stream and self._wait_s is None:
            loop = asyncio.get_running_loop()
            self._hint_timer = loop.call_later(HINT_S, self._hint)

    def _hint(self) -> None:
        """Say what we wait for, so that nobody has to guess why nothing happens."""
        text = _(
            "Nothing for {seconds:g} s; {endpoint} has not closed its side. Waiting on: "
            "Ctrl-C leaves, --wait SECONDS sets a limit."
        )
        say(text.format(seconds=HINT_S, endpoint=self._dialling.endpoint))

    # How it ended

    def _end(self, exit_code: ExitCode) -> ExitCode:
        datagram = self._calling.datagram
        ending = Ending(
            endpoint=self._dialling.endpoint,
            exit_code=exit_code,
            left=self._left,
            failure=None if datagram is None else datagram.failure,
            wait_s=self._wait_s,
            messages_sent=self._messages_sent,
            messages_received=self._messages_received,
        )
        ending.say()
        if self._figures and not self._is_stream and self._left is not None:
            ending.say_figures()
        return ending.exit_code


def _cut(kept_bytes: int, whole_bytes: int) -> None:
    text = _(
        "a datagram was longer than the buffer: {kept} kept, the rest is lost "
        "(of a datagram, what one read does not take is gone)"
    )
    say(text.format(kept=size(kept_bytes), whole=size(whole_bytes)))
