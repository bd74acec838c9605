"""What callers said is found in a recording, whichever side was recorded."""

import pytest
from tests.record.facts import ANA, echo_events

from enchufe.core.commands import Command
from enchufe.core.errors import OverLimitError
from enchufe.core.events import Event, PeerClosed, PeerOpened, Reason
from enchufe.core.peer import Peer, Transport
from enchufe.core.traffic import BytesReceived, BytesSent, EndQueued, Traffic
from enchufe.record import scripts as module
from enchufe.record.capture import sent_bytes
from enchufe.record.entries import Entry
from enchufe.record.reading import Numbered
from enchufe.record.scripts import Script, scripts
from enchufe.services.player import Step

LUIS = Peer(2, Transport.UDP, "127.0.0.1", 50_001, is_stream=False)


def found(*facts: Event | Command | Traffic, calls: bool = False) -> list[Script]:
    entries = [
        Numbered(line, Entry(getattr(fact, "at_ns", 0), "echo", fact))
        for line, fact in enumerate(facts, 2)
    ]
    return list(scripts(entries, "echo", sent_bytes(entries), calls=calls))


def test_the_callers_of_a_server_say_what_it_read() -> None:
    (script,) = found(*echo_events())
    assert script == Script(
        line=3,
        peer=ANA,
        after_ns=0,
        ended_before=(),
        steps=(Step(1, 0, b"hello"), Step(3, 5, None)),
        answers=(b"hello",),
    )


def test_whoever_called_says_what_it_wrote() -> None:
    facts: list[Event | Traffic] = [
        PeerOpened(1, ANA),
        BytesSent(2, ANA, b"hi"),
        BytesReceived(3, ANA, b"ho"),
    ]
    facts += [EndQueued(4, ANA), EndQueued(5, ANA), BytesSent(6, ANA, b"late")]
    (script,) = found(*facts, calls=True)
    assert script.steps == (Step(1, 0, b"hi"), Step(3, 2, None))
    assert script.answers == (b"ho",)


def test_datagrams_stay_apart_and_have_no_end() -> None:
    facts: list[Traffic] = [
        BytesReceived(2, LUIS, b"a"),
        BytesSent(3, LUIS, b"b"),
        BytesSent(4, LUIS, b""),
    ]
    (script,) = found(PeerOpened(1, LUIS), *facts, EndQueued(5, LUIS))
    assert script.steps == (Step(1, 0, b"a"),)
    assert script.answers == (b"b", b"")


def test_who_had_gone_before_somebody_came_is_known() -> None:
    first: list[Event] = [PeerOpened(10, ANA), PeerClosed(20, ANA, Reason.FINISHED)]
    _first, second = found(*first, PeerOpened(30, LUIS))
    assert (second.after_ns, second.ended_before) == (20, (1,))


def test_an_answer_that_never_left_is_not_awaited() -> None:
    closed = PeerClosed(3, ANA, Reason.RESET, unsent_bytes=4)
    (script,) = found(PeerOpened(1, ANA), BytesSent(2, ANA, b"answer"), closed)
    assert script.answers == (b"an",)


def test_the_person_at_a_rooms_own_screen_called_nobody() -> None:
    console = Peer(1, Transport.CONSOLE)
    assert found(PeerOpened(1, console), BytesReceived(2, console, b"x")) == []


def test_more_than_can_be_held_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PLAYED_BYTES_MAX", 9)
    with pytest.raises(OverLimitError, match="more than 9 bytes"):
        found(*echo_events())
