"""Who asks, what is permitted, and what the two sides say to each other, for the tests."""

from collections.abc import Callable, Iterator, Sequence
from itertools import count

from msgspec.structs import replace
from tests.playbook import ANA, EVA, NOW_NS

from enchufe.core.commands import Command, Report, SendFrame
from enchufe.core.control import (
    Ask,
    Challenge,
    Denied,
    Outcome,
    Run,
    Status,
    StopServer,
    control_frame,
)
from enchufe.core.events import Event, FrameReceived, PeerOpened
from enchufe.core.frames import Frame, Kind
from enchufe.core.payloads import payload_of
from enchufe.core.peer import Peer
from enchufe.core.seal import KEY_BYTES, Sealing, Side
from enchufe.services.control import Control, Permissions

KEY = b"k" * KEY_BYTES
REQUEST = "0123456789abcdef" * 2
LS = Run(REQUEST, ("ls", "/tmp"))
STOP = StopServer(REQUEST)
EVERYTHING = Permissions(key=KEY, may_stop=True, programs=(("ls", "*"), ("cat",)))
TRUSTED = replace(EVA, user="uid 1000")


def nonces() -> Callable[[], bytes]:
    """Return what gives a nonce never given before."""
    numbers = count(1)
    return lambda: next(numbers).to_bytes(32, "big")


def got(peer: Peer, frame: Frame) -> Event:
    return FrameReceived(NOW_NS, peer, frame)


class Caller:
    """The other side of one conversation with a service: asks, proves it, and reads answers.

    Args:
        service: the one it talks to.
        peer: who it is.
        key: the one it holds.
    """

    def __init__(self, service: Control, peer: Peer = ANA, key: bytes = KEY) -> None:
        self.service = service
        self.peer = peer
        self._key = key
        self._nonce = peer.id.to_bytes(32, "big")
        self.sealing: Sealing | None = None
        self.opening = service.handle(PeerOpened(NOW_NS, peer))

    def prove(self) -> "Caller":
        """Ask, and take up the challenge."""
        ask = control_frame(Ask(self._nonce.hex()))
        (answer,) = self.service.handle(got(self.peer, ask))
        assert isinstance(answer, SendFrame)
        assert answer.peer is self.peer
        server_nonce = bytes.fromhex(payload_of(answer.frame, Challenge).nonce)
        self.sealing = Sealing(self._key, Side.CALLER, self._nonce, server_nonce)
        return self

    def say(self, said: Run | StopServer | Frame) -> Sequence[Command]:
        """Say it under seal; return what the service does."""
        return self.service.handle(got(self.peer, self.sealed(said)))

    def sealed(self, said: Run | StopServer | Frame) -> Frame:
        """Return what is said, under seal."""
        assert self.sealing is not None
        return self.sealing.seal(said if isinstance(said, Frame) else control_frame(said))

    def heard(self, commands: Sequence[Command]) -> list[Frame]:
        """Return what the service tells us among ``commands``, opened."""
        return list(self._opened(commands))

    def _opened(self, commands: Sequence[Command]) -> Iterator[Frame]:
        for command in commands:
            if isinstance(command, SendFrame) and command.peer is self.peer:
                sealing = self.sealing
                frame = command.frame
                opened = (
                    frame if frame.kind != Kind.SEALED or not sealing else sealing.opened(frame)
                )
                assert opened is not None, "it is not sealed for us"
                yield opened


def status(frames: Sequence[Frame]) -> Status:
    """Return the status among ``frames``, which is the last."""
    return payload_of(frames[-1], Status)


def ended(outcome: Outcome, code: int = 0, detail: str = "") -> Frame:
    return control_frame(Status(outcome, code, detail))


def denied(commands: Sequence[Command], peer: Peer) -> str:
    """Return why ``peer`` is denied."""
    (said,) = [c for c in commands if isinstance(c, SendFrame) and c.peer is peer]
    return payload_of(said.frame, Denied).why


def reports(commands: Sequence[Command]) -> list[object]:
    """Return what the owner is told."""
    return [command.notice for command in commands if isinstance(command, Report)]
