"""Whom the simulations put into the world beside our services: guides' servers, and worse."""

from collections.abc import Sequence

from enchufe.core.chance import Chance
from enchufe.core.commands import Close, Command, Send, Stop
from enchufe.core.events import (
    Event,
    InputEnded,
    InputTyped,
    MessageReceived,
    PeerFinished,
    PeerOpened,
)
from enchufe.core.exits import ExitCode
from enchufe.core.peer import Peer, Transport
from enchufe.services import CATALOGUE, Wishes
from enchufe.services.caller import Caller
from enchufe.sim.driver import Driver
from enchufe.sim.machine import Machine
from enchufe.sim.stream import StreamEnd
from enchufe.sim.world import World

SERVER, CLIENT = "192.0.2.1", "192.0.2.2"
PATIENCE_AFTER_HEALING_S = 10.0
"""Far more than anything takes on a calm network, whatever was under way."""


class Mute:
    """A server that takes a call, and then says and does nothing."""

    def handle(self, _event: Event) -> Sequence[Command]:
        return ()


class Hurried:
    """A server that says its word to whoever comes, hears nobody out, and leaves."""

    def __init__(self, word: bytes) -> None:
        self._word = word

    def handle(self, event: Event) -> Sequence[Command]:
        if isinstance(event, PeerOpened):
            return (Send(event.peer, self._word), Close(event.peer))
        return ()


class Listener:
    """A client that listens only, and is stopped (Ctrl-C) when it has heard enough."""

    def __init__(self, enough_bytes: int) -> None:
        self._enough_bytes = enough_bytes
        self.heard = b""

    def handle(self, event: Event) -> Sequence[Command]:
        if isinstance(event, MessageReceived):
            self.heard += event.message
            if len(self.heard) >= self._enough_bytes:
                return (Stop(ExitCode.INTERRUPTED),)
        return ()


class Script:
    """A client in the manner of the guides: it says something, and hears what comes."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []
        self._peer: Peer | None = None

    def handle(self, event: Event) -> Sequence[Command]:
        if isinstance(event, PeerOpened):
            self._peer = event.peer
        if isinstance(event, InputTyped) and self._peer is not None:
            return (Send(self._peer, event.data),)
        if isinstance(event, MessageReceived):
            self.heard.append(event.message)
        if isinstance(event, PeerFinished):
            return (Close(event.peer), Stop(ExitCode.DONE))
        if isinstance(event, InputEnded):
            return (Stop(ExitCode.DONE),)
        return ()


def serve(machine: Machine, name: str, port: int) -> Driver:
    """Serve what the catalogue calls ``name``."""
    kind = CATALOGUE[name]
    return machine.serve(name, kind.make(Wishes()), port, kind.framing)


def call(world: World, port: int, wait_s: float | None = None) -> Driver:
    """Call the server by a stream, as `enchufe connect` does."""
    return world.machine(CLIENT).call(Transport.TCP, (SERVER, port), Caller(wait_s))


def call_by_datagrams(world: World, port: int, wait_s: float | None = None) -> Driver:
    """Call the server by datagrams, as `enchufe connect` does."""
    return world.machine(CLIENT).call(Transport.UDP, (SERVER, port), Caller(wait_s))


def is_over(*callers: Driver) -> bool:
    """Whether all calls have ended, and nothing is left of them."""
    return all(caller.exit_code is not None and not caller.links for caller in callers)


def our_end(driver: Driver) -> StreamEnd:
    """Return the only connection of a caller."""
    (link,) = driver.links.values()
    assert isinstance(link, StreamEnd)
    return link


def things_to_say(chance: Chance, size_bytes_max: int = 400) -> list[bytes]:
    """Return a few messages of any bytes, some of them empty."""
    return [chance.data(chance.between(0, size_bytes_max)) for _ in range(chance.between(0, 8))]


def sent_by(world: World, driver: Driver) -> list[bytes]:
    """Return every message a service sent, in order."""
    return [e.data for e in world.trace.entries if e.who == driver.name and "sends" in e.what]
