"""Those who do not read slow nobody: they are left out, or disconnected."""

from tests.playbook import NOW_NS
from tests.services.chat.plaza import Plaza

from enchufe.core.events import Reason
from enchufe.core.notices import ReaderLeftOut
from enchufe.services.chat import Slow


def test_a_slow_reader_is_left_out_and_told_how_much_it_missed() -> None:
    plaza = Plaza(Slow.DROP)
    ana, slow, luis = (plaza.member(name) for name in ("ana", "slow", "luis"))
    ana.says("one")
    plaza.is_behind(slow)
    ana.says("two", "three")
    assert slow.heard == ["ana: one"]
    assert luis.heard == ["ana: one", "ana: two", "ana: three"]
    plaza.has_drained(slow)
    assert slow.heard == [
        "* You did not read: 2 lines were not sent to you; /history N shows the last"
    ]
    assert plaza.reports == [ReaderLeftOut(NOW_NS, slow.peer, lines) for lines in (0, 2)]
    ana.says("four")
    assert slow.heard == ["ana: four"]


def test_who_was_slow_for_a_moment_in_which_nothing_was_said_is_told_nothing() -> None:
    plaza = Plaza(Slow.DROP)
    plaza.member("ana")
    slow = plaza.member("slow")
    plaza.is_behind(slow)
    plaza.has_drained(slow)
    assert slow.heard == []


def test_a_slow_reader_may_still_speak() -> None:
    plaza = Plaza(Slow.DROP)
    ana, slow = plaza.member("ana"), plaza.member("slow")
    plaza.is_behind(slow)
    slow.says("hola")
    assert ana.heard == ["slow: hola"]


def test_a_slow_framed_reader_misses_nothing() -> None:
    plaza = Plaza(Slow.DROP)
    ana, slow = plaza.member("ana"), plaza.framed()
    slow.joins("slow", "s")
    ana.says("one")
    plaza.is_behind(slow)
    ana.says("two", "three")
    heard = [carried.get("text") for kind, carried in slow.frames if kind == "SAID"]
    assert heard == ["one"]
    plaza.has_drained(slow)
    ana.says("four")
    assert [c["text"] for kind, c in slow.frames if kind == "SAID"] == ["two", "three", "four"]


def test_a_slow_reader_may_be_disconnected_and_everybody_is_told_why() -> None:
    plaza = Plaza(Slow.DISCONNECT)
    ana, slow = plaza.member("ana"), plaza.member("slow")
    plaza.is_behind(slow)
    assert slow.closed_for is Reason.SLOW
    assert slow.heard == ["* You do not read what you are sent, so this ends here."]
    assert ana.heard == ["* slow left: it did not read"]
    ana.says("/who")
    assert ana.heard == ["* Here: ana (tcp)"]


def test_who_speaks_to_somebody_who_cannot_hear_it_is_told_so() -> None:
    plaza = Plaza(Slow.DROP)
    ana, slow, away = plaza.member("ana"), plaza.member("slow"), plaza.framed()
    away.joins("luis", "s")
    plaza.is_behind(slow)
    plaza.loses(away, Reason.RESET)
    ana.forgets()
    ana.says("/msg slow hola", "/msg luis hola", "/msg eva hola")
    unheard = "* Not said: {} does not read now, or has lost the connection"
    assert ana.heard == [
        unheard.format("slow"),
        unheard.format("luis"),
        "* Nobody here is called eva",
    ]
