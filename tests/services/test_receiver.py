"""Receiver: shows what is said, takes what is sent, and says goodbye once it is safe."""

from tests.core.transfer.people import PHOTO, got, says, told
from tests.playbook import ANA, EVA, NOW_NS, Playbook, closed, finished, opened, received

from enchufe.core.commands import Close, Show
from enchufe.core.files import (
    FileKept,
    FilePrepared,
    KeepFile,
    LeaveFile,
    Objection,
    PrepareFile,
    Stage,
    StartFile,
    WriteFile,
)
from enchufe.core.frames import Kind
from enchufe.core.transfer.incoming import Policy
from enchufe.services.receiver import Receiver

OFFERED = got(Kind.OFFER, name="photo.png", size=10, media="image/png")


def moving() -> Playbook:
    return (
        Playbook(Receiver())
        .when(opened(ANA))
        .when(OFFERED, PrepareFile("in-1", PHOTO))
        .when(FilePrepared(NOW_NS, "in-1", 0, ""), says(Kind.ACCEPT, payload=b"{}"))
        .when(got(Kind.START, offset=0), StartFile("in-1", 0), told("in-1", Stage.MOVING))
    )


def test_what_is_said_is_shown_also_by_a_peer_without_frames() -> None:
    (
        Playbook(Receiver())
        .when(opened(ANA))
        .when(received(ANA, b"hola"), Show(ANA, b"hola"))
        .when(finished(ANA), Close(ANA))
        .when(closed(ANA))
    )


def test_what_is_said_while_a_file_comes_is_shown_at_once() -> None:
    moving().when(received(ANA, b"wait"), Show(ANA, b"wait"))


def test_a_peer_that_has_said_all_is_left_once_its_file_is_safe() -> None:
    (
        moving()
        .when(got(Kind.DATA, payload=bytes(10)), WriteFile("in-1", bytes(10)))
        .when(got(Kind.END, sha256="5a"), KeepFile("in-1", "5a"))
        .when(finished(ANA))
        .when(received(EVA, b"hola"), Show(EVA, b"hola"))
        .when(
            FileKept(NOW_NS, "in-1", "photo.png"),
            says(Kind.KEPT),
            told("in-1", Stage.KEPT, name="photo.png"),
            Close(ANA),
        )
        .when(closed(ANA))
    )


def test_a_peer_that_stops_in_the_middle_is_left_with_its_file() -> None:
    moving().when(finished(ANA), LeaveFile("in-1"), told("in-1", Stage.BROKEN_OFF), Close(ANA))


def test_a_peer_that_is_gone_is_not_left_again() -> None:
    (
        moving()
        .when(got(Kind.DATA, payload=bytes(10)), WriteFile("in-1", bytes(10)))
        .when(got(Kind.END, sha256="5a"), KeepFile("in-1", "5a"))
        .when(finished(ANA))
        .when(closed(ANA))
        .when(
            FileKept(NOW_NS, "in-1", "photo.png"),
            says(Kind.KEPT),
            told("in-1", Stage.KEPT, name="photo.png"),
        )
    )


def test_the_policy_holds() -> None:
    Playbook(Receiver(Policy(size_bytes_max=9))).when(
        OFFERED,
        says(Kind.REFUSE, why="size", limit=9),
        told("in-1", Stage.NOT_TAKEN, objection=Objection.SIZE, limit_bytes=9),
    )


def test_why_a_peer_understands_us_no_more_is_shown() -> None:
    error = got(Kind.ERROR, 0, why="what?")
    Playbook(Receiver()).when(error, Show(ANA, b"what?"))
