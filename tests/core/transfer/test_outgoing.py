"""Outgoing: texts and files in order, one piece at a time, whatever the peer does."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.core.transfer.people import PHOTO, got, says, told
from tests.playbook import ANA, LUIS, NOW_NS, Playbook, closed, drained, finished, received

from enchufe.core.commands import AwaitDrained, Command, Send, SendFrame
from enchufe.core.events import Event, PeerDrained
from enchufe.core.files import (
    CheckFile,
    FileChecked,
    FileChosen,
    FileFailed,
    FileRead,
    LeaveFile,
    Objection,
    ReadFile,
    Stage,
    TellFile,
)
from enchufe.core.frames import Kind
from enchufe.core.history import Attachment
from enchufe.core.limits import (
    FILE_PIECE_BYTES,
    FILE_PIECE_BYTES_MAX,
    FILE_PIECE_S,
    WAITING_FILES_MAX,
)
from enchufe.core.transfer.outgoing import Outgoing

SHA = "5a" * 32
CHOSEN = FileChosen(NOW_NS, "out-1", PHOTO, 7)
NOTES = Attachment("notes.pdf", 3, "application/pdf")
CHOSEN_NOTES = FileChosen(NOW_NS, "out-2", NOTES)
OFFER = says(Kind.OFFER, name="photo.png", size=10, media="image/png", modified_ns=7)
FIRST = FILE_PIECE_BYTES


def read(data: bytes, sha256: str = "", file: str = "out-1") -> Event:
    return FileRead(NOW_NS, file, data, sha256)


def offered() -> tuple[Outgoing, Playbook]:
    """Return one whose photo is offered."""
    outgoing = Outgoing(ANA)
    assert list(outgoing.send(CHOSEN)) == [OFFER, told("out-1", Stage.OFFERED)]
    return outgoing, Playbook(outgoing)


def moving() -> tuple[Outgoing, Playbook]:
    """Return one whose photo has begun."""
    outgoing, book = offered()
    book.when(
        got(Kind.ACCEPT, payload=b"{}"),
        says(Kind.START, offset=0),
        told("out-1", Stage.MOVING),
        ReadFile("out-1", FIRST),
    )
    return outgoing, book


def piece(data: bytes, following: int = FIRST) -> tuple[Command, ...]:
    return says(Kind.DATA, payload=data), AwaitDrained(ANA), ReadFile("out-1", following)


def over(stage: Stage, **more: Any) -> tuple[Command, ...]:
    return LeaveFile("out-1"), told("out-1", stage, **more)


# As it should be


def test_a_file_is_offered_begun_read_piece_by_piece_ended_and_kept() -> None:
    outgoing, book = moving()
    (
        book.when(read(b"01234"), *piece(b"01234"))
        .when(drained(ANA))
        .when(read(b"56789"), *piece(b"56789", 2 * FIRST))
        .when(drained(ANA))
        .when(read(b"", SHA), says(Kind.END, sha256=SHA))
    )
    assert not outgoing.is_idle
    book.when(got(Kind.KEPT), *over(Stage.KEPT))
    assert outgoing.is_idle


def test_an_empty_file_has_a_beginning_and_an_end() -> None:
    _outgoing, book = moving()
    (book.when(read(b"", SHA), says(Kind.END, sha256=SHA)).when(got(Kind.KEPT), *over(Stage.KEPT)))


def test_a_piece_that_is_read_waits_until_the_last_has_left() -> None:
    _outgoing, book = moving()
    (
        book.when(read(b"01234"), *piece(b"01234"))
        .when(read(b"56789"))
        .when(drained(LUIS))
        .when(drained(ANA), *piece(b"56789", 2 * FIRST))
        .when(read(b"", SHA))
        .when(drained(ANA), says(Kind.END, sha256=SHA))
    )


def test_what_is_there_is_checked_and_not_sent_again() -> None:
    _outgoing, book = offered()
    (
        book.when(got(Kind.ACCEPT, offset=4, sha256=SHA), CheckFile("out-1", 4, SHA)).when(
            FileChecked(NOW_NS, "out-1", 4),
            says(Kind.START, offset=4),
            told("out-1", Stage.MOVING, offset_bytes=4),
            ReadFile("out-1", FIRST),
        )
    )


def test_what_is_there_of_another_file_is_sent_from_the_beginning() -> None:
    _outgoing, book = offered()
    (
        book.when(got(Kind.ACCEPT, offset=10, sha256=SHA), CheckFile("out-1", 10, SHA)).when(
            FileChecked(NOW_NS, "out-1", 0),
            says(Kind.START, offset=0),
            told("out-1", Stage.MOVING),
            ReadFile("out-1", FIRST),
        )
    )


def test_texts_and_files_go_in_order_each_file_after_the_one_before_it_is_kept() -> None:
    outgoing = Outgoing(ANA)
    assert list(outgoing.say(b"look")) == [Send(ANA, b"look")]
    assert list(outgoing.send(CHOSEN)) == [OFFER, told("out-1", Stage.OFFERED)]
    assert list(outgoing.say(b"and")) == []
    assert list(outgoing.send(CHOSEN_NOTES)) == []
    assert list(outgoing.say(b"done")) == []
    book = Playbook(outgoing)
    book.when(
        got(Kind.REFUSE, why="unwanted"),
        *over(Stage.NOT_TAKEN, objection=Objection.UNWANTED),
        Send(ANA, b"and"),
        says(Kind.OFFER, 2, name="notes.pdf", size=3, media="application/pdf"),
        told("out-2", Stage.OFFERED, NOTES),
    )
    book.when(
        got(Kind.REFUSE, 2, why="busy"),
        LeaveFile("out-2"),
        told("out-2", Stage.NOT_TAKEN, NOTES, objection=Objection.BUSY),
        Send(ANA, b"done"),
    )
    assert outgoing.is_idle


def test_more_files_than_may_wait_are_not_taken() -> None:
    outgoing = Outgoing(ANA)
    for _ in range(WAITING_FILES_MAX + 1):
        assert Stage.NOT_TAKEN not in [
            command.stage for command in outgoing.send(CHOSEN) if isinstance(command, TellFile)
        ]
    assert list(outgoing.send(CHOSEN)) == [told("out-1", Stage.NOT_TAKEN, objection=Objection.BUSY)]


# How large a piece is


def test_pieces_grow_while_they_leave_fast_and_shrink_while_they_leave_slowly() -> None:
    outgoing, _book = moving()
    sizes = []
    for lasted_s in [0.0] * 5 + [FILE_PIECE_S / 2] + [2 * FILE_PIECE_S] * 5:
        *_, following = outgoing.handle(read(b"x"))
        assert isinstance(following, ReadFile)
        sizes.append(following.size_bytes)
        outgoing.handle(PeerDrained(NOW_NS + round(lasted_s * 1e9), ANA))
    assert max(sizes) == FILE_PIECE_BYTES_MAX
    assert sizes[:3] == [FIRST, 2 * FIRST, 4 * FIRST]
    assert sizes[5:7] == [FILE_PIECE_BYTES_MAX, FILE_PIECE_BYTES_MAX]
    assert sizes[-1] == FILE_PIECE_BYTES


# What the receiver spoils


@pytest.mark.parametrize("stage", ["offered", "moving", "ended"])
@pytest.mark.parametrize(
    ("why", "objection"),
    [("size", Objection.SIZE), ("digest", Objection.DIGEST), ("of a later version", None)],
)
def test_it_may_refuse_at_any_moment(stage: str, why: str, objection: Objection | None) -> None:
    _outgoing, book = offered() if stage == "offered" else moving()
    if stage == "ended":
        book.when(read(b"", SHA), says(Kind.END, sha256=SHA))
    known = objection or Objection.FAILED
    book.when(
        got(Kind.REFUSE, why=why, limit=9), *over(Stage.NOT_TAKEN, objection=known, limit_bytes=9)
    )
    book.when(got(Kind.KEPT)).when(read(b"x")).when(drained(ANA))


def test_a_refusal_that_cannot_be_read_is_one() -> None:
    _outgoing, book = offered()
    book.when(got(Kind.REFUSE, payload=b"?"), *over(Stage.NOT_TAKEN, objection=Objection.FAILED))


@pytest.mark.parametrize("offset", [-1, 11])
def test_it_cannot_have_more_than_there_is(offset: int) -> None:
    _outgoing, book = offered()
    book.when(
        got(Kind.ACCEPT, offset=offset, sha256=SHA), says(Kind.CANCEL), *over(Stage.BROKEN_OFF)
    )


def test_an_acceptance_that_cannot_be_read_ends_the_file() -> None:
    _outgoing, book = offered()
    book.when(got(Kind.ACCEPT, payload=b"?"), says(Kind.CANCEL), *over(Stage.BROKEN_OFF))


def test_it_can_keep_nothing_before_the_end() -> None:
    _outgoing, book = moving()
    book.when(got(Kind.KEPT)).when(read(b"0"), *piece(b"0"))


def test_a_second_acceptance_changes_nothing() -> None:
    _outgoing, book = moving()
    book.when(got(Kind.ACCEPT, payload=b"{}")).when(read(b"0"), *piece(b"0"))


@pytest.mark.parametrize("kind", [Kind.ACCEPT, Kind.REFUSE, Kind.KEPT])
def test_another_stream_is_another_file(kind: Kind) -> None:
    _outgoing, book = offered()
    book.when(got(kind, 2, payload=b"{}")).when(got(kind, peer=LUIS, payload=b"{}"))


@pytest.mark.parametrize("left", [finished(ANA), closed(ANA)])
def test_a_receiver_that_leaves_leaves_all_that_was_to_be_sent(left: Event) -> None:
    outgoing, book = moving()
    outgoing.say(b"and")
    outgoing.send(CHOSEN_NOTES)
    book.when(left, *over(Stage.BROKEN_OFF), told("out-2", Stage.BROKEN_OFF, NOTES))
    book.when(closed(ANA))
    assert outgoing.is_idle


# What our own disk spoils


@pytest.mark.parametrize("begun", [False, True])
def test_a_file_that_cannot_be_read_is_cancelled_and_what_follows_sent(begun: bool) -> None:
    outgoing, book = moving() if begun else offered()
    outgoing.say(b"done")
    book.when(
        FileFailed(NOW_NS, "out-1", Objection.FAILED, "Input/output error"),
        says(Kind.CANCEL),
        *over(Stage.UNREADABLE, why="Input/output error"),
        Send(ANA, b"done"),
    )
    book.when(read(b"x"))


def test_other_events_are_not_for_us() -> None:
    _outgoing, book = moving()
    book.when(received(ANA, b"hello")).when(read(b"x", file="out-9")).when(closed(LUIS))


# Whatever comes

_NUMBERS = st.integers(-1, 12)
_EVENTS = st.one_of(
    st.builds(lambda s, n: got(Kind.ACCEPT, s, offset=n, sha256=SHA), st.integers(0, 3), _NUMBERS),
    st.builds(lambda s: got(Kind.REFUSE, s, why="size"), st.integers(0, 3)),
    st.builds(lambda s: got(Kind.KEPT, s), st.integers(0, 3)),
    st.builds(lambda s, k: got(k, s, payload=b"?"), st.integers(0, 3), st.sampled_from(Kind)),
    st.builds(lambda d: read(d, SHA), st.binary(max_size=4)),
    st.builds(lambda n: FileChecked(NOW_NS, "out-1", n), st.sampled_from([0, 4])),
    st.just(FileFailed(NOW_NS, "out-1", Objection.FAILED, "why")),
    st.just(drained(ANA)),
    st.just(finished(ANA)),
)


@given(st.lists(_EVENTS, max_size=50))
def test_whatever_comes_a_piece_waits_for_the_one_before_it_and_every_file_ends_once(
    events: list[Event],
) -> None:
    outgoing = Outgoing(ANA)
    commands = [*outgoing.send(CHOSEN), *outgoing.send(CHOSEN), *outgoing.say(b"done")]
    is_free = True
    for event in [*events, closed(ANA)]:
        is_free = is_free or isinstance(event, PeerDrained)
        for command in outgoing.handle(event):
            commands.append(command)
            if isinstance(command, SendFrame) and command.frame.kind == Kind.DATA:
                assert is_free
                is_free = False
    ends = [c for c in commands if isinstance(c, TellFile) and c.stage not in _UNDER_WAY]
    assert len(ends) == 2
    assert outgoing.is_idle


_UNDER_WAY = (Stage.OFFERED, Stage.MOVING)
