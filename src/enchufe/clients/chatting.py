"""A person, or a pipe, in a room: from the line typed to the exit code."""

import secrets
import sys
from collections.abc import AsyncIterator
from pathlib import Path

from msgspec import Struct

from enchufe.clients.calling import Calling
from enchufe.clients.language import translated
from enchufe.clients.recorder import Recorder, RecordWish
from enchufe.clients.room_screen import RoomScreen
from enchufe.clients.standard_input import piped_lines
from enchufe.clients.standard_streams import OutputGuard
from enchufe.clients.visit_files import SEND, VisitFiles
from enchufe.core.exits import ExitCode
from enchufe.core.room_words import RoomWords
from enchufe.core.service import Framing
from enchufe.host import Host, Witness
from enchufe.net.dial import Dialling
from enchufe.net.driver import Equipment
from enchufe.record.header import RecordedService, Visited, visitor_of
from enchufe.services.visitor import VisitorWords

CHAT = "chat"
"""What the service calls itself in notices and recordings."""

PIPE_GIVES_UP_S = 60.0
"""For how long a pipe calls a lost server again; a person can press Ctrl-C."""


class Wish(Struct, frozen=True):
    """How somebody wants to be in a room.

    Args:
        name: how to be called; "" for whatever the room gives.
        room: where to; "" for the room one enters by.
        interactive: whether a person types at a terminal.
        give_up_s: for how long to call a lost server again; None for the usual time.
        messages: what to say instead of the input; None to say the input.
        folder: where files that come are kept.
        auto_fetch_bytes: pictures up to this size are fetched unasked; 0 for none.
        record: what is to be recorded; None for nothing.
    """

    name: str = ""
    room: str = ""
    interactive: bool = False
    give_up_s: float | None = None
    messages: list[str] | None = None
    folder: Path = Path()
    auto_fetch_bytes: int = 0
    record: RecordWish | None = None


class Chatting:
    """One visit to a room.

    Args:
        dialling: where the room is.
        wish: how to be in it.
        witness: shown every event and command instead of a screen, or None.
    """

    def __init__(self, dialling: Dialling, wish: Wish, witness: Witness | None = None) -> None:
        self._wish = wish
        self._screen = None if witness is not None else RoomScreen()
        output = OutputGuard()
        output.end_run = lambda: self._calling.stop(ExitCode.OUTPUT_CLOSED)
        gives_up_s = wish.give_up_s or (None if wish.interactive else PIPE_GIVES_UP_S)
        settings = Visited(
            wish.name,
            secrets.token_hex(16),
            wish.room,
            room_words=translated(RoomWords()),
            words=translated(VisitorWords()),
            give_up_s=gives_up_s,
            auto_fetch_bytes=wish.auto_fetch_bytes,
        )
        self._recorder = Recorder(wish.record, CHAT, [RecordedService(CHAT, settings)])
        shown = witness and output.guard(witness)
        tell = output.guard(self._tell)
        self._files = VisitFiles(
            dialling.endpoint,
            wish.folder,
            lambda text: tell(text, ""),
            interactive=wish.interactive,
        )
        self._calling = Calling(
            CHAT,
            dialling,
            Host(visitor_of(settings), Framing.FRAMES, self._recorder.witness(CHAT, shown)),
            equipment=Equipment(tell=tell, files=self._files.perform),
            tap=self._recorder.tap(CHAT),
        )

    async def run(self) -> ExitCode:
        """Stay in the room until the person leaves; return how it ended.

        Raises:
            EnchufeError: the room could not be reached.
        """
        self._files.open(self._calling.driver.happened)
        try:
            exit_code = await self._calling.run(self._talk)
        finally:
            self._files.close()
            self._recorder.close()
        self._calling.say_end(exit_code)
        is_script = exit_code is ExitCode.DONE and not self._wish.interactive
        return self._files.exit_code or exit_code if is_script else exit_code

    async def _talk(self) -> None:
        await self._calling.hand_over(self._said())

    async def _said(self) -> AsyncIterator[bytes]:
        """Yield what is said; orders about files are obeyed here."""
        async for line in self._lines():
            if not self._files.obey(line):
                yield line

    async def _lines(self) -> AsyncIterator[bytes]:
        if self._wish.messages is not None:
            for message in self._wish.messages:
                yield message.encode("utf-8", "surrogateescape")
        elif self._wish.interactive:
            from enchufe.clients.prompt import lines

            async for line in lines("> ", keeps=False, status=self._files.status, paths_after=SEND):
                yield line.encode("utf-8", "surrogateescape")
        else:
            async for piped in piped_lines(sys.stdin.fileno() if sys.stdin else -1):
                yield piped

    def _tell(self, text: str, by: str) -> None:
        if self._screen is not None:
            self._screen.tell(text, by)
