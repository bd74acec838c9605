"""Incoming: every way a file can come, and every way a peer can spoil it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.core.transfer.people import PHOTO, got, says, told
from tests.playbook import ANA, LUIS, NOW_NS, Playbook, closed, finished, opened, received

from enchufe.core.commands import Command, ReadOn, Rest, SendFrame
from enchufe.core.events import Event
from enchufe.core.files import (
    AskFile,
    FileDecided,
    FileFailed,
    FileKept,
    FilePrepared,
    FileWritten,
    KeepFile,
    LeaveFile,
    Objection,
    PrepareFile,
    Stage,
    StartFile,
    TellFile,
    WriteFile,
)
from enchufe.core.frames import Kind
from enchufe.core.history import Attachment
from enchufe.core.limits import (
    COMING_FILES_MAX,
    FILE_NAME_CHARACTERS_MAX,
    PEER_FILES_MAX,
    UNWRITTEN_BYTES_MAX,
)
from enchufe.core.peer import Peer, Transport
from enchufe.core.transfer.incoming import Incoming, Policy

SHA = "5a" * 32
OFFERED = got(Kind.OFFER, name="photo.png", size=10, media="image/png", modified_ns=7)
PREPARE = PrepareFile("in-1", PHOTO, 7)


def prepared(file: str = "in-1", offset: int = 0, sha256: str = "") -> Event:
    return FilePrepared(NOW_NS, file, offset, sha256)


def written(size_bytes: int, file: str = "in-1") -> Event:
    return FileWritten(NOW_NS, file, size_bytes)


def accepted() -> Playbook:
    """Return a playbook in which the photo may begin."""
    return (
        Playbook(Incoming())
        .when(OFFERED, PREPARE)
        .when(prepared(), says(Kind.ACCEPT, payload=b"{}"))
    )


def moving() -> Playbook:
    """Return a playbook in which the photo has begun."""
    return accepted().when(
        got(Kind.START, offset=0), StartFile("in-1", 0), told("in-1", Stage.MOVING)
    )


def keeping() -> Playbook:
    """Return a playbook in which the photo is all there."""
    return (
        moving()
        .when(got(Kind.DATA, payload=b"0123456789"), WriteFile("in-1", b"0123456789"))
        .when(got(Kind.END, sha256=SHA), KeepFile("in-1", SHA))
    )


def refusal(objection: Objection, file: str = "in-1") -> tuple[Command, ...]:
    """Return what is answered to a peer that spoils a file of its own."""
    told_why = told(file, Stage.NOT_TAKEN, objection=objection)
    return says(Kind.REFUSE, why=objection.value), LeaveFile(file), told_why


BROKEN_OFF = (LeaveFile("in-1"), told("in-1", Stage.BROKEN_OFF))


# As it should be


def test_a_file_is_prepared_begun_written_kept_and_said_to_be() -> None:
    (
        moving()
        .when(got(Kind.DATA, payload=b"01234"), WriteFile("in-1", b"01234"))
        .when(written(5))
        .when(got(Kind.DATA, payload=b"56789"), WriteFile("in-1", b"56789"))
        .when(got(Kind.END, sha256=SHA), KeepFile("in-1", SHA))
        .when(written(5))
        .when(
            FileKept(NOW_NS, "in-1", "photo (2).png"),
            says(Kind.KEPT),
            told("in-1", Stage.KEPT, name="photo (2).png"),
        )
        .when(closed(ANA))
    )


def test_an_empty_file_is_kept_too() -> None:
    empty = Attachment("empty", 0)
    (
        Playbook(Incoming())
        .when(got(Kind.OFFER, name="empty", size=0), PrepareFile("in-1", empty))
        .when(prepared(), says(Kind.ACCEPT, payload=b"{}"))
        .when(got(Kind.START, offset=0), StartFile("in-1", 0), told("in-1", Stage.MOVING, empty))
        .when(got(Kind.END, sha256=SHA), KeepFile("in-1", SHA))
        .when(
            FileKept(NOW_NS, "in-1", "empty"),
            says(Kind.KEPT),
            told("in-1", Stage.KEPT, empty, name="empty"),
        )
    )


@pytest.mark.parametrize("offset", [0, 4])
def test_what_is_there_is_offered_and_the_sender_chooses(offset: int) -> None:
    (
        Playbook(Incoming())
        .when(OFFERED, PREPARE)
        .when(prepared(offset=4, sha256=SHA), says(Kind.ACCEPT, offset=4, sha256=SHA))
        .when(
            got(Kind.START, offset=offset),
            StartFile("in-1", offset),
            told("in-1", Stage.MOVING, offset_bytes=offset),
        )
        .when(got(Kind.DATA, payload=bytes(10 - offset)), WriteFile("in-1", bytes(10 - offset)))
        .when(got(Kind.END, sha256=SHA), KeepFile("in-1", SHA))
    )


def test_several_files_of_a_peer_travel_at_once() -> None:
    notes = Attachment("notes.pdf", 1)
    (
        moving()
        .when(got(Kind.OFFER, 2, name="notes.pdf", size=1), PrepareFile("in-2", notes))
        .when(got(Kind.DATA, payload=b"0"), WriteFile("in-1", b"0"))
        .when(prepared("in-2"), says(Kind.ACCEPT, 2, payload=b"{}"))
        .when(got(Kind.START, 2, offset=0), StartFile("in-2", 0), told("in-2", Stage.MOVING, notes))
        .when(got(Kind.DATA, 2, payload=b"x"), WriteFile("in-2", b"x"))
        .when(got(Kind.DATA, payload=b"1"), WriteFile("in-1", b"1"))
    )


def test_the_same_stream_of_two_peers_are_two_files() -> None:
    other = Peer(9, Transport.TCP, "192.0.2.9", 50_009)
    (
        moving()
        .when(
            got(Kind.OFFER, peer=other, name="photo.png", size=10, media="image/png"),
            PrepareFile("in-2", PHOTO),
        )
        .when(got(Kind.DATA, payload=b"0"), WriteFile("in-1", b"0"))
    )


# Objections


def test_a_file_that_is_too_large_is_refused_with_the_limit_before_its_first_byte() -> None:
    Playbook(Incoming(Policy(size_bytes_max=9))).when(
        OFFERED,
        says(Kind.REFUSE, why="size", limit=9),
        told("in-1", Stage.NOT_TAKEN, objection=Objection.SIZE, limit_bytes=9),
    )


def test_a_file_as_large_as_the_limit_is_taken() -> None:
    Playbook(Incoming(Policy(size_bytes_max=10))).when(OFFERED, PREPARE)


@pytest.mark.parametrize("name", ["", "x" * (FILE_NAME_CHARACTERS_MAX + 1)])
def test_a_name_that_is_none_is_refused(name: str) -> None:
    Playbook(Incoming()).when(
        got(Kind.OFFER, name=name, size=1),
        says(Kind.REFUSE, why="name"),
        told("in-1", Stage.NOT_TAKEN, Attachment(name, 1), objection=Objection.NAME),
    )


def test_one_more_file_of_a_peer_than_may_be_is_refused_as_busy() -> None:
    incoming = Incoming()
    for stream in range(PEER_FILES_MAX):
        (command,) = incoming.handle(got(Kind.OFFER, stream, name="x", size=1))
        assert isinstance(command, PrepareFile)
    refused, _told = incoming.handle(got(Kind.OFFER, 99, name="x", size=1))
    assert refused == says(Kind.REFUSE, 99, why="busy")


def test_one_more_file_of_all_peers_than_may_be_is_refused_as_busy() -> None:
    incoming = Incoming()
    for number in range(COMING_FILES_MAX):
        peer = Peer(100 + number, Transport.TCP, "192.0.2.1", 50_000)
        (command,) = incoming.handle(got(Kind.OFFER, peer=peer, name="x", size=1))
        assert isinstance(command, PrepareFile)
    refused, _told = incoming.handle(got(Kind.OFFER, name="x", size=1))
    assert refused == says(Kind.REFUSE, why="busy")
    incoming.handle(closed(Peer(100, Transport.TCP, "192.0.2.1", 50_000)))
    (command,) = incoming.handle(got(Kind.OFFER, name="x", size=1))
    assert isinstance(command, PrepareFile)


def test_the_person_is_asked_and_says_yes() -> None:
    (
        Playbook(Incoming(Policy(asks=True)))
        .when(OFFERED, AskFile("in-1", ANA, PHOTO))
        .when(FileDecided(NOW_NS, "in-1", True), PREPARE)
    )


def test_the_person_is_asked_and_says_no() -> None:
    (
        Playbook(Incoming(Policy(asks=True)))
        .when(OFFERED, AskFile("in-1", ANA, PHOTO))
        .when(FileDecided(NOW_NS, "in-1", False), *refusal(Objection.UNWANTED))
        .when(FileDecided(NOW_NS, "in-1", True))
    )


def test_a_peer_that_leaves_while_the_person_thinks_is_asked_about_no_more() -> None:
    (
        Playbook(Incoming(Policy(asks=True)))
        .when(OFFERED, AskFile("in-1", ANA, PHOTO))
        .when(closed(ANA), *BROKEN_OFF)
    )


# What peers spoil


@pytest.mark.parametrize(
    "offer",
    [b"", b"{}", b"[1]", b"\xff", b'{"name":"x","size":-1}', b'{"name":"x","size":1.5}'],
)
def test_an_offer_that_is_none_is_refused_and_nothing_is_remembered_of_it(offer: bytes) -> None:
    (
        Playbook(Incoming())
        .when(got(Kind.OFFER, payload=offer), says(Kind.REFUSE, why="failed"))
        .when(OFFERED, PREPARE)
    )


def test_a_second_offer_with_the_same_stream_ends_both() -> None:
    (
        moving()
        .when(OFFERED, *refusal(Objection.FAILED))
        .when(got(Kind.DATA, payload=b"0"))
        .when(OFFERED, PrepareFile("in-2", PHOTO, 7))
    )


@pytest.mark.parametrize("offset", [1, 3, 5, 10, -1])
def test_a_start_that_is_neither_the_beginning_nor_what_was_offered_is_refused(
    offset: int,
) -> None:
    (
        Playbook(Incoming())
        .when(OFFERED, PREPARE)
        .when(prepared(offset=4, sha256=SHA), says(Kind.ACCEPT, offset=4, sha256=SHA))
        .when(got(Kind.START, offset=offset), *refusal(Objection.FAILED))
    )


def test_a_start_before_it_is_accepted_is_refused() -> None:
    (
        Playbook(Incoming())
        .when(OFFERED, PREPARE)
        .when(got(Kind.START, offset=0), *refusal(Objection.FAILED))
        .when(prepared())
    )


def test_a_second_start_is_refused() -> None:
    moving().when(got(Kind.START, offset=0), *refusal(Objection.FAILED))


def test_data_before_the_start_is_refused() -> None:
    accepted().when(got(Kind.DATA, payload=b"0"), *refusal(Objection.FAILED))


def test_more_bytes_than_announced_are_refused_and_not_written() -> None:
    (
        moving()
        .when(got(Kind.DATA, payload=b"0123456789"), WriteFile("in-1", b"0123456789"))
        .when(got(Kind.DATA, payload=b"0"), *refusal(Objection.FAILED))
        .when(got(Kind.DATA, payload=b"0"))
    )


def test_an_end_before_all_is_there_is_refused() -> None:
    (
        moving()
        .when(got(Kind.DATA, payload=b"012345678"), WriteFile("in-1", b"012345678"))
        .when(got(Kind.END, sha256=SHA), *refusal(Objection.FAILED))
    )


@pytest.mark.parametrize("payload", [b"", b"{}", b'{"sha256":5}'])
def test_an_end_without_a_digest_is_refused(payload: bytes) -> None:
    (
        moving()
        .when(got(Kind.DATA, payload=b"0123456789"), WriteFile("in-1", b"0123456789"))
        .when(got(Kind.END, payload=payload), *refusal(Objection.FAILED))
    )


@pytest.mark.parametrize("kind", [Kind.START, Kind.DATA, Kind.END, Kind.OFFER])
def test_nothing_may_follow_the_end_but_the_word_of_the_receiver(kind: Kind) -> None:
    event = OFFERED if kind is Kind.OFFER else got(kind, payload=b'{"offset":0}')
    keeping().when(event, *refusal(Objection.FAILED)).when(FileKept(NOW_NS, "in-1", "x"))


@pytest.mark.parametrize("kind", [Kind.START, Kind.DATA, Kind.END, Kind.CANCEL, Kind.KEPT])
def test_frames_of_a_stream_nobody_knows_are_what_was_under_way(kind: Kind) -> None:
    moving().when(got(kind, 7, payload=b"x"))


@pytest.mark.parametrize("kind", [Kind.ACCEPT, Kind.REFUSE, Kind.KEPT, Kind.SAID])
def test_frames_that_are_not_a_senders_are_not_for_us(kind: Kind) -> None:
    moving().when(got(kind, payload=b"{}"))


def test_other_events_are_not_for_us() -> None:
    moving().when(opened(LUIS)).when(received(ANA, b"hello"))


# What breaks off


def test_a_sender_may_give_up() -> None:
    moving().when(got(Kind.CANCEL), *BROKEN_OFF).when(got(Kind.CANCEL))


@pytest.mark.parametrize("left", [finished(ANA), closed(ANA)])
def test_a_peer_that_leaves_in_the_middle_leaves_what_came(left: Event) -> None:
    moving().when(left, *BROKEN_OFF).when(closed(ANA))


def test_a_peer_that_leaves_at_the_end_leaves_a_file_that_is_kept_all_the_same() -> None:
    (
        keeping()
        .when(finished(ANA))
        .when(closed(ANA))
        .when(
            FileKept(NOW_NS, "in-1", "photo.png"),
            says(Kind.KEPT),
            told("in-1", Stage.KEPT, name="photo.png"),
        )
    )


def test_another_peer_that_leaves_changes_nothing() -> None:
    moving().when(closed(LUIS)).when(got(Kind.DATA, payload=b"0"), WriteFile("in-1", b"0"))


@pytest.mark.parametrize("objection", [Objection.SPACE, Objection.FAILED, Objection.NAME])
def test_a_disk_that_fails_is_told_to_both(objection: Objection) -> None:
    failed = FileFailed(NOW_NS, "in-1", objection, "No space left on device")
    moving().when(
        failed,
        says(Kind.REFUSE, why=objection.value),
        LeaveFile("in-1"),
        told("in-1", Stage.NOT_TAKEN, objection=objection, why="No space left on device"),
    )


def test_a_wrong_digest_is_told_to_both() -> None:
    keeping().when(FileFailed(NOW_NS, "in-1", Objection.DIGEST, ""), *refusal(Objection.DIGEST))


# A disk that is slower than the peer


def big(incoming: Incoming, stream: int = 1, size: int = 100 * UNWRITTEN_BYTES_MAX) -> None:
    """Let a big file begin."""
    offered = incoming.handle(got(Kind.OFFER, stream, name="big", size=size))
    assert isinstance(offered[0], PrepareFile)
    incoming.handle(prepared(offered[0].file))
    incoming.handle(got(Kind.START, stream, offset=0))


def test_a_peer_faster_than_the_disk_is_left_unread_until_half_is_written() -> None:
    incoming = Incoming()
    big(incoming)
    piece = bytes(UNWRITTEN_BYTES_MAX // 2)
    book = Playbook(incoming)
    book.when(got(Kind.DATA, payload=piece), WriteFile("in-1", piece))
    book.when(got(Kind.DATA, payload=piece), WriteFile("in-1", piece), Rest(ANA))
    book.when(got(Kind.DATA, payload=piece), WriteFile("in-1", piece), Rest(ANA))
    book.when(written(len(piece)), Rest(ANA))
    book.when(written(len(piece)))
    book.when(written(len(piece)), ReadOn(ANA))
    book.when(got(Kind.DATA, payload=b"x"), WriteFile("in-1", b"x"))


def test_a_file_given_up_sets_its_peer_free() -> None:
    incoming = Incoming()
    big(incoming)
    incoming.handle(got(Kind.DATA, payload=bytes(2 * UNWRITTEN_BYTES_MAX)))
    assert ReadOn(ANA) in incoming.handle(got(Kind.CANCEL))


def test_many_tiny_pieces_count_for_more_than_their_bytes() -> None:
    incoming = Incoming()
    big(incoming)
    pieces = 0
    while Rest(ANA) not in incoming.handle(got(Kind.DATA, payload=b"x")):
        pieces += 1
        assert pieces < UNWRITTEN_BYTES_MAX / 100


# Whatever comes


_STREAMS = st.integers(0, 3)
_NUMBERS = st.integers(-1, 6)
_FRAMES = st.one_of(
    st.builds(lambda s, n: got(Kind.OFFER, s, name="x", size=n), _STREAMS, _NUMBERS),
    st.builds(lambda s, n: got(Kind.START, s, offset=n), _STREAMS, _NUMBERS),
    st.builds(lambda s, d: got(Kind.DATA, s, payload=d), _STREAMS, st.binary(max_size=4)),
    st.builds(lambda s: got(Kind.END, s, sha256=SHA), _STREAMS),
    st.builds(lambda s: got(Kind.CANCEL, s), _STREAMS),
    st.builds(lambda s, k: got(k, s, payload=b"?"), _STREAMS, st.sampled_from(Kind)),
    st.just(finished(ANA)),
    st.just(closed(ANA)),
)
_FILES = st.integers(1, 12).map(lambda number: f"in-{number}")
_ANSWERS = st.one_of(
    st.builds(lambda f, n: FilePrepared(NOW_NS, f, max(n, 0), SHA), _FILES, _NUMBERS),
    st.builds(lambda f: FileWritten(NOW_NS, f, 1), _FILES),
    st.builds(lambda f: FileKept(NOW_NS, f, "x"), _FILES),
    st.builds(lambda f: FileFailed(NOW_NS, f, Objection.FAILED, "why"), _FILES),
)


@given(st.lists(st.one_of(_FRAMES, _ANSWERS), max_size=60))
def test_whatever_comes_orders_are_in_order_and_every_file_ends_once(events: list[Event]) -> None:
    incoming = Incoming()
    begun: set[str] = set()
    started: set[str] = set()
    for event in [*events, closed(ANA)]:
        for command in incoming.handle(event):
            match command:
                case PrepareFile():
                    assert command.file not in begun
                    begun.add(command.file)
                case StartFile():
                    assert command.file in begun
                    started.add(command.file)
                case WriteFile() | KeepFile():
                    assert command.file in begun & started
                case TellFile() if command.stage in (Stage.KEPT, Stage.BROKEN_OFF):
                    begun.remove(command.file)
                case TellFile() if command.stage is Stage.NOT_TAKEN:
                    begun.discard(command.file)
                case LeaveFile() | SendFrame():
                    pass
                case _:
                    assert command in (Rest(ANA), ReadOn(ANA)) or isinstance(command, TellFile)
        assert len(begun) <= PEER_FILES_MAX
    assert incoming.is_receiving_from(ANA) == bool(begun)
