"""A service of cachipún and those who come to it, as a test speaks with them."""

from collections.abc import Iterable, Sequence

from tests.playbook import NOW_NS

from enchufe.core import cachipun
from enchufe.core.ayudantia import move_bytes, result_of
from enchufe.core.cachipun import (
    Choice,
    Commit,
    Match,
    Payload,
    Players,
    Result,
    Reveal,
    Score,
    Sit,
    commitment,
    frame_of,
)
from enchufe.core.cachipun_words import GameWords
from enchufe.core.commands import (
    CancelTimer,
    Close,
    Command,
    Send,
    SendFrame,
    SetTimer,
    SpreadFrame,
)
from enchufe.core.events import (
    Event,
    FrameReceived,
    MessageReceived,
    PeerClosed,
    PeerFinished,
    PeerFramed,
    PeerOpened,
    Reason,
    TimerFired,
)
from enchufe.core.payloads import payload_of
from enchufe.core.peer import Peer, Transport
from enchufe.core.scores import AskScores, KeepScore, ScoreKept, ScoresFound
from enchufe.services.cachipun import Cachipun

PAYLOADS = {int(kind): payload for payload, kind in cachipun._KINDS.items()}
NS_PER_S = 1_000_000_000
NONCES = ("0" * 32, "1" * 32)
ROWS = (Score("ana", 2, 1),)


class Hall:
    """A service, its timers, and a disk that keeps scores at once, if it is well.

    Args:
        words: what it says in text.
        choose_s: how long a choice may take.
    """

    def __init__(self, words: GameWords | None = None, choose_s: float = 30.0) -> None:
        self.service = Cachipun(words, "seed", choose_s)
        self.now_ns = NOW_NS
        self.timers: dict[str, int] = {}
        self.kept: list[KeepScore] = []
        self.disk_is_well = True
        self.guests: dict[int, Guest] = {}
        self.closed: set[int] = set()

    def peer(self, transport: Transport = Transport.TCP) -> Peer:
        number = len(self.guests) + 1
        return Peer(number, transport, "192.0.2.1", number, is_stream=transport.is_stream)

    def tell(self, event: Event) -> None:
        """Tell the service something, and see to it that what it orders is done."""
        for command in self.service.handle(event):
            self._perform(command)

    def _perform(self, command: Command) -> None:
        match command:
            case Send():
                self.guests[command.peer.id].hears(command.message)
            case SendFrame():
                self.guests[command.peer.id].is_told(command)
            case SpreadFrame():
                for peer in command.peers:
                    self.guests[peer.id].is_told(SendFrame(peer, command.frame))
            case SetTimer():
                self.timers[command.name] = self.now_ns + round(command.after_s * NS_PER_S)
            case CancelTimer():
                self.timers.pop(command.name, None)
            case Close():
                self.closed.add(command.peer.id)
                self.tell(PeerClosed(self.now_ns, command.peer, command.reason))
            case _:
                self._keep(command)

    def _keep(self, command: Command) -> None:
        match command:
            case KeepScore():
                self.kept.append(command)
                if self.disk_is_well:
                    self.tell(ScoreKept(self.now_ns, command.match))
            case AskScores():
                self.tell(ScoresFound(self.now_ns, command.tag, ROWS))
            case _:
                raise AssertionError(command)

    def passes(self, seconds: float) -> None:
        """Let time pass."""
        end_ns = self.now_ns + round(seconds * NS_PER_S)
        while due := [(at, name) for name, at in self.timers.items() if at <= end_ns]:
            self.now_ns, name = min(due)
            del self.timers[name]
            self.tell(TimerFired(self.now_ns, name))
        self.now_ns = end_ns


class Guest:
    """Somebody who has come.

    Args:
        hall: where to.
        transport: how.
    """

    def __init__(self, hall: Hall, transport: Transport = Transport.TCP) -> None:
        self.hall = hall
        self.peer = hall.peer(transport)
        hall.guests[self.peer.id] = self
        hall.tell(PeerOpened(hall.now_ns, self.peer))

    def hears(self, message: bytes) -> None:
        raise NotImplementedError

    def is_told(self, command: SendFrame) -> None:
        raise NotImplementedError

    @property
    def is_closed(self) -> bool:
        return self.peer.id in self.hall.closed

    def finishes(self) -> None:
        self.hall.tell(PeerFinished(self.hall.now_ns, self.peer))

    def is_lost(self, reason: Reason = Reason.RESET) -> None:
        self.hall.tell(PeerClosed(self.hall.now_ns, self.peer, reason))

    def leaves(self) -> None:
        self.is_lost(Reason.FINISHED)


class Person(Guest):
    """Somebody with ncat."""

    def __init__(self, hall: Hall, *said: str, transport: Transport = Transport.TCP) -> None:
        self.lines: list[str] = []
        super().__init__(hall, transport)
        self.says(*said)

    def says(self, *lines: str) -> "Person":
        for line in lines:
            self.hall.tell(MessageReceived(self.hall.now_ns, self.peer, line.encode()))
        return self

    def hears(self, message: bytes) -> None:
        self.lines += message.decode().split("\n")

    def heard(self) -> list[str]:
        """Return what was heard since last asked."""
        lines, self.lines = self.lines, []
        return lines

    def heard_last(self) -> str:
        return self.heard()[-1]


class Program(Guest):
    """A program that speaks frames."""

    def __init__(
        self, hall: Hall, name: str, session: str = "", transport: Transport = Transport.TCP
    ) -> None:
        self.told: list[Payload] = []
        self.nonce = NONCES[0]
        super().__init__(hall, transport)
        hall.tell(PeerFramed(hall.now_ns, self.peer))
        self.says(Sit(name, session or f"session of {name}"))

    def says(self, *payloads: Payload) -> "Program":
        for payload in payloads:
            self.hall.tell(FrameReceived(self.hall.now_ns, self.peer, frame_of(payload)))
        return self

    def writes(self, line: str) -> None:
        self.hall.tell(MessageReceived(self.hall.now_ns, self.peer, line.encode()))

    def is_told(self, command: SendFrame) -> None:
        kind = PAYLOADS[command.frame.kind]
        self.told.append(payload_of(command.frame, kind))  # type: ignore[arg-type]

    def heard(self) -> list[Payload]:
        """Return what was told since last asked, but not who waits and plays."""
        told, self.told = self.told, []
        return [payload for payload in told if not isinstance(payload, Players)]

    def heard_of(self, kind: type[Payload]) -> list[Payload]:
        """Return what was told of one kind since last asked."""
        told, self.told = self.told, []
        return [payload for payload in told if isinstance(payload, kind)]

    @property
    def match(self) -> Match:
        return [told for told in self.told if isinstance(told, Match)][-1]

    def commits(self, match: Match, number: int, choice: str, nonce: str = NONCES[0]) -> None:
        digest = commitment(match.match, number, match.seat, choice, nonce)
        self.says(Commit(match.match, number, digest))

    def reveals(self, match: Match, number: int, choice: str, nonce: str = NONCES[0]) -> None:
        self.says(Reveal(match.match, number, choice, nonce))


class CourseWindow(Guest):
    """The course's own window."""

    def __init__(self, hall: Hall) -> None:
        self.results: list[tuple[Choice, Choice]] = []
        super().__init__(hall, Transport.AYUDANTIA)

    def clicks(self, choice: Choice) -> "CourseWindow":
        return self.sends(move_bytes(choice))

    def sends(self, message: bytes) -> "CourseWindow":
        self.hall.tell(MessageReceived(self.hall.now_ns, self.peer, message))
        return self

    def hears(self, message: bytes) -> None:
        result = result_of(message)
        assert result is not None
        self.results.append(result)


def two_people(hall: Hall) -> tuple[Person, Person]:
    """Let two come who play with each other."""
    return Person(hall, "/name ana", "/play"), Person(hall, "/name luis", "/play")


def pair_of_programs(hall: Hall, best: int = 3) -> tuple[Program, Program, tuple[Match, Match]]:
    """Let two programs play with each other."""
    ana, luis = Program(hall, "ana"), Program(hall, "luis")
    ana.says(cachipun.Call(best=best))
    luis.says(cachipun.Call())
    return ana, luis, (ana.match, luis.match)


def results(told: Iterable[Payload]) -> Sequence[Result]:
    return [payload for payload in told if isinstance(payload, Result)]
