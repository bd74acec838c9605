"""Two people talk: one of them is here, typing, whether this end calls or is called."""

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence

from msgspec import Struct

from enchufe.clients.call import FLOOD_PAUSE_S, SCREEN_REST_S
from enchufe.clients.calling import Calling
from enchufe.clients.console import PROBLEMS, ncat_to, url_of
from enchufe.clients.display import Display, Hide, Marked, Pass
from enchufe.clients.language import _, translated
from enchufe.clients.recorder import Recorder, RecordWish
from enchufe.clients.saying import say, say_error
from enchufe.clients.standard_input import piped_lines
from enchufe.clients.standard_streams import OutputGuard
from enchufe.clients.talk_files import SEND, Taking, TalkFiles
from enchufe.clients.words import refusal_reason, sentence
from enchufe.core.endpoint import Endpoint
from enchufe.core.events import InputEnded, InputTyped
from enchufe.core.exits import ExitCode
from enchufe.core.limits import DATAGRAM_BATCH_MAX
from enchufe.core.notices import CertificateUsed, Listening, Notice, PeerCame
from enchufe.core.peer import Peer
from enchufe.core.service import Framing
from enchufe.core.text import safe_text
from enchufe.host import Host
from enchufe.net.dial import Dialling
from enchufe.net.door import Door
from enchufe.net.driver import Driver, Equipment
from enchufe.net.listen import listen
from enchufe.net.server import Rules, Server, Serving
from enchufe.net.stream import StreamLink
from enchufe.net.tls import TlsSettings, check_needed, serving_tls
from enchufe.record.header import RecordedService, Talked, talk_of
from enchufe.record.json_lines import JsonLines
from enchufe.services.talk import TalkTexts
from enchufe.services.talk.bye import is_bye

TALK = "talk"
"""What the service calls itself in notices and recordings."""


class Habits(Struct, frozen=True):
    """How this end talks.

    Args:
        turns: whether each waits for the other's answer.
        interactive: whether a person types at a terminal.
        log: whether events are written instead of what the other side says.
        taking: what becomes of files that come.
        record: what is to be recorded; None for nothing.
    """

    turns: bool = False
    interactive: bool = False
    log: bool = False
    taking: Taking = Taking()
    record: RecordWish | None = None


async def call(dialling: Dialling, habits: Habits) -> ExitCode:
    """Talk with somebody who waits; return how it ended.

    Raises:
        EnchufeError: nobody could be reached.
    """
    person = _Person(habits, calling=True, is_stream=dialling.endpoint.transport.is_stream)

    def notify(notice: Notice) -> None:
        person.log(notice)
        if isinstance(notice, PeerCame):
            _greet(notice.peer, habits)

    calling = Calling(
        TALK,
        dialling,
        person.host,
        notify=notify,
        show=person.show,
        cut=_never_cut,
        equipment=person.equipment,
        tap=person.recorder.tap(TALK),
    )
    person.stop = calling.stop
    person.gates.append(calling.may_read_input)
    person.files.open(calling.driver.happened)
    try:
        exit_code = await calling.run(lambda: person.speak(calling.driver))
    finally:
        person.close()
    failure = None if calling.datagram is None else calling.datagram.failure
    if exit_code is ExitCode.REFUSED and failure is not None:
        say_error(failure)
    return person.ended(exit_code)


async def wait_for_call(
    endpoint: Endpoint,
    habits: Habits,
    *,
    family: int = 0,
    allow: Sequence[str] = (),
    deny: Sequence[str] = (),
    tls: TlsSettings | None = None,
) -> ExitCode:
    """Talk with the first who comes to ``endpoint``; return how it ended.

    Args:
        endpoint: where to listen.
        habits: how this end talks.
        family: ``AF_INET`` or ``AF_INET6`` to use only that one; 0 for both.
        allow: as in `enchufe.net.door.Door`.
        deny: as in `enchufe.net.door.Door`.
        tls: who we are at an encrypted endpoint.

    Raises:
        EnchufeError: it cannot listen there.
    """
    person = _Person(habits, calling=False, is_stream=endpoint.transport.is_stream)
    announce = _Announcer(habits)

    def notify(notice: Notice) -> None:
        person.log(notice)
        announce.notice(notice)

    settings = tls or TlsSettings()
    is_encrypted = check_needed(settings, [endpoint])
    rules = Rules(
        door=Door(allow, deny, notify),
        reason=refusal_reason,
        keeps_silent=True,  # people may think for longer than a minute
        hears_own_ports=True,  # nothing is answered here but by a person, and `bye` once
        hears_refusals=True,  # whoever vanished would keep everybody else out
        signalled=ExitCode.INTERRUPTED,
        tls=serving_tls(settings) if is_encrypted else None,
    )
    server = Server(rules, notify)
    person.stop = server.stop
    sockets = await listen(endpoint, family=family)
    serving = Serving(
        TALK,
        person.host,
        sockets,
        person.show,
        equipment=person.equipment,
        speak=person.speak,
        begin=person.begin,
        tap=person.recorder.tap(TALK),
    )
    try:
        return person.ended(await server.run([serving]))
    finally:
        person.close()


class _Person:
    """Whoever is at this end, at a terminal or through a pipe.

    Args:
        habits: how they talk.
        calling: whether they are the one who calls.
        is_stream: whether they talk over a stream, which carries a line of any length in pieces.
    """

    def __init__(self, habits: Habits, *, calling: bool, is_stream: bool) -> None:
        self.stop: Callable[[ExitCode], None] = _not_yet
        self._may_type = asyncio.Event()
        self._may_type.set()
        self.gates = [self._may_type]
        self.files = TalkFiles(habits.taking, interactive=habits.interactive)
        self.equipment = Equipment(
            tell=_tell, files=self.files.perform, hold_input=self._hold_input
        )
        self._habits = habits
        self._is_stream = is_stream
        self._output = OutputGuard()
        self._output.end_run = lambda: self.stop(ExitCode.OUTPUT_CLOSED)
        guard, write = self._output.guard, JsonLines(sys.stdout.buffer).write
        self.log = guard(write) if habits.log else _no_log
        self._display_one = guard(_display(habits).show)
        self._driver: Driver | None = None
        self._rests = False
        texts = translated(TalkTexts())
        settings = Talked(
            texts,
            calling,
            turns=habits.turns,
            policy=self.files.policy,
            typing=habits.interactive,
        )
        self.recorder = Recorder(habits.record, TALK, [RecordedService(TALK, settings)])
        witness = self.recorder.witness(TALK, self.log if habits.log else None)
        self.host = Host(talk_of(settings), Framing.FRAMES, witness)

    def close(self) -> None:
        """Let go of all files."""
        self.files.close()
        self.recorder.close()

    def show(self, peer: Peer, message: bytes) -> None:
        """Show what the other side said; a terminal gets a moment to draw a flood of it."""
        self._display_one(message)
        link = None if self._driver is None else self._driver.links.get(peer.id)
        if self._habits.interactive and not self._rests and isinstance(link, StreamLink):
            self._rests = True
            link.rest()
            asyncio.get_running_loop().call_later(SCREEN_REST_S, self._read_on, link)

    def _read_on(self, link: StreamLink) -> None:
        self._rests = False
        link.read_on()

    def begin(self, driver: Driver) -> None:
        """Get ready, before anybody comes."""
        self.files.open(driver.happened)

    async def speak(self, driver: Driver) -> None:
        """Hand over what is typed, until its end."""
        self._driver = driver
        count = 0
        try:
            async for line in self._lines():
                count += 1
                await self._say(driver, line, count)
        except KeyboardInterrupt:
            self.stop(ExitCode.INTERRUPTED)
            return
        self.files.refuse_all()
        driver.happened(InputEnded(time.time_ns()))

    async def _lines(self) -> AsyncIterator[bytes]:
        if not self._habits.interactive:
            descriptor = sys.stdin.fileno() if sys.stdin else -1
            async for line in piped_lines(descriptor, skips_too_long=not self._is_stream):
                yield line
            return
        from enchufe.clients.prompt import lines

        async for typed in lines("> ", status=self.files.status, paths_after=SEND):
            yield os.fsencode(typed)

    async def _say(self, driver: Driver, line: bytes, count: int) -> None:
        """Say one line; a pipe waits until there is room for the next, a person is told."""
        if self._habits.interactive and not all(gate.is_set() for gate in self.gates):
            say(_("Too much is waiting already; this was not sent."))
            return
        if is_bye(line):
            self.files.refuse_all()
        if not self.files.obey(line):
            driver.happened(InputTyped(time.time_ns(), line))
        if self._habits.interactive:
            return
        await asyncio.sleep(0 if count % DATAGRAM_BATCH_MAX else FLOOD_PAUSE_S)
        for gate in self.gates:
            await gate.wait()

    def _hold_input(self, hold: bool) -> None:
        if hold:
            self._may_type.clear()
        else:
            self._may_type.set()

    def ended(self, exit_code: ExitCode) -> ExitCode:
        """Return the exit code, having said what the service could not say."""
        if exit_code is ExitCode.OUTPUT_CLOSED:
            say(_("Standard output was closed by the program that read it."))
        return exit_code


class _Announcer:
    """Says where this end waits, what to type to reach it, and what goes wrong.

    Args:
        habits: how this end talks.
    """

    def __init__(self, habits: Habits) -> None:
        self._habits = habits
        self._announced: set[tuple[str, int, str]] = set()

    def notice(self, notice: Notice) -> None:
        """Say it, if it concerns the person."""
        if isinstance(notice, (*PROBLEMS, CertificateUsed)):
            say(sentence(notice))
        elif isinstance(notice, Listening):
            self._announce(notice)

    def _announce(self, notice: Listening) -> None:
        key = (notice.asked, notice.port, notice.path)
        if key in self._announced:  # in IPv4 and in IPv6
            return
        self._announced.add(key)
        where = notice.path or f"{notice.asked}:{notice.port}"
        text = _("Waiting for somebody at {transport} {where}. They can type:")
        ours = f"enchufe talk {url_of(notice)}" + (" --turns" if self._habits.turns else "")
        say(text.format(transport=notice.transport, where=where), ours, ncat_to(notice))
        if self._habits.turns:
            say(_("By turns: they speak first."))


def _greet(peer: Peer, habits: Habits) -> None:
    text = _("Talking with {address}.")
    if habits.turns:
        text += " " + _("By turns: you speak first.")
    if habits.interactive:
        text += " " + _("bye ends it for both; /help says more.")
    say(text.format(address=safe_text(peer.address)))


def _display(habits: Habits) -> Display:
    if habits.log:
        return Hide()
    if sys.stdout.isatty():
        return Marked()
    return Pass(sys.stdout.buffer, ends_messages=True)


def _tell(text: str, _by: str) -> None:
    say(safe_text(text))


def _never_cut(_kept_bytes: int, _whole_bytes: int) -> None:
    """Do nothing: the buffer holds any datagram."""


def _no_log(_fact: object) -> None:
    """Do nothing: nobody asked for a log."""


def _not_yet(_exit_code: ExitCode) -> None:
    """Do nothing: there is no run yet."""
