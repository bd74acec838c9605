"""A server: what its rules and its services may ask of it."""

import asyncio
import signal
import socket
import sys
from collections.abc import Awaitable, Callable, Sequence

import pytest
from tests.net.recording import Recorder, on_loop, until

from enchufe.core.commands import Command, HoldInput, Stop, Tell
from enchufe.core.endpoint import Endpoint
from enchufe.core.events import Event, InputTyped, MessageReceived, PeerClosed
from enchufe.core.exits import ExitCode
from enchufe.core.notices import LoopAvoided, Notice, PeerCame
from enchufe.core.peer import Transport
from enchufe.host import Host
from enchufe.net.door import Door
from enchufe.net.driver import Driver, Equipment
from enchufe.net.listen import BoundSocket, listen
from enchufe.net.server import Rules, Server, Serving

UDP = Endpoint(Transport.UDP, "127.0.0.1", 0)


class Scene:
    """A server over UDP with a `Recorder`, and a client of it.

    Args:
        service: what is served.
        source: the client's address; another than the server's gets the server's port.
        rules: further rules.
    """

    def __init__(
        self, service: Recorder, source: str = "127.0.0.1", **rules: bool | ExitCode
    ) -> None:
        self.service = service
        self.told: list[object] = []
        self.notices: list[Notice] = []
        self.client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._source = source
        self._rules = Rules(Door((), (), print), str, **rules)  # type: ignore[arg-type]

    async def run(self, speak: Callable[[Driver], Awaitable[None]]) -> ExitCode:
        """Serve until stopped; ``speak`` is begun once it listens."""
        (bound,) = await listen(UDP)
        self._connect(bound)
        self.server = Server(self._rules, self.notices.append)
        equipment = Equipment(
            tell=lambda text, by: self.told.append((text, by)), hold_input=self.told.append
        )
        serving = Serving("test", Host(self.service), [bound], print, equipment, speak)
        with self.client:
            return await self.server.run([serving])

    def _connect(self, bound: BoundSocket) -> None:
        own_port = bound.sock.getsockname()[1]
        is_guest = self._source == "127.0.0.1"
        self.client.bind((self._source, 0 if is_guest else own_port))
        self.client.connect(bound.sock.getsockname())


def test_a_person_speaks_through_the_driver_and_the_service_has_its_equipment() -> None:
    def rule(event: Event) -> Sequence[Command]:
        if isinstance(event, InputTyped):
            return (Tell("hola", "ana"), HoldInput(True), Stop(ExitCode.LOST))
        return ()

    async def speak(driver: Driver) -> None:
        driver.happened(InputTyped(1, b"x"))
        await asyncio.sleep(3600)  # a person may be typing when it ends

    scene = Scene(Recorder(rule))
    assert on_loop(scene.run(speak)) is ExitCode.LOST
    assert scene.told == [("hola", "ana"), True]


@pytest.mark.parametrize("code", [ExitCode.DONE, ExitCode.INTERRUPTED])
def test_a_signal_ends_with_the_code_the_rules_say(code: ExitCode) -> None:
    async def speak(_driver: Driver) -> None:
        signal.raise_signal(signal.SIGINT)

    assert on_loop(Scene(Recorder(), signalled=code).run(speak)) is code


@pytest.mark.parametrize("keeps_silent", [False, True])
def test_a_silent_datagram_peer_is_forgotten_unless_it_is_to_be_kept(
    monkeypatch: pytest.MonkeyPatch, keeps_silent: bool
) -> None:
    monkeypatch.setattr("enchufe.net.idle.DATAGRAM_PEER_IDLE_S_MAX", 0.02)
    scene = Scene(Recorder(), keeps_silent=keeps_silent)

    async def speak(_driver: Driver) -> None:
        scene.client.send(b"hello")
        await until(lambda: bool(scene.service.of(MessageReceived)))
        if keeps_silent:
            await asyncio.sleep(0.3)  # many sweeps long
            assert scene.service.of(PeerClosed) == []
        else:
            await until(lambda: bool(scene.service.of(PeerClosed)))
        scene.server.stop()

    on_loop(scene.run(speak))


@pytest.mark.skipif(sys.platform != "linux", reason="macOS has one loopback address only")
@pytest.mark.parametrize("hears", [False, True])
def test_datagrams_from_a_port_of_our_number_are_heard_only_where_the_rules_say(
    hears: bool,
) -> None:
    scene = Scene(Recorder(), "127.0.0.2", hears_own_ports=hears)

    async def speak(_driver: Driver) -> None:
        scene.client.send(b"hello")
        kind = PeerCame if hears else LoopAvoided
        await until(lambda: any(isinstance(notice, kind) for notice in scene.notices))
        scene.server.stop()

    on_loop(scene.run(speak))
    assert bool(scene.service.of(MessageReceived)) is hears
