"""Programs of ours in the room: acknowledged, caught up, and back under their name."""

import pytest
from tests.playbook import NOW_NS
from tests.services.chat.plaza import Framed, Heard, Plaza

from enchufe.core.events import Reason
from enchufe.core.frames import Frame, Kind
from enchufe.core.history import Line
from enchufe.core.peer import Transport

BOTH = [Transport.TCP, Transport.UDP]


def in_plaza(name: str, number: int = 0, last_id: int = 0) -> Heard:
    """Return what tells somebody that they are in."""
    told = {"name": name, "room": "plaza", "number": number, "last_id": last_id, "history": ""}
    return "JOINED", told


def joined(plaza: Plaza, name: str, transport: Transport = Transport.TCP) -> Framed:
    framed = plaza.framed(transport)
    framed.joins(name, f"session of {name}")
    assert framed.frames[0] == in_plaza(name)
    return framed


def texts(framed: Framed) -> list[object]:
    return [carried["text"] for kind, carried in framed.frames if kind == "SAID"]


@pytest.mark.parametrize("transport", BOTH)
def test_a_framed_peer_joins_without_being_taken_for_a_guest(transport: Transport) -> None:
    plaza = Plaza()
    luis = plaza.member("luis")
    joined(plaza, "ana", transport)
    assert luis.heard == ["* ana came"]
    assert plaza.timers == {}


@pytest.mark.parametrize("transport", BOTH)
def test_what_is_said_is_acknowledged_once_it_is_safe(transport: Transport) -> None:
    plaza = Plaza(waits=True)
    ana, luis = joined(plaza, "ana", transport), plaza.member("luis")
    ana.frames.clear()
    ana.says_numbered(1, "hola")
    assert (ana.frames, luis.heard) == ([], [])
    plaza.disk_goes_on()
    assert ana.frames == [("TAKEN", {"id": 1, "previous": 0, "stream": 1})]
    assert luis.heard == ["ana: hola"]


def test_what_is_said_before_one_has_caught_up_is_acknowledged_in_its_place() -> None:
    plaza = Plaza(waits=True)
    plaza.member("luis").says("before")
    plaza.disk_goes_on()
    plaza.looks_up_late = True
    ana = plaza.framed()
    ana.joins("ana", "session of ana", after=0)
    ana.says_numbered(1, "hola")
    plaza.disk_goes_on()
    assert [kind for kind, _carried in ana.frames] == ["JOINED"]
    plaza.looks_up_late = False
    plaza.answers_come()
    said = {"id": 2, "previous": 1, "room": "plaza", "name": "ana", "text": "hola", "number": 1}
    before, *own = ana.frames
    assert before[1]["text"] == "before"
    assert own == [("SAID", said), ("TAKEN", {"id": 2, "previous": 1, "stream": 1})]
    ana.asks_since(0)
    assert [kind for kind, _carried in ana.frames] == ["SAID", "SAID"], "once is enough"


def test_framed_and_raw_hear_each_other_in_their_own_way() -> None:
    plaza = Plaza()
    ana, luis = joined(plaza, "ana"), plaza.member("luis")
    assert ana.frames == []
    luis.says("hola")
    said = {"id": 1, "previous": 0, "room": "plaza", "name": "luis", "text": "hola"}
    assert ana.frames == [("SAID", said)]
    luis.says("otra vez")
    assert ana.frames == [("SAID", said | {"id": 2, "previous": 1, "text": "otra vez"})]


@pytest.mark.parametrize("transport", BOTH)
def test_what_is_said_again_is_not_kept_again(transport: Transport) -> None:
    plaza = Plaza(waits=True)
    ana, luis = joined(plaza, "ana", transport), plaza.member("luis")
    ana.frames.clear()
    ana.says_numbered(1, "hola")
    ana.says_numbered(1, "hola")
    plaza.disk_goes_on()
    ana.says_numbered(1, "hola")
    taken = ("TAKEN", {"id": 1, "previous": 0, "stream": 1})
    again = ("TAKEN", {"id": 1, "previous": 1, "stream": 1})
    assert ana.frames == [taken, again]
    assert luis.heard == ["ana: hola"]
    assert [line.text for line in plaza.disk] == ["hola"]


def test_what_a_former_run_kept_is_not_kept_again() -> None:
    before = Line(7, NOW_NS, "plaza", "ana", "hola", "session of ana", 3)
    plaza = Plaza(lines=[before])
    ana = plaza.framed()
    ana.joins("ana", "session of ana", after=6)
    assert ana.frames[0] == in_plaza("ana", 3, 7)
    ana.says_numbered(3, "hola")
    ana.says_numbered(4, "adiós")
    assert [line.text for line in plaza.disk] == ["hola", "adiós"]
    assert plaza.disk[-1].id == 8


@pytest.mark.parametrize("how", [Reason.RESET, Reason.UNFINISHED, Reason.AWAY])
def test_who_comes_back_is_told_just_what_they_missed_under_their_name(how: Reason) -> None:
    plaza = Plaza()
    ana, luis = joined(plaza, "ana"), plaza.member("luis")
    ana.says_numbered(1, "one")
    luis.says("two")
    ana.leaves(how)
    luis.says("three", "four")
    assert luis.heard == ["ana: one"]
    again = plaza.framed()
    again.joins("ana", "session of ana", after=2)
    assert again.frames[0] == in_plaza("ana", 1, 4)
    luis.says("five")
    assert luis.heard == []
    assert texts(again) == ["five"]


def test_ones_own_lines_are_marked_for_whoever_comes_back() -> None:
    plaza = Plaza(waits=True)
    ana = joined(plaza, "ana")
    ana.says_numbered(1, "hola")
    ana.leaves(Reason.RESET)
    plaza.disk_goes_on()
    again = plaza.framed()
    again.joins("ana", "session of ana", after=0)
    said = {"id": 1, "previous": 0, "room": "plaza", "name": "ana", "text": "hola", "number": 1}
    assert again.frames[1:] == [("SAID", said)]


def test_a_second_connection_of_a_session_takes_the_place_of_the_first() -> None:
    plaza = Plaza()
    ana, luis = joined(plaza, "ana"), plaza.member("luis")
    again = plaza.framed()
    again.joins("other", "session of ana", after=0)
    assert ana.closed_for is Reason.OURS
    assert again.frames[0] == in_plaza("ana")
    assert luis.heard == []


def test_nobody_else_gets_the_name_of_who_is_away_for_a_moment() -> None:
    plaza = Plaza()
    ana, luis = joined(plaza, "ana"), plaza.member("luis")
    ana.leaves(Reason.RESET)
    luis.says("/name ana", "/who")
    assert luis.heard == ["* ana is taken; you are luis", "* Here: ana (…), luis (tcp)"]
    plaza.time_passes()
    assert luis.heard == ["* ana lost the connection"]
    luis.says("/name ana")
    assert luis.heard == ["* luis is now ana"]


def test_who_missed_a_great_deal_is_told_it_in_pieces_and_nothing_twice() -> None:
    lines = [Line(i, NOW_NS, "plaza", "luis", f"line {i}") for i in range(1, 1301)]
    plaza = Plaza(lines=lines)
    luis = plaza.member("luis")
    ana = plaza.framed()
    ana.joins("ana", "s", after=10)
    heard = texts(ana)
    assert heard == [f"line {i}" for i in range(11, 511)]
    luis.says("now")
    assert texts(ana) == []
    plaza.has_drained(ana)
    plaza.has_drained(ana)
    assert texts(ana) == [*(f"line {i}" for i in range(511, 1301)), "now"]
    luis.says("then")
    assert texts(ana) == ["then"]


def test_what_is_said_while_somebody_is_being_told_what_was_before_comes_after_it() -> None:
    plaza = Plaza(waits=True)
    luis = plaza.member("luis")
    luis.says("one")
    plaza.disk_goes_on()
    ana = plaza.framed()
    luis.says("two")
    ana.joins("ana", "s", after=0)
    assert texts(ana) == ["one"]
    plaza.disk_goes_on()
    assert texts(ana) == ["two"]


def test_lines_on_the_disk_that_were_not_told_yet_are_not_told_twice() -> None:
    """A disk that is read beside the one who writes may know a line before the room does."""
    plaza = Plaza(waits=True)
    luis, ana = plaza.member("luis"), plaza.framed()
    luis.says("one")
    plaza.disk += plaza._unsafe
    ana.joins("ana", "s", after=0)
    assert texts(ana) == []
    plaza.disk = []
    plaza.disk_goes_on()
    assert texts(ana) == ["one"]


def test_who_asks_is_told_what_came_after_a_line() -> None:
    plaza = Plaza()
    luis, ana = plaza.member("luis"), joined(plaza, "ana", Transport.UDP)
    luis.says("one", "two")
    assert texts(ana) == ["one", "two"]
    ana.asks_since(1)
    assert texts(ana) == ["two"]
    ana.asks_since(2)
    assert ana.frames == [in_plaza("ana", 0, 2)]


@pytest.mark.parametrize("asked", ["ana", "Ana"])
def test_a_name_that_is_taken_becomes_a_similar_one(asked: str) -> None:
    plaza = Plaza()
    plaza.member("ana")
    other = plaza.framed()
    other.joins(asked, "s")
    kinds = dict(other.frames)
    assert kinds["JOINED"]["name"] == f"{asked}.{other.peer.id}"
    assert kinds["NOTICE"]["what"] == "name taken"


def test_an_unfit_name_becomes_a_guests() -> None:
    plaza = Plaza()
    other = plaza.framed()
    other.joins("* luis", "s")
    kinds = dict(other.frames)
    assert kinds["JOINED"]["name"] == "guest1"
    assert kinds["NOTICE"]["what"] == "name unfit"


def test_whoever_has_not_joined_is_asked_to() -> None:
    plaza = Plaza()
    other = plaza.framed(Transport.UDP)
    other.says_numbered(1, "hola")
    other.asks_since(0)
    assert other.frames == [("NOTICE", {"what": "stranger"})] * 2
    assert plaza.disk == []


def test_joining_again_answers_again_for_the_first_answer_may_be_lost() -> None:
    plaza = Plaza()
    luis, ana = plaza.member("luis"), joined(plaza, "ana", Transport.UDP)
    ana.joins("ana", "session of ana", after=0)
    assert ana.frames == [in_plaza("ana")]
    assert luis.heard == ["* ana came"]


def test_text_frames_are_lines_like_any() -> None:
    plaza = Plaza()
    luis, ana = plaza.member("luis"), joined(plaza, "ana")
    ana.sends(Frame(Kind.TEXT, 0, b"/who"), Frame(Kind.TEXT, 0, b"hola"))
    assert luis.heard == ["* ana came", "ana: hola"]
    numbers = [ana.peer.id, luis.peer.id]
    present = {"what": "present", "names": ["ana (tcp)", "luis (tcp)"], "numbers": numbers}
    assert ana.frames[0] == ("NOTICE", present)


@pytest.mark.parametrize("payload", [b"", b"[]", b'{"name":3}', b"\xff", b'{"after":"x"}'])
def test_a_frame_that_carries_rubbish_ends_that_conversation_and_no_other(payload: bytes) -> None:
    plaza = Plaza()
    luis, ana = plaza.member("luis"), plaza.framed()
    ana.joins("ana", "s")
    ana.sends(Frame(Kind.JOIN, 0, payload))
    assert ana.closed_for is Reason.PROTOCOL
    luis.says("hola")
    assert [line.text for line in plaza.disk] == ["hola"]


def test_rubbish_in_a_datagram_is_dropped() -> None:
    plaza = Plaza()
    ana = joined(plaza, "ana", Transport.UDP)
    ana.sends(Frame(Kind.JOIN, 0, b"rubbish"))
    assert (ana.frames, ana.closed_for) == ([], None)


def test_kinds_the_room_has_no_use_for_are_skipped() -> None:
    plaza = Plaza()
    ana = joined(plaza, "ana")
    ana.sends(Frame(Kind.KEPT), Frame(200, 1, b"x"), Frame(Kind.DATA, 3, b"x"))
    ana.says_numbered(1, "hola")
    assert [kind for kind, _carried in ana.frames] == ["TAKEN"]


def test_when_the_disk_is_full_the_number_is_said() -> None:
    plaza = Plaza(waits=True)
    ana = joined(plaza, "ana")
    ana.says_numbered(1, "hola")
    plaza.disk_is_full("disk full")
    ana.says_numbered(2, "hola")
    notice = {"what": "read-only", "why": "disk full"}
    assert ana.frames == [
        ("NOTICE", notice | {"number": 1}),
        ("NOTICE", notice | {"number": 2}),
    ]


def test_a_message_to_one_alone_says_for_whom_it_is() -> None:
    plaza = Plaza()
    luis, ana = plaza.member("luis"), joined(plaza, "ana")
    luis.says("/msg ana psst")
    said = {"id": 0, "previous": 0, "room": "", "name": "luis", "text": "psst", "to": "ana"}
    assert ana.frames == [("SAID", said)]


def test_history_asked_for_is_marked_as_such() -> None:
    plaza = Plaza()
    luis, ana = plaza.member("luis"), joined(plaza, "ana")
    luis.says("one")
    assert texts(ana) == ["one"]
    ana.sends(Frame(Kind.TEXT, 0, b"/history"))
    ((kind, carried),) = ana.frames
    assert (kind, carried["text"], carried["again"]) == ("SAID", "one", True)


@pytest.mark.parametrize("after", [2, 10**30])
def test_who_has_what_this_run_never_said_hears_all_that_it_said(after: int) -> None:
    """SQLite takes 64 bits, too: a history asked for more would fall for everybody."""
    plaza = Plaza()
    ana = joined(plaza, "ana")
    ana.says_numbered(1, "one")
    luis = plaza.framed()
    luis.joins("luis", after=after)
    ana.says_numbered(2, "two")
    assert texts(luis) == ["one", "two"]


def test_a_session_that_was_left_for_another_is_worth_nothing() -> None:
    plaza = Plaza()
    thief, again = plaza.framed(), plaza.framed()
    thief.joins("ana", "one")
    thief.joins("", "two")
    plaza.loses(thief, Reason.FINISHED)
    ana = joined(plaza, "ana")
    again.joins("zoe", "one")
    assert again.frames[0][1]["name"] == "zoe"
    plaza.loses(again, Reason.FINISHED)
    luis = plaza.member("luis")
    luis.says("/msg ana hola", "/who")
    assert luis.heard[-1] == "* Here: ana (tcp), luis (tcp)"
    assert texts(ana) == ["hola"]


def test_who_joins_with_one_session_after_the_other_stays_one_person() -> None:
    plaza = Plaza()
    luis, ana = plaza.member("luis"), plaza.framed()
    for session in ("one", "two", "one"):
        ana.joins("ana", session)
    assert ana.closed_for is None
    luis.says("/who")
    assert luis.heard == ["* ana came", "* Here: ana (tcp), luis (tcp)"]


def test_sessions_are_forgotten_with_whoever_had_them() -> None:
    plaza = Plaza()
    for number in range(5):
        guest = plaza.framed()
        guest.joins("", f"first {number}")
        guest.joins("", f"then {number}")
        plaza.loses(guest, Reason.FINISHED)
    assert plaza.sessions_count == 0


@pytest.mark.parametrize("late", [False, True])
def test_who_joins_is_in_the_room_they_ask_for(late: bool) -> None:
    plaza = Plaza()
    ana = plaza.framed()
    if late:  # taken for a guest on a slow network
        plaza.time_passes()
        ana.forgets()
    ana.joins("ana", "s", room="Patio")
    told = next(carried for kind, carried in reversed(ana.frames) if kind == "JOINED")
    assert (told["name"], told["room"]) == ("ana", "patio")


@pytest.mark.parametrize("late", [False, True])
def test_who_asks_for_a_room_that_cannot_be_is_told_so(late: bool) -> None:
    plaza = Plaza()
    ana = plaza.framed()
    if late:
        plaza.time_passes()
        ana.forgets()
    ana.joins("ana", "s", room="a b!")
    told = [carried for kind, carried in ana.frames if kind == "NOTICE"]
    assert [(each["what"], each["name"], each["other"]) for each in told] == [
        ("name unfit", "plaza", "a b!")
    ]
