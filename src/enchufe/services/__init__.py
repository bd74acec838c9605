"""Pure services: one file each. None knows another; the catalogue below knows them all."""

from collections.abc import Callable, Mapping

from msgspec import Struct

from enchufe.core.cachipun_words import GameWords
from enchufe.core.errors import N_
from enchufe.core.limits import GAME_CHOOSE_S, ROOM_FILE_BYTES_MAX
from enchufe.core.peer import Transport
from enchufe.core.room_words import RoomWords
from enchufe.core.service import Framing, Service
from enchufe.services.cachipun import Cachipun
from enchufe.services.chargen import Chargen
from enchufe.services.chat import Chat, Slow
from enchufe.services.control import Control, ControlWords, Permissions
from enchufe.services.daytime import Daytime
from enchufe.services.discard import Discard
from enchufe.services.echo import Echo
from enchufe.services.greet import Greet
from enchufe.services.hello import Hello
from enchufe.services.time import Time


def _no_nonce() -> bytes:
    """Fail: nothing pure knows chance; a service with a key is given where nonces come from."""
    raise NotImplementedError("a control service with a key needs nonces")


class Wishes(Struct, frozen=True):
    """What the one who runs services wishes them to say, in their language, and to do.

    Args:
        hello_answer: what `Hello` answers.
        greet_stream: what `Greet` sends to a stream peer.
        greet_datagram: what `Greet` answers to a datagram.
        room_words: what `Chat` says of itself.
        slow: what `Chat` does with those who do not read.
        room_file_bytes_max: the largest file that `Chat` takes.
        permissions: what may be asked of `Control`, and by whom.
        control_words: what `Control` says in text.
        new_nonce: where its nonces come from.
        game_words: what `Cachipun` says in text.
        game_seed: where its nonces and the house's choices come from; secret while it runs.
        choose_s: how long a choice in it may take.
    """

    hello_answer: str = "hi there"
    greet_stream: str = "Thank you for connecting\n"
    greet_datagram: str = "Here is my answer for {host}."
    room_words: RoomWords = RoomWords()
    slow: Slow = Slow.DROP
    room_file_bytes_max: int = ROOM_FILE_BYTES_MAX
    permissions: Permissions = Permissions()
    control_words: ControlWords = ControlWords()
    new_nonce: Callable[[], bytes] = _no_nonce
    game_words: GameWords = GameWords()
    game_seed: str = ""
    choose_s: float = GAME_CHOOSE_S


class ServiceKind(Struct, frozen=True):
    """A service as the catalogue lists it.

    Args:
        name: what a person types.
        summary: what it does, in half a sentence, marked for translation.
        make: builds one; it is told the words to use.
        framing: how it wants the bytes of a stream cut.
        guide_ports: where the guides' own clients look for it.
        is_usual: whether it is among those opened where nobody says which.
        speaks_first: whether a stream peer hears from it without having said anything.
        remembers: whether it keeps what was said.
        scores: whether it keeps who won.
        speaks_ayudantia: whether it can be served at ayudantia:// endpoints.
        command: the one of ours that talks with it best.
    """

    name: str
    summary: str
    make: Callable[[Wishes], Service]
    framing: Framing = Framing.RAW
    guide_ports: tuple[tuple[Transport, int], ...] = ()
    is_usual: bool = False
    speaks_first: bool = False
    remembers: bool = False
    scores: bool = False
    speaks_ayudantia: bool = False
    command: str = "connect"


_TCP, _UDP = Transport.TCP, Transport.UDP

CATALOGUE: Mapping[str, ServiceKind] = {
    kind.name: kind
    for kind in (
        ServiceKind(
            name="echo",
            summary=N_("sends back what it is sent (RFC 862)"),
            make=lambda _wishes: Echo(),
            guide_ports=((_UDP, 3500), (_TCP, 3500), (_UDP, 10000), (_TCP, 10000)),
            is_usual=True,
        ),
        ServiceKind(
            name="hello",
            summary=N_("shows who spoke and answers the greeting"),
            make=lambda wishes: Hello(wishes.hello_answer),
            framing=Framing.FRAMES,
            guide_ports=((_UDP, 12345), (_TCP, 12345)),
        ),
        ServiceKind(
            name="chat",
            summary=N_("a room for everybody, over every transport"),
            make=lambda wishes: Chat(wishes.room_words, wishes.slow, wishes.room_file_bytes_max),
            framing=Framing.FRAMES,
            guide_ports=((_UDP, 12345), (_TCP, 12345)),
            is_usual=True,
            speaks_first=True,
            remembers=True,
            command="chat",
        ),
        ServiceKind(
            name="cachipun",
            summary=N_("rock, paper, scissors: between people, programs, or with the house"),
            make=lambda wishes: Cachipun(wishes.game_words, wishes.game_seed, wishes.choose_s),
            framing=Framing.FRAMES,
            guide_ports=((_UDP, 7070), (_TCP, 7070)),
            is_usual=True,
            speaks_first=True,
            scores=True,
            speaks_ayudantia=True,
            command="play",
        ),
        ServiceKind(
            name="greet",
            summary=N_("TCP: greets and closes; UDP: answers with your address"),
            make=lambda wishes: Greet(wishes.greet_stream, wishes.greet_datagram),
            guide_ports=((_TCP, 9001), (_UDP, 15000)),
            is_usual=True,
            speaks_first=True,
        ),
        ServiceKind(
            name="control",
            summary=N_("stops the server and runs programs, for those who prove who they are"),
            make=lambda wishes: Control(wishes.permissions, wishes.new_nonce, wishes.control_words),
            framing=Framing.FRAMES,
            guide_ports=((_TCP, 3501), (_UDP, 3501)),
            command="run",
        ),
        ServiceKind(
            name="discard",
            summary=N_("takes everything, answers nothing (RFC 863)"),
            make=lambda _wishes: Discard(),
        ),
        ServiceKind(
            name="daytime",
            summary=N_("says the date and time as text (RFC 867)"),
            make=lambda _wishes: Daytime(),
            speaks_first=True,
        ),
        ServiceKind(
            name="time",
            summary=N_("says the seconds since 1900 in four bytes (RFC 868)"),
            make=lambda _wishes: Time(),
            speaks_first=True,
        ),
        ServiceKind(
            name="chargen",
            summary=N_("sends lines of a turning pattern without end (RFC 864)"),
            make=lambda _wishes: Chargen(),
            speaks_first=True,
        ),
    )
}
