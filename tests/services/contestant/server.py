"""A server's side of cachipún, played by hand against our contestant."""

from tests.playbook import NOW_NS

from enchufe.core.cachipun import (
    Choice,
    Commit,
    Match,
    Payload,
    Result,
    Reveal,
    Round,
    Seated,
    Why,
    commitment,
    frame_of,
    winner,
)
from enchufe.core.commands import Command, Dial, SendFrame, SetTimer, Stop, Tell
from enchufe.core.events import (
    Event,
    FrameReceived,
    InputEnded,
    InputTyped,
    PeerClosed,
    PeerOpened,
    Reason,
    TimerFired,
)
from enchufe.core.exits import ExitCode
from enchufe.core.payloads import payload_of
from enchufe.core.peer import Peer, Transport
from enchufe.core.service import Service

SERVER = Peer(1, Transport.TCP, "192.0.2.9", 7070)
NONCE = "a" * 32
BEGUN = Match(1, 3, ("ana", "luis"), (0, 0), 0)


class Table:
    """A contestant, and what comes of what it is told.

    Args:
        service: the contestant.
        peer: the server, as it sees it.
    """

    def __init__(self, service: Service, peer: Peer = SERVER) -> None:
        self._service = service
        self._peer = peer
        self.lines: list[str] = []
        self.said: list[Payload] = []
        self.commands: list[Command] = []
        self.exit_code: ExitCode | None = None
        self.dials = 0
        self.happens(PeerOpened(NOW_NS, peer))

    def happens(self, event: Event) -> "Table":
        for command in self._service.handle(event):
            self.commands.append(command)
            match command:
                case Tell():
                    self.lines += command.text.split("\n")
                case Stop():
                    self.exit_code = command.exit_code
                case Dial():
                    self.dials += 1
                case SendFrame():
                    self._hears(command)
                case _:
                    pass
        return self

    def _hears(self, command: SendFrame) -> None:
        from tests.services.cachipun.hall import PAYLOADS

        kind = PAYLOADS[command.frame.kind]
        self.said.append(payload_of(command.frame, kind))  # type: ignore[arg-type]

    def tells(self, *payloads: Payload) -> "Table":
        for payload in payloads:
            self.happens(FrameReceived(NOW_NS, self._peer, frame_of(payload)))
        return self

    def types(self, *lines: str) -> "Table":
        for line in lines:
            self.happens(InputTyped(NOW_NS, line.encode()))
        return self

    def input_ends(self) -> "Table":
        return self.happens(InputEnded(NOW_NS))

    def fires(self, timer: str) -> "Table":
        return self.happens(TimerFired(NOW_NS, timer))

    def breaks(self, reason: Reason = Reason.RESET) -> "Table":
        return self.happens(PeerClosed(NOW_NS, self._peer, reason))

    def opens_again(self) -> "Table":
        self._peer = Peer(self._peer.id + 1, self._peer.transport, is_stream=self._peer.is_stream)
        return self.happens(PeerOpened(NOW_NS, self._peer))

    @property
    def waits_s(self) -> float:
        """The longest time for which a timer was set."""
        return max(c.after_s for c in self.commands if isinstance(c, SetTimer))

    def heard(self) -> list[Payload]:
        said, self.said = self.said, []
        return said

    def shown(self) -> list[str]:
        lines, self.lines = self.lines, []
        return lines

    def begins(self) -> "Table":
        return self.tells(Seated("ana"), BEGUN, Round(1, 1, 30.0))

    def plays(self, number: int, other: Choice) -> Result:
        """Play a round against what the contestant has chosen; return its result."""
        (commit,) = [said for said in self.heard() if isinstance(said, Commit)]
        digest = commitment(1, number, 1, other, NONCE)
        self.tells(Commit(1, number, commit.digest, 0), Commit(1, number, digest, 1))
        (reveal,) = [said for said in self.heard() if isinstance(said, Reveal)]
        assert commitment(1, number, 0, reveal.choice, reveal.nonce) == commit.digest
        self.tells(Reveal(1, number, reveal.choice, reveal.nonce, 0))
        self.tells(Reveal(1, number, other, NONCE, 1))
        own = Choice(reveal.choice)
        return Result(
            1, number, (own, other), winner((own, other)), (0, 0), over=False, why=Why.PLAYED
        )
