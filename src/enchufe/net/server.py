"""A server: services at their endpoints, from the first peer to a stop in good order."""

import asyncio
import contextlib
import itertools
import signal
import ssl
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Protocol, TypeAlias

from msgspec import Struct

from enchufe.core.events import Reason, RunStopping
from enchufe.core.exits import ExitCode
from enchufe.core.limits import HELD_BYTES_MAX, STOP_S_MAX
from enchufe.core.notices import (
    CertificateUsed,
    Listening,
    Notice,
    PageServed,
    Ready,
    Refusal,
)
from enchufe.core.peer import Peer, Transport
from enchufe.host import Host
from enchufe.net.acceptor import Acceptor
from enchufe.net.addresses import peer_at
from enchufe.net.crowd import AddressLimits
from enchufe.net.datagram import DatagramEndpoint
from enchufe.net.door import Door
from enchufe.net.driver import Driver, Equipment
from enchufe.net.held import HeldSweep
from enchufe.net.idle import IdleSweep
from enchufe.net.listen import BoundSocket, unlink_path
from enchufe.net.lobby import Lobby
from enchufe.net.signals import ending_signals
from enchufe.net.tls import ServingTls
from enchufe.net.watched_driver import Tap, WatchedDriver

Show: TypeAlias = Callable[[Peer, bytes], None]


class Serving(Struct, frozen=True):
    """A service and the sockets it listens on.

    Args:
        name: as the catalogue calls it.
        host: joins it to its peers.
        sockets: already bound.
        show: shows the person what a peer said.
        equipment: performs what is not about sockets.
        speak: hands the service, through its driver, what the person at this side types,
            from when all endpoints listen until the run ends; None where nobody types.
        begin: called with the driver before anybody comes in.
        hurry: called when a run that stops is to end at once.
        tap: shown every read and every write; None where nobody looks.
    """

    name: str
    host: Host
    sockets: Sequence[BoundSocket]
    show: Show
    equipment: Equipment | None = None
    speak: Callable[[Driver], Awaitable[None]] | None = None
    begin: Callable[[Driver], None] | None = None
    hurry: Callable[[], None] | None = None
    tap: Tap | None = None


class Page(Protocol):
    """Another way in: browsers come through it to every service."""

    url: str

    def open(self, drivers: Sequence[Driver], lobby: Lobby, tasks: asyncio.TaskGroup) -> None:
        """Let browsers in to the services of ``drivers``."""

    def close(self) -> None:
        """Let nobody else in, and end what is open."""

    def hurry(self) -> None:
        """End at once."""


class Rules(Struct, frozen=True):
    """What holds for every peer of a server.

    Args:
        door: which addresses may come in.
        reason: tells a refused peer why, in the server's language.
        buffer_bytes: how much one read takes; None for as much as there is.
        peers_max: how many may be inside at once; None for no limit of ours.
        address_limits: what one address may do.
        held_bytes_max: what all peers together may make us hold (`enchufe.net.held`).
        idle_s: how long a peer may be silent; None for no limit on streams.
        keeps_silent: whether a datagram peer stays, however long it is silent, where
            ``idle_s`` is None.
        hears_own_ports: whether datagrams from ports of our own numbers are heard: only
            where no service answers just anything (`enchufe.core.loops`).
        hears_refusals: whether a datagram peer ends when its port turns out to be closed.
        listen_for_s: how long strangers may come; None for ever.
        serve_max: how many to serve before stopping; None for no end.
        signalled: the exit code of a run that a signal ends.
        tls: what encrypted endpoints need; None where there are none.
    """

    door: Door
    reason: Callable[[Refusal], str]
    buffer_bytes: int | None = None
    peers_max: int | None = None
    address_limits: AddressLimits = AddressLimits()
    held_bytes_max: int = HELD_BYTES_MAX
    idle_s: float | None = None
    keeps_silent: bool = False
    hears_own_ports: bool = False
    hears_refusals: bool = False
    listen_for_s: float | None = None
    serve_max: int | None = None
    signalled: ExitCode = ExitCode.DONE
    tls: ServingTls | None = None


class Server:
    """Runs services until it is told to stop.

    Args:
        rules: what holds for every peer.
        notify: told what befalls the run.
    """

    def __init__(self, rules: Rules, notify: Callable[[Notice], None]) -> None:
        self._rules = rules
        self._notify = notify
        self._hurries: list[Callable[[], None]] = []
        self._numbers = itertools.count(1)
        self._drivers: list[Driver] = []
        self._endpoints: list[Acceptor | DatagramEndpoint] = []
        self._unlinked: list[BoundSocket] = []
        self._page: Page | None = None
        self._stopping = asyncio.Event()
        self._closing = asyncio.Event()
        self._exit_code = ExitCode.DONE
        self._lobby = Lobby(
            rules.door,
            peers_max=rules.peers_max,
            serve_max=rules.serve_max,
            reason=rules.reason,
            notify=notify,
            served_all=self._closing.set,
            address_limits=rules.address_limits,
        )

    async def run(self, services: Sequence[Serving], page: Page | None = None) -> ExitCode:
        """Serve until stopped by a signal, a limit, or a service; return the exit code."""
        self._page = page
        loop = asyncio.get_running_loop()
        for number in ending_signals():
            loop.add_signal_handler(number, self._signalled, number)
        async with asyncio.TaskGroup() as tasks:
            self._open(services, tasks)
            self._show_certificate()
            self._open_page(tasks)
            self._notify(Ready(time.time_ns()))
            background = [tasks.create_task(self._sweep(driver)) for driver in self._drivers]
            background.append(tasks.create_task(self._sweep_held()))
            for serving, driver in zip(services, self._drivers, strict=True):
                if serving.speak is not None:
                    background.append(tasks.create_task(_run(serving.speak(driver))))
            await self._until_over(tasks)
            await self._stop()
            for task in background:
                task.cancel()
        return self._exit_code

    def stop(self, exit_code: ExitCode = ExitCode.DONE) -> None:
        """End the run in good order."""
        if not self._stopping.is_set():
            self._exit_code = exit_code
        self._stopping.set()

    def _signalled(self, number: signal.Signals) -> None:
        is_repeated = number == signal.SIGHUP  # of one closed terminal shell and kernel both tell
        if self._stopping.is_set() and not is_repeated:  # asked twice: at once
            self._abort_all()
            for hurry in self._hurries:
                hurry()
        self.stop(self._rules.signalled)

    def _open(self, services: Sequence[Serving], tasks: asyncio.TaskGroup) -> None:
        own_ports = frozenset(
            bound.sock.getsockname()[1]
            for serving in services
            for bound in serving.sockets
            if bound.endpoint.transport.is_internet and not bound.endpoint.transport.is_stream
            if not self._rules.hears_own_ports
        )
        for serving in services:
            is_watched = serving.tap is not None or self._page is not None
            make = partial(WatchedDriver, tap=serving.tap) if is_watched else Driver
            driver = make(
                serving.name,
                serving.host,
                numbers=self._numbers,
                notify=self._notify,
                show=serving.show,
                stop=self.stop,
                equipment=serving.equipment,
            )
            self._drivers.append(driver)
            if serving.begin is not None:
                serving.begin(driver)
            if serving.hurry is not None:
                self._hurries.append(serving.hurry)
            for bound in serving.sockets:
                self._announce(serving.name, bound)
                self._endpoints.append(self._endpoint(bound, driver, tasks, own_ports))
                self._unlinked.append(bound)

    def _endpoint(
        self,
        bound: BoundSocket,
        driver: Driver,
        tasks: asyncio.TaskGroup,
        own_ports: frozenset[int],
    ) -> Acceptor | DatagramEndpoint:
        rules = self._rules
        buffer_bytes = rules.buffer_bytes
        if bound.endpoint.transport.is_stream:
            context = self._context_for(bound)
            return Acceptor(bound, driver, self._lobby, tasks, buffer_bytes, context=context)
        return DatagramEndpoint(
            bound,
            driver,
            self._lobby,
            own_ports,
            buffer_bytes,
            hears_refusals=rules.hears_refusals,
        )

    def _context_for(self, bound: BoundSocket) -> ssl.SSLContext | None:
        if bound.endpoint.transport is not Transport.TLS:
            return None
        assert self._rules.tls is not None
        return self._rules.tls.context

    def _show_certificate(self) -> None:
        tls = self._rules.tls
        if tls is not None:
            self._notify(CertificateUsed(time.time_ns(), tls.fingerprint, tls.path, tls.is_new))

    def _open_page(self, tasks: asyncio.TaskGroup) -> None:
        if self._page is not None:
            self._hurries.append(self._page.hurry)
            self._page.open(self._drivers, self._lobby, tasks)
            self._notify(PageServed(time.time_ns(), self._page.url))

    def _announce(self, name: str, bound: BoundSocket) -> None:
        endpoint = bound.endpoint
        here = peer_at(0, endpoint.transport, bound.sock.getsockname())
        self._notify(
            Listening(
                at_ns=time.time_ns(),
                service=name,
                transport=endpoint.transport,
                asked=endpoint.shown_host,
                host=here.host,
                port=here.port,
                path=here.path,
            )
        )

    async def _sweep(self, driver: Driver) -> None:
        if self._rules.idle_s is None and self._rules.keeps_silent:
            return
        sweep = IdleSweep(driver, self._rules.idle_s)
        while True:
            await asyncio.sleep(sweep.every_s)
            sweep.sweep()

    async def _sweep_held(self) -> None:
        sweep = HeldSweep(self._drivers, self._rules.held_bytes_max)
        while True:
            await asyncio.sleep(sweep.pause_s)
            sweep.sweep()

    async def _until_over(self, tasks: asyncio.TaskGroup) -> None:
        """Wait for a stop, or until nobody else may come and those inside have left."""
        limit = tasks.create_task(self._stop_listening_in_time())
        stopped = tasks.create_task(self._stopping.wait())
        served = tasks.create_task(self._until_served())
        await asyncio.wait((stopped, served), return_when=asyncio.FIRST_COMPLETED)
        for task in (limit, stopped, served):
            task.cancel()

    async def _stop_listening_in_time(self) -> None:
        if self._rules.listen_for_s is None:
            return
        await asyncio.sleep(self._rules.listen_for_s)
        if self._lobby.served == 0:
            self.stop(ExitCode.TIMED_OUT)
        self._closing.set()

    async def _until_served(self) -> None:
        await self._closing.wait()
        self._let_nobody_in()
        await self._lobby.empty.wait()

    def _let_nobody_in(self) -> None:
        self._lobby.is_open = False
        for endpoint in self._endpoints:
            endpoint.close()

    async def _stop(self) -> None:
        """Let nobody else in, let what is queued leave, then end what is left."""
        self._lobby.is_open = False
        for driver in self._drivers:  # datagram peers are forgotten with their endpoint
            driver.happened(RunStopping(time.time_ns()))
        self._let_nobody_in()
        for bound in self._unlinked:
            unlink_path(bound)
        for driver in self._drivers:
            for link in list(driver.links.values()):
                link.close()
        self._turn_away()
        await self._until_empty(STOP_S_MAX)
        while not self._lobby.empty.is_set():  # one may just be coming in
            self._abort_all()
            await self._until_empty(_ABORT_AGAIN_S)
        if self._page is not None:
            self._page.close()
        for driver in self._drivers:
            driver.close()
        self._lobby.troubles.close()

    async def _until_empty(self, limit_s: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(limit_s):
                await self._lobby.empty.wait()

    def _turn_away(self) -> None:
        for endpoint in self._endpoints:
            if isinstance(endpoint, Acceptor):
                endpoint.turn_away()

    def _abort_all(self) -> None:
        for driver in self._drivers:
            for link in list(driver.links.values()):
                link.abort(Reason.STOPPING)


async def _run(speech: Awaitable[None]) -> None:
    await speech


_ABORT_AGAIN_S = 0.05
"""How long a cut-off connection may take to be gone: no more than a turn of the event loop."""
