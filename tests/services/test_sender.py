"""Sender: what it is given goes in order, and the exit code says how it went."""

from collections.abc import Sequence
from typing import Any

import pytest
from tests.core.transfer.people import PHOTO, got, says, told
from tests.playbook import (
    ANA,
    NOW_NS,
    Playbook,
    closed,
    finished,
    fired,
    opened,
    received,
)

from enchufe.core.commands import CancelTimer, Close, Command, Send, SetTimer, Show, SpeakFrames
from enchufe.core.commands import Stop as StopRun
from enchufe.core.events import Event, PeerFramed, Reason
from enchufe.core.exits import ExitCode
from enchufe.core.files import (
    FileChosen,
    FileFailed,
    FileRead,
    LeaveFile,
    Objection,
    ReadFile,
    Stage,
)
from enchufe.core.frames import Kind
from enchufe.core.limits import FILE_PIECE_BYTES
from enchufe.core.notices import Refusal
from enchufe.core.refusals import refusal_line
from enchufe.services.sender import (
    ANSWER_TIMER,
    ANSWER_WAIT_S,
    PREFACE_TIMER,
    PREFACE_WAIT_S,
    Item,
    Sender,
)

CHOSEN = FileChosen(NOW_NS, "out-1", PHOTO)
FRAMED = PeerFramed(NOW_NS, ANA)
OFFER = says(Kind.OFFER, name="photo.png", size=10, media="image/png")
DONE_WAITING = CancelTimer(PREFACE_TIMER)
AWAITING = SetTimer(ANSWER_TIMER, ANSWER_WAIT_S)
UNWANTED = Objection.UNWANTED
REFUSED = got(Kind.REFUSE, why="failed")
ANSWERED = CancelTimer(ANSWER_TIMER)


def called(*items: Item) -> Playbook:
    return Playbook(Sender(items)).when(
        opened(ANA), SpeakFrames(ANA), SetTimer(PREFACE_TIMER, PREFACE_WAIT_S)
    )


def stops(exit_code: ExitCode) -> tuple[Command, Command]:
    return DONE_WAITING, StopRun(exit_code)


def offering() -> Playbook:
    return called("look", CHOSEN, "done").when(
        FRAMED, DONE_WAITING, Send(ANA, b"look"), OFFER, told("out-1", Stage.OFFERED), AWAITING
    )


def moving() -> Playbook:
    return offering().when(
        got(Kind.ACCEPT, payload=b"{}"),
        says(Kind.START, offset=0),
        told("out-1", Stage.MOVING),
        ReadFile("out-1", FILE_PIECE_BYTES),
        ANSWERED,
    )


def after(stage: Stage, *timers: Command, **more: Any) -> tuple[Command, ...]:
    done = (Send(ANA, b"done"), *timers, Close(ANA))
    return LeaveFile("out-1"), told("out-1", stage, **more), *done


def not_taken(objection: Objection) -> tuple[Command, ...]:
    return after(Stage.NOT_TAKEN, ANSWERED, objection=objection)


def test_all_is_said_in_order_and_the_end_awaits_that_it_is_kept() -> None:
    (
        moving()
        .when(FileRead(NOW_NS, "out-1", b"", "5a"), says(Kind.END, sha256="5a"))
        .when(got(Kind.KEPT), *after(Stage.KEPT))
        .when(closed(ANA), *stops(ExitCode.DONE))
    )


def test_a_text_that_is_no_utf_8_is_said_as_far_as_it_can_be_and_the_rest_too() -> None:
    said = (Send(ANA, "h\ufffd".encode()), Send(ANA, b"done"))
    called("h\udcff", "done").when(FRAMED, DONE_WAITING, *said, Close(ANA))


def test_texts_alone_are_said_and_done() -> None:
    (
        called("a", "¿b?")
        .when(FRAMED, DONE_WAITING, Send(ANA, b"a"), Send(ANA, "¿b?".encode()), Close(ANA))
        .when(closed(ANA), *stops(ExitCode.DONE))
    )


@pytest.mark.parametrize(
    ("objection", "exit_code"),
    [
        (Objection.SIZE, ExitCode.OVER_LIMIT),
        (Objection.SPACE, ExitCode.OVER_LIMIT),
        (Objection.BUSY, ExitCode.OVER_LIMIT),
        (Objection.NAME, ExitCode.DENIED),
        (Objection.UNWANTED, ExitCode.DENIED),
        (Objection.DIGEST, ExitCode.LOST),
        (Objection.FAILED, ExitCode.LOST),
    ],
)
def test_what_is_not_taken_decides_the_exit_code_and_the_rest_is_sent(
    objection: Objection, exit_code: ExitCode
) -> None:
    (
        offering()
        .when(got(Kind.REFUSE, why=objection.value), *not_taken(objection))
        .when(closed(ANA), *stops(exit_code))
    )


def test_every_objection_has_an_exit_code() -> None:
    for objection in Objection:
        offering().when(got(Kind.REFUSE, why=objection.value), *not_taken(objection))


def test_a_file_that_cannot_be_read_is_lost() -> None:
    failed = FileFailed(NOW_NS, "out-1", Objection.FAILED, "gone")
    (
        moving()
        .when(failed, says(Kind.CANCEL), *after(Stage.UNREADABLE, why="gone"))
        .when(closed(ANA), *stops(ExitCode.LOST))
    )


@pytest.mark.parametrize("reason", [Reason.RESET, Reason.FINISHED, Reason.STOPPING])
def test_a_receiver_that_leaves_in_the_middle_is_lost(reason: Reason) -> None:
    moving().when(
        closed(ANA, reason),
        LeaveFile("out-1"),
        told("out-1", Stage.BROKEN_OFF),
        *stops(ExitCode.LOST),
    )


def test_a_receiver_that_says_its_last_word_in_the_middle_is_left() -> None:
    (
        moving()
        .when(finished(ANA), LeaveFile("out-1"), told("out-1", Stage.BROKEN_OFF), Close(ANA))
        .when(closed(ANA), *stops(ExitCode.LOST))
    )


@pytest.mark.parametrize(
    ("event", "exit_code"),
    [
        (closed(ANA, Reason.OURS), ExitCode.DONE),
        (closed(ANA, Reason.OURS, unsent_bytes=1), ExitCode.LOST),
        (closed(ANA, Reason.RESET), ExitCode.LOST),
        (closed(ANA, Reason.UNFINISHED), ExitCode.LOST),
    ],
)
def test_texts_that_did_not_leave_are_lost(event: Event, exit_code: ExitCode) -> None:
    (
        called("a")
        .when(FRAMED, DONE_WAITING, Send(ANA, b"a"), Close(ANA))
        .when(event, *stops(exit_code))
    )


def test_an_offer_that_is_not_answered_is_told_of_and_awaited() -> None:
    (
        offering()
        .when(fired(ANSWER_TIMER), told("out-1", Stage.AWAITED))
        .when(fired(ANSWER_TIMER))
        .when(got(Kind.REFUSE, why="unwanted"), *after(Stage.NOT_TAKEN, objection=UNWANTED))
        .when(closed(ANA), *stops(ExitCode.DENIED))
    )


@pytest.mark.parametrize(
    ("events", "was_cut_off"),
    [
        ([REFUSED, closed(ANA, Reason.OURS)], False),
        ([REFUSED, closed(ANA, Reason.RESET)], True),
        ([REFUSED, closed(ANA, Reason.OURS, unsent_bytes=1)], True),
        ([REFUSED, finished(ANA), closed(ANA)], False),
        ([closed(ANA)], True),
        ([finished(ANA), closed(ANA, Reason.OURS)], True),
    ],
)
def test_a_file_that_is_not_taken_is_no_lost_connection(
    events: Sequence[Event], was_cut_off: bool
) -> None:
    sender = Sender((CHOSEN,))
    for event in (opened(ANA), FRAMED, *events):
        sender.handle(event)
    assert sender.was_cut_off == was_cut_off


def test_who_does_not_answer_the_preface_speaks_no_frames() -> None:
    called("a").when(fired(PREFACE_TIMER), StopRun(ExitCode.PROTOCOL))


def test_who_leaves_without_a_preface_speaks_no_frames() -> None:
    (
        called("a")
        .when(received(ANA, b"Thank you"), Show(ANA, b"Thank you"))
        .when(finished(ANA), Close(ANA))
        .when(closed(ANA), *stops(ExitCode.PROTOCOL))
    )


def test_who_breaks_off_before_the_preface_is_lost() -> None:
    called("a").when(closed(ANA, Reason.RESET), *stops(ExitCode.LOST))


@pytest.mark.parametrize(
    ("refusal", "exit_code"),
    [(Refusal.DENIED, ExitCode.DENIED), (Refusal.FULL, ExitCode.OVER_LIMIT)],
)
def test_a_refusal_at_the_door_is_understood(refusal: Refusal, exit_code: ExitCode) -> None:
    words = refusal_line(refusal, "go away").rstrip()
    (
        called("a")
        .when(received(ANA, words), Show(ANA, words))
        .when(finished(ANA), Close(ANA))
        .when(closed(ANA), *stops(exit_code))
    )


def test_who_sends_back_what_we_say_is_no_receiver() -> None:
    (
        offering()
        .when(got(Kind.OFFER, name="photo.png", size=10), Close(ANA))
        .when(
            closed(ANA),
            LeaveFile("out-1"),
            told("out-1", Stage.BROKEN_OFF),
            ANSWERED,
            *stops(ExitCode.PROTOCOL),
        )
    )


def test_who_understands_us_no_more_is_heard_and_left() -> None:
    error = got(Kind.ERROR, 0, why="what?")
    moving().when(error, Show(ANA, b"what?"), Close(ANA))


def test_what_the_receiver_says_is_shown() -> None:
    moving().when(received(ANA, b"nice"), Show(ANA, b"nice"))
