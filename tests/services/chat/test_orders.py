"""What members order with a slash."""

import pytest
from tests.services.chat.plaza import Plaza

from enchufe.core.limits import ROOM_ORDERS_BURST_S, ROOM_ORDERS_PER_S_MAX
from enchufe.core.pace import NS_PER_S
from enchufe.core.peer import Transport
from enchufe.core.room import Join, frame_of


def test_who_is_here_and_how_they_came() -> None:
    plaza = Plaza()
    ana = plaza.member("ana")
    plaza.member("luis", Transport.UDP)
    plaza.member("eva", Transport.UNIX)
    ana.says("/who")
    assert ana.heard == ["* Here: ana (tcp), eva (unix), luis (udp)"]


def test_help_names_every_order() -> None:
    plaza = Plaza()
    ana = plaza.member("ana")
    ana.says("/help")
    told = "\n".join(ana.heard)
    for order in ("/name", "/who", "/room", "/rooms", "/history", "/msg", "/bye"):
        assert order in told


@pytest.mark.parametrize("line", ["/dance", "/NAMES", "/", "/who\u202e"])
def test_an_unknown_order_is_not_said_aloud(line: str) -> None:
    plaza = Plaza()
    ana, luis = plaza.member("ana"), plaza.member("luis")
    ana.says(line)
    (told,) = ana.heard
    assert told.startswith("* There is no /")
    assert luis.heard == []


def test_orders_may_be_written_large() -> None:
    plaza = Plaza()
    ana = plaza.member("ana")
    ana.says("/WHO")
    assert ana.heard == ["* Here: ana (tcp)"]


def test_rooms_hear_only_what_is_said_in_them() -> None:
    plaza = Plaza()
    ana, luis, eva = (plaza.member(name) for name in ("ana", "luis", "eva"))
    eva.says("/room patio", "a solas")
    assert ana.heard == ["* eva left"]
    luis.says("/room patio")
    assert luis.heard == [
        "* eva left",
        "* Welcome to patio. You are luis; /name NAME changes that, /help helps.",
        "* Said before you came:",
        "eva: a solas",
        "* Here you are now.",
    ]
    luis.says("hola")
    assert eva.heard[1:] == ["* luis came", "luis: hola"]
    assert ana.heard == ["* luis left"]
    ana.says("/rooms")
    assert ana.heard == ["* Rooms: patio (2), plaza (1)"]


def test_going_where_one_is_changes_nothing() -> None:
    plaza = Plaza()
    ana, luis = plaza.member("ana"), plaza.member("luis")
    ana.says("/room Plaza")
    assert len(ana.heard) == 1
    assert luis.heard == []


@pytest.mark.parametrize("line", ["/room a:b", "/room ../x"])
def test_a_room_is_called_as_people_are(line: str) -> None:
    plaza = Plaza()
    ana = plaza.member("ana")
    ana.says(line)
    assert ana.heard[0].startswith("* A name has 1 to 24")
    ana.says("/room")
    assert ana.heard == ["* Write it like: /room patio"]


def test_a_message_to_one_alone_reaches_nobody_else_and_is_not_kept() -> None:
    plaza = Plaza()
    ana, luis, eva = (plaza.member(name) for name in ("ana", "luis", "eva"))
    ana.says("/msg luis  ven al patio ")
    assert luis.heard == ["(ana, to you alone) ven al patio"]
    assert ana.heard == ["(you, to luis alone) ven al patio"]
    assert eva.heard == []
    assert plaza.disk == []


def test_a_message_needs_somebody_and_something() -> None:
    plaza = Plaza()
    ana = plaza.member("ana")
    plaza.member("luis")
    ana.says("/msg eva hola", "/msg luis", "/msg")
    assert ana.heard == [
        "* Nobody here is called eva",
        "* Write it like: /msg luis hola",
        "* Write it like: /msg luis hola",
    ]


# Too many orders


ORDERS_AT_ONCE = int(ROOM_ORDERS_PER_S_MAX * ROOM_ORDERS_BURST_S)
TOO_FAST = "* /who is not done: too many orders at once; try again in a moment"


def test_who_orders_too_fast_is_told_so_once_and_not_obeyed() -> None:
    plaza = Plaza()
    ana, luis = plaza.raw(), plaza.member("luis")
    ana.says("hola")
    plaza.forgets_what_was_heard()
    ana.says(*["/who"] * (ORDERS_AT_ONCE + 100))
    here = "* Here: guest1 (tcp), luis (tcp)"
    assert ana.heard == [*[here] * ORDERS_AT_ONCE, TOO_FAST]
    luis.says("/who")
    assert luis.heard == [here], "others' orders are counted apart"


def test_a_moment_later_orders_are_obeyed_again() -> None:
    plaza = Plaza()
    ana = plaza.member("ana")
    ana.says(*["/who"] * ORDERS_AT_ONCE)
    plaza.forgets_what_was_heard()
    plaza.now_ns += NS_PER_S // ROOM_ORDERS_PER_S_MAX
    ana.says("/who", "/who")
    assert ana.heard == ["* Here: ana (tcp)", TOO_FAST]


def test_what_is_said_is_never_too_fast() -> None:
    plaza = Plaza()
    ana, luis = plaza.member("ana"), plaza.member("luis")
    ana.says(*["/who"] * (ORDERS_AT_ONCE + 1))
    plaza.forgets_what_was_heard()
    ana.says(*["hola"] * 100)
    assert luis.heard == ["ana: hola"] * 100
    ana.says(*["/msg luis psst"] * 100)
    assert luis.heard == ["(ana, to you alone) psst"] * 100


def test_who_joins_again_and_again_is_let_in_so_often_and_no_more() -> None:
    plaza = Plaza()
    ana = plaza.framed()
    ana.joins("ana", "session")
    ana.sends(*[frame_of(Join("ana", "session"))] * (ORDERS_AT_ONCE + 5))
    joined = [kind for kind, _carried in ana.frames if kind == "JOINED"]
    assert len(joined) == ORDERS_AT_ONCE


def test_a_name_that_was_foreseen_is_given_to_nobody_twice() -> None:
    plaza = Plaza()
    ana, sly = plaza.member("ana"), plaza.member("sly")
    sly.says("/name ana.3")
    other = plaza.framed()
    other.joins("ana", "s")
    assert other.frames[0][1]["name"] == "ana.4"
    sly.says("/name guest4")
    guest = plaza.raw()
    guest.says("/who")
    ana.forgets()
    ana.says("/who")
    assert ana.heard == ["* Here: ana (tcp), ana.4 (tcp), guest4 (tcp), guest4.4 (tcp)"]


def test_the_name_of_the_host_is_nobodys_even_where_no_host_is() -> None:
    plaza = Plaza()
    ana, other = plaza.member("ana"), plaza.framed()
    ana.says("/name Host")
    assert ana.heard == ["* Host is taken; you are ana"]
    other.joins("host", "s")
    assert other.frames[0][1]["name"] == "host.2"


def test_a_room_is_the_same_however_it_is_spelt() -> None:
    plaza = Plaza()
    ana, luis = plaza.member("ana"), plaza.member("luis")
    ana.says("/room Sala")
    luis.says("/room sala")
    ana.forgets()
    luis.says("hola")
    assert ana.heard == ["luis: hola"]
    ana.says("/rooms", "/room SALA")
    assert ana.heard[0] == "* Rooms: sala (2)"


def test_the_host_may_be_called_host_again() -> None:
    plaza = Plaza()
    host = plaza.raw(Transport.CONSOLE)
    host.says("/name jefe", "/name host")
    assert host.heard == ["* host is now jefe", "* jefe is now host"]
