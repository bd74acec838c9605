"""The first line of a recording: what ran, and how its services were set up.

What rebuilds a service is written down as it was, words and all, so that a recording
made in one language says the same when it is played in another.
"""

from typing import TypeAlias

from msgspec import Struct, structs

from enchufe.core.cachipun_words import GameWords
from enchufe.core.limits import GAME_CHOOSE_S
from enchufe.core.room_words import RoomWords
from enchufe.core.service import Service
from enchufe.core.transfer.incoming import Policy
from enchufe.services import CATALOGUE, Wishes
from enchufe.services.caller import Caller
from enchufe.services.chat import Slow
from enchufe.services.contestant import Contestant, ContestantWords, Window, Wish
from enchufe.services.talk import Talk, TalkTexts
from enchufe.services.visitor import Visitor, VisitorWords

FORMAT = 1
"""Grows when a reader of an older number could misunderstand what is written."""


class Served(Struct, frozen=True, tag=True, omit_defaults=True):
    """A service of the catalogue; the fields are those of `enchufe.services.Wishes`.

    What `control` may do, and its key, are never written down; what a game draws its lots
    from is, for a game.
    """

    hello_answer: str
    greet_stream: str
    greet_datagram: str
    room_words: RoomWords
    slow: Slow
    room_file_bytes_max: int
    game_words: GameWords = GameWords()
    game_seed: str = ""
    choose_s: float = GAME_CHOOSE_S


class Connected(Struct, frozen=True, tag=True):
    """The caller of ``enchufe connect``; the fields are those of `Caller`."""

    wait_s: float | None
    half_close: bool


class Talked(Struct, frozen=True, tag=True):
    """One end of ``enchufe talk``; the fields are those of `Talk`."""

    texts: TalkTexts
    calling: bool
    turns: bool
    policy: Policy
    typing: bool = False


class Visited(Struct, frozen=True, tag=True):
    """The visitor of ``enchufe chat``; the fields are those of `Visitor`."""

    name: str
    session: str
    room: str
    room_words: RoomWords
    words: VisitorWords
    give_up_s: float | None
    auto_fetch_bytes: int


class Contested(Struct, frozen=True, tag=True):
    """The contestant of ``enchufe play``; the fields are those of `Contestant`."""

    name: str
    session: str
    wish: Wish
    seed: str
    game_words: GameWords
    words: ContestantWords
    is_script: bool


class Windowed(Struct, frozen=True, tag=True):
    """The contestant of ``enchufe play ayudantia://``; the fields are those of `Window`."""

    game_words: GameWords
    words: ContestantWords
    is_script: bool


Settings: TypeAlias = Served | Connected | Talked | Visited | Contested | Windowed
"""What rebuilds a service."""


class RecordedService(Struct, frozen=True):
    """A service of the run.

    Args:
        name: as every line of the recording calls it.
        settings: what rebuilds it.
    """

    name: str
    settings: Settings

    @property
    def calls(self) -> bool:
        """Whether it called its peer; else its peers called it."""
        if isinstance(self.settings, Talked):
            return self.settings.calling
        return not isinstance(self.settings, Served)


class Header(Struct, frozen=True, tag="enchufe recording"):
    """The first line of a recording.

    Args:
        at_ns: when it began.
        enchufe: the version that wrote it.
        command: what was run: serve, connect, talk, chat or play.
        platform: the system it ran on.
        services: what was recorded.
        format: `FORMAT` of the version that wrote it.
    """

    at_ns: int
    enchufe: str
    command: str
    platform: str
    services: tuple[RecordedService, ...]
    format: int = FORMAT


def served(name: str, wishes: Wishes) -> RecordedService:
    """Return a service of the catalogue, as it is written down."""
    fields = Served.__struct_fields__
    is_game = name in CATALOGUE and CATALOGUE[name].scores
    known = fields if is_game else fields[: -len(Served.__struct_defaults__)]
    return RecordedService(name, Served(**{field: getattr(wishes, field) for field in known}))


def built(settings: Settings, name: str) -> Service | None:
    """Return a service as it was when the recording began.

    None for one that cannot be rebuilt: what `control` may do, and whose key it knows,
    is in no recording; and a later version may have services that this one has not.
    """
    match settings:
        case Served():
            if name not in CATALOGUE or name == "control":
                return None
            return CATALOGUE[name].make(Wishes(**structs.asdict(settings)))
        case Connected():
            return Caller(settings.wait_s, half_close=settings.half_close)
        case Talked():
            return talk_of(settings)
        case Visited():
            return visitor_of(settings)
        case Contested() | Windowed():
            return contestant_of(settings)


def talk_of(settings: Talked) -> Talk:
    """Return the end of a talk that was set up like this."""
    return Talk(**structs.asdict(settings))


def visitor_of(settings: Visited) -> Visitor:
    """Return the visitor that was set up like this."""
    return Visitor(**structs.asdict(settings))


def contestant_of(settings: Contested | Windowed) -> Contestant | Window:
    """Return the contestant that was set up like this."""
    if isinstance(settings, Windowed):
        return Window(**structs.asdict(settings))
    return Contestant(**structs.asdict(settings))
