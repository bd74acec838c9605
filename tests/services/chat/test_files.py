"""Files in a room: taken whole, said once, and sent to whoever asks for them."""

import pytest
from tests.services.chat.plaza import Framed, Plaza, sha256

from enchufe.core.events import Reason
from enchufe.core.files import Objection
from enchufe.core.frames import Frame, Kind
from enchufe.core.limits import FILE_PIECE_BYTES_MAX, ROOM_WAITING_FILES_MAX
from enchufe.core.peer import Transport
from enchufe.services.chat import Slow

PHOTO = b"\x89PNG and the rest of it"
BIG = bytes(range(256)) * 4 * 1024  # 1 MiB, as much as a frame may hold


def joined(plaza: Plaza, name: str, transport: Transport = Transport.TCP) -> Framed:
    somebody = plaza.framed(transport)
    somebody.joins(name, session=f"session of {name}")
    plaza.forgets_what_was_heard()
    return somebody


def kinds(somebody: Framed) -> list[str]:
    return [kind for kind, _carried in somebody.frames]


def test_a_file_is_kept_and_then_said_to_everybody() -> None:
    plaza = Plaza()
    ana, luis, ncat = joined(plaza, "ana"), joined(plaza, "luis"), plaza.member("eva")
    plaza.forgets_what_was_heard()
    ana.uploads("photo.png", PHOTO)
    assert ana.frames == [("ACCEPT", {"stream": 1}), ("KEPT", {"stream": 1})]
    assert plaza.shelf.files == {sha256(PHOTO): PHOTO}
    assert luis.frames == []
    ana.shares(1, PHOTO)
    assert ana.frames == [("TAKEN", {"id": 1, "previous": 0, "stream": 1})]
    file = {
        "name": "photo.png",
        "size_bytes": len(PHOTO),
        "media_type": "image/png",
        "sha256": sha256(PHOTO),
    }
    said = {"id": 1, "previous": 0, "room": "plaza", "name": "ana", "text": "", "file": file}
    assert luis.frames == [("SAID", said)]
    assert ncat.heard == ["ana: [photo.png, 23 B, image/png]"]


def test_those_who_come_later_hear_of_it_and_get_it_too() -> None:
    plaza = Plaza()
    ana = joined(plaza, "ana")
    ana.uploads("photo.png", PHOTO)
    ana.shares(1, PHOTO)
    ncat = plaza.member("eva")
    ncat.says("/history")
    assert ncat.heard == ["ana: [photo.png, 23 B, image/png]"]
    luis = plaza.framed()
    luis.joins("luis")
    (_kind, said) = luis.frames[1]
    assert said["id"] == 1
    luis.fetches(1)
    ((kind, offer),) = luis.frames
    assert (kind, offer["name"], offer["size"]) == ("OFFER", "photo.png", len(PHOTO))
    assert luis.takes_all(1) == PHOTO
    assert plaza.shelf.is_idle


def test_the_last_file_needs_no_number() -> None:
    plaza = Plaza()
    ana, luis = joined(plaza, "ana"), joined(plaza, "luis")
    luis.fetches(0)
    assert luis.frames == [("NOTICE", {"what": "no file"})]
    for number, name in enumerate(("one", "two"), start=1):
        ana.uploads(name, name.encode(), stream=number)
        ana.shares(number, name.encode())
    ana.says_numbered(3, "and now a text")
    plaza.forgets_what_was_heard()
    luis.fetches(0)
    assert [offer["name"] for _kind, offer in luis.frames] == ["two"]


def test_a_file_said_again_after_the_connection_broke_is_said_once() -> None:
    plaza = Plaza(waits=True)
    ana, ncat = joined(plaza, "ana"), plaza.member("eva")
    ana.uploads("photo.png", PHOTO)
    ana.leaves(Reason.RESET)  # kept, and not said yet
    again = plaza.framed()
    again.joins("ana", session="session of ana", after=0)
    again.shares(1, PHOTO)  # without sending it again
    again.leaves(Reason.RESET)  # said, and not known to be safe
    plaza.disk_goes_on()
    assert ncat.heard == ["ana: [photo.png, 23 B, image/png]"]
    third = plaza.framed()
    third.joins("ana", session="session of ana", after=1)
    plaza.forgets_what_was_heard()
    third.shares(1, PHOTO)
    assert third.frames == [("TAKEN", {"id": 1, "previous": 1, "stream": 1})]
    plaza.disk_goes_on()
    assert ncat.heard == []
    assert [line.number for line in plaza.disk] == [1]


def test_what_was_not_sent_cannot_be_said() -> None:
    plaza = Plaza()
    ana, eve = joined(plaza, "ana"), joined(plaza, "eve")
    ana.uploads("photo.png", PHOTO)
    eve.shares(1, PHOTO)  # another's, of which she knows the digest
    assert eve.frames == [("NOTICE", {"what": "no file", "number": 1})]
    assert plaza.disk == []


def test_a_file_that_is_too_large_is_refused_before_its_first_byte() -> None:
    plaza = Plaza(file_bytes_max=10)
    ana = joined(plaza, "ana")
    ana.offers("photo.png", PHOTO)
    assert ana.frames == [("REFUSE", {"why": "size", "limit": 10, "stream": 1})]


def test_what_the_disk_objects_to_is_told() -> None:
    plaza = Plaza()
    plaza.shelf.fails_with = Objection.FULL
    ana = joined(plaza, "ana")
    ana.offers("photo.png", PHOTO)
    assert ana.frames == [("REFUSE", {"why": "full", "stream": 1})]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../x", "../../x"),
        ("a\nbob: I never said this", "a\\nbob: I never said this"),
        ("\x1b[2Jgone", "\\e[2Jgone"),
        ("photo\u202egnp.exe", "photo\\u202egnp.exe"),
        ("n" * 300, "n" * 79 + "…"),
    ],
)
def test_a_nasty_name_is_shown_as_what_it_is(name: str, shown: str) -> None:
    plaza = Plaza()
    ana, ncat = joined(plaza, "ana"), plaza.member("eva")
    ana.uploads(name, PHOTO, media="")
    ana.shares(1, PHOTO)
    assert ncat.heard == [f"ana: [{shown}, 23 B]"]


def test_a_media_type_that_is_none_is_not_passed_on() -> None:
    plaza = Plaza()
    ana, ncat = joined(plaza, "ana"), plaza.member("eva")
    ana.uploads("photo.png", PHOTO, media="image/png]\n* Bye")
    ana.shares(1, PHOTO)
    assert ncat.heard == ["ana: [photo.png, 23 B]"]


def test_a_room_that_can_keep_nothing_takes_no_file() -> None:
    plaza = Plaza()
    plaza.disk_is_full("disk full")
    ana, ncat = joined(plaza, "ana"), plaza.member("eva")
    ncat.says("hola")
    plaza.forgets_what_was_heard()
    ana.offers("photo.png", PHOTO)
    assert ana.frames == [
        ("NOTICE", {"what": "read-only", "why": "disk full"}),
        ("REFUSE", {"why": "failed", "stream": 1}),
    ]


def test_a_file_whose_line_cannot_be_kept_was_not_said() -> None:
    plaza = Plaza()
    ana, luis = joined(plaza, "ana"), joined(plaza, "luis")
    plaza.forgets_what_was_heard()
    ana.uploads("photo.png", PHOTO)
    plaza.disk_is_full("disk full")
    ana.shares(7, PHOTO)
    refused = ("NOTICE", {"what": "read-only", "number": 7, "why": "disk full"})
    assert ana.frames[-1] == refused
    assert luis.frames == []


def test_over_datagrams_no_file_goes_either_way() -> None:
    plaza = Plaza()
    luis = joined(plaza, "luis", Transport.UDP)
    luis.offers("photo.png", PHOTO)
    luis.fetches(1)
    assert luis.frames == [
        ("NOTICE", {"what": "frames only"}),
        ("NOTICE", {"what": "frames only", "count": 1}),
    ]


@pytest.mark.parametrize("order", ["/send photo.png", "/get", "/get 3"])
def test_who_speaks_text_is_told_how_files_travel(order: str) -> None:
    plaza = Plaza()
    ncat = plaza.member("eva")
    ncat.says(order)
    (told,) = ncat.heard
    assert told.startswith("* Files travel in frames")


def test_who_has_not_joined_gets_and_sends_nothing() -> None:
    plaza = Plaza()
    stranger = plaza.framed()
    plaza.receives(stranger, b"\0enchufe/1\n")
    stranger.offers("photo.png", PHOTO)
    stranger.fetches(1)
    stranger.shares(1, PHOTO)
    assert stranger.frames == [("NOTICE", {"what": "stranger"})] * 3


@pytest.mark.parametrize("line_id", [2, 3, 99, -1, 10**30, -(10**30)])
def test_a_line_without_a_file_or_of_another_room_gives_none(line_id: int) -> None:
    plaza = Plaza()
    ana = joined(plaza, "ana")
    ana.uploads("photo.png", PHOTO)
    ana.shares(1, PHOTO)
    ana.says_numbered(2, "a text")
    luis = plaza.framed()
    luis.joins("luis", room="patio")
    luis.says_numbered(1, "here")
    plaza.forgets_what_was_heard()
    luis.fetches(line_id)
    luis.fetches(1)  # it was said elsewhere
    asked = {} if line_id == 0 else {"count": line_id}
    assert luis.frames == [
        ("NOTICE", {"what": "no file", **asked}),
        ("NOTICE", {"what": "no file", "count": 1}),
    ]


def test_a_file_that_is_gone_is_told_and_the_next_one_comes() -> None:
    plaza = Plaza()
    ana, luis = joined(plaza, "ana"), joined(plaza, "luis")
    for number, data in enumerate((b"one", b"two"), start=1):
        ana.uploads("x", data, stream=number)
        ana.shares(number, data)
    del plaza.shelf.files[sha256(b"one")]
    plaza.forgets_what_was_heard()
    luis.fetches(1)
    luis.fetches(2)
    luis.sends(Frame(Kind.ACCEPT, 1, b"{}"))
    assert kinds(luis) == ["OFFER", "START", "NOTICE", "CANCEL", "OFFER"]
    assert luis.takes_all(2) == b"two"
    assert plaza.shelf.is_idle


def test_a_large_file_waits_for_its_reader_and_texts_do_not_wait_for_it() -> None:
    plaza = Plaza(file_bytes_max=len(BIG))
    ana, luis = joined(plaza, "ana"), joined(plaza, "luis")
    ana.uploads("big", BIG)
    ana.shares(1, BIG)
    plaza.forgets_what_was_heard()
    luis.fetches(1)
    luis.sends(Frame(Kind.ACCEPT, 1, b"{}"))
    ana.says_numbered(2, "hola")
    frames = luis.frames
    assert [kind for kind, _carried in frames] == ["OFFER", "START", "DATA", "SAID"]
    assert len(frames[2][1]["data"]) <= FILE_PIECE_BYTES_MAX  # type: ignore[arg-type]


def test_while_a_file_is_sent_who_does_not_read_is_left_out_of_what_is_said() -> None:
    plaza = Plaza(file_bytes_max=len(BIG))
    ana, luis = joined(plaza, "ana"), joined(plaza, "luis")
    ana.uploads("big", BIG)
    ana.shares(1, BIG)
    plaza.forgets_what_was_heard()
    luis.fetches(1)
    luis.sends(Frame(Kind.ACCEPT, 1, b"{}"))
    plaza.is_behind(luis)
    ana.says_numbered(2, "hola")
    assert kinds(luis) == ["OFFER", "START", "DATA"]
    plaza.has_drained(luis)
    assert kinds(luis) == ["DATA", "SAID"]


def test_a_piece_that_leaves_does_not_ask_the_disk_for_what_was_said_again() -> None:
    plaza = Plaza(file_bytes_max=len(BIG))
    ana, luis = joined(plaza, "ana"), joined(plaza, "luis")
    ana.uploads("big", BIG)
    ana.shares(1, BIG)
    plaza.forgets_what_was_heard()
    luis.fetches(1)
    luis.sends(Frame(Kind.ACCEPT, 1, b"{}"))
    plaza.forgets_what_was_heard()
    plaza.has_drained(luis)
    assert kinds(luis) == ["DATA"]


def test_only_so_many_files_wait_for_one_member() -> None:
    plaza = Plaza()
    ana, luis, eva = joined(plaza, "ana"), joined(plaza, "luis"), joined(plaza, "eva")
    ana.uploads("photo.png", PHOTO)
    ana.shares(1, PHOTO)
    plaza.forgets_what_was_heard()
    for _ in range(ROOM_WAITING_FILES_MAX):
        luis.fetches(1)
    assert kinds(luis) == ["OFFER"]
    luis.fetches(1)
    assert kinds(luis) == ["NOTICE"]
    eva.fetches(1)
    assert kinds(eva) == ["OFFER"]
    luis.leaves(Reason.RESET)
    eva.leaves(Reason.RESET)
    assert plaza.shelf.is_idle


@pytest.mark.parametrize("reason", [Reason.FINISHED, Reason.RESET])
def test_who_leaves_leaves_nothing_open(reason: Reason) -> None:
    plaza = Plaza(file_bytes_max=len(BIG))
    ana, luis = joined(plaza, "ana"), joined(plaza, "luis")
    ana.uploads("big", BIG)
    ana.shares(1, BIG)
    luis.fetches(1)
    luis.sends(Frame(Kind.ACCEPT, 1, b"{}"))
    ana.offers("another", PHOTO, stream=2)
    assert not plaza.shelf.is_idle
    luis.leaves(reason)
    ana.leaves(reason)
    assert plaza.shelf.is_idle


def test_who_is_shown_the_door_while_a_file_comes_leaves_nothing_open() -> None:
    plaza = Plaza(Slow.DISCONNECT)
    ana = joined(plaza, "ana")
    ana.offers("photo.png", PHOTO)
    plaza.is_behind(ana)
    assert ana.closed_for is Reason.SLOW
    assert plaza.shelf.is_idle
