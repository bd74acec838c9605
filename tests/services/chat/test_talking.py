"""A room of people who speak text: what is said is heard by all others, once, in order."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.cuts import cut_anywhere
from tests.playbook import NOW_NS
from tests.services.chat.plaza import Plaza

from enchufe.core.events import Reason, RunStopping
from enchufe.core.limits import LINE_BYTES_MAX, LINE_QUIET_S
from enchufe.core.notices import HistoryNotKept
from enchufe.core.peer import Transport
from enchufe.core.room import SAID_BYTES_MAX
from enchufe.services.chat.sayings import UNKEPT_LINES_MAX

ALL_TRANSPORTS = [Transport.TCP, Transport.UDP, Transport.UNIX, Transport.UNIXGRAM]


@pytest.mark.parametrize("speaks", ALL_TRANSPORTS)
@pytest.mark.parametrize("hears", ALL_TRANSPORTS)
def test_what_one_says_the_others_hear(speaks: Transport, hears: Transport) -> None:
    plaza = Plaza()
    ana, luis = plaza.member("ana", speaks), plaza.member("luis", hears)
    ana.says("hola", "¿qué tal?")
    assert luis.heard == (
        ["ana: hola", "ana: ¿qué tal?"] if hears.is_stream else ["ana: holaana: ¿qué tal?"]
    )
    assert ana.heard == []


def test_over_datagrams_each_line_is_one() -> None:
    plaza = Plaza()
    ana, luis = plaza.member("ana"), plaza.member("luis", Transport.UDP)
    ana.says("one", "two", "three")
    assert luis.datagrams == ["ana: one", "ana: two", "ana: three"]


def test_the_first_line_of_a_stranger_is_said_and_makes_them_a_member() -> None:
    plaza = Plaza()
    ana, stranger = plaza.member("ana"), plaza.raw()
    stranger.says("hola")
    assert ana.heard == [f"* guest{stranger.peer.id} came", f"guest{stranger.peer.id}: hola"]


def test_who_says_nothing_is_let_in_after_a_moment() -> None:
    plaza = Plaza()
    ana, silent = plaza.member("ana"), plaza.raw()
    assert silent.heard == []
    plaza.time_passes()
    number = silent.peer.id
    assert silent.heard == [
        f"* Welcome to plaza. You are guest{number}; /name NAME changes that, /help helps."
    ]
    assert ana.heard == [f"* guest{number} came"]


def test_a_datagram_source_is_let_in_by_what_it_says() -> None:
    plaza = Plaza()
    ana, other = plaza.member("ana"), plaza.raw(Transport.UDP)
    other.says("hola")
    assert ana.heard == ["* guest2 came", "guest2: hola"]
    assert other.datagrams == [
        "* Welcome to plaza. You are guest2; /name NAME changes that, /help helps."
    ]


def test_newcomers_are_told_the_last_lines() -> None:
    plaza = Plaza()
    ana = plaza.member("ana")
    ana.says(*(f"line {i}" for i in range(30)))
    newcomer = plaza.raw()
    plaza.time_passes()
    heard = newcomer.heard
    assert heard[1] == "* Said before you came:"
    assert heard[2:-1] == [f"ana: line {i}" for i in range(10, 30)]
    assert heard[-1] == "* Here you are now."


def test_a_newcomers_own_first_line_is_not_told_back_to_it() -> None:
    plaza = Plaza()
    plaza.member("ana").says("one")
    newcomer = plaza.raw()
    newcomer.says("hola")
    assert newcomer.heard[1:] == ["* Said before you came:", "ana: one", "* Here you are now."]


def test_history_is_told_to_whoever_asks_as_far_back_as_they_ask() -> None:
    plaza = Plaza()
    ana = plaza.member("ana")
    ana.says("/history")
    assert ana.heard == ["* Nothing was said here yet"]
    ana.says(*(f"line {i}" for i in range(300)))
    ana.says("/history 3")
    assert ana.heard == [f"ana: line {i}" for i in (297, 298, 299)]
    ana.says("/history 999999")
    assert len(ana.heard) == 200
    ana.says("/history")
    assert len(ana.heard) == 20
    ana.says("/history all", "/history -1", "/history 0")
    assert ana.heard == ["* Write it like: /history 20"] * 3


# What is said


@given(st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1), max_size=5))
def test_text_arrives_as_it_was_said(texts: list[str]) -> None:
    plaza = Plaza()
    ana, luis = plaza.member("ana"), plaza.member("luis")
    ana.says(*(f"x{text}x" for text in texts))
    said = [line.text for line in plaza.disk]
    assert [f"ana: {text}" for text in said] == luis.heard
    assert len(said) == len(texts)


@given(st.data())
def test_a_message_is_a_line_whatever_the_cuts(choices: st.DataObject) -> None:
    stream = "hola\r\n¿qué tal?\n\nadiós\n".encode()
    for pieces in cut_anywhere(stream, choices):
        plaza = Plaza()
        ana, luis = plaza.member("ana"), plaza.member("luis")
        for piece in pieces:
            plaza.receives(ana, piece)
        assert luis.heard == ["ana: hola", "ana: ¿qué tal?", "ana: adiós"]


ALL_SORTS = [
    *("hola", "¿qué tal?", "", "  ", "//me", "/who", "/room sala", "/room plaza", "/name luisa"),
    *("/msg ana psst", "BYE ", "x" * (SAID_BYTES_MAX + 1), "\x1b[2J", "/" + "y" * 5000),
]


@given(st.lists(st.sampled_from(ALL_SORTS), max_size=12), st.booleans())
def test_lines_that_come_together_are_as_good_as_one_by_one(
    lines: list[str], is_stranger: bool
) -> None:
    heard: list[object] = []
    for is_watched in (False, True):
        plaza = Plaza(is_watched=is_watched)
        framed = plaza.framed()
        framed.joins("eva", "session")
        ana, remote = plaza.member("ana"), plaza.member("pia", Transport.UDP)
        speaker = plaza.raw() if is_stranger else plaza.member("luis")
        speaker.says(*lines)
        listeners = (ana.heard, remote.datagrams, framed.frames, speaker.heard)
        heard.append((*listeners, plaza.disk, speaker.closed_for))
    assert heard[0] == heard[1]


def test_lines_that_come_together_are_kept_as_one_and_told_in_one_go() -> None:
    plaza = Plaza(waits=True)
    ana, luis = plaza.member("ana"), plaza.member("luis")
    ana.says("one", "two", "three")
    assert plaza.kept == [["one", "two", "three"]]
    plaza.disk_goes_on()
    assert luis.heard == ["ana: one", "ana: two", "ana: three"]


def test_a_line_cut_in_the_middle_by_a_silence_is_still_one_line() -> None:
    plaza = Plaza()
    ana, luis = plaza.member("ana"), plaza.member("luis")
    plaza.receives(ana, b"ho")
    assert list(plaza.timers.values()) == [LINE_QUIET_S]
    plaza.receives(ana, b"la\n")
    assert luis.heard == ["ana: hola"]
    assert plaza.timers == {}


def test_a_program_that_never_ends_its_lines_is_heard_once_it_is_silent() -> None:
    plaza = Plaza()
    luis, script = plaza.member("luis"), plaza.raw()
    plaza.receives(script, b"hola")
    assert luis.heard == []
    plaza.time_passes()
    assert luis.heard == ["* guest2 came", "guest2: hola"]


@pytest.mark.parametrize("size", [SAID_BYTES_MAX + 1, LINE_BYTES_MAX, 3 * LINE_BYTES_MAX + 5])
def test_a_line_too_long_is_refused_once_with_the_limit(size: int) -> None:
    plaza = Plaza()
    ana, luis = plaza.member("ana"), plaza.member("luis")
    ana.says("x" * size, "next")
    (refused,) = ana.heard
    assert refused == (
        f"* Not said: a line has at most {SAID_BYTES_MAX} bytes, "
        f"yours has {min(size, LINE_BYTES_MAX)} or more"
    )
    assert luis.heard == ["ana: next"]


def test_the_longest_line_is_said_whole() -> None:
    plaza = Plaza()
    ana, luis = plaza.member("ana"), plaza.member("luis")
    ana.says("ñ" * (SAID_BYTES_MAX // 2))
    assert luis.heard == ["ana: " + "ñ" * (SAID_BYTES_MAX // 2)]


def test_what_could_act_on_a_terminal_is_shown_instead() -> None:
    plaza = Plaza()
    ana, luis = plaza.member("ana"), plaza.member("luis")
    plaza.receives(ana, b"\x1b[2Jcaf\xc3\xa9 \xff\x07\n")
    assert luis.heard == ["ana: \\e[2Jcafé \\xff\\x07"]


def test_an_empty_line_says_nothing() -> None:
    plaza = Plaza()
    ana, luis = plaza.member("ana"), plaza.member("luis")
    ana.says("", "   ", "\t")
    assert (luis.heard, plaza.disk) == ([], [])


def test_two_slashes_say_a_line_that_begins_with_one() -> None:
    plaza = Plaza()
    ana, luis = plaza.member("ana"), plaza.member("luis")
    ana.says("//etc/passwd")
    assert luis.heard == ["ana: /etc/passwd"]


# What is safe


def test_nothing_is_told_before_it_is_safe() -> None:
    plaza = Plaza(waits=True)
    ana, luis = plaza.member("ana"), plaza.member("luis")
    ana.says("one", "two")
    assert luis.heard == []
    plaza.disk_goes_on()
    assert luis.heard == ["ana: one", "ana: two"]


def test_what_several_say_is_told_in_one_order() -> None:
    plaza = Plaza(waits=True)
    people = [plaza.member(name) for name in ("ana", "luis", "eva")]
    listener = plaza.member("listener")
    for i in range(3):
        for somebody in people:
            somebody.says(f"line {i}")
    plaza.disk_goes_on()
    heard = listener.heard
    assert heard == [f"{n}: line {i}" for i in range(3) for n in ("ana", "luis", "eva")]
    for name, somebody in zip(("ana", "luis", "eva"), people, strict=True):
        assert somebody.heard == [line for line in heard if not line.startswith(name)]


def test_when_the_disk_is_full_the_room_goes_on_to_be_read() -> None:
    plaza = Plaza()
    ana, luis = plaza.member("ana"), plaza.member("luis")
    ana.says("kept")
    plaza.waits = True
    ana.says("lost")
    plaza.disk_is_full("disk full")
    ana.says("lost too")
    not_said = "* Not said: nothing more can be kept here (disk full); you can still read"
    assert ana.heard == [not_said, not_said]
    assert plaza.reports == [HistoryNotKept(NOW_NS, "disk full")]
    assert luis.heard == ["ana: kept"]
    luis.says("/history")
    assert luis.heard == ["ana: kept"]


def test_who_says_more_than_can_be_kept_is_left_unread_for_a_while() -> None:
    plaza = Plaza(waits=True)
    ana = plaza.member("ana")
    ana.says(*("x" for _ in range(UNKEPT_LINES_MAX - 1)))
    assert not ana.rests
    ana.says("x")
    assert ana.rests
    plaza.disk_goes_on()
    assert not ana.rests


# Leaving


@pytest.mark.parametrize("bye", ["bye", "Bye", " BYE ", "/bye"])
def test_a_plain_bye_leaves_and_is_answered_once(bye: str) -> None:
    plaza = Plaza()
    ana, luis = plaza.member("ana"), plaza.member("luis")
    ana.says(bye, "nobody hears this")
    assert ana.heard == ["* Bye, ana"]
    assert ana.closed_for is Reason.OURS
    assert luis.heard == ["* ana left"]


def test_who_says_all_they_have_and_closes_their_half_is_heard_and_leaves() -> None:
    plaza = Plaza(waits=True)
    ana, luis = plaza.member("ana"), plaza.member("luis")
    ana.says("one")
    plaza.receives(ana, b"two")
    plaza.half_closes(ana)
    plaza.half_closes(ana)
    assert (luis.heard, ana.closed_for) == ([], None)
    plaza.disk_goes_on()
    assert luis.heard == ["ana: one", "ana: two", "* ana left"]
    assert ana.closed_for is Reason.OURS


def test_who_wants_to_leave_and_is_gone_before_has_left_once() -> None:
    plaza = Plaza(waits=True)
    ana, luis = plaza.member("ana"), plaza.member("luis")
    ana.says("one", "bye")
    ana.leaves(Reason.RESET)
    plaza.disk_goes_on()
    assert luis.heard == ["* ana left", "ana: one"]


def test_whoever_cannot_say_any_more_may_leave() -> None:
    plaza = Plaza(waits=True)
    ana = plaza.member("ana")
    ana.says("one", "bye")
    plaza.disk_is_full("No space left on device")
    assert len(ana.heard) == 2
    assert ana.closed_for is Reason.OURS


@pytest.mark.parametrize("leaves", ["bye", "/bye", "half-close"])
@pytest.mark.parametrize("transport", [Transport.TCP, Transport.UDP])
def test_who_asks_and_leaves_is_answered_first(leaves: str, transport: Transport) -> None:
    plaza = Plaza()
    ana = plaza.member("ana")
    ana.says("one", "two")
    plaza.looks_up_late = True
    asks = plaza.raw(transport)
    asks.says("/history 1")
    if leaves == "half-close":
        plaza.half_closes(asks)
    else:
        asks.says(leaves, "not said any more")
    assert asks.closed_for is None
    assert all("one" not in line for line in asks.heard)
    ana.forgets()
    plaza.answers_come()
    text = "".join(asks.heard)
    assert [text.count(word) for word in ("ana: one", "ana: two", "* Bye")] == [1, 2, 1]
    assert asks.closed_for is Reason.OURS
    assert ana.heard == [f"* guest{asks.peer.id} left"]


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        (Reason.FINISHED, "* ana left"),
        (Reason.SILENT, "* ana left"),
        (Reason.RESET, "* ana lost the connection"),
        (Reason.UNFINISHED, "* ana lost the connection"),
        (Reason.FAILED, "* ana lost the connection"),
    ],
)
def test_the_others_are_told_who_left_and_how(reason: Reason, told: str) -> None:
    plaza = Plaza()
    ana, luis = plaza.member("ana"), plaza.member("luis")
    ana.leaves(reason)
    assert luis.heard == [told]


def test_who_comes_and_goes_without_a_word_is_not_worth_one() -> None:
    plaza = Plaza()
    luis, scanner = plaza.member("luis"), plaza.raw()
    scanner.leaves()
    assert (luis.heard, plaza.timers) == ([], {})


def test_all_but_whoever_runs_it_are_told_that_the_server_ends() -> None:
    plaza = Plaza()
    host = plaza.member("host", Transport.CONSOLE)
    everybody = [plaza.member(f"ana{number}", t) for number, t in enumerate(ALL_TRANSPORTS)]
    far_away = plaza.member("luis")
    far_away.says("/room patio")
    for somebody in (*everybody, far_away, host):
        somebody.forgets()
    plaza.happens(RunStopping(1))
    assert {"".join(somebody.heard) for somebody in (*everybody, far_away)} == {
        "* This server ends now"
    }
    assert host.heard == []


@pytest.mark.parametrize("farewell", ["bye", "/bye", " BYE "])
def test_whoever_runs_the_server_stays_in_its_room(farewell: str) -> None:
    plaza = Plaza()
    host, ana = plaza.member("host", Transport.CONSOLE), plaza.member("ana")
    host.forgets()
    host.says(farewell)
    assert host.heard == ["* You run this server, so you stay in its room; Ctrl-C ends it"]
    assert ana.heard == []
    host.says("hello")
    assert ana.heard == ["host: hello"]
    ana.says("/name host")
    assert ana.heard == ["* host is taken; you are ana"]
