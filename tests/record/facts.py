"""Any fact that a recording may hold, and a run to record."""

from collections.abc import Callable
from pathlib import Path
from typing import get_args

from hypothesis import strategies as st

from enchufe.core.commands import Close, Command, Send
from enchufe.core.events import Event, MessageReceived, PeerClosed, PeerFinished, PeerOpened, Reason
from enchufe.core.notices import RecordingStopped
from enchufe.core.peer import Peer, Transport
from enchufe.core.traffic import BytesReceived, BytesSent, PeerMet, Traffic
from enchufe.record.header import served
from enchufe.record.reading import Numbered, RecordedRun
from enchufe.record.recording import Recording
from enchufe.services import Wishes

st.register_type_strategy(int, st.integers(-(2**63), 2**64 - 1))  # what JSON is read as
st.register_type_strategy(float, st.floats(allow_nan=False, allow_infinity=False))

KINDS = [kind for union in (Event, Command, Traffic) for kind in get_args(union)]
FACTS = st.sampled_from(KINDS).flatmap(st.from_type)

ANA = Peer(1, Transport.TCP, "127.0.0.1", 50_000)


def echo_events(peer: Peer = ANA) -> list[Event | Command | Traffic]:
    """Return what an echo service is told and says when somebody says hello."""
    return [
        PeerMet(1, peer, "127.0.0.1", 3500),
        PeerOpened(1, peer),
        BytesReceived(2, peer, b"hello"),
        MessageReceived(2, peer, b"hello"),
        Send(peer, b"hello"),
        BytesSent(3, peer, b"hello"),
        PeerFinished(4, peer),
        Close(peer),
        PeerClosed(5, peer, Reason.FINISHED),
    ]


def never(notice: RecordingStopped) -> None:
    raise AssertionError(notice)


def recording(path: Path, **options: int) -> Recording:
    return Recording(path, "serve", (served("echo", Wishes()),), never, **options)


def recorded(path: Path, facts: list[Event | Command | Traffic]) -> Path:
    """Record ``facts`` of an echo service, whole; return where."""
    made = recording(path)
    add = adding(made)
    for fact in facts:
        add(fact)
    made.close()
    return path


def adding(made: Recording) -> Callable[[Event | Command | Traffic], None]:
    witness, tap = made.witness("echo"), made.tap("echo")

    def add(fact: Event | Command | Traffic) -> None:
        if isinstance(fact, Traffic):
            tap(fact)
        else:
            witness(fact)

    return add


def read(path: Path) -> tuple[RecordedRun, list[Numbered]]:
    run = RecordedRun(path)
    try:
        return run, list(run.entries())
    finally:
        run.close()
