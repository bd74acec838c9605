"""Many members, many rooms, many who come and go: what a room keeps of them is bounded."""

import pytest
from tests.services.chat.plaza import Plaza

from enchufe.core.events import Reason
from enchufe.core.frames import FRAME_PAYLOAD_BYTES_MAX, Frame, Kind
from enchufe.core.history import Line
from enchufe.core.limits import (
    ROOM_ANNOUNCED_PEERS_MAX,
    ROOM_DATAGRAM_PEERS_MAX,
    ROOM_WAITING_FILES_MAX,
)
from enchufe.core.peer import Transport
from enchufe.services.chat import arrivals, files, kept, sayings
from enchufe.services.chat.orders import NAMES_TOLD_MAX
from enchufe.services.chat.sayings import UNKEPT_LINES_MAX


def crowded(plaza: Plaza, count: int) -> None:
    """Let so many in who say one thing each."""
    for _ in range(count):
        plaza.raw().says("hola")
    plaza.forgets_what_was_heard()


def test_in_a_crowd_nobody_is_told_who_comes_and_goes() -> None:
    plaza = Plaza()
    ana, luis = plaza.member("ana"), plaza.member("luis")
    crowded(plaza, ROOM_ANNOUNCED_PEERS_MAX - 2)
    plaza.raw().says("here I am")
    luis.says("/name lucho")
    luis.leaves()
    number = ROOM_ANNOUNCED_PEERS_MAX + 1
    assert ana.heard == [f"guest{number}: here I am", "* lucho left"]
    assert "* You are not" not in " ".join(luis.heard)


def test_who_changes_their_name_in_a_crowd_is_told_so_themselves() -> None:
    plaza = Plaza()
    luis = plaza.member("luis")
    crowded(plaza, ROOM_ANNOUNCED_PEERS_MAX)
    luis.says("/name lucho")
    assert luis.heard == ["* luis is now lucho"]


def test_a_crowd_hears_what_is_said_and_who_is_there() -> None:
    plaza = Plaza()
    ana, luis = plaza.member("ana"), plaza.member("luis")
    crowded(plaza, ROOM_ANNOUNCED_PEERS_MAX)
    ana.says("hola")
    assert luis.heard == ["ana: hola"]
    luis.says("/who")
    assert "ana (tcp)" in luis.heard[0]


# Those whose connection broke


def test_so_many_names_are_kept_for_those_whose_connection_broke_and_no_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(arrivals, "ROOM_AWAY_PEERS_MAX", 2)
    plaza = Plaza()
    ana = plaza.member("ana")
    for number in range(4):
        somebody = plaza.framed()
        somebody.joins(f"n{number}", f"session {number}")
        somebody.leaves(Reason.RESET)
    told = [line for line in ana.heard if "came" not in line]
    assert told == ["* n2 lost the connection", "* n3 lost the connection"]
    ana.says("/who")
    assert ana.heard == ["* Here: ana (tcp), n0 (…), n1 (…)"]
    again = plaza.framed()
    again.joins("n0", "session 0")
    another = plaza.framed()
    another.joins("n4", "session 4")
    another.leaves(Reason.RESET)
    ana.says("/who")
    assert ana.heard[-1] == "* Here: ana (tcp), n0 (tcp), n1 (…), n4 (…)"
    plaza.time_passes()
    ana.says("/who")
    assert ana.heard[-1] == "* Here: ana (tcp), n0 (tcp)"


# Rooms


def test_empty_rooms_are_forgotten_and_those_with_somebody_in_are_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(kept, "ROOMS_REMEMBERED_MAX", 3)
    plaza = Plaza()
    ana, luis = plaza.member("ana"), plaza.member("luis")
    ana.says("hola")
    for number in range(30):
        plaza.now_ns += 10**9
        luis.says(f"/room r{number}", "hola")
        assert len(plaza.room_ids) <= 4
    assert "plaza" in plaza.room_ids
    assert "r29" in plaza.room_ids


def test_whoever_comes_back_to_a_forgotten_room_misses_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The first line after that names one before it that nobody there can have: they ask."""
    monkeypatch.setattr(kept, "ROOMS_REMEMBERED_MAX", 1)
    old = [Line(1, 1, "plaza", "eva", "from an earlier run")]
    plaza = Plaza(lines=old)
    ana = plaza.framed()
    ana.joins("ana", "session", room="r0")
    ana.says_numbered(1, "first")
    ana.leaves(Reason.RESET)
    plaza.time_passes()
    luis = plaza.member("luis")
    for number in range(1, 4):
        luis.says(f"/room r{number}", "hola")
    assert "r0" not in plaza.room_ids
    luis.says("/room r0")
    luis.says("second")
    back = plaza.framed()
    back.joins("ana", "session", room="r0", after=2)
    said = [carried["text"] for kind, carried in back.frames if kind == "SAID"]
    assert said == ["second"]
    luis.says("third")
    ((_kind, carried),) = [frame for frame in back.frames if frame[0] == "SAID"]
    assert carried["text"] == "third"


# Files asked for


def test_who_asks_for_too_many_files_at_once_gets_so_many() -> None:
    plaza = Plaza()
    ana = plaza.framed()
    ana.joins("ana", "session")
    ana.uploads("photo.png", b"photo")
    ana.shares(1, b"photo")
    ana.forgets()
    for _ in range(ROOM_WAITING_FILES_MAX + 3):
        ana.fetches(1)
    refused = [carried for kind, carried in ana.frames if kind == "NOTICE"]
    assert [carried["what"] for carried in refused] == ["no file"] * 3


def test_all_together_may_ask_for_so_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "ROOM_SENT_FILES_MAX", 3)
    plaza = Plaza()
    ana, luis = plaza.framed(), plaza.framed()
    ana.joins("ana", "session")
    luis.joins("luis", "other session")
    ana.uploads("photo.png", b"photo")
    ana.shares(1, b"photo")
    plaza.forgets_what_was_heard()
    for somebody in (ana, luis, ana, luis):
        somebody.fetches(1)
    assert "NOTICE" not in dict(ana.frames)
    assert dict(luis.frames)["NOTICE"]["what"] == "no file"
    luis.leaves()
    ana.forgets()
    ana.fetches(1)
    assert ana.frames == []


# Much at once


def test_an_order_is_no_longer_than_anything_that_is_said() -> None:
    plaza = Plaza()
    ana, luis = plaza.framed(), plaza.member("luis")
    ana.joins("ana", "session")
    plaza.forgets_what_was_heard()
    for order in ("/msg luis ", "/name ", "/room ", "/msg ", "/"):
        line = order.encode() + b"\x01" * FRAME_PAYLOAD_BYTES_MAX
        ana.sends(Frame(Kind.TEXT, 0, line[:FRAME_PAYLOAD_BYTES_MAX]))
    told = [carried["what"] for _kind, carried in ana.frames]
    assert told == ["too long"] * 5
    assert luis.heard == []


def test_a_name_or_room_of_any_length_and_letters_is_answered_shortly() -> None:
    plaza = Plaza()
    for name in ("\x01" * 80_000, "ﷺ" * 150_000, "a" * 500_000):
        ana = plaza.framed()
        ana.joins(name, room=name)
        assert sum(len(str(carried)) for _kind, carried in ana.frames) < 1000


def test_of_very_many_names_the_first_are_told_and_how_many_more() -> None:
    plaza = Plaza()
    for _ in range(NAMES_TOLD_MAX + 5):
        plaza.raw().says("hola")
    ana = plaza.framed()
    ana.joins("ana", "session")
    ana.forgets()
    ana.sends(Frame(Kind.TEXT, 0, b"/who"))
    ((_kind, carried),) = ana.frames
    names = carried["names"]
    assert isinstance(names, list)
    assert len(names) == NAMES_TOLD_MAX + 1
    assert names[0] == "ana (tcp)"
    assert names[-1] == "… (+6)"


# Datagrams, whose sources may be forged


def test_of_too_many_that_come_in_datagrams_the_longest_silent_is_let_go() -> None:
    plaza = Plaza()
    first, second = plaza.member("first", Transport.UDP), plaza.member("second", Transport.UDP)
    stays = plaza.member("stays")
    for _ in range(ROOM_DATAGRAM_PEERS_MAX - 2):
        plaza.raw(Transport.UDP).says("hola")
    first.says("still here")
    plaza.raw(Transport.UDP).says("one too many")
    assert (first.closed_for, second.closed_for) == (None, Reason.SILENT)
    assert stays.closed_for is None
    second.says("am I?")
    first.says("/who")
    assert "second" not in first.datagrams[-1]


def test_who_was_let_go_and_speaks_again_comes_in_again() -> None:
    plaza = Plaza()
    ana = plaza.framed(Transport.UDP)
    ana.joins("ana", "session")
    for _ in range(ROOM_DATAGRAM_PEERS_MAX):
        plaza.raw(Transport.UDP).says("hola")
    assert ana.closed_for is Reason.SILENT
    again = plaza.framed(Transport.UDP)
    again.asks_since(1)
    assert ("NOTICE", {"what": "stranger"}) in again.frames
    again.joins("ana", "session")
    assert dict(again.frames)["JOINED"]["name"] == "ana"


# All at once


def test_when_much_is_to_be_told_each_waits_for_what_they_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sayings, "TOLD_AT_ONCE_MAX", 30)  # for three members, ten lines
    plaza = Plaza(waits=True)
    ana, luis = plaza.member("ana"), plaza.member("luis")
    plaza.member("eva")
    ana.says(*["x"] * 10)
    assert not ana.rests
    luis.says("one line")
    assert (ana.rests, luis.rests) == (False, True)
    ana.says(*["y"] * 5)
    assert ana.rests
    plaza.disk_goes_on()
    assert (ana.rests, luis.rests) == (False, False)
    plaza.disk_goes_on()
    assert luis.heard[-5:] == ["ana: y"] * 5


def test_who_waits_for_lines_that_cannot_be_kept_is_heard_again() -> None:
    plaza = Plaza(waits=True)
    ana, luis = plaza.member("ana"), plaza.member("luis")
    ana.says(*["x"] * UNKEPT_LINES_MAX)
    assert ana.rests
    plaza.disk_is_full("no place")
    assert not ana.rests
    plaza.forgets_what_was_heard()
    ana.says("/msg luis can you hear me?")
    assert luis.heard == ["(ana, to you alone) can you hear me?"]


def test_where_it_would_be_too_much_what_one_says_in_a_row_is_taken_line_by_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sayings, "TOLD_TOGETHER_MAX", 30)  # for three members, ten lines
    plaza = Plaza(waits=True)
    ana, luis, eva = (plaza.member(name) for name in ("ana", "luis", "eva"))
    plaza.kept.clear()
    lines = [f"line {number}" for number in range(11)]
    ana.says(*lines[:6])
    luis.says(*lines)
    eva.says(*lines[:2])
    assert [len(together) for together in plaza.kept] == [6, *[1] * 11, 1, 1]
    plaza.disk_goes_on()
    assert len(eva.heard) == 17


def test_where_anybody_comes_in_datagrams_less_is_taken_together(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sayings, "TOLD_AT_ONCE_MAX", 30)  # for three members, ten lines
    plaza = Plaza()
    ana, _luis = plaza.member("ana"), plaza.member("luis")
    plaza.raw(Transport.UDP).says("hola")
    plaza.kept.clear()
    lines = [f"line {number}" for number in range(11)]
    ana.says(*lines[:10])
    ana.says(*lines)
    assert [len(together) for together in plaza.kept] == [10, *[1] * 11]
