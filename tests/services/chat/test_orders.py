"""What members order with a slash."""

import pytest
from tests.services.chat.plaza import Plaza

from enchufe.core.peer import Transport


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
