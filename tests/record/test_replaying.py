"""A service that has not changed says the same again; where one does not, that is found."""

from collections.abc import Sequence
from typing import cast

import pytest
from tests.record.facts import ANA, echo_events

from enchufe.core.commands import Close, Command, Send, Show
from enchufe.core.events import Event, MessageReceived, PeerOpened
from enchufe.core.room_words import RoomWords
from enchufe.core.service import Service
from enchufe.core.traffic import Traffic
from enchufe.core.transfer.incoming import Policy
from enchufe.record.entries import Entry
from enchufe.record.header import (
    Connected,
    Header,
    RecordedService,
    Settings,
    Talked,
    Visited,
    built,
    served,
)
from enchufe.record.replaying import Difference, Replay
from enchufe.services import CATALOGUE, Wishes
from enchufe.services.talk import TalkTexts
from enchufe.services.visitor import VisitorWords

Facts = Sequence[Event | Command | Traffic]


def header(*services: RecordedService) -> Header:
    return Header(0, "0", "serve", "", services or (served("echo", Wishes()),))


def played(facts: Facts, *, is_whole: bool = True) -> tuple[Replay, list[Difference]]:
    replay = Replay(header())
    found: list[Difference] = []
    for line, fact in enumerate(facts, 2):
        found += replay.feed(line, Entry(0, "echo", fact))
    found += replay.finish(len(facts) + 1, is_whole=is_whole)
    return replay, found


def test_the_same_is_the_same() -> None:
    replay, found = played(echo_events())
    assert found == []
    assert (replay.events, replay.commands) == (4, 2)


def changed(index: int, *facts: Event | Command | Traffic) -> Facts:
    all_facts = echo_events()
    return [*all_facts[:index], *facts, *all_facts[index + 1 :]]


HELLO = MessageReceived(2, ANA, b"hello")
SAID = Send(ANA, b"hello")


@pytest.mark.parametrize(
    ("facts", "line", "recorded", "now"),
    [
        (changed(4, Send(ANA, b"olleh")), 6, Send(ANA, b"olleh"), SAID),  # something else
        (changed(4, SAID, SAID), 7, SAID, None),  # less
        (changed(4), 7, None, SAID),  # more: the next event comes before it is found
        (changed(3, MessageReceived(2, ANA, b"x")), 6, SAID, Send(ANA, b"x")),
        (changed(4, Show(ANA, b"hello")), 6, Show(ANA, b"hello"), SAID),
    ],
)
def test_the_difference_is_where_it_is(
    facts: Facts, line: int, recorded: Command | None, now: Command | None
) -> None:
    _replay, (found,) = played(facts)
    assert (found.event_line, found.line) == (5, line)
    assert (found.recorded, found.now) == (recorded, now)
    assert isinstance(found.event, MessageReceived)


def test_what_was_said_last_may_be_missing_from_a_recording_that_was_cut_short() -> None:
    facts = echo_events()[:4]
    assert played(facts, is_whole=False)[1] == []
    (found,) = played(facts, is_whole=True)[1]
    assert found.now == SAID


def test_after_a_difference_the_rest_of_that_answer_is_not_told_and_the_next_is() -> None:
    wrong = Send(ANA, b"wrong")
    facts: Facts = [PeerOpened(1, ANA), HELLO, wrong, wrong, Close(ANA), HELLO, SAID, HELLO, wrong]
    _replay, found = played(facts)
    assert [difference.line for difference in found] == [4, 10]


class Failing:
    def handle(self, _event: Event) -> Sequence[Command]:
        raise KeyError(3)


def test_a_service_that_fails_is_a_difference_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    failing = cast("Service", Failing())
    monkeypatch.setattr("enchufe.record.replaying.built", lambda _settings, _name: failing)
    _replay, (found,) = played(echo_events())
    assert found.failure == "KeyError: 3"
    assert found.line == 3


@pytest.mark.parametrize("name", [name for name in CATALOGUE if name != "control"])
def test_every_service_can_be_set_up_from_a_recording(name: str) -> None:
    recorded = served(name, Wishes(hello_answer="ciao"))
    service = built(recorded.settings, name)
    assert type(service) is type(CATALOGUE[name].make(Wishes()))


def test_one_that_knows_a_key_or_that_we_do_not_know_is_left_out_and_said() -> None:
    services = [served(name, Wishes()) for name in ("echo", "control", "of tomorrow")]
    replay = Replay(header(*services))
    assert list(replay.services) == ["echo"]
    assert replay.left_out == ["control", "of tomorrow"]
    assert replay.feed(2, Entry(0, "control", PeerOpened(1, ANA))) == ()


@pytest.mark.parametrize(
    ("settings", "calls"),
    [
        (served("echo", Wishes()).settings, False),
        (Connected(None, half_close=True), True),
        (Talked(TalkTexts(), calling=True, turns=False, policy=Policy()), True),
        (Talked(TalkTexts(), calling=False, turns=True, policy=Policy(), typing=True), False),
        (Visited("ana", "s", "", RoomWords(), VisitorWords(), None, 0), True),
    ],
)
def test_whoever_calls_is_known_and_can_be_set_up(settings: Settings, *, calls: bool) -> None:
    assert RecordedService("echo", settings).calls is calls
    assert built(settings, "echo") is not None
