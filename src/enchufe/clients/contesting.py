"""A person, or a pipe, plays cachipún: from the line typed to the exit code."""

import secrets
import sys
from collections.abc import AsyncIterator

from msgspec import Struct

from enchufe.clients.calling import Calling
from enchufe.clients.game_screen import GameScreen
from enchufe.clients.language import translated
from enchufe.clients.recorder import Recorder, RecordWish
from enchufe.clients.standard_input import piped_lines
from enchufe.clients.standard_streams import OutputGuard
from enchufe.core.cachipun_words import GameWords
from enchufe.core.exits import ExitCode
from enchufe.core.peer import Transport
from enchufe.core.service import Framing
from enchufe.host import Host, Witness
from enchufe.net.dial import Dialling
from enchufe.net.driver import Equipment
from enchufe.record.header import Contested, RecordedService, Windowed, contestant_of
from enchufe.services.contestant import ContestantWords, Wish

PLAY = "play"
"""What the service calls itself in notices and recordings."""

KEYS = "123"
"""What chooses at once, without the Enter key."""

SEED_BYTES = 32
"""As many as a digest of the lots drawn with it has: fewer would be easier to guess."""


class PlayWish(Struct, frozen=True):
    """How somebody wants to play.

    Args:
        name: how to be called; "" for whatever the server gives.
        wish: what to play.
        interactive: whether a person types at a terminal.
        record: what is to be recorded; None for nothing.
    """

    name: str = ""
    wish: Wish = Wish()
    interactive: bool = False
    record: RecordWish | None = None


class Contesting:
    """One visit to a game.

    Args:
        dialling: where the game is.
        wish: how to play.
        witness: shown every event and command instead of a screen, or None.
    """

    def __init__(self, dialling: Dialling, wish: PlayWish, witness: Witness | None = None) -> None:
        self._wish = wish
        self._screen = None if witness is not None else GameScreen()
        output = OutputGuard()
        output.end_run = lambda: self._calling.stop(ExitCode.OUTPUT_CLOSED)
        settings = _settings(dialling, wish)
        recorder = self._recorder = Recorder(wish.record, PLAY, [RecordedService(PLAY, settings)])
        shown = witness and output.guard(witness)
        self._calling = Calling(
            PLAY,
            dialling,
            Host(contestant_of(settings), Framing.FRAMES, recorder.witness(PLAY, shown)),
            equipment=Equipment(tell=output.guard(self._tell)),
            tap=recorder.tap(PLAY),
        )

    async def run(self) -> ExitCode:
        """Play until the person leaves; return how it ended.

        Raises:
            EnchufeError: the server could not be reached.
        """
        try:
            exit_code = await self._calling.run(self._talk)
        finally:
            self._recorder.close()
        self._calling.say_end(exit_code)
        return exit_code

    async def _talk(self) -> None:
        await self._calling.hand_over(self._lines())

    async def _lines(self) -> AsyncIterator[bytes]:
        if not self._wish.interactive:
            async for piped in piped_lines(sys.stdin.fileno() if sys.stdin else -1):
                yield piped
            return
        from enchufe.clients.prompt import lines

        async for line in lines("> ", keeps=False, at_once=KEYS):
            yield line.encode("utf-8", "surrogateescape")

    def _tell(self, text: str, _by: str) -> None:
        if self._screen is not None:
            self._screen.tell(text)


def _settings(dialling: Dialling, wish: PlayWish) -> Contested | Windowed:
    """Return what sets up whoever plays there, in the person's language."""
    game_words, words = translated(GameWords()), translated(ContestantWords())
    if dialling.endpoint.transport is Transport.AYUDANTIA:
        return Windowed(game_words, words, is_script=not wish.interactive)
    return Contested(
        name=wish.name,
        session=secrets.token_hex(16),
        wish=wish.wish,
        seed=secrets.token_hex(SEED_BYTES),
        game_words=game_words,
        words=words,
        is_script=not wish.interactive,
    )
