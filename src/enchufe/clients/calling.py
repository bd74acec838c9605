"""Our end of a conversation with a server: dialled, held by a service of ours, hung up."""

import asyncio
import itertools
import time
from collections.abc import AsyncIterable, Awaitable, Callable
from functools import partial

from enchufe.clients.language import _, explain
from enchufe.clients.saying import say, say_error
from enchufe.clients.words import sentence
from enchufe.core.errors import EnchufeError
from enchufe.core.events import InputEnded, InputTyped, NotReached, Reason, RunStopping
from enchufe.core.exits import ExitCode
from enchufe.core.notices import (
    Notice,
    ServerNotRemembered,
    ServerRemembered,
    TlsFailed,
    TlsFault,
)
from enchufe.core.peer import Peer
from enchufe.host import Host
from enchufe.net.dial import Dialling, dial_stream
from enchufe.net.dialled_datagram import DialledDatagram
from enchufe.net.driver import Driver, Equipment
from enchufe.net.signals import ending_signals
from enchufe.net.watched_driver import Tap, WatchedDriver

_DENYING = (TlsFault.DISTRUSTED, TlsFault.CERTIFICATE_WANTED)


class Calling:
    """One run of a service that calls a server.

    Args:
        name: the service, as notices call it.
        dialling: whom to call.
        host: the service.
        notify: told who came and who left; a service may say itself what becomes of it.
        show: shows the person what the peer said; a service may tell it instead.
        cut: called with the kept and the whole size, in bytes, of a datagram longer
            than the buffer; there is none where whole datagrams are read.
        equipment: performs what is not about sockets; its ``dial`` and
            ``hold_input`` are ours.
        tap: shown every read and every write; None where nobody looks.
    """

    def __init__(
        self,
        name: str,
        dialling: Dialling,
        host: Host,
        *,
        notify: Callable[[Notice], None] = lambda _notice: None,
        show: Callable[[Peer, bytes], None] = lambda _peer, _message: None,
        cut: Callable[[int, int], None] = lambda _kept_bytes, _whole_bytes: None,
        equipment: Equipment | None = None,
        tap: Tap | None = None,
    ) -> None:
        self.datagram: DialledDatagram | None = None
        self.exit_code: ExitCode | None = None
        self.over = asyncio.Event()
        self.may_read_input = asyncio.Event()
        self.may_read_input.set()
        self._dialling = dialling
        self._cut = cut
        self._gone = asyncio.Event()
        self._notify = notify
        given = equipment or Equipment()
        make = Driver if tap is None else partial(WatchedDriver, tap=tap)
        self.driver = make(
            name,
            host,
            numbers=itertools.count(1),
            notify=self._notice,
            show=show,
            stop=self.stop,
            equipment=Equipment(
                tell=given.tell,
                dial=self._dial_again,
                hold_input=self._hold_input,
                history=given.history,
                files=given.files,
                show_error=given.show_error,
            ),
        )

    @property
    def is_stream(self) -> bool:
        """Whether the conversation is a stream."""
        return self._dialling.endpoint.transport.is_stream

    async def run(self, talk: Callable[[], Awaitable[None]]) -> ExitCode:
        """Hold the conversation until the service stops it, or Ctrl-C.

        Args:
            talk: says what there is to say, once the server is reached.

        Raises:
            EnchufeError: the server could not be reached, or what ``talk`` raises.
        """
        loop = asyncio.get_running_loop()
        for number in ending_signals():
            loop.add_signal_handler(number, self.stop, ExitCode.INTERRUPTED)
        async with asyncio.TaskGroup() as self._tasks:
            dialling = self._tasks.create_task(self._dial())
            over = self._tasks.create_task(self.over.wait())
            await asyncio.wait((dialling, over), return_when=asyncio.FIRST_COMPLETED)
            if not dialling.done():  # Ctrl-C does not wait for an answer that may never come
                dialling.cancel()
                return ExitCode.INTERRUPTED
            talking = self._tasks.create_task(_run(talk))
            await over
            await self._hang_up()
            talking.cancel()
        self.driver.close()
        return self.exit_code or ExitCode.DONE

    def stop(self, exit_code: ExitCode) -> None:
        """End the run: in good order if it went well, else at once; the first word counts."""
        if self.exit_code is None:
            self.exit_code = exit_code
            if exit_code is ExitCode.INTERRUPTED:
                self.driver.happened(RunStopping(time.time_ns()))  # the service may say goodbye
        self.over.set()
        self.may_read_input.set()
        if exit_code is not ExitCode.DONE:
            for link in list(self.driver.links.values()):
                link.abort(Reason.STOPPING)

    async def hand_over(self, lines: AsyncIterable[bytes]) -> None:
        """Hand the service what is typed or piped, line by line; Ctrl-C ends the call."""
        try:
            async for line in lines:
                self.driver.happened(InputTyped(time.time_ns(), line))
                await self.may_read_input.wait()
                if self.over.is_set():
                    return
        except KeyboardInterrupt:
            self.stop(ExitCode.INTERRUPTED)
            return
        self.driver.happened(InputEnded(time.time_ns()))

    def say_end(self, exit_code: ExitCode) -> None:
        """Say why it ended so, if that is nothing that the service could know."""
        failure = None if self.datagram is None else self.datagram.failure
        if exit_code is ExitCode.REFUSED and failure is not None:
            say_error(failure)
        elif exit_code is ExitCode.OUTPUT_CLOSED:
            say(_("Standard output was closed by the program that read it."))

    async def _dial(self) -> None:
        self._gone.clear()
        try:
            if self.is_stream:
                await dial_stream(self._dialling, self.driver, self._gone.set, self._hold_input)
            else:
                self.datagram = DialledDatagram(
                    self._dialling, self.driver, self._gone.set, self._tasks, self._cut
                )
                await self.datagram.open()
        except BaseException:
            self._gone.set()
            raise

    def _dial_again(self) -> None:
        self._tasks.create_task(self._try_again())

    async def _try_again(self) -> None:
        try:
            await self._dial()
        except EnchufeError as error:
            self.driver.happened(NotReached(time.time_ns(), explain(error)))

    async def _hang_up(self) -> None:
        """Wait until what was queued has left; Ctrl-C, or a failure, waits for nothing."""
        if self.exit_code is ExitCode.INTERRUPTED:
            for link in list(self.driver.links.values()):
                link.abort(Reason.STOPPING)
        await self._gone.wait()

    def _notice(self, notice: Notice) -> None:
        """Say what encryption has to say, and pass the rest on."""
        if not isinstance(notice, ServerRemembered | ServerNotRemembered | TlsFailed):
            self._notify(notice)
            return
        say(sentence(notice))
        if isinstance(notice, TlsFailed) and notice.fault in _DENYING:
            self.stop(ExitCode.DENIED)

    def _hold_input(self, hold: bool) -> None:
        if hold:
            self.may_read_input.clear()
        else:
            self.may_read_input.set()


async def _run(talk: Callable[[], Awaitable[None]]) -> None:
    await talk()
