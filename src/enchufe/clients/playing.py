"""The callers of a recorded run are played against a live server, and its answers compared."""

import asyncio
import itertools
from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

from enchufe.clients.language import _, plural
from enchufe.clients.replaying import SHOWN_MAX, first_difference, print_lines, say_ending
from enchufe.core.errors import N_, EnchufeError, UsageError
from enchufe.core.exits import ExitCode
from enchufe.core.figures import size
from enchufe.core.text import safe_bytes, safe_text
from enchufe.host import Host
from enchufe.net.dial import Dialling, dial_stream
from enchufe.net.dialled_datagram import DialledDatagram
from enchufe.net.driver import Driver
from enchufe.record.capture import sent_bytes
from enchufe.record.header import RecordedService
from enchufe.record.reading import RecordedRun
from enchufe.record.scripts import Script, scripts
from enchufe.services.player import Player

EXCERPT_BYTES = 40


class PlayWish(Struct, frozen=True):
    """How a recording is played against a server.

    Args:
        service: whose conversations; "" where there is one only.
        speed: how many times faster than it was; infinite for without any waiting.
    """

    service: str = ""
    speed: float = 1.0


async def play(path: Path, dialling: Dialling, wish: PlayWish) -> ExitCode:
    """Play the callers of a recorded run against a server; return whether it answers the same.

    Raises:
        EnchufeError: the recording cannot be read, or the server not be reached.
    """
    is_stream = dialling.endpoint.transport.is_stream
    all_scripts = _scripts(path, wish)
    chosen = [script for script in all_scripts if script.peer.is_stream is is_stream]
    if not chosen:
        raise UsageError(
            N_("{path} has no conversation that could be held with {endpoint}"),
            hint=N_("Streams are played to tcp://, tls:// or unix://, datagrams to the others"),
            path=path,
            endpoint=dialling.endpoint,
        )
    over = {script.peer.id: asyncio.Event() for script in chosen}
    performances = [_Performance(script, dialling, wish.speed, over) for script in chosen]
    async with asyncio.TaskGroup() as tasks:
        for performance in performances:
            tasks.create_task(performance.run(tasks))
    failures = [one.failure for one in performances if one.failure is not None]
    if failures:
        raise failures[0]
    different = [one for one in performances if not one.is_same()]
    for one in different[:SHOWN_MAX]:
        print_lines(*one.difference())
    _say_outcome(path, dialling, chosen, len(different))
    return ExitCode.PROTOCOL if different else ExitCode.DONE


def _scripts(path: Path, wish: PlayWish) -> Sequence[Script]:
    run = RecordedRun(path)
    try:
        sent = sent_bytes(run.entries())
    finally:
        run.close()
    run = RecordedRun(path)  # from its first line again
    try:
        service = _service(run, wish.service)
        found = scripts(run.entries(), service.name, sent, calls=service.calls)
    finally:
        run.close()
    say_ending(run)
    return found


def _service(run: RecordedRun, name: str) -> RecordedService:
    """Return the service that is meant.

    Raises:
        UsageError: there is none of that name, or several without one.
    """
    services = run.header.services
    found = [service for service in services if name in ("", service.name)]
    if len(found) != 1:
        several = N_("{path} holds several services, say which one")
        raise UsageError(
            N_("{path} holds no service “{name}”") if name else several,
            hint=N_("Choose with --service: {names}"),
            path=run.path,
            name=name,
            names=", ".join(service.name for service in services),
        )
    return found[0]


class _Performance:
    """One conversation that is played.

    Args:
        script: what is said, and what was answered.
        dialling: the server.
        speed: as in `PlayWish`.
        over: set when a conversation is over, by the ids of their peers.
    """

    def __init__(
        self, script: Script, dialling: Dialling, speed: float, over: dict[int, asyncio.Event]
    ) -> None:
        self.failure: EnchufeError | None = None
        self._script = script
        self._dialling = dialling
        self._speed = speed
        self._over = over
        is_stream = script.peer.is_stream
        answers = sum(map(len, script.answers)) if is_stream else len(script.answers)
        self._player = Player(script.steps, answers, speed)

    async def run(self, tasks: asyncio.TaskGroup) -> None:
        """Hold it, once its time has come and those it followed are over."""
        await asyncio.sleep(self._script.after_ns / 1e9 / self._speed)
        for number in self._script.ended_before:
            if number in self._over:
                await self._over[number].wait()
        try:
            await self._hold(tasks)
        except EnchufeError as error:
            self.failure = error
        finally:
            self._over[self._script.peer.id].set()

    async def _hold(self, tasks: asyncio.TaskGroup) -> None:
        gone = asyncio.Event()
        datagram: DialledDatagram | None = None
        driver = Driver(
            "replay",
            Host(self._player),
            numbers=itertools.count(1),
            notify=_nothing,
            show=_nothing,
            stop=_nothing,
        )
        if self._script.peer.is_stream:
            await dial_stream(self._dialling, driver, gone.set, _nothing)
        else:
            datagram = DialledDatagram(self._dialling, driver, gone.set, tasks, _nothing)
            await datagram.open()
        await gone.wait()
        driver.close()
        self.failure = None if datagram is None else datagram.failure

    def is_same(self) -> bool:
        """Return whether the server answered as it did then."""
        return self._then() == self._now()

    def _then(self) -> Sequence[bytes]:
        return [b"".join(self._script.answers)] if self._is_stream() else self._script.answers

    def _now(self) -> Sequence[bytes]:
        heard = self._player.heard
        return [b"".join(heard)] if self._is_stream() else tuple(heard)

    def _is_stream(self) -> bool:
        return self._script.peer.is_stream

    def difference(self) -> Sequence[str]:
        """Return where the answers part, in words."""
        pairs = itertools.zip_longest(self._then(), self._now())
        differing = ((i, a, b) for i, (a, b) in enumerate(pairs, 1) if a != b)
        number, then, now = next(differing)
        at = first_difference(then or b"", now or b"")
        text = (
            _("line {line}, {address}: another answer from byte {at} on")
            if self._is_stream()
            else _("line {line}, {address}: another datagram, number {number}, from byte {at} on")
        )
        where = text.format(
            line=self._script.line,
            address=safe_text(self._script.peer.address),
            at=at,
            number=number,
        )
        return [where, f"  - {_excerpt(then, at)}", f"  + {_excerpt(now, at)}"]


def _excerpt(answer: bytes | None, at: int) -> str:
    part = (answer or b"")[at : at + EXCERPT_BYTES]
    return safe_bytes(part) if part else _("nothing")


def _say_outcome(path: Path, dialling: Dialling, played: Sequence[Script], different: int) -> None:
    said = sum(len(step.data or b"") for script in played for step in script.steps)
    conversations = plural("{count} conversation", "{count} conversations", len(played))
    text = (
        _("{path} against {endpoint}: {conversations}, {said} said: {count} of them another way.")
        if different
        else _("{path} against {endpoint}: {conversations}, {said} said: the same answers.")
    )
    print_lines(
        text.format(
            path=safe_text(str(path)),
            endpoint=dialling.endpoint,
            conversations=conversations.format(count=len(played)),
            said=size(said),
            count=different,
        )
    )


def _nothing(*_facts: object) -> None:
    """Do nothing: only the answers count here."""
