"""A conversation with any endpoint, held from the page.

Both sides speak JSON over the WebSocket, an object a message. The page says ``{"endpoint": …}``
first, then ``{"send": base64}`` and ``{"finish": true}``; we say what happens.
"""

import asyncio
import itertools
import time
from base64 import b64encode
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from msgspec import Struct
from starlette.websockets import WebSocket, WebSocketDisconnect

from enchufe.core.commands import Command
from enchufe.core.endpoint import Endpoint, parse_endpoint
from enchufe.core.errors import EnchufeError
from enchufe.core.events import (
    Event,
    InputEnded,
    InputTyped,
    PeerClosed,
    PeerFinished,
    PeerOpened,
    Reason,
)
from enchufe.core.exits import ExitCode
from enchufe.core.notices import Notice, TlsFailed
from enchufe.core.peer import Peer
from enchufe.host import Host
from enchufe.net.dial import Dialling, dial_stream
from enchufe.net.dialled_datagram import DialledDatagram
from enchufe.net.driver import Driver, Equipment
from enchufe.services.caller import Caller
from enchufe.web.house import CallWords
from enchufe.web.protocols import connection_of

WAITING_BYTES_MAX = 4 * 1024 * 1024
"""When half of this waits for the page, the other side is left unread; what datagrams bring beyond
all of it is lost, as it may be."""

FACT_BYTES = 512
"""What each fact that waits takes beside what was received."""

NOT_UNDERSTOOD = 1003
"""The code that says that a message was none of ours (RFC 6455, 7.4.1)."""

WAIT_S = 24 * 3600.0
"""How long datagrams are waited for after the input has ended: until the person closes."""


class Wanted(Struct, frozen=True):
    """What the page says first: whom to call, and in which language to answer."""

    endpoint: str
    language: str = "en"


class Written(Struct, frozen=True):
    """What the page says then: something to send, or that nothing more will be."""

    send: bytes | None = None
    finish: bool = False


class Call:
    """One conversation.

    Args:
        websocket: accepted already.
        words: for a person.
        may_call: whether that endpoint may be called from here.
    """

    def __init__(
        self, websocket: WebSocket, words: CallWords, may_call: Callable[[Endpoint], bool]
    ) -> None:
        self._websocket = websocket
        self._words = words
        self._may_call = may_call
        self._connection = connection_of(websocket.scope)
        self._facts: asyncio.Queue[Mapping[str, Any] | None] = asyncio.Queue()
        self._waiting_bytes = 0
        self._may_say = asyncio.Event()  # from when there is somebody, unless they do not read
        self._gone = asyncio.Event()
        self._gone.set()
        self._driver = Driver(
            "send",
            Host(Caller(WAIT_S), witness=self._witness),
            numbers=itertools.count(1),
            notify=self._notice,
            show=self._came,
            stop=self._stop,
            equipment=Equipment(hold_input=self._hold_input),
        )

    async def run(self) -> None:
        """Hold it until the page or the other side ends it."""
        try:
            wanted = msgspec.json.decode(await self._websocket.receive_text(), type=Wanted)
        except (msgspec.DecodeError, KeyError):
            await self._websocket.close(NOT_UNDERSTOOD)
            return
        try:
            await self._converse(wanted)
        finally:
            self._driver.close()

    async def _converse(self, wanted: Wanted) -> None:
        async with asyncio.TaskGroup() as tasks:
            holding = tasks.create_task(self._hold(wanted, tasks))
            telling = tasks.create_task(self._tell())
            leaving = [tasks.create_task(each) for each in (self._listen(), self._lost())]
            await asyncio.wait((holding, *leaving), return_when=asyncio.FIRST_COMPLETED)
            holding.cancel()
            self._hang_up()
            await self._gone.wait()
            self._facts.put_nowait(None)
            await asyncio.wait((telling, *leaving), return_when=asyncio.FIRST_COMPLETED)
            for task in (telling, *leaving):
                task.cancel()

    async def _hold(self, wanted: Wanted, tasks: asyncio.TaskGroup) -> None:
        """Reach the other side, and wait until it is gone."""
        try:
            endpoint = parse_endpoint(wanted.endpoint)
            if not self._may_call(endpoint):
                self._say(failed=self._words.not_allowed(wanted.language))
                return
            self._gone.clear()
            try:
                await self._dial(endpoint, tasks)
            except BaseException:
                self._gone.set()
                raise
        except EnchufeError as error:
            self._say(failed=self._words.explain(error, wanted.language))
        await self._gone.wait()

    async def _dial(self, endpoint: Endpoint, tasks: asyncio.TaskGroup) -> None:
        dialling = Dialling(endpoint)
        if endpoint.transport.is_stream:
            await dial_stream(dialling, self._driver, self._gone.set, self._hold_input)
        else:
            datagram = DialledDatagram(
                dialling, self._driver, self._gone.set, tasks, lambda _kept, _whole: None
            )
            await datagram.open()

    async def _listen(self) -> None:
        """Do what the page says, until it leaves."""
        while True:
            try:
                written = msgspec.json.decode(await self._websocket.receive_text(), type=Written)
            except (msgspec.DecodeError, WebSocketDisconnect, KeyError):
                return
            await self._may_say.wait()
            if written.send is not None:
                self._driver.happened(InputTyped(time.time_ns(), written.send))
            if written.finish:
                self._driver.happened(InputEnded(time.time_ns()))

    async def _lost(self) -> None:
        """Wait until the page is cut off, which is not heard while it may say nothing."""
        await self._connection.lost.wait()

    async def _tell(self) -> None:
        """Tell the page what happens, until there is nothing more to tell."""
        while (fact := await self._facts.get()) is not None:
            try:
                await self._websocket.send_text(msgspec.json.encode(fact).decode())
            except (WebSocketDisconnect, RuntimeError):
                return
            if "received" in fact:
                self._told(fact["received"])
        try:
            await self._websocket.close()
        except (WebSocketDisconnect, RuntimeError):
            return

    def _told(self, received: str) -> None:
        """Read on once little waits for the page."""
        was_much = self._is_much()
        self._waiting_bytes -= len(received) + FACT_BYTES
        if was_much and not self._is_much():
            for link in self._driver.links.values():
                link.read_on()

    def _is_much(self) -> bool:
        return self._waiting_bytes >= WAITING_BYTES_MAX // 2

    def _hold_input(self, hold: bool) -> None:
        """Take no more from the page, or take it again: the other side does not read."""
        if hold:
            self._may_say.clear()
        else:
            self._may_say.set()

    def _hang_up(self) -> None:
        for link in list(self._driver.links.values()):
            link.abort(Reason.OURS)

    # What the driver tells

    def _witness(self, fact: Event | Command) -> None:
        match fact:
            case PeerOpened(peer=peer):
                self._may_say.set()
                self._say(opened=peer.address, transport=peer.transport)
            case PeerFinished():
                self._say(finished=True)
            case PeerClosed(reason=reason):
                self._say(closed=reason)
            case _:
                pass

    def _came(self, _peer: Peer, message: bytes) -> None:
        if self._waiting_bytes < WAITING_BYTES_MAX:
            received = b64encode(message).decode()
            self._waiting_bytes += len(received) + FACT_BYTES
            self._say(received=received)
        if self._is_much():
            for link in self._driver.links.values():
                link.rest()

    def _notice(self, notice: Notice) -> None:
        if isinstance(notice, TlsFailed):
            self._say(tls=notice.fault)

    def _stop(self, _exit_code: ExitCode) -> None:
        """Do nothing: the page says when it has heard enough."""

    def _say(self, **fact: object) -> None:
        self._facts.put_nowait({**fact, "at_ns": str(time.time_ns())})
