"""The person who runs a server, as a member of its room."""

import asyncio
import re
from collections.abc import Callable

import pytest
from tests.net.recording import Driven, on_loop

from enchufe.clients.room_console import RoomConsole, converse
from enchufe.clients.standard_streams import OutputGuard
from enchufe.core.events import MessageReceived, PeerClosed, Reason
from enchufe.core.notices import PeerCame
from enchufe.core.peer import Transport
from enchufe.core.service import Framing

Run = Callable[[Callable[[RoomConsole, Driven], None]], None]


@pytest.fixture
def run() -> Run:
    """Do something with a console that has come into a room."""

    def on_console(do: Callable[[RoomConsole, Driven], None]) -> None:
        async def main() -> None:
            driven = Driven(framing=Framing.FRAMES)
            console = RoomConsole(driven.driver, OutputGuard())
            driven.driver.opened(console)
            do(console, driven)

        on_loop(main())

    return on_console


def test_it_comes_in_as_a_peer_that_is_at_this_very_place(run: Run) -> None:
    def do(console: RoomConsole, driven: Driven) -> None:
        assert console.peer.transport is Transport.CONSOLE
        assert not console.peer.is_elsewhere
        (came,) = driven.notices
        assert isinstance(came, PeerCame)

    run(do)


def test_each_line_typed_is_a_message_also_with_bytes_that_are_no_text(run: Run) -> None:
    def do(console: RoomConsole, driven: Driven) -> None:
        for line in ("¿hola?", "/who", "\udcff"):
            console.speak(line)
        received = driven.service.of(MessageReceived)
        messages = [event.message for event in received if isinstance(event, MessageReceived)]
        assert messages == ["¿hola?".encode(), b"/who", b"\xff"]
        assert console.activity() == console.received_bytes == 8 + 5 + 2

    run(do)


def test_what_is_said_is_shown_with_its_time(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    def do(console: RoomConsole, _driven: Driven) -> None:
        console.send("ana: hola [bold]: ¿sí?\n* luis came\n(ana, to you alone) a: b\n".encode())
        lines = capsys.readouterr().out.splitlines()
        assert all(re.match(r"\d\d:\d\d:\d\d ", line) for line in lines)
        assert [line[9:] for line in lines] == [
            "ana: hola [bold]: ¿sí?",
            "* luis came",
            "(ana, to you alone) a: b",
        ]

    run(do)


@pytest.mark.parametrize(
    ("leave", "reason"),
    [
        (RoomConsole.close, Reason.OURS),
        (lambda console: console.abort(Reason.STOPPING), Reason.STOPPING),
    ],
)
def test_it_leaves_at_once_and_once(
    run: Run, leave: Callable[[RoomConsole], None], reason: Reason
) -> None:
    def do(console: RoomConsole, driven: Driven) -> None:
        leave(console)
        leave(console)
        (closed,) = driven.service.of(PeerClosed)
        assert isinstance(closed, PeerClosed)
        assert closed.reason is reason

    run(do)


def test_a_screen_is_never_behind_and_has_nothing_to_finish(run: Run) -> None:
    def do(console: RoomConsole, driven: Driven) -> None:
        before = list(driven.service.events)
        for order in (console.finish, console.await_drained, console.rest, console.read_on):
            order()
        assert driven.service.events == before

    run(do)


def test_a_reader_that_leaves_ends_the_run_and_not_the_program(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ended = []

    async def main() -> None:
        output = OutputGuard()
        output.end_run = lambda: ended.append(True)
        console = RoomConsole(Driven().driver, output)
        console.send(b"ana: one")
        console.send(b"ana: two")

    class Left:
        """A standard output that nobody reads."""

        encoding = "utf-8"

        def write(self, _text: str) -> int:
            raise BrokenPipeError(32, "Broken pipe")

        def flush(self) -> None:
            raise BrokenPipeError(32, "Broken pipe")

        def isatty(self) -> bool:
            return False

        def fileno(self) -> int:
            raise OSError

    monkeypatch.setattr("enchufe.clients.standard_streams.discard_output", lambda: None)
    with monkeypatch.context() as context:
        context.setattr("sys.stdout", Left())
        on_loop(main())
    assert ended == [True]


def test_without_a_terminal_nobody_types() -> None:
    stopped: list[bool] = []

    async def main() -> None:
        console = RoomConsole(Driven().driver, OutputGuard())
        async with asyncio.timeout(10):
            await converse(console, lambda: stopped.append(True))

    on_loop(main())
    assert stopped == []
