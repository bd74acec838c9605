"""A player says what was said, in its time, and not before it has heard what was heard."""

import math
from collections.abc import Sequence

import pytest

from enchufe.core.commands import AwaitDrained, CancelTimer, Close, Command, Finish, Send, SetTimer
from enchufe.core.events import (
    MessageReceived,
    PeerClosed,
    PeerDrained,
    PeerFinished,
    PeerOpened,
    Reason,
    TimerFired,
)
from enchufe.core.peer import Peer, Transport
from enchufe.services.player import (
    ANSWER_S,
    EXTRA_MAX,
    PATIENCE_TIMER,
    STEP_TIMER,
    STRAGGLER_S,
    Player,
    Step,
)

SERVER = Peer(1, Transport.TCP, "127.0.0.1", 3500)
SECOND = 1_000_000_000
STEPS = [Step(0, 0, b"one"), Step(2 * SECOND, 3, b"two"), Step(3 * SECOND, 6, None)]
PATIENCE = SetTimer(PATIENCE_TIMER, ANSWER_S)
NO_PATIENCE = CancelTimer(PATIENCE_TIMER)


def said(data: bytes) -> Sequence[Command]:
    return (NO_PATIENCE, Send(SERVER, data), AwaitDrained(SERVER))


@pytest.mark.parametrize("speed", [1.0, 10.0])
def test_it_keeps_the_time_or_a_part_of_it(speed: float) -> None:
    player = Player(STEPS, 6, speed)
    second = round(SECOND / speed)
    assert player.handle(PeerOpened(0, SERVER)) == said(b"one")
    assert player.handle(MessageReceived(1, SERVER, b"one")) == ()  # it has not left yet
    (timer,) = player.handle(PeerDrained(0, SERVER))
    assert timer == SetTimer(STEP_TIMER, 2 / speed)
    assert player.handle(TimerFired(2 * second, STEP_TIMER)) == said(b"two")
    assert player.handle(PeerDrained(2 * second, SERVER)) == (SetTimer(STEP_TIMER, 1 / speed),)
    assert player.handle(TimerFired(3 * second, STEP_TIMER)) == (PATIENCE,)
    told = player.handle(MessageReceived(3 * second, SERVER, b"two"))
    assert told == (NO_PATIENCE, Finish(SERVER), SetTimer(PATIENCE_TIMER, STRAGGLER_S))
    assert player.handle(PeerFinished(4 * second, SERVER)) == (NO_PATIENCE, Close(SERVER))
    assert player.handle(PeerClosed(4 * second, SERVER, Reason.FINISHED)) == ()
    assert b"".join(player.heard) == b"onetwo"


def test_without_waiting_it_still_waits_for_answers_and_not_for_ever() -> None:
    player = Player(STEPS, 6, math.inf)
    assert player.handle(PeerOpened(0, SERVER)) == said(b"one")
    assert player.handle(PeerDrained(0, SERVER)) == (PATIENCE,)
    assert player.handle(TimerFired(9, PATIENCE_TIMER)) == said(b"two")
    assert player.handle(PeerDrained(9, SERVER)) == (PATIENCE,)
    finish = (NO_PATIENCE, Finish(SERVER), PATIENCE)
    assert player.handle(TimerFired(9, PATIENCE_TIMER)) == finish
    assert player.handle(TimerFired(9, PATIENCE_TIMER)) == (NO_PATIENCE, Close(SERVER))
    assert player.handle(TimerFired(9, PATIENCE_TIMER)) == ()


def test_who_has_left_is_waited_for_no_more() -> None:
    player = Player(STEPS[:2], 6, math.inf)
    player.handle(PeerOpened(0, SERVER))
    player.handle(PeerDrained(0, SERVER))
    assert player.handle(PeerFinished(0, SERVER)) == said(b"two")
    assert player.handle(PeerDrained(0, SERVER)) == (NO_PATIENCE, Close(SERVER))


def test_a_server_that_never_stops_is_left() -> None:
    player = Player([], 3, math.inf)
    assert player.handle(PeerOpened(0, SERVER)) == (PATIENCE,)
    straggler = (SetTimer(PATIENCE_TIMER, STRAGGLER_S),)
    assert player.handle(MessageReceived(1, SERVER, b"123")) == straggler
    assert player.handle(MessageReceived(2, SERVER, b"4")) == ()  # the moment goes on from there
    too_much = MessageReceived(3, SERVER, bytes(EXTRA_MAX))
    assert player.handle(too_much) == (NO_PATIENCE, Close(SERVER))


def test_datagrams_are_counted_and_not_their_bytes() -> None:
    source = Peer(1, Transport.UDP, "127.0.0.1", 3500, is_stream=False)
    player = Player([Step(0, 0, b"a"), Step(0, 1, b"b")], 2, math.inf)
    player.handle(PeerOpened(0, source))
    assert player.handle(PeerDrained(0, source)) == (PATIENCE,)
    told = player.handle(MessageReceived(0, source, b""))
    assert told == (NO_PATIENCE, Send(source, b"b"), AwaitDrained(source))
