"""Caller: our end of a conversation, with each of its endings."""

import pytest
from tests.playbook import (
    ANA,
    LUIS,
    Playbook,
    closed,
    drained,
    finished,
    fired,
    input_ended,
    opened,
    received,
    typed,
)

from enchufe.core.commands import CancelTimer, Close, Command, Finish, Send, SetTimer, Show, Stop
from enchufe.core.events import Reason
from enchufe.core.exits import ExitCode
from enchufe.core.notices import Refusal
from enchufe.core.peer import Peer
from enchufe.core.refusals import refusal_line
from enchufe.services.caller import (
    DATAGRAM_WAIT_S,
    LATE_INPUT_S,
    LATE_INPUT_TIMER,
    STRAGGLER_WAIT_S,
    WAIT_TIMER,
    Caller,
)


def waits(seconds: float) -> Command:
    return SetTimer(WAIT_TIMER, seconds)


def stops(exit_code: ExitCode) -> tuple[Command, Command]:
    return CancelTimer(WAIT_TIMER), Stop(exit_code)


def talking(peer: Peer, wait_s: float | None = None, *, half_close: bool = True) -> Playbook:
    """Return a playbook whose caller has said one thing."""
    playbook = Playbook(Caller(wait_s, half_close=half_close)).when(opened(peer))
    return playbook.when(typed(b"hola"), Send(peer, b"hola"))


# Talking


@pytest.mark.parametrize("peer", [ANA, LUIS])
def test_what_is_typed_is_sent_and_what_comes_is_shown(peer: Peer) -> None:
    (
        talking(peer)
        .when(received(peer, b"HOLA"), Show(peer, b"HOLA"))
        .when(typed(b""), Send(peer, b""))
        .when(received(peer, b""), Show(peer, b""))
        .when(drained(peer))
    )


def test_nothing_is_sent_before_there_is_a_peer() -> None:
    Playbook(Caller()).when(typed(b"too early")).when(input_ended())


# A stream


def test_a_stream_is_half_closed_at_the_end_of_the_input_and_its_answer_awaited() -> None:
    (
        talking(ANA)
        .when(input_ended(), Finish(ANA))
        .when(received(ANA, b"HO"), Show(ANA, b"HO"))
        .when(received(ANA, b"LA"), Show(ANA, b"LA"))
        .when(finished(ANA), Close(ANA))
        .when(closed(ANA), *stops(ExitCode.DONE))
    )


def test_a_stream_may_be_kept_whole_at_the_end_of_the_input() -> None:
    (
        talking(ANA, half_close=False)
        .when(input_ended())
        .when(finished(ANA), Close(ANA))
        .when(closed(ANA), *stops(ExitCode.DONE))
    )


def test_a_stream_with_a_limit_waits_anew_after_each_piece() -> None:
    (
        talking(ANA, wait_s=3.0)
        .when(received(ANA, b"early"), Show(ANA, b"early"))
        .when(input_ended(), Finish(ANA), waits(3.0))
        .when(received(ANA, b"HOLA"), Show(ANA, b"HOLA"), waits(3.0))
        .when(fired(WAIT_TIMER), Close(ANA), Stop(ExitCode.DONE))
        .when(closed(ANA, Reason.OURS), *stops(ExitCode.DONE))
    )


def test_a_stream_kept_whole_waits_for_its_limit_too() -> None:
    talking(ANA, wait_s=0.0, half_close=False).when(input_ended(), waits(0.0))


def test_a_stream_asked_and_silent_to_its_limit_has_timed_out() -> None:
    (
        talking(ANA, wait_s=3.0)
        .when(input_ended(), Finish(ANA), waits(3.0))
        .when(fired(WAIT_TIMER), Close(ANA), Stop(ExitCode.TIMED_OUT))
    )


def test_a_stream_that_was_asked_nothing_may_be_silent() -> None:
    (
        Playbook(Caller(1.0))
        .when(opened(ANA))
        .when(input_ended(), Finish(ANA), waits(1.0))
        .when(fired(WAIT_TIMER), Close(ANA), Stop(ExitCode.DONE))
    )


MORE_MAY_COME = SetTimer(LATE_INPUT_TIMER, LATE_INPUT_S)


def test_a_server_that_leaves_first_ends_the_call_well_once_we_fall_silent() -> None:
    (
        talking(ANA)
        .when(received(ANA, b"bye"), Show(ANA, b"bye"))
        .when(finished(ANA), MORE_MAY_COME)
        .when(fired(LATE_INPUT_TIMER), Close(ANA))
        .when(closed(ANA), *stops(ExitCode.DONE))
    )


def test_a_server_that_half_closes_first_still_gets_all_we_have_to_say() -> None:
    (
        talking(ANA)
        .when(finished(ANA), MORE_MAY_COME)
        .when(typed(b"y"), Send(ANA, b"y"), MORE_MAY_COME)
        .when(typed(b"adios"), Send(ANA, b"adios"), MORE_MAY_COME)
        .when(input_ended(), Close(ANA))
        .when(closed(ANA), *stops(ExitCode.DONE))
    )


# Datagrams


def test_a_datagram_waits_for_its_answer_and_then_for_a_straggler() -> None:
    (
        talking(LUIS)
        .when(input_ended(), waits(DATAGRAM_WAIT_S))
        .when(received(LUIS, b"HOLA"), Show(LUIS, b"HOLA"), waits(STRAGGLER_WAIT_S))
        .when(fired(WAIT_TIMER), Close(LUIS), Stop(ExitCode.DONE))
    )


def test_datagrams_wait_long_until_as_many_answers_as_questions_came() -> None:
    (
        talking(LUIS)
        .when(typed(b"adios"), Send(LUIS, b"adios"))
        .when(input_ended(), waits(DATAGRAM_WAIT_S))
        .when(received(LUIS, b"1"), Show(LUIS, b"1"), waits(DATAGRAM_WAIT_S))
        .when(received(LUIS, b"2"), Show(LUIS, b"2"), waits(STRAGGLER_WAIT_S))
        .when(received(LUIS, b"3"), Show(LUIS, b"3"), waits(STRAGGLER_WAIT_S))
    )


def test_an_answer_before_the_end_of_the_input_counts() -> None:
    (
        talking(LUIS)
        .when(received(LUIS, b"HOLA"), Show(LUIS, b"HOLA"))
        .when(input_ended(), waits(STRAGGLER_WAIT_S))
        .when(fired(WAIT_TIMER), Close(LUIS), Stop(ExitCode.DONE))
    )


def test_a_datagram_nobody_answers_has_timed_out() -> None:
    (
        talking(LUIS)
        .when(input_ended(), waits(DATAGRAM_WAIT_S))
        .when(fired(WAIT_TIMER), Close(LUIS), Stop(ExitCode.TIMED_OUT))
        .when(closed(LUIS, Reason.OURS), *stops(ExitCode.DONE))
    )


def test_datagrams_wait_as_long_as_they_are_told() -> None:
    (
        talking(LUIS, wait_s=9.0)
        .when(input_ended(), waits(9.0))
        .when(received(LUIS, b"HOLA"), Show(LUIS, b"HOLA"), waits(9.0))
    )


# Endings


@pytest.mark.parametrize("peer", [ANA, LUIS])
@pytest.mark.parametrize(
    ("reason", "exit_code"),
    [
        (Reason.FINISHED, ExitCode.DONE),
        (Reason.OURS, ExitCode.DONE),
        (Reason.STOPPING, ExitCode.DONE),
        (Reason.RESET, ExitCode.LOST),
        (Reason.UNFINISHED, ExitCode.LOST),
        (Reason.FAILED, ExitCode.LOST),
        (Reason.REFUSED, ExitCode.REFUSED),
        (Reason.SILENT, ExitCode.TIMED_OUT),
    ],
)
def test_why_a_call_is_over_decides_its_exit_code(
    peer: Peer, reason: Reason, exit_code: ExitCode
) -> None:
    talking(peer).when(closed(peer, reason), *stops(exit_code))


def test_every_reason_has_an_ending() -> None:
    for reason in Reason:
        assert Caller().handle(closed(ANA, reason))


@pytest.mark.parametrize("reason", [Reason.FINISHED, Reason.OURS, Reason.SILENT, Reason.RESET])
def test_a_peer_that_leaves_before_it_has_heard_us_out_has_been_lost(reason: Reason) -> None:
    talking(ANA).when(closed(ANA, reason, unsent_bytes=1), *stops(ExitCode.LOST))


def test_what_is_unsent_because_we_stop_is_not_lost() -> None:
    stopping = closed(ANA, Reason.STOPPING, unsent_bytes=1)
    talking(ANA).when(stopping, *stops(ExitCode.DONE))


@pytest.mark.parametrize(
    ("refusal", "exit_code"),
    [
        (Refusal.DENIED, ExitCode.DENIED),
        (Refusal.NOT_ALLOWED, ExitCode.DENIED),
        (Refusal.FULL, ExitCode.OVER_LIMIT),
        (Refusal.DESCRIPTORS, ExitCode.OVER_LIMIT),
    ],
)
@pytest.mark.parametrize("cut", [0, 1, 9, 16, 20])
@pytest.mark.parametrize("reason", [Reason.FINISHED, Reason.RESET])
def test_a_refusal_at_the_door_is_understood_however_it_is_cut(
    refusal: Refusal, exit_code: ExitCode, cut: int, reason: Reason
) -> None:
    line = refusal_line(refusal, "come back later" * 20)
    playbook = Playbook(Caller()).when(opened(ANA))
    for piece in (line[:cut], line[cut:]):
        playbook.when(received(ANA, piece), Show(ANA, piece))
    playbook.when(closed(ANA, reason), *stops(exit_code))


def test_words_like_a_refusal_later_on_are_only_words() -> None:
    line = refusal_line(Refusal.DENIED, "no")
    (
        talking(ANA)
        .when(received(ANA, b"x"), Show(ANA, b"x"))
        .when(received(ANA, line), Show(ANA, line))
        .when(closed(ANA), *stops(ExitCode.DONE))
    )


def test_a_timer_without_a_peer_stops() -> None:
    Playbook(Caller()).when(fired(WAIT_TIMER), Stop(ExitCode.DONE))
